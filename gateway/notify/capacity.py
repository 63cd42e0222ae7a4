"""Numbers of places as lines, for partners that take no FHIR: one line a kind of care at a location.

What is unknown is null and never 0. What a source said and whose time is over is old: its free places are told apart
(`vrijGemeld`), and not as free ones (`vrij`). A line takes nothing but what is named here, and no words that could
hold the number of a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from gateway.fhir import freshness
from gateway.fhir.datetime import dutch_time, read
from gateway.fhir.types import Resource
from gateway.notify.capacity_forms import COLUMNS, Cell, Line

_OURS = "https://msb-gateway.example/fhir"
_EXTENSION = f"{_OURS}/StructureDefinition/"
_CARE_TYPE = f"{_OURS}/CodeSystem/care-type"
_AGB, _URA = "http://fhir.nl/fhir/NamingSystem/agb-z", "http://fhir.nl/fhir/NamingSystem/ura"
_PRIVATE = re.compile(
    r"(?<![0-9])([0-9]{9}|[0-9]{4}[ .-][0-9]{2}[ .-][0-9]{3}|[0-9]{3}[ .-][0-9]{3}[ .-][0-9]{3})(?![0-9])"
)
_MICROSECOND = 1_000_000
_FIGURES = {
    "totaal": "total", "inzetbaar": "staffed", "bezet": "occupied", "vrijGemeld": "available",
    "gereserveerd": "reserved", "gesloten": "closed", "leeg": "empty", "inSchoonmaak": "cleaning",
}  # fmt: skip
_OFFERED = {"free": "ja", "busy": "nee"}
_COUNTS = {"vers", "verouderend"}  # what is stale is told, and offered to nobody
_OF_BEDS = {"vrij": "free", "bezet": "busy", "gereserveerd": "busy-tentative", "gesloten": "busy-unavailable"}
_OPEN = {"open": "open", "threatened": "dreigende stop", "stop": "stop", "closed": "gesloten"}
_SHUT = {"stop", "gesloten"}
_METHOD = {"automatic": "automatisch", "manual": "handmatig"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A kind of care at a location, and the Slots that tell how many places there are of it.

    `beds` are Slots of which each is one bed, the others are in `slots`.
    """

    service: Resource | None
    location: Resource | None
    organisation: Resource | None
    slots: Sequence[Resource] = field(default=())
    beds: Sequence[Resource] = field(default=())


def lines(offer: Offer, at: datetime) -> Iterator[Line]:
    """Yield a line for each Slot with numbers; else one for all beds, or one without numbers for a service alone."""
    counted = [(slot, count) for slot in offer.slots for count in _extensions(slot, "capacity-count")]
    about = _about(offer)
    for slot, count in counted:
        yield _line(about | _counted(slot, count, at))
    if offer.beds and not counted:
        yield _line(about | _of_beds(offer, at))
    elif not counted and offer.service is not None:
        yield _line(about | {"regel": offer.service["id"], "aanbod": "onbekend"} | _fact(offer.service, None, at))


def gone(resource: Resource) -> Iterator[Line]:
    """Yield the lines that are no more, now that a Slot or a HealthcareService is not."""
    is_service = resource["resourceType"] == "HealthcareService"
    for unit in [""] if is_service else map(_unit, _extensions(resource, "capacity-count")):
        yield _line({"regel": _name(resource["id"], unit), "vervallen": True})


def _line(cells: Mapping[str, Cell]) -> Line:
    """Return a whole line; a text that could hold the number of a person is left out of it."""
    line: Line = dict.fromkeys(COLUMNS) | {"vervallen": False, "openstelling": "onbekend"}
    found = {name: cell for name, cell in cells.items() if cell is not None}
    if found.get("openstelling") in _SHUT:  # whatever is free then, it is not on offer
        found |= {"aanbod": "nee"}
        found.pop("vrij", None)
    return line | {name: cell for name, cell in found.items() if not (isinstance(cell, str) and _PRIVATE.search(cell))}


def _about(offer: Offer) -> dict[str, Cell]:
    service, location = offer.service or {}, offer.location or {}
    organisation = offer.organisation or service.get("providedBy") or location.get("managingOrganization") or {}
    address = location.get("address") or {}
    every = service.get("type") or [kind for slot in offer.slots for kind in slot.get("serviceType", ())]
    kind: Resource = next(iter(every), {})
    coding: Resource = next((one for one in kind.get("coding", ()) if one.get("system") == _CARE_TYPE), {})
    return {
        "zorgaanbieder": organisation.get("name") or organisation.get("display"),
        "agb": _identifier(organisation, _AGB),
        "ura": _identifier(organisation, _URA),
        "locatie": location.get("name"),
        "locatiecode": next((one.get("value") for one in location.get("identifier", ())), None),
        "postcode": address.get("postalCode"),
        "plaats": address.get("city"),
        "zorgsoort": coding.get("code"),
        "soortPlek": kind.get("text") or coding.get("display"),
        **_opening(service),
    }


def _identifier(organisation: Resource, system: str) -> str | None:
    found = organisation.get("identifier") or ()
    every = [found] if isinstance(found, dict) else found
    return next((one.get("value") for one in every if one.get("system") == system), None)


def _opening(service: Resource) -> dict[str, Cell]:
    stop = next(_extensions(service, "capacity-stop"), {})
    status = _inside(stop, "status")
    if status is None:
        return {}
    is_over = status == "open"
    until = _inside(stop, "end") or _inside(stop, "expectedEnd")
    return {
        "openstelling": _OPEN.get(status, "onbekend"),
        "stopVanaf": None if is_over else _inside(stop, "start"),
        "stopTot": None if is_over else until,
    }


def _counted(slot: Resource, count: Resource, at: datetime) -> dict[str, Cell]:
    """Return the numbers that a source gives, as it gives them."""
    fact = _fact(slot, slot.get("end"), at)
    said: dict[str, Cell] = {name: _inside(count, figure) for name, figure in _FIGURES.items()}
    offered = _OFFERED.get(slot["status"], "onbekend") if fact["actualiteit"] in _COUNTS else "onbekend"
    if is_over := _is_overbooked(slot, said):
        offered = "nee" if offered == "ja" else offered
    free = None if offered == "onbekend" else 0 if is_over else said["vrijGemeld"]
    since = _local(slot["start"]) if _span(slot["start"]) > _span(fact["peilmoment"]) else None
    unit = _unit(count)
    return {
        "regel": _name(slot["id"], unit), "eenheid": unit or "bed", **said, **fact,
        "vrij": free, "aanbod": offered, "perWanneer": since if offered == "ja" else None,
        "overbezet": is_over,
    }  # fmt: skip


def _is_overbooked(slot: Resource, said: dict[str, Cell]) -> bool:
    """Return whether more are in the places than there are places, by what is said of both; nothing is free then."""
    occupied, places = said["bezet"], said["inzetbaar"] if said["inzetbaar"] is not None else said["totaal"]
    is_more = isinstance(occupied, int | Decimal) and isinstance(places, int | Decimal) and occupied > places
    return slot.get("overbooked") is True or is_more


def _of_beds(offer: Offer, at: datetime) -> dict[str, Cell]:
    """Return how many beds there are of each state; a bed of which the last word is old is of an unknown one."""
    facts = [(bed, _fact(bed, bed.get("end"), at)) for bed in offer.beds]
    known = [(bed, fact) for bed, fact in facts if fact["actualiteit"] in _COUNTS]
    states = [bed["status"] for bed, _ in known]
    oldest = min((fact for _, fact in known or facts), key=lambda fact: _span(fact["peilmoment"]))
    figures: dict[str, Cell] = {name: states.count(status) for name, status in _OF_BEDS.items()} if known else {}
    said_free = sum(freshness.bare(bed)["status"] == "free" for bed in offer.beds)
    return {
        "regel": (offer.service or offer.beds[0])["id"], "eenheid": "bed", "totaal": len(facts),
        "onbekend": len(facts) - len(known), "vrijGemeld": said_free,
        "aanbod": "ja" if "free" in states else "nee" if len(known) == len(facts) else "onbekend",
        **figures, **oldest,
    }  # fmt: skip


def _fact(resource: Resource, until: str | None, at: datetime) -> dict[str, Cell]:
    """Return who said it, for when, and how old that is; without a moment nobody knows how old it is."""
    measured = _value(resource, "capacity-measured-at")
    now = int(at.timestamp() * _MICROSECOND)
    age = max(0, now - _span(measured)) // (60 * _MICROSECOND) if measured else None
    known = freshness.stated(resource)
    is_over = until is not None and _span(until) <= now
    if known is not None and (until is None or known.stale_at < _span(until)):
        until = freshness.instant(known.stale_at)
    return {
        "peilmoment": measured,
        "bijgewerktOp": _local(measured) if measured else None,
        "leeftijdMinuten": age,
        "geldigTot": until,
        "actualiteit": "onbekend" if not measured or not known else "verouderd" if is_over else known.at(now),
        "bron": _value(resource, "capacity-source"),
        "wijze": _METHOD.get(_value(resource, "capacity-method") or ""),
    }


def _span(moment: Cell) -> int:
    found = read(moment) if isinstance(moment, str) else None
    return found.low if found else 0


def _local(moment: str) -> str | None:
    """Return a moment as a Dutch table has it; a day stays a day."""
    if len(moment) <= len("2026-01-05"):
        return "-".join(reversed(moment.split("-")))
    return datetime.fromisoformat(moment).astimezone(dutch_time()).strftime("%d-%m-%Y %H:%M")


def _name(id_: str, unit: str) -> str:
    return f"{id_}#{unit}" if unit else id_


def _unit(count: Resource) -> str:
    return str(_inside(count, "unit") or "")


def _extensions(of: Resource, name: str) -> Iterator[Resource]:
    return (one for one in of.get("extension", ()) if one.get("url") == _EXTENSION + name)


def _value(of: Resource, name: str) -> Any:
    return _only(next(_extensions(of, name), {}))


def _inside(extension: Resource, name: str) -> Any:
    return _only(next((one for one in extension.get("extension", ()) if one.get("url") == name), {}))


def _only(extension: Resource) -> Any:
    return next((value for key, value in extension.items() if key.startswith("value")), None)
