"""What a feed of capacity sends: the numbers, as they are then, of each kind of care that something changed of.

They come by the door out, on behalf of the feed, which may read these types and no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from gateway import query
from gateway.access.policy import Caller
from gateway.errors import Forbidden, ResourceGone, ResourceNotFound
from gateway.fhir.json import decode
from gateway.fhir.search import parse, parse_query
from gateway.notify import capacity
from gateway.notify.capacity import Offer
from gateway.notify.capacity_forms import Line
from gateway.store.queues import Delivery

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.services import Services

_SERVICE = "HealthcareService"
_INCLUDED = (("_include", "Slot:schedule"), ("_include:iterate", "Schedule:actor"))
_PAGE = ("_count", "200")  # at most 1,000 are included in one, and each Slot brings a few
_ERROR = "entered-in-error"


class Reading(NamedTuple):
    """On whose behalf capacity is looked up, and where."""

    caller: Caller
    to: Services

    def lines(self, told: Iterable[Delivery]) -> Iterator[Line]:
        """Yield the lines that something changed of, each once."""
        wanted: dict[str, None] = {}
        for delivery in told:
            resource = self.resource(delivery.about)
            known = resource or self._before(delivery)
            if known is not None and (resource is None or resource.get("status") == _ERROR):
                yield from capacity.gone(known)
            wanted |= dict.fromkeys(self._offers(known))
        for name in wanted:
            yield from capacity.lines(self._offer(name), self.to.clock())

    def resource(self, name: str | None) -> Resource | None:
        """Return a resource as it is now, None where it is not or may not be seen."""
        type_, _, id_ = (name or "").partition("/")
        try:
            found: Resource = decode(query.read(type_, id_, self.caller, self.to).body)
        except (Forbidden, ResourceGone, ResourceNotFound):
            return None
        return found

    def _before(self, delivery: Delivery) -> Resource | None:
        """Return what something said before it was deleted."""
        type_, _, id_ = delivery.about.partition("/")
        version = str((delivery.version or 1) - 1)
        try:
            found: Resource = decode(query.vread(type_, id_, version, self.caller, self.to).body)
        except (Forbidden, ResourceGone, ResourceNotFound):
            return None
        return found

    def _offers(self, resource: Resource | None) -> list[str]:
        """Return the kinds of care that a resource is about: HealthcareServices, or a Schedule that is of none."""
        if resource is None:
            return []
        if resource["resourceType"] == _SERVICE:
            return [f"{_SERVICE}/{resource['id']}"] if self.resource(f"{_SERVICE}/{resource['id']}") else []
        schedule = resource["schedule"].get("reference")
        services = _actors(self.resource(schedule) or {}, _SERVICE)
        return services or ([schedule] if schedule else [])

    def _offer(self, name: str) -> Offer:
        slots, others = self._slots(name)
        service = self.resource(name) if name.startswith(_SERVICE) else None
        beds: list[Resource] = []
        counted: list[Resource] = []
        for slot in slots:
            (beds if self._is_bed(slot, others) else counted).append(slot)
        place = _reference(service, "location") or next(
            (actor for one in others.values() for actor in _actors(one, "Location")), None
        )
        location = self.resource(place)
        by = _reference(service, "providedBy") or _reference(location, "managingOrganization")
        return Offer(service, location, self.resource(by), counted, beds)

    def _slots(self, name: str) -> tuple[list[Resource], dict[str, Resource]]:
        """Return the Slots of a kind of care, and Schedules and actors of these by name."""
        asked = "schedule.actor" if name.startswith(_SERVICE) else "schedule"
        request, slots, others = parse("Slot", [(asked, name), *_INCLUDED, _PAGE]), [], {}
        while True:
            page = decode(query.search(request, self.caller, self.to, base=self.to.settings.base_url))
            for entry in page.get("entry", ()):
                found = entry["resource"]
                if entry["search"]["mode"] == "match":
                    slots.append(found)
                else:
                    others[f"{found['resourceType']}/{found.get('id')}"] = found
            following = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)
            if following is None:
                return [slot for slot in slots if slot["status"] != _ERROR], others
            request = parse_query("Slot", following)

    def _is_bed(self, slot: Resource, others: dict[str, Resource]) -> bool:
        """Return whether a Slot is of a bed; what was not included, for there was too much, is looked up."""

        def known(name: str) -> Resource:
            if name not in others:
                others[name] = self.resource(name) or {}
            return others[name]

        places = [known(name) for name in _actors(known(slot["schedule"].get("reference", "")), "Location")]
        return any(code.get("code") == "bd" for one in places for code in one.get("physicalType", {}).get("coding", ()))


def _actors(schedule: Resource, type_: str) -> list[str]:
    names = (actor.get("reference", "") for actor in schedule.get("actor", ()))
    return [name for name in names if name.startswith(f"{type_}/")]


def _reference(resource: Resource | None, element: str) -> str | None:
    found = (resource or {}).get(element) or {}
    first = found[0] if isinstance(found, list) else found
    reference: str | None = first.get("reference")
    return reference
