"""A hold ends with the request that it is for: in the commit in which that is revoked, or was an error, or is deleted.

Nobody waits for the time of such a hold: the place is somebody else's meanwhile. And no hold begins for a request that
has ended since who holds looked at it. Both take the turn of the request, so one of them sees what the other has done.
https://hl7.org/fhir/R4/valueset-request-status.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gateway.errors import Conflict
from gateway.fhir import reference
from gateway.fhir.json import decode
from gateway.fhir.search import parse_query
from gateway.store import Identity
from gateway.store.bodies import rest_of
from gateway.store.records import Turns
from gateway.store.search.scope import Everything, Scope
from gateway.transact import holds
from gateway.transact.entries import Entry
from gateway.transact.held import TYPE, Unheld
from gateway.transact.operations import Put
from gateway.transact.senders import ENDED

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.store import Current
    from gateway.store.records import Seen
    from gateway.transact.occupancy import Settled

REQUEST = "ServiceRequest"
REQUEST_ENDED = "this request has ended ({}): no place is held for it"
_WITHDRAWN = frozenset({"revoked", "entered-in-error"})
"""What was handed over (completed) may need its place still: that is held until its time."""

_AT_A_TIME = 50  # requests, in one search
_MOST = 256  # turns that one transaction takes; a database has only so many locks
_PLACES = 10_000
_ALL = "hold"


def is_withdrawn(becomes: Resource | None) -> bool:
    """Return whether a request that becomes this, or (None) is deleted, needs no place any more."""
    return becomes is None or becomes.get("status") in _WITHDRAWN


@dataclass(slots=True)
class Withdrawals:
    """The requests that a transaction may end, with the places that may be held for them; and those it holds for."""

    entries: Sequence[Entry]
    ending: list[Entry] = field(init=False)
    beginning: dict[Identity, Entry] = field(init=False)
    places: list[Identity] = field(default_factory=list)

    def __post_init__(self) -> None:
        requests = [entry for entry in self.entries if entry.type == REQUEST and not entry.satisfied]
        self.ending = [entry for entry in requests if entry.identity and is_withdrawn(entry.resource)]
        self.beginning = dict(_begun(self.entries))

    @property
    def looked_at(self) -> list[Identity]:
        """Return what must be known beside what is written."""
        return [*self.places, *self.beginning]

    def look_first(self, sight: Unheld) -> None:
        """Look up the places: by a condition, so before anything else; others wait who hold one for these requests."""
        names = sorted({identity.id for identity in (*map(_identity, self.ending), *self.beginning)})
        if not names:
            return  # as nearly always
        own = [f"{_ALL}/{name}" for name in names]
        turns = Turns(own, [_ALL]) if len(own) <= _MOST else Turns([_ALL])
        parts = [names[first : first + _AT_A_TIME] for first in range(0, len(names), _AT_A_TIME)]
        asked = [",".join(f"{REQUEST}/{name}" for name in part) for part in parts]
        conditions = [parse_query(TYPE, f"hold-request={each}") for each in asked]
        found = sight.matches(conditions, Scope(visible=Everything()), limit=_PLACES, turns=turns)
        if self.ending:
            self.places = sorted({place for places in found for place in places})

    def check(self, seen: Seen) -> None:
        """Raise Conflict for a place that is to be held for a request which has ended, or is not there any more."""
        found = [(entry, status) for request, entry in self.beginning.items() if (status := _end(seen, request))]
        if found:
            text = REQUEST_ENDED
            raise Conflict([entry.request("request-ended", text.format(status)) for entry, status in found])

    def settled(self, ended: Collection[str], seen: Seen, settled: Settled, sight: Unheld) -> Settled:
        """Return what is settled with the places that were held for requests which have ended; those that are written
        anyway are left to what writes them.
        """
        written = {entry.identity for entry in (*self.entries, *settled.others)}
        released = list(_released(set(self.places) - written, ended, seen, sight))
        return replace(settled, others=[*settled.others, *released]) if released else settled


def _begun(entries: Iterable[Entry]) -> Iterator[tuple[Identity, Entry]]:
    """Yield each request for which a place is to be held, with the entry that does it."""
    for entry in entries:
        if entry.type == TYPE and isinstance(entry.op, Put) and entry.op.holds and (hold := holds.live(entry.resource)):
            meant = reference.parse(hold.request)
            if meant.type and meant.id:
                yield Identity(meant.type, meant.id), entry


def _end(seen: Seen, request: Identity) -> str:
    """Return how a request has ended, '' where it has not."""
    current: Current = seen.currents[request]
    if not current.version or current.deleted:
        return "deleted"
    status = str(decode(current.body).get("status"))
    return status if status in ENDED[REQUEST] else ""


def _released(places: Iterable[Identity], ended: Collection[str], seen: Seen, sight: Unheld) -> Iterator[Entry]:
    for identity in sorted(places):
        hold = sight.hold(identity)
        if hold is not None and hold.request in ended:
            slot = decode(seen.currents[identity].body)
            made = Entry(Put(slot), None, TYPE, slot, ends_hold="withdrawn")
            made.identity, made.rest = identity, rest_of(slot)
            yield made


def _identity(entry: Entry) -> Identity:
    assert entry.identity is not None
    return entry.identity
