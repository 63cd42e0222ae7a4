"""Lays beside each figure of capacity that is written until when it counts; what anybody else says of that is dropped.

The moment that counts is the one for which the source says it. Where it gives none, or one that has yet to come, it is
that of receipt. A place that is free by a word that is stale already is stored as one of which nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.fhir import freshness
from gateway.fhir.datetime import read
from gateway.fhir.freshness import FREE, TYPES, Freshness
from gateway.fhir.types import Resource
from gateway.settings.ages import Figure, ages
from gateway.store.records import microseconds
from gateway.transact.holds import HELD
from gateway.transact.operations import Put
from gateway.transact.order import MEASURED_AT, SKEW

if TYPE_CHECKING:
    from gateway.services import Services
    from gateway.transact.entries import Entry
    from gateway.transact.operations import Received

_EXTENSION = "https://msb-gateway.example/fhir/StructureDefinition/"
_COUNT, _SOURCE, _METHOD, _VALID_UNTIL = (
    f"{_EXTENSION}capacity-{name}" for name in ("count", "source", "method", "valid-until")
)
_CODED = ("serviceType", "serviceCategory", "specialty", "type")
_DAY = len("2026-01-05")


def forget(entries: Iterable[Entry]) -> None:
    """Drop what entries say of freshness: nobody else decides on that.

    What the gateway itself changes is no word of a source: it is as old as it was.
    """
    for entry in entries:
        if entry.type in TYPES and entry.resource is not None:
            said = freshness.bare(entry.resource)
            if said is not entry.resource and isinstance(entry.op, Put) and (entry.op.holds or entry.op.ages):
                entry.known = freshness.stated(entry.resource)
            entry.resource = said


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of figures that are written together: when they were received, `now`, and by which message."""

    to: Services
    now: int
    received: Received | None

    def laid(self, resource: Resource, known: Freshness | None = None) -> Resource:
        """Return a resource with what follows from its moment; `known` is what is told of it already."""
        if resource.get("resourceType") not in TYPES or not _is_figure(resource):
            return resource
        found = known or self._freshness(resource)
        new = freshness.laid(freshness.bare(resource), found)
        is_stale = resource.get("status") == FREE and resource["resourceType"] == "Slot" and found.stale_at <= self.now
        return freshness.aged(new) if is_stale else new

    def _freshness(self, resource: Resource) -> Freshness:
        said = _values(resource)
        measured = said.get(MEASURED_AT)
        span = read(str(measured)) if measured else None
        at = microseconds(self.received.received_at) if self.received else self.now
        is_ahead = span is not None and span.low > at + SKEW
        table = ages(self.to.settings.freshness)
        kind = table.kind(self._figure(resource, said))
        if span is not None and not is_ahead:
            fresh_until, stale_at = table.moments(kind, span.low)
        else:
            fresh_until, stale_at = table.moments(kind, at)
        if (valid := read(str(said[_VALID_UNTIL])) if _VALID_UNTIL in said else None) is not None:
            stale_at = min(stale_at, valid.low)
        fresh_until = min(fresh_until, stale_at)
        if span is not None and not is_ahead:
            return Freshness(fresh_until, stale_at, kind)
        return Freshness(fresh_until, stale_at, kind, "clock-skew" if is_ahead else "received", at)

    def _figure(self, resource: Resource, said: dict[str, Any]) -> Figure:
        feed = self.received if self.received and not self.received.by_client and not self.received.sent else None
        source = feed.provider if feed else str(said.get(_SOURCE) or "")
        providers = self.to.library.providers
        overlay = self.to.library.provider(source) if source in providers else None
        return Figure(
            mapping=(feed.mapping or "").partition(" ")[0] if feed else "",
            care=frozenset(_codes(resource)),
            source=source,
            method=str(said.get(_METHOD) or ""),
            is_of_day=len(str(said.get(MEASURED_AT) or "")) == _DAY,
            provided=str(overlay.values.get("freshness", "")) if overlay else "",
        )


def _is_figure(resource: Resource) -> bool:
    """Return whether a resource says how much there is, or that a place can be had."""
    if resource["resourceType"] == "Slot" and resource.get("status") in {FREE, HELD}:
        return True
    every = resource.get("extension") or ()
    return any(isinstance(one, dict) and one.get("url") in {MEASURED_AT, _COUNT} for one in every)


def _values(resource: Resource) -> dict[str, Any]:
    """Return the values of simple extensions, by URL."""
    return {
        str(one.get("url")): next((value for name, value in one.items() if name.startswith("value")), None)
        for one in resource.get("extension") or ()
        if isinstance(one, dict)
    }


def _codes(resource: Resource) -> Iterator[str]:
    for name in _CODED:
        for concept in resource.get(name) or ():
            yield from (str(coding["code"]) for coding in concept.get("coding", ()) if "code" in coding)
