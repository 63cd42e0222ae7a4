"""Which Slots an Appointment takes and gives back: one that is not certainly free is nobody's.

A Slot can be had when it says that it is free, its time has not passed (what is stale ends there) and no other
Appointment has it; one that is held, by who holds it, for the request that it is held for. What a cancelled Appointment
took becomes free again as long as nobody has said anything else of it since. So it is by message and over the API: all
of it is decided in the commit, so of many who want one Slot one has it.
https://hl7.org/fhir/R4/appointment.html, https://hl7.org/fhir/R4/slot.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gateway.access.policy import Caller
from gateway.errors import Conflict, InvalidResource, Issue
from gateway.fhir import reference
from gateway.fhir.datetime import format_instant, read
from gateway.fhir.freshness import STALE, bare, stated
from gateway.fhir.json import decode
from gateway.fhir.search import parse_query
from gateway.fhir.types import Resource
from gateway.store import Current, Identity, Sight
from gateway.store.bodies import rest_of
from gateway.store.records import Noted, Seen, microseconds, moment
from gateway.store.search.scope import Everything, Scope
from gateway.transact import holds
from gateway.transact.entries import Entry
from gateway.transact.held import Unheld
from gateway.transact.holds import OPEN, Hold
from gateway.transact.occupancy import Settled
from gateway.transact.operations import Put

if TYPE_CHECKING:
    from gateway.services import Services

TYPE = "Appointment"
HAS: Mapping[str, str] = MappingProxyType(
    {
        "pending": "busy-tentative",
        "booked": "busy",
        "arrived": "busy",
        "checked-in": "busy",
        "fulfilled": "busy",
    }
)
"""What a Slot is while an Appointment of a status holds it; of any other status none does."""

_UNKNOWN = "this Slot is not known here, so nobody can tell that it is free"
_NOT_FREE = "this Slot is not free (it is {}): nothing of this was used"
_PASSED = "the time of this Slot has passed, so it is not offered any more: nothing of this was used"
STALE_WORD = "what was said of this place is too old: its source must say again that it is free; nothing was used"
"""Why nobody can have a place of which the word is stale."""
_HELD = "another Appointment holds this Slot: nothing of this was used"
_NOT_YOURS = (
    "this Slot is held until {} for a request: whoever holds it may book it, for that request; nothing of this was used"
)


Holders = Mapping[str, Sequence[Identity]]
"""Which Appointments hold a Slot, by its id."""


class Taken(msgspec.Struct, array_like=True):
    """What is noted of a focus: its sender, and the Slots that it took with the versions that this made of them."""

    sender: str = ""
    slots: dict[str, int] = {}


_DECODER = msgspec.msgpack.Decoder(Taken)
_ENCODER = msgspec.msgpack.Encoder()


class Claims(NamedTuple):
    """The Slots that an Appointment took (with the version that it made of each), and what those it wants become.

    `had` are Slots that are left as they are: it named them before without having taken them, or they are written
    beside it.
    """

    entry: Entry
    held: Mapping[str, int]
    wanted: Mapping[str, str]
    had: Collection[str] = ()

    @property
    def new(self) -> list[str]:
        """Return the Slots that it does not have yet."""
        return [id_ for id_ in self.wanted if id_ not in self.held and id_ not in self.had]


def subject(identity: Identity) -> str:
    """Return the row of the ledger that a focus has."""
    return f"sender/{identity.type}/{identity.id}"


def taken(noted: Noted) -> Taken:
    """Return what is noted of a focus."""
    return _DECODER.decode(noted.content) if noted.content else Taken()


def note(identity: Identity, new: Taken, seen: Seen, result: Settled) -> None:
    """Note what a focus took."""
    noted, content = seen.ledger[subject(identity)], _ENCODER.encode(new)
    if noted.content != content and (noted.content or new != Taken()):
        result.ledger.append((subject(identity), noted.revision + 1, content))


def wanted(resource: Resource) -> dict[str, str]:
    """Return the Slots here that an Appointment wants to hold, each with the status that it then has."""
    status = HAS.get(str(resource.get("status"))) if resource.get("resourceType") == TYPE else None
    if status is None:
        return {}
    return {id_: status for id_, _ in _named(resource)}


def holders(resources: Sequence[Resource], sight: Sight, to: Services) -> Holders:
    """Return which Appointments hold each Slot that is wanted, whoever made them; others that ask wait for this."""
    named = sorted({id_ for resource in resources for id_ in wanted(resource)})
    status = ",".join(HAS)
    asked = [parse_query(TYPE, f"slot=Slot/{id_}&status={status}") for id_ in named]
    found = sight.matches(asked, Scope(to.settings.base_url, Everything()))
    return dict(zip(named, found, strict=True))


def settle(
    every: Sequence[Claims],
    others: Holders,
    result: Settled,
    sight: Unheld,
    caller: Caller,
    to: Services,
    *,
    must_know: bool = True,
) -> list[dict[str, int]]:
    """Have `result` take and give back Slots, and return for each Appointment what it has from now on.

    Raises Conflict for those that cannot be had, InvalidResource for Slots that are not here where it `must_know` them:
    elsewhere they are references like any other.
    """
    named = sorted({id_ for claims in every for id_ in (*claims.held, *claims.wanted)})
    if not named:
        return [{} for _ in every]
    seen = sight.current([Identity("Slot", id_) for id_ in named]).currents
    unknown, refused = _Asking(seen, others, sight, caller, to).problems(every)
    if unknown and must_know:
        raise InvalidResource([*unknown, *refused])
    if refused:
        raise Conflict(refused)
    return [_settled(claims, seen, result, sight) for claims in every]


@dataclass(slots=True)
class _Asking:
    """Whether the Slots that are wanted can be had, by all that is known."""

    seen: Mapping[Identity, Current]
    others: Holders
    sight: Unheld
    caller: Caller
    to: Services

    def problems(self, every: Sequence[Claims]) -> tuple[list[Issue], list[Issue]]:
        """Return the Slots that are not here, and those that cannot be had."""
        unknown, refused, had = [], [], set[str]()
        for claims in every:
            for id_, place in _named(claims.entry.resource or {}):
                if id_ not in claims.new:
                    continue
                if not _is_there(self.seen[Identity("Slot", id_)]):
                    unknown.append(claims.entry.at(Issue("slot-unknown", _UNKNOWN, expression=place)))
                    continue
                if problem := self._problem(id_, claims.entry, had):
                    refused.append(claims.entry.at(replace(problem, expression=place)))
                had.add(id_)
        return unknown, refused

    def _problem(self, id_: str, entry: Entry, had: set[str]) -> Issue | None:
        slot, now = decode(self.seen[Identity("Slot", id_)].body), microseconds(self.to.clock())
        hold = self.sight.hold(Identity("Slot", id_))
        is_held = hold is not None and not hold.is_over(now)
        if hold and is_held and not _is_for(hold, entry, self.caller):
            return Issue("slot-held", _NOT_YOURS.format(format_instant(moment(hold.until))))
        actual = self.sight.actual(Identity("Slot", id_), self.seen[Identity("Slot", id_)])
        why = why_not(slot, now, OPEN if is_held else FREE)
        if why is None and not is_held and is_stale(holds.bare(decode(actual.body)), now):  # what is held was promised
            why = STALE_WORD
        if why is None and (id_ in had or any(other != entry.identity for other in self.others[id_])):
            why = _HELD
        return Issue("slot-not-free", why) if why else None


def _is_there(current: Current) -> bool:
    return current.version > 0 and not current.deleted


def _is_for(hold: Hold, entry: Entry, caller: Caller) -> bool:
    """Return whether a hold is that of who books, for the request that is booked for."""
    based = [one.get("reference") for one in (entry.resource or {}).get("basedOn", ())]
    return hold.by == caller.organisation and hold.request in based


FREE = frozenset({"free"})


def why_not(slot: Resource, now: int, had: Collection[str] = FREE) -> str | None:
    """Return why nobody can have a Slot, by what it says itself; `had` are the statuses in which it can be had."""
    if slot.get("status") not in had:
        return _NOT_FREE.format(slot.get("status"))
    end = read(str(slot.get("end")))
    return _PASSED if end is None or end.low <= now else None


def is_stale(slot: Resource, now: int) -> bool:
    """Return whether a Slot, as it is stored, is free by a word that is stale, or was when that was noted."""
    known = stated(slot)
    if slot.get("status") == STALE:
        return known is not None and bare(slot).get("status") in FREE
    return slot.get("status") in FREE and (known is None or known.stale_at <= now)


def _settled(claims: Claims, seen: Mapping[Identity, Current], result: Settled, sight: Unheld) -> dict[str, int]:
    has: dict[str, int] = {}
    for id_, status in claims.wanted.items():
        current, version = seen[Identity("Slot", id_)], claims.held.get(id_)
        if version is not None and version != current.version:
            has[id_] = version  # somebody has said something newer of it: that stays
        elif version is not None or (id_ in claims.new and _is_there(current)):
            has[id_] = _put(id_, status, current, result, is_held=sight.hold(Identity("Slot", id_)) is not None)
    for id_, version in claims.held.items():
        current = seen[Identity("Slot", id_)]
        if id_ not in claims.wanted and version == current.version:
            _put(id_, "free", current, result)
    return has


def _put(id_: str, status: str, current: Current, result: Settled, *, is_held: bool = False) -> int:
    """Have a Slot be of a status, which ends a hold, and return the version that says so."""
    identity, slot = Identity("Slot", id_), decode(current.body)
    if slot.get("status") == status and not is_held:
        return current.version
    slot["status"] = status
    made = Entry(Put(slot), None, "Slot", slot, ends_hold="booked" if is_held else None)
    made.identity, made.rest = identity, rest_of(slot)
    result.others.append(made)
    result.currents[identity] = current
    return current.version + 1


def _named(resource: Resource) -> Iterator[tuple[str, str]]:
    """Yield the id of each Slot that an Appointment names, once, and where it does."""
    seen = set()
    for index, one in enumerate(resource.get("slot", ())):
        meant = reference.parse(str(one.get("reference", "")))
        if meant.kind == "relative" and meant.type == "Slot" and meant.id and meant.id not in seen:
            seen.add(meant.id)
            yield meant.id, f"Appointment.slot[{index}]"
