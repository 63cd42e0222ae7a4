"""What a commit makes of Slots that are held: whoever writes one, a hold goes on or ends by the rules that stand here.

What a source says of a place wins over a hold: a place that is taken is taken, the hold has ended, and that is told to
both. A source that says free, or reserved, says nothing against a hold; it is kept below it. All else decides on what
the place is without its hold, so a hold is nothing that a message could be older than.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import structs

from gateway.errors import Conflict, Issue
from gateway.fhir.freshness import TYPES, bare, stripped
from gateway.fhir.json import decode, encode
from gateway.store import Current, Identity
from gateway.store.bodies import rest_of, says_the_same
from gateway.store.records import Seen, Turns, moment
from gateway.transact import holds
from gateway.transact.entries import Entry, Fact
from gateway.transact.holds import Hold
from gateway.transact.operations import Create, Put

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.fhir.types import Resource
    from gateway.store import Sight
    from gateway.store.search.scope import Scope

TYPE = "Slot"
_MARK = b"/StructureDefinition/slot-hold"
_CHANGED = "what this says of a hold is not what is known: a hold is made, extended and ended by operations alone"
_STAYS = "this place is held for somebody: what is said here is kept, and holds when the hold has ended"
_OVERRULED = "this place was held for somebody: that has ended by what is said here, and who held it is told"
_TOLD = frozenset({"expired", "overruled", "withdrawn"})  # who held it did not end it
_CODES = "https://msb-gateway.example/fhir/CodeSystem/hold-end"


class _Ended(NamedTuple):
    """That a hold of a Slot has ended, and not by who held it."""

    slot: str
    hold: Hold


class Unheld:
    """A Sight in which no Slot is held and nothing is stale: what is decided of places is, by what sources say."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._held: dict[Identity, Current] = {}
        self._actual: dict[Identity, Current] = {}

    def matches(
        self, conditions: Sequence[SearchRequest], scope: Scope, *, limit: int = 2, turns: Turns | None = None
    ) -> list[list[Identity]]:
        """Return what each condition matches, as the store has it."""
        return self._sight.matches(conditions, scope, limit=limit, turns=turns)

    def seen(self, identities: Iterable[Identity], scope: Scope) -> set[Identity]:
        """Return which of some resources may be seen, as the store has them."""
        return self._sight.seen(identities, scope)

    def current(
        self,
        identities: Collection[Identity],
        targets: Collection[Identity] = (),
        *,
        subjects: Collection[str] = (),
        once: str | None = None,
    ) -> Seen:
        """Return what is there, without what the gateway itself says of holds and of freshness."""
        seen = self._sight.current(identities, targets, subjects=subjects, once=once)
        for identity, current in seen.currents.items():
            if identity.type not in TYPES:
                continue
            said = stripped(current.body)
            if identity.type == TYPE and _MARK in said:
                self._held[identity] = current
                said = encode(holds.bare(decode(said)))
            if said is not current.body:
                self._actual[identity] = current
                seen.currents[identity] = structs.replace(current, body=said)
        return seen

    def actual(self, identity: Identity, current: Current) -> Current:
        """Return the newest version as it is, for what `current` returned of it; what is hidden since stays so."""
        known = self._actual.get(identity)
        return known if known is not None and known.version == current.version else current

    def is_marked(self, identity: Identity) -> bool:
        """Return whether a Slot that was looked at says something of a hold."""
        return identity in self._held

    def hold(self, identity: Identity) -> Hold | None:
        """Return the hold that a Slot which was looked at is under."""
        current = self._held.get(identity)
        return holds.live(decode(current.body)) if current else None


class Settling:
    """Lays holds over what becomes of Slots, and notes which of them have ended."""

    def __init__(self, sight: Unheld, now: int, by: str = "", withdrawn: Collection[str] = ()) -> None:
        """`by` is whose commit it is; `withdrawn` are the requests that end in it, as references."""
        self._sight, self._now, self._by, self._withdrawn = sight, now, by, withdrawn
        self._ended: list[_Ended] = []

    def settled(self, entry: Entry, current: Current) -> tuple[Entry, Current]:
        """Return what is stored for an entry, and the version that it follows. Raises Conflict for a hold it states."""
        assert entry.identity is not None
        actual = self._sight.actual(entry.identity, current)
        if entry.type != TYPE or entry.satisfied:  # only places are held; or nothing is written
            return entry, actual
        if isinstance(entry.op, Put) and (entry.op.holds or entry.op.ages):
            return self._own(entry, actual), actual
        is_held = self._sight.is_marked(entry.identity)
        if entry.resource is None or not (is_held or holds.stated(entry.resource)):
            if current.version:  # else it is not there, or not for who writes
                self._note(entry.identity, self._gone(entry.identity))
            return entry, actual
        return self._under(_without(entry, actual), current, actual), actual

    def letters(self, new_id: Callable[[], str]) -> Iterator[tuple[Entry, Current]]:
        """Yield what tells of the holds that ended, each with the version (none) that it follows."""
        made = [_letter(ended, new_id(), self._now) for ended in self._ended]
        identities = [one.identity for one in made if one.identity]
        currents = self._sight.current(identities).currents if made else {}
        yield from zip(made, (currents[identity] for identity in identities), strict=True)

    def _own(self, entry: Entry, actual: Current) -> Entry:
        """Return an entry that changes a hold: it says nothing new of the place itself."""
        assert entry.identity is not None
        assert entry.resource is not None
        ends = holds.ended(entry.resource)
        if ends != (holds.ended(decode(actual.body)) if actual.body else None):  # else it was told before
            self._note(entry.identity, ends)
        if actual.event_time is None:
            return entry
        return structs.replace(entry, fact=Fact(actual.event_time, actual.event_number))

    def _gone(self, identity: Identity) -> Hold | None:
        hold = self._sight.hold(identity)
        return hold.end("overruled", self._now) if hold else None

    def _under(self, entry: Entry, current: Current, actual: Current) -> Entry:
        """Return what a place becomes while its hold goes on, or as it ends."""
        assert entry.identity is not None
        said, hold = entry.resource or {}, self._sight.hold(entry.identity)
        if hold is None:  # the last one has ended: that is told as long as nothing else changes
            is_same = says_the_same(said, entry.rest or rest_of(said), current.body)
            return _saying(entry, bare(decode(actual.body))) if is_same and not current.deleted else entry
        if entry.ends_hold:
            becomes = hold.end(entry.ends_hold, self._now)
        elif hold.is_over(self._now) or said.get("status") not in holds.OPEN:
            becomes = hold.end("overruled", self._now)
        elif hold.request in self._withdrawn:
            becomes = hold.end("withdrawn", self._now)
        else:
            becomes = hold._replace(otherwise=str(said["status"]))
        self._note(entry.identity, becomes)
        return _saying(entry, holds.laid(said, becomes), *_told(entry, becomes))

    def _note(self, identity: Identity, hold: Hold | None) -> None:
        if hold is not None and hold.ended in _TOLD and not (hold.ended == "withdrawn" and hold.by == self._by):
            self._ended.append(_Ended(identity.id, hold))


def _without(entry: Entry, actual: Current) -> Entry:
    """Return an entry without what it repeats of a hold. Raises Conflict when that is not what is known."""
    stated = holds.stated(entry.resource or {})
    if not stated:
        return entry
    if not actual.body or stated != holds.stated(decode(actual.body)):
        raise Conflict([entry.at(Issue("hold-changed", _CHANGED, expression="Slot.extension"))])
    return _saying(entry, holds.bare(entry.resource or {}))


def _saying(entry: Entry, resource: Resource, *issues: Issue) -> Entry:
    warnings = (*entry.warnings, *issues)
    return structs.replace(entry, resource=resource, rest=rest_of(resource), content=None, warnings=warnings)


def _told(entry: Entry, hold: Hold) -> list[Issue]:
    """Return what is told to who wrote the Slot."""
    if hold.ended == "overruled":
        return [entry.at(Issue("hold-overruled", _OVERRULED, "warning", expression="Slot.status"))]
    if not hold.ended and hold.otherwise == "free":
        return [entry.at(Issue("place-held", _STAYS, "information", expression="Slot.status"))]
    return []


def _letter(ended: _Ended, id_: str, now: int) -> Entry:
    """Return the Communication that tells of a hold which ended, as an entry: it stands beside the request it was for.

    https://hl7.org/fhir/R4/communication.html
    """
    hold = ended.hold
    resource: dict[str, Any] = {
        "resourceType": "Communication",
        "id": id_,
        "basedOn": [{"reference": hold.request}],
        "status": "completed",
        "category": [{"coding": [{"system": _CODES, "code": hold.ended}]}],
        "about": [{"reference": f"{TYPE}/{ended.slot}"}],
        "recipient": [{"type": "Organization", "identifier": holds.who(hold)}],
        "sent": moment(now).isoformat(timespec="seconds"),
    }
    made = Entry(Create(resource), None, "Communication", resource)
    made.identity, made.rest = Identity("Communication", id_), rest_of(resource)
    return made
