"""Taking messages of the inbox again: which, with what effect, and what is told of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gateway.access.policy import Caller
from gateway.errors import GatewayError, Issue, Unavailable
from gateway.ingest import Made, Taken, replay
from gateway.store import inbox
from gateway.store.inbox import API
from gateway.store.records import Mark
from gateway.transact import Again, Received
from gateway.transact.inbox import content_of, mark

if TYPE_CHECKING:
    from gateway.services import Services
    from gateway.store.inbox import Entered

Result = Literal["accepted", "refused", "unchanged", "absent"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one row. `unchanged`: it was taken before, so nothing happened; `absent`: there is no content."""

    id: int
    result: Result
    issues: Sequence[Issue] = ()
    made: Sequence[Made] = ()


def take_again(id_: int, caller: Caller, to: Services, *, anew: bool) -> Replayed:
    """Take one message of the inbox again, as it was received; an accepted one only if it is to be so `anew`.

    Raises Unavailable, and BadSettings when its content cannot be opened.
    """
    row = inbox.one(to.store, id_)
    if row is None:
        return _absent(id_, "there is no such message in the inbox")
    if row.format == API:
        return _absent(id_, "a client of the FHIR API asked this, and was answered: its client sends it again")
    anew = anew or row.state == "requeued"
    if not anew and row.state in {"accepted", "replaced"}:
        return Replayed(id_, "unchanged")
    holder = inbox.one(to.store, inbox.holder(to.store, id_)) or row
    content = content_of(holder, to)
    if not content:
        return _absent(id_, _why_not(holder))
    again = Again(holder.id, to.clock(), anew=anew and holder.accepted)
    kept = Received(holder.provider, holder.format, content, holder.received_at, again=again, of_array=holder.of_array)
    return _take(id_, kept, caller, to)


def _take(id_: int, kept: Received, caller: Caller, to: Services) -> Replayed:
    assert kept.again is not None
    parts = inbox.parts(to.store, kept.again.row)
    try:
        ingested = replay(kept, caller=caller, to=to)
    except Unavailable:
        raise
    except GatewayError as error:
        return Replayed(id_, "refused", error.issues)
    _settle(kept.again.row, parts, ingested.messages, caller, to)
    made = [one for message in ingested.messages for one in message.made]
    refused = any(message.refusal for message in ingested.messages)
    return Replayed(id_, "refused" if refused else "accepted", ingested.issues, made)


def _settle(holder: int, parts: Sequence[int], messages: Sequence[Taken], caller: Caller, to: Services) -> None:
    """Have every row say what became of it: another row may tell that now."""
    marks = [Mark(tuple(parts), replaced_by=holder)] if parts else []
    row = inbox.one(to.store, holder)
    if row is not None and not row.accepted:
        names = [inbox.taken_as(to.store, message.received.once) for message in messages if message.refusal is None]
        marks += [Mark((holder,), replaced_by=id_) for id_ in names[:1] if id_ is not None]
    if row is not None and row.state == "requeued":
        marks.append(Mark((holder,), requeued=False))
    if marks:
        mark(marks, "replay", caller, to)


def _absent(id_: int, why: str) -> Replayed:
    return Replayed(id_, "absent", [Issue("not-found", why)])


def _why_not(holder: Entered) -> str:
    if holder.purged_at is not None:
        return f"the content was deleted on {holder.purged_at:%Y-%m-%d}, as GATEWAY_INBOX_DAYS says"
    return "this row has no content: nothing was sent, or the table that it was part of is not in the inbox"
