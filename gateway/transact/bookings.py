"""Which Slots an Appointment of a message takes and gives back: one that is not certainly free is nobody's.

A Slot can be had when it says that it is free, its time has not passed (what is stale ends there) and no other
Appointment holds it. What a cancelled Appointment took becomes free again as long as nobody has said anything else of
it since. All of it is decided in the commit of the message, so of many who want one Slot one has it.
https://hl7.org/fhir/R4/appointment.html, https://hl7.org/fhir/R4/slot.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from gateway.errors import Conflict, InvalidResource, Issue
from gateway.fhir import reference
from gateway.fhir.datetime import read
from gateway.fhir.json import decode
from gateway.fhir.search import parse_query
from gateway.fhir.types import Resource
from gateway.store import Current, Identity, Sight
from gateway.store.bodies import rest_of
from gateway.store.records import microseconds
from gateway.store.search.scope import Everything, Scope
from gateway.transact.entries import Entry
from gateway.transact.occupancy import Settled
from gateway.transact.operations import Put

if TYPE_CHECKING:
    from gateway.services import Services

_HOLDS: Mapping[str, str] = MappingProxyType(
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
_NOT_FREE = "this Slot is not free (it is {}): nothing of this message was used"
_PASSED = "the time of this Slot has passed, so it is not offered any more: nothing of this message was used"
_HELD = "another Appointment holds this Slot: nothing of this message was used"


Holders = Mapping[str, Sequence[Identity]]
"""Which Appointments hold a Slot, by its id."""


class Claims(NamedTuple):
    """The Slots that an Appointment holds (with the version that it made of each), and what those it wants become."""

    entry: Entry
    held: Mapping[str, int]
    wanted: Mapping[str, str]

    @property
    def new(self) -> list[str]:
        """Return the Slots that it does not hold yet."""
        return [id_ for id_ in self.wanted if id_ not in self.held]


def wanted(resource: Resource) -> dict[str, str]:
    """Return the Slots here that an Appointment wants to hold, each with the status that it then has."""
    status = _HOLDS.get(str(resource.get("status"))) if resource.get("resourceType") == "Appointment" else None
    if status is None:
        return {}
    return {id_: status for id_, _ in _named(resource)}


def holders(resources: Sequence[Resource], sight: Sight, to: Services) -> Holders:
    """Return which Appointments hold each Slot that is wanted, whoever made them; others that ask wait for this."""
    named = sorted({id_ for resource in resources for id_ in wanted(resource)})
    status = ",".join(_HOLDS)
    asked = [parse_query("Appointment", f"slot=Slot/{id_}&status={status}") for id_ in named]
    found = sight.matches(asked, Scope(to.settings.base_url, Everything()))
    return dict(zip(named, found, strict=True))


def settle(
    every: Sequence[Claims], others: Holders, result: Settled, sight: Sight, to: Services
) -> list[dict[str, int]]:
    """Have `result` take and give back Slots, and return for each Appointment what it holds from now on.

    Raises InvalidResource for Slots that are not here, Conflict for those that cannot be had.
    """
    named = sorted({id_ for claims in every for id_ in (*claims.held, *claims.wanted)})
    if not named:
        return [{} for _ in every]
    seen = sight.current([Identity("Slot", id_) for id_ in named]).currents
    _check(every, seen, others, to)
    return [_settled(claims, seen, result) for claims in every]


def _check(every: Sequence[Claims], seen: Mapping[Identity, Current], others: Holders, to: Services) -> None:
    unknown, refused, taken = [], [], set[str]()
    for claims in every:
        for id_, place in _named(claims.entry.resource or {}):
            if id_ not in claims.new:
                continue
            current = seen[Identity("Slot", id_)]
            if not current.version or current.deleted:
                unknown.append(claims.entry.at(Issue("slot-unknown", _UNKNOWN, expression=place)))
                continue
            is_held = id_ in taken or any(other != claims.entry.identity for other in others[id_])
            if (why := _why_not(decode(current.body), to)) or is_held:
                refused.append(claims.entry.at(Issue("slot-not-free", why or _HELD, expression=place)))
            taken.add(id_)
    if unknown:
        raise InvalidResource([*unknown, *refused])
    if refused:
        raise Conflict(refused)


def _why_not(slot: Resource, to: Services) -> str | None:
    if slot.get("status") != "free":
        return _NOT_FREE.format(slot.get("status"))
    end = read(str(slot.get("end")))
    return _PASSED if end is None or end.low <= microseconds(to.clock()) else None


def _settled(claims: Claims, seen: Mapping[Identity, Current], result: Settled) -> dict[str, int]:
    holds: dict[str, int] = {}
    for id_, status in claims.wanted.items():
        current, version = seen[Identity("Slot", id_)], claims.held.get(id_)
        if version is not None and version != current.version:
            holds[id_] = version  # somebody has said something newer of it: that stays
        else:
            holds[id_] = _put(id_, status, current, result)
    for id_, version in claims.held.items():
        current = seen[Identity("Slot", id_)]
        if id_ not in claims.wanted and version == current.version:
            _put(id_, "free", current, result)
    return holds


def _put(id_: str, status: str, current: Current, result: Settled) -> int:
    """Have a Slot be of a status, and return the version that says so."""
    identity, slot = Identity("Slot", id_), decode(current.body)
    if slot.get("status") == status:
        return current.version
    slot["status"] = status
    made = Entry(Put(slot), None, "Slot", slot)
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
