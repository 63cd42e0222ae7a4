"""What the resources of a message state of beds, and how a bed's resources are made to state something else.

A bed is a Location that says its state (operationalStatus) and for which moment (capacity-measured-at), with the Slot
of the same identifier. A vehicle says its state too and is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from gateway.fhir.datetime import read
from gateway.fhir.types import Resource
from gateway.mapping.library import Library
from gateway.store.records import moment
from gateway.transact.beds import Shown
from gateway.transact.entries import Entry
from gateway.transact.order import MEASURED_AT
from gateway.transact.stays import Words

_WORD = "https://msb-gateway.example/fhir/StructureDefinition/capacity-source-word"
_VEHICLE = "ve"  # of http://terminology.hl7.org/CodeSystem/location-physical-type
_DAY = 24 * 60 * 60 * 1_000_000


class Statement(NamedTuple):
    """What a message states of one bed, by its resources; `path` is the bed's name."""

    location: Entry
    slot: Entry | None
    path: str
    shown: Shown

    @property
    def entries(self) -> list[Entry]:
        """Return the resources of the bed."""
        return [self.location, self.slot] if self.slot else [self.location]

    @property
    def label(self) -> str:
        """Return the bed as `label` does."""
        identity = self.location.identity
        return label(self.location.resource, identity.id if identity else "")


def statements(entries: Iterable[Entry]) -> dict[str, Statement]:
    """Return what is stated of each bed, by the id of its Location."""
    stating = [entry for entry in entries if entry.fact and entry.fact.own and entry.identity and entry.resource]
    slots = {_name(entry.resource): entry for entry in stating if entry.type == "Slot"}
    return {
        entry.identity.id: _statement(entry, slots.get(_name(entry.resource)))
        for entry in stating
        if entry.type == "Location" and entry.identity and _state(entry.resource) and not _drives(entry.resource)
    }


def _statement(location: Entry, slot: Entry | None) -> Statement:
    assert location.resource is not None and location.fact is not None  # noqa: PT018 - `statements` saw to both
    slotted = slot.resource if slot and slot.resource else {}
    extensions = location.resource["extension"]
    words = Words(
        _value(extensions, MEASURED_AT, "valueDateTime"),
        _value(extensions, _WORD, "valueString"),
        slotted.get("start", ""),
        slotted.get("end", ""),
    )
    shown = Shown(_state(location.resource), location.fact.at, words)
    return Statement(location, slot, _name(location.resource)[1], shown)


def _name(resource: Resource | None) -> tuple[str, str]:
    for identifier in (resource or {}).get("identifier", ()):
        return identifier.get("system", ""), identifier.get("value", "")
    return "", ""


def _state(resource: Resource | None) -> str:
    return str((resource or {}).get("operationalStatus", {}).get("code", ""))


def _drives(resource: Resource | None) -> bool:
    """Return whether a Location is a vehicle: it says a state too, and nobody lies in it."""
    codings = (resource or {}).get("physicalType", {}).get("coding", ())
    return any(coding.get("code") == _VEHICLE for coding in codings)


def _value(extensions: Sequence[dict[str, Any]], url: str, element: str) -> str:
    return next((str(e.get(element, "")) for e in extensions if e.get("url") == url), "")


def label(resource: Resource | None, id_: str) -> str:
    """Return a bed by the names that its source gives it, site/ward/room/bed; by its Location where there are none."""
    path = _name(resource)[1].replace("%2F", "/")
    return path or str((resource or {}).get("name", "")) or f"Location/{id_}"


def location(resource: Resource, shown: Shown, library: Library, zone: str) -> Resource:
    """Return a bed's Location in another state."""
    coding = _row(library, "bed-status", shown.state).coding
    status = _row(library, "bed-status-to-location", shown.state).target
    return {**resource, "status": status, "operationalStatus": coding, "extension": _stated(resource, shown, zone)}


def slot(resource: Resource, shown: Shown, library: Library, zone: str) -> Resource:
    """Return a bed's Slot in another state; it is offered for as long as it was."""
    start = shown.words.start or _said(shown, zone)
    return {
        **resource,
        "status": _row(library, "bed-status-to-slot", shown.state).target,
        "start": start,
        "end": shown.words.end or _ending(resource, shown, zone),
        "extension": _stated(resource, shown, zone),
    }


def _row(library: Library, concept_map: str, code: str) -> Any:
    row = library.concept_maps[concept_map].find(code)
    assert row is not None, "the states of a bed are codes of its ConceptMaps"
    return row


def _stated(resource: Resource, shown: Shown, zone: str) -> list[dict[str, Any]]:
    """Return the extensions of a bed with the moment and the word of what is shown."""
    kept = [e for e in resource.get("extension", ()) if e.get("url") not in {MEASURED_AT, _WORD}]
    place = next((n for n, e in enumerate(resource.get("extension", ())) if e.get("url") == MEASURED_AT), len(kept))
    kept.insert(min(place, len(kept)), {"url": MEASURED_AT, "valueDateTime": _said(shown, zone)})
    if shown.words.word:
        place = next((n for n, e in enumerate(resource.get("extension", ())) if e.get("url") == _WORD), len(kept))
        kept.insert(min(place, len(kept)), {"url": _WORD, "valueString": shown.words.word})
    return kept


def _said(shown: Shown, zone: str) -> str:
    return shown.words.said or moment(shown.at).astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


def _ending(resource: Resource, shown: Shown, zone: str) -> str:
    start, end = read(str(resource.get("start"))), read(str(resource.get("end")))
    length = end.low - start.low if start and end else _DAY
    last = moment(shown.at) + timedelta(microseconds=length)
    return last.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")
