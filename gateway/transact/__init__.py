"""The door in: everything that writes hands its operations here, whatever protocol they came by.

Read, authorised, validated, resolved; then stored with index, history, audit, outbox and the message itself in one
commit, or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.access.policy import Caller, may_send
from gateway.errors import Forbidden, InvalidResource, Issue
from gateway.fhir.datetime import format_instant
from gateway.store import Batch, Sight
from gateway.transact import entries, links, once, order
from gateway.transact.audit import audit_row
from gateway.transact.commit import Commit
from gateway.transact.entries import Entry
from gateway.transact.messages import refused
from gateway.transact.occupancy import Occupancy
from gateway.transact.once import Answer, AnsweredBefore
from gateway.transact.operations import (
    Again,
    ConditionalCreate,
    ConditionalPut,
    Create,
    Delete,
    Operation,
    Outcome,
    Put,
    Received,
    Unlisted,
)
from gateway.transact.requests import operation

if TYPE_CHECKING:
    from gateway.services import Services

__all__ = [
    "Again",
    "Answer",
    "ConditionalCreate",
    "ConditionalPut",
    "Create",
    "Delete",
    "Operation",
    "Outcome",
    "Put",
    "Received",
    "Unlisted",
    "operation",
    "receive",
    "record",
    "transact",
]


def transact(
    ops: Sequence[Operation], caller: Caller, to: Services, *, received: Received | None = None
) -> list[Outcome]:
    """Carry out all of `ops` or none, and return what became of each, in their order.

    Raises, each with every such problem there is: Forbidden; BadRequest for operations that cannot be read or cannot go
    together; InvalidResource for content and references; MultipleMatches for conditions; VersionConflict; Conflict;
    Unavailable when the store cannot be used. https://hl7.org/fhir/R4/http.html#transaction
    """
    return _transact(ops, caller, to, received)[0]


def receive(ops: Sequence[Operation], caller: Caller, to: Services, received: Received) -> Answer:
    """Carry out what a message asks for, once, and return what its sender is told: the same however often it is sent.

    Raises what `transact` raises, and Conflict for another message with the same id of the same sender.
    """
    try:
        outcomes, issues = _transact(ops, caller, to, received)
    except AnsweredBefore as before:
        return before.answer
    found = [*received.result, *issues, *(issue for outcome in outcomes for issue in outcome.issues)]
    return Answer([(o.status, o.type, o.id, o.version) for o in outcomes], found, received.rows)


def record(received: Received, issues: Sequence[Issue], caller: Caller, to: Services) -> Answer | None:
    """Keep a message that was refused, with the reasons, so that it is not lost. Raises Forbidden and Unavailable.

    A message that was taken before, when the gateway or the store were other than they are now, is still taken: what is
    returned then is what its sender was told.
    """
    _check_may_send(caller, received)
    message = refused(received, issues, to.keys)
    row = audit_row(caller, format_instant(to.clock()), (), message)

    def decide(sight: Sight) -> tuple[Batch, None]:
        if received.once and (answered := sight.current([], once=received.once).answered):
            once.check_same(received, answered)
        return Batch(row, message=message), None

    try:
        to.store.write(decide)
    except AnsweredBefore as before:
        return before.answer
    return None


def _transact(
    ops: Sequence[Operation], caller: Caller, to: Services, received: Received | None
) -> tuple[list[Outcome], Sequence[Issue]]:
    _check_may_send(caller, received)
    read = entries.read(ops, caller)
    entries.identify(read, to.new_id)
    entries.check_distinct(read)
    found = links.collect(read, caller)
    try:
        found.point_at_entries()
        _validate(read, to)
        commit = Commit(read, found, caller, to, to.clock(), received)
        if received is not None:
            commit.found = order.assign(read, received)
            commit.occupancy = Occupancy(read, received, to)
        commit.prepare()
        return to.store.write(commit)
    except BaseException:
        found.restore()
        raise


def _check_may_send(caller: Caller, received: Received | None) -> None:
    if received is not None and not may_send(caller, received.provider):
        raise Forbidden("this caller may not send messages under this provider's name")


def _validate(read: Sequence[Entry], to: Services) -> None:
    issues: list[Issue] = []
    for entry in read:
        if entry.resource is not None:
            found = to.validator.issues(entry.resource)
            if found:
                found = [entry.at(issue) for issue in found]
                entry.warnings = [issue for issue in found if issue.severity in {"warning", "information"}]
                issues += found
    if any(issue.severity in {"fatal", "error"} for issue in issues):
        raise InvalidResource(issues)
