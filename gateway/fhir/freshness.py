"""Until when a figure of capacity counts: moments that stand in the resource, so that no clock has to turn them over.

What its source said at a moment is fresh until one moment and stale from another. Both are said beside it, and a class
follows from them at any time. A place that was free and of which the word is stale says so by its status too: it is
`busy-unavailable`, with what it was `otherwise`.
https://msb-gateway.example/fhir/StructureDefinition/capacity-freshness
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from gateway.fhir.datetime import format_instant, read
from gateway.fhir.json import decode, encode
from gateway.fhir.types import Resource

URL = "https://msb-gateway.example/fhir/StructureDefinition/capacity-freshness"
TYPES = frozenset({"HealthcareService", "Location", "Slot"})
"""What figures of capacity stand in."""
FREE, STALE = "free", "busy-unavailable"
UNKNOWN = "unknown"
"""The kind of a source of which nobody knows what it is."""

Class = Literal["vers", "verouderend", "verouderd"]
Basis = Literal["source", "received", "clock-skew"]
"""Whose time counts: that of the source, or that of receipt where it gives none, or one that has yet to come."""

_OPEN = b'{"url":"%b","extension":[' % URL.encode()
_STALE_AT = _OPEN + b'{"url":"staleAt","valueInstant":"'
_FREE = b'"status":"free"'
_IS_STALE = _OPEN + b'{"url":"class"'
_LIST = b'"extension":['
_LENGTH = len("2026-01-05T09:00:00.000+00:00")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", re.ASCII)  # as `instant` writes one
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Freshness(NamedTuple):
    """Until when a figure is fresh and from when it is stale, in microseconds, by the kind of its source.

    `since` is the moment that counts where it is not that of the source; 0 where it is.
    """

    fresh_until: int
    stale_at: int
    kind: str
    basis: Basis = "source"
    since: int = 0

    def at(self, now: int) -> Class:
        """Return its class at a moment."""
        if now >= self.stale_at:
            return "verouderd"
        return "vers" if now < self.fresh_until else "verouderend"


def laid(resource: Resource, freshness: Freshness) -> Resource:
    """Return a resource that says nothing of freshness as one that says this."""
    parts: list[dict[str, Any]] = [
        {"url": "staleAt", "valueInstant": instant(freshness.stale_at)},
        {"url": "freshUntil", "valueInstant": instant(freshness.fresh_until)},
        *_parts(freshness),
    ]
    return {**resource, "extension": [*resource.get("extension", ()), {"url": URL, "extension": parts}]}


def aged(resource: Resource) -> Resource:
    """Return a Slot that is free as it is once its source's word is stale; what the source said is kept.

    Of one of which nobody knows how old that word is, too.
    """
    known = stated(resource)
    parts: list[dict[str, Any]] = [{"url": "class", "valueCode": "verouderd"}]
    if known is not None:
        parts += [{"url": "staleSince", "valueInstant": instant(known.stale_at)}, *_parts(known)]
    else:
        parts += [{"url": "kind", "valueCode": UNKNOWN}, {"url": "basis", "valueCode": "received"}]
    parts.append({"url": "otherwise", "valueCode": FREE})
    said = {**bare(resource), "status": STALE}
    return {**said, "extension": [*said.get("extension", ()), {"url": URL, "extension": parts}]}


def is_aged(body: bytes) -> bool:
    """Return whether an encoded resource says that the word on it is stale."""
    return _IS_STALE in body


def bare(resource: Resource) -> Resource:
    """Return a resource as its source says it: without what the gateway says of freshness."""
    every = resource.get("extension") or ()
    mine = [one for one in every if isinstance(one, dict) and one.get("url") == URL]
    if not mine:
        return resource
    others = [one for one in every if one not in mine]
    found = {name: value for name, value in resource.items() if name != "extension" or others}
    if others:
        found["extension"] = others
    otherwise = _said(mine[0]).get("otherwise")
    if otherwise and found.get("status") == STALE:
        found["status"] = otherwise
    return found


def stated(resource: Resource) -> Freshness | None:
    """Return what a resource says of freshness, None where it says nothing."""
    said = _stated(resource)
    if said is None:
        return None
    stale_at = _stale_at(said)
    fresh_until = _read(said.get("freshUntil")) if "freshUntil" in said else stale_at
    kind, basis = str(said.get("kind", UNKNOWN)), said.get("basis", "source")
    return Freshness(fresh_until, stale_at, kind, basis, _read(said.get("since")))


def stale_at(resource: Resource) -> int | None:
    """Return from when a figure is stale, as `stated` does, and nothing else; None where nothing is said of its age."""
    said = _stated(resource)
    return None if said is None else _stale_at(said)


def age_class(resource: Resource, now: int) -> Class | None:
    """Return the class of a figure at a moment, None where nothing is said of its age."""
    found = stated(resource)
    return found.at(now) if found is not None else None


def stripped(body: bytes) -> bytes:
    """Return an encoded resource as `bare` does; what is as usual is cut out of it, and not decoded."""
    start = body.find(_OPEN)
    if start < 0:
        return body
    if body.find(_OPEN, start + 1) >= 0 or is_aged(body):
        return encode(bare(decode(body)))
    end = body.index(b"]}", start) + 2
    before, after = body[:start], body[end:]
    if after.startswith(b","):
        return before + after[1:]
    if before.endswith(b","):
        return before[:-1] + after
    before, after = before.removesuffix(_LIST), after.removeprefix(b"]")
    return before[:-1] + after if before.endswith(b",") else before + after.removeprefix(b",")


def told(resource_type: str, body: bytes, now: int) -> bytes:
    """Return an encoded resource as it is told at a moment: a Slot of which the word is stale is not free.

    Whether or not that was stored by then; what is told otherwise is known by `is`.
    """
    if resource_type != "Slot" or _FREE not in body:
        return body
    moments = _stale_moments(body)
    if moments and min(moments) > instant(now).encode():
        return body
    slot = decode(body)
    return encode(aged(slot)) if slot.get("status") == FREE else body


def _stale_moments(body: bytes) -> list[bytes]:
    """Return the moments at which it says that it is stale; all are written alike, so they compare as texts."""
    found, place = [], body.find(_STALE_AT)
    while place >= 0:
        begin = place + len(_STALE_AT)
        found.append(body[begin : begin + _LENGTH])
        place = body.find(_STALE_AT, begin)
    return found


def _parts(freshness: Freshness) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"url": "kind", "valueCode": freshness.kind},
        {"url": "basis", "valueCode": freshness.basis},
    ]
    if freshness.since:
        found.append({"url": "since", "valueInstant": instant(freshness.since)})
    return found


def _stated(resource: Resource) -> dict[str, Any] | None:
    for one in resource.get("extension") or ():
        if isinstance(one, dict) and one.get("url") == URL:
            return _said(one)
    return None


def _stale_at(said: dict[str, Any]) -> int:
    return _read(said.get("staleAt") or said.get("staleSince"))


def _said(extension: dict[str, Any]) -> dict[str, Any]:
    parts = extension.get("extension") or ()
    return {str(part.get("url")): _value(part) for part in parts if isinstance(part, dict)}


def _value(part: dict[str, Any]) -> Any:
    for name, value in part.items():
        if name.startswith("value"):
            return value
    return None


def _read(text: Any) -> int:
    """Return a moment in microseconds, 0 where none is said; those that were written here are read the quick way."""
    written = str(text) if text else ""
    if _INSTANT.fullmatch(written):
        with suppress(ValueError):  # it is not on the calendar or the clock
            return (datetime.fromisoformat(written) - _EPOCH) // _MICROSECOND
    found = read(written)
    return found.low if found else 0


def instant(at: int) -> str:
    """Return a moment in microseconds as it is written here."""
    return format_instant(_EPOCH + at * _MICROSECOND)
