"""The door in: everything that writes hands its operations here, whatever protocol they came by.

Read, authorised, validated, resolved; then stored with index, history, audit, outbox and the message itself in one
commit, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gateway.access.policy import Caller, may_send, sending
from gateway.errors import Conflict, Forbidden, Issue
from gateway.fhir.datetime import format_instant
from gateway.mapping.declared import AS_IT_CAME
from gateway.store import Batch, Identity, Sight
from gateway.store.inbox import answered
from gateway.store.records import microseconds
from gateway.transact import checking, entries, figures, links, modifiers, once, order, owners, patches, subscriptions
from gateway.transact.absent import Absent
from gateway.transact.appointments import Appointments
from gateway.transact.audit import answer_row, audit_row, misnamed_row, repeat_row
from gateway.transact.checking import problems
from gateway.transact.commit import Commit
from gateway.transact.messages import parcels, refused
from gateway.transact.occupancy import Occupancy
from gateway.transact.once import MISNAMED, Answer, AnsweredBefore
from gateway.transact.operations import (
    Again,
    ConditionalCreate,
    ConditionalDelete,
    ConditionalPatch,
    ConditionalPut,
    Create,
    Delete,
    Operation,
    Outcome,
    Patch,
    Put,
    Received,
    Sent,
    Unlisted,
    Write,
)
from gateway.transact.rehearsal import Settle, committed, rehearsed, with_partners, with_row
from gateway.transact.requests import operation
from gateway.transact.senders import Senders
from gateway.transact.speakers import Speaker

if TYPE_CHECKING:
    from gateway.services import Services
    from gateway.store.records import Parcel, PartnerVersion

__all__ = [
    "Again",
    "Answer",
    "Carried",
    "ConditionalCreate",
    "ConditionalDelete",
    "ConditionalPatch",
    "ConditionalPut",
    "Create",
    "Delete",
    "Operation",
    "Outcome",
    "Patch",
    "Put",
    "Received",
    "Sent",
    "Unlisted",
    "Write",
    "ask",
    "decree",
    "operation",
    "problems",
    "recall",
    "receive",
    "record",
    "register",
    "rehearse",
    "send",
    "transact",
]


class Carried(NamedTuple):
    """What became of operations that were asked for by name; `repeated`: that was told before, and nothing is done."""

    outcomes: list[Outcome]
    repeated: bool


def transact(
    ops: Sequence[Operation], caller: Caller, to: Services, *, received: Received | None = None
) -> list[Outcome]:
    """Carry out all of `ops` or none, and return what became of each, in their order.

    Raises, each with every such problem there is: Forbidden; BadRequest for operations that cannot be read or cannot go
    together; ResourceNotFound and ResourceGone for what is to be patched; InvalidResource for content, patches and
    references; MultipleMatches for conditions; VersionConflict; Conflict; Unavailable when the store cannot be used.
    https://hl7.org/fhir/R4/http.html#transaction
    """
    return _transact(ops, caller, to, received)[0]


def receive(ops: Sequence[Operation], caller: Caller, to: Services, received: Received) -> Answer:
    """Carry out what a message asks for, once, and return what its sender is told: the same however often it is sent.

    Raises what `transact` raises, and Conflict for another message with the same id of the same sender.
    """
    try:
        outcomes, issues = _transact(ops, caller, to, received)
    except AnsweredBefore as before:
        _note_repeat(before, received, caller, to)
        return once.answer(before.kept)
    found = [*received.result, *issues, *(issue for outcome in outcomes for issue in outcome.issues)]
    made = [(o.status, o.type, o.id, o.version) for o in outcomes]
    if received.sent is None:
        return Answer(made, found, received.rows)
    return Answer(made, found, received.rows, microseconds(received.received_at), received.sent.focus)


def recall(received: Received, caller: Caller, to: Services) -> Answer | None:
    """Return what the sender of a message that was taken before was told; None when it was not taken.

    Raises Conflict for another message with the same id of the same sender.
    """
    try:
        once.check(received, answered(to.store, received.once) if received.once else None)
    except AnsweredBefore as before:
        _note_repeat(before, received, caller, to)
        return once.answer(before.kept)
    return None


def ask(ops: Sequence[Operation], caller: Caller, to: Services, received: Received, *, bodies: bool = False) -> Carried:
    """Carry out what a client of the FHIR API asks for under a name, once, and return what became of each operation.

    Whoever asks it again, under that name and with the same content, is told what became of it the first time, with the
    bodies if they are wanted. Raises what `transact` raises, and Conflict for another content under the same name.
    """
    try:
        return Carried(_transact(ops, caller, to, received)[0], repeated=False)
    except AnsweredBefore as before:
        _note_repeat(before, received, caller, to)
        return Carried(once.outcomes(before.kept, _bodies(to) if bodies else _no_bodies), repeated=True)
    except Conflict as error:
        if error.issues[0].code == MISNAMED:
            to.store.audit(misnamed_row(caller, to, received))
        raise


def _bodies(to: Services) -> once.Bodies:
    def body(identity: Identity, version: int) -> bytes | None:
        found = to.store.vread(identity, version)
        return found.body if found else None

    return body


def _no_bodies(_: Identity, __: int) -> bytes:
    return b""


def _note_repeat(before: AnsweredBefore, received: Received, caller: Caller, to: Services) -> None:
    """Add to the audit that a message came again; whoever sent it does not wait until that is on disk."""
    to.store.audit(repeat_row(caller, to, received, before.row))


def rehearse(ops: Sequence[Operation], caller: Caller, to: Services) -> list[Outcome]:
    """Return what would become of `ops` now. Nothing is stored: all is decided as in `transact`, then thrown away.

    Raises what `transact` raises.
    """
    return patches.carry_out(ops, caller, to, lambda writes: _write(writes, caller, to, None, rehearsed))[0]


def register(ops: Sequence[Write], versions: Sequence[PartnerVersion], caller: Caller, to: Services) -> list[Outcome]:
    """Carry out what shows partners in FHIR, in one commit with these versions of them.

    Raises what `transact` raises, and Conflict when a partner was changed meanwhile or is known by what is another's.
    """
    return _write(ops, caller, to, None, lambda commit: with_partners(commit, versions))[0]


def decree(ops: Sequence[Put], row: Callable[[Sequence[Outcome]], bytes], to: Services) -> list[Outcome]:
    """Carry out what the gateway itself decides, in one commit with the row of the audit that `row` makes of it.

    Each resource says itself whose it is. Raises what `transact` raises.
    """
    types = frozenset(str(op.resource["resourceType"]) for op in ops)
    itself = Caller("msb-gateway", "gateway", types=types)
    return _write(ops, itself, to, None, lambda commit: with_row(commit, row))[0]


def record(received: Received, issues: Sequence[Issue], caller: Caller, to: Services) -> Answer | None:
    """Keep a message that was refused, with the reasons, so that it is not lost. Raises Forbidden and Unavailable.

    A message that was taken before, when the gateway or the store were other than they are now, is still taken: what is
    returned then is what its sender was told.
    """
    _check_may_send(caller, received)
    message = refused(received, issues, to.keys)
    now = to.clock()
    row = audit_row(caller, format_instant(now), (), message, node=to.settings.node)
    sent = parcels(received, (), issues, now)

    def decide(sight: Sight) -> tuple[Batch, None]:
        if received.once and (answered := sight.current([], once=received.once).answered):
            once.check_same(received, answered)
        return Batch(row, message=message, parcels=sent, trace=caller.trace), None

    try:
        to.store.write(decide)
    except AnsweredBefore as before:
        _note_repeat(before, received, caller, to)
        return once.answer(before.kept)
    return None


def send(parcel: Parcel, received: Received, caller: Caller, to: Services) -> None:
    """Have something sent because of a message that was taken before. Raises Unavailable."""
    now = to.clock()
    row = answer_row(caller, to, received)
    batch = Batch(row, parcels=[parcel._replace(at=microseconds(now))], trace=caller.trace)
    to.store.write(lambda _: (batch, None))


def _transact(
    ops: Sequence[Operation], caller: Caller, to: Services, received: Received | None
) -> tuple[list[Outcome], Sequence[Issue]]:
    _check_may_send(caller, received)
    if patches.are_among(ops):
        patches.check_may(ops, caller)
        _check_once(received, to)  # a patch may not fit what it made before
    return patches.carry_out(ops, caller, to, lambda writes: _write(writes, caller, to, received))


def _check_once(received: Received | None, to: Services) -> None:
    if received is not None and received.by_client and received.once:
        once.check(received, answered(to.store, received.once))


def _write(
    ops: Sequence[Write], caller: Caller, to: Services, received: Received | None, settle: Settle = committed
) -> tuple[list[Outcome], Sequence[Issue]]:
    speaker = _speaker(caller, received, to)
    if received is not None and _is_feed(received) and received.mapping != AS_IT_CAME:
        caller = sending(caller)
    numbers = received.sent.numbers if received is not None and received.sent else None
    read = checking.read(ops, caller, to, numbers)
    _check_once(received, to)  # before it costs anything
    entries.identify(read, to.new_id)
    entries.check_distinct(read)
    subscribing = subscriptions.of(read)
    found = links.collect(read, caller)
    try:
        found.point_at_entries()
        checking.validate(read, caller, to)
        figures.forget(read)
        for entry in subscribing:
            subscriptions.settle(entry, caller, to)
        if found.has_modifiers:
            modifiers.check(read, to.validator)
        commit = Commit(read, found, caller, to, to.clock(), received, owner=owners.owner(caller, received, to))
        commit.speaker = speaker
        if received is not None and not received.by_client:
            commit.found = order.assign(read, received)
            commit.occupancy = (
                Senders(read, received.sent, caller, to) if received.sent else Occupancy(read, received, to)
            )
            if received.keeps:
                commit.absent = Absent(read, received, to)
        elif Appointments.are_among(read):
            commit.occupancy = Appointments(read, caller, to)
        return settle(commit)
    except BaseException:
        found.restore()
        raise


def _speaker(caller: Caller, received: Received | None, to: Services) -> Speaker | None:
    """Return in whose name is written, where a policy has a say in that; a system may not know URAs in its messages."""
    if caller.grants is None:
        return None
    must_tell = received is None or not _is_feed(received)
    return Speaker(caller.ura or "", caller.grants.speaks, must_tell, to.settings.base_url)


def _is_feed(received: Received) -> bool:
    """Return whether a message of a provider came, rather than what a client asks."""
    return not received.by_client and received.sent is None


def _check_may_send(caller: Caller, received: Received | None) -> None:
    if received is not None and _is_feed(received) and not may_send(caller, received.provider):
        raise Forbidden("this caller may not send messages under this provider's name")
