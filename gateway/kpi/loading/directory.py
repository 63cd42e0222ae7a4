"""Who and where: which partner an organisation is and in which region, at which site a place is, as it was known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.access.partners import Partner, Partners, decode
from gateway.fhir.json import decode as read_json
from gateway.fhir.types import Resource
from gateway.kpi.loading import said
from gateway.store import partners
from gateway.store.during import ids_as_of

if TYPE_CHECKING:
    from gateway.store.interface import Database

_SITE = "si"
_DEEPEST = 12
_URA, _AGB = "http://fhir.nl/fhir/NamingSystem/ura", "http://fhir.nl/fhir/NamingSystem/agb-z"


class Who(NamedTuple):
    """An organisation: what it is called in figures, its region, its kind, and whether it is a partner."""

    code: str
    region: str = ""
    kind: str = ""
    registered: bool = False
    network: str = ""


NOBODY = Who("")


class Directory:
    """Looks up what facts refer to, in the state of one moment; each thing once."""

    def __init__(self, db: Database, known: int) -> None:
        self.db, self.known = db, known
        self.partners = Partners(decode(row.content) for row in partners.as_of(db, known))
        self._agbs = {one.agb: one for one in self.partners if one.agb}
        self._found: dict[tuple[str, str], Resource] = {}
        self._sites: dict[str, str] = {}

    def look_up(self, type_: str, ids: Iterable[str]) -> None:
        """Read resources by their ids, those that were not read before, in batches."""
        wanted = {id_ for id_ in ids if id_ and (type_, id_) not in self._found}
        self._found |= {(type_, id_): {} for id_ in wanted}
        for kept in ids_as_of(self.db, type_, wanted, self.known):
            self._found[type_, kept.id] = read_json(kept.body)

    def resource(self, type_: str, id_: str) -> Resource:
        """Return a resource, empty where it is not known."""
        if id_ and (type_, id_) not in self._found:
            self.look_up(type_, [id_])
        return self._found.get((type_, id_), {})

    def who(self, reference: Any) -> Who:
        """Return who a Reference names: an Organization, by itself, by its identifier or by a role in it."""
        if not isinstance(reference, dict):
            return NOBODY
        if role := said.target(reference, "PractitionerRole"):
            return self.who(self.resource("PractitionerRole", role).get("organization"))
        identifiers = [reference.get("identifier") or {}]
        if id_ := said.target(reference, "Organization"):
            identifiers = said.many(self.resource("Organization", id_), "identifier")
            partner = self.partners.get(id_.removeprefix("partner-"))
            if partner is not None and id_.startswith("partner-"):
                return _who(partner)
        named = [(one.get("system"), str(one.get("value", ""))) for one in identifiers]
        found = next((partner for one in named if (partner := self._partner(*one))), None)
        if found is not None:
            return _who(found)
        values = [value for _, value in named if value]
        return Who(min(values) if values else id_ or str(reference.get("display", "")))

    def provider(self, name: str) -> Who:
        """Return the partner that sends as a provider, nobody where there is none or more than one."""
        found = self.partners.by_provider(name)
        return _who(found[0]) if len(found) == 1 else NOBODY

    def site(self, place: str) -> str:
        """Return the site that a place stands at: the place itself where it names none."""
        if place not in self._sites:
            self._sites[place] = self._climbed(place)
        return self._sites[place]

    def position(self, place: str) -> tuple[float, float] | None:
        """Return where a place is, or the nearest of those that it stands in of which that is known."""
        for _ in range(_DEEPEST):
            location = self.resource("Location", place)
            where: Mapping[str, Any] = location.get("position") or {}
            north, east = said.number(where.get("latitude")), said.number(where.get("longitude"))
            if north is not None and east is not None:
                return north, east
            place = said.target(location.get("partOf"), "Location")
            if not place:
                return None
        return None

    def _climbed(self, place: str) -> str:
        here = place
        for _ in range(_DEEPEST):
            location = self.resource("Location", here)
            if _SITE in said.codes(location.get("physicalType") or {}):
                return here
            here = said.target(location.get("partOf"), "Location")
            if not here:
                return place
        return place

    def _partner(self, system: Any, value: str) -> Partner | None:
        if system == _AGB:
            return self._agbs.get(value)
        if system == _URA or system is None:
            return self.partners.by_ura(value)
        return None


def _who(partner: Partner) -> Who:
    region, network = next(iter(partner.regions), ""), next(iter(partner.networks), "")
    return Who(partner.code, region, partner.kind, registered=True, network=network)
