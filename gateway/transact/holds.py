"""What a Slot says of who holds it: an extension beside the status `busy-tentative`, and what it is without that.

A hold is a layer over what is known of the place. Whatever a source says of the place meanwhile is kept below it, as
what the place is `otherwise`, and that is what it becomes when the hold ends. A hold that has ended stays with the
version that it ended with, so that the history tells why.
https://hl7.org/fhir/R4/slot.html, https://msb-gateway.example/fhir/StructureDefinition/slot-hold
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from gateway.fhir.datetime import format_instant, read
from gateway.fhir.types import Resource
from gateway.store.records import moment

URL = "https://msb-gateway.example/fhir/StructureDefinition/slot-hold"
HELD = "busy-tentative"
OPEN = frozenset({"free", HELD})
"""What a source may say of a place that is held without ending the hold: it is free, or reserved in its own system."""

End = Literal["expired", "released", "booked", "overruled", "withdrawn"]
_URA_SYSTEM = "http://fhir.nl/fhir/NamingSystem/ura"
_URA = re.compile(r"\d{8}", re.ASCII)


class Hold(NamedTuple):
    """Who holds a place until when, in microseconds, and for which request; how it was extended, and how it ended.

    What has ended is known by when it did: `until` is 0 then.
    """

    until: int
    by: str
    request: str
    otherwise: str = "free"
    extended: str = ""
    ended: str = ""
    ended_at: int = 0

    def is_over(self, now: int) -> bool:
        """Return whether its time has passed, whether or not that was noted yet."""
        return self.until <= now

    def end(self, how: End, now: int) -> Hold:
        """Return it as ended; a hold whose time has passed has expired, whatever ends it then."""
        return self._replace(until=0, ended="expired" if self.is_over(now) else how, ended_at=now)


def live(slot: Resource | None) -> Hold | None:
    """Return the hold that a Slot is under, which may be over its time; None when there is none."""
    return next((hold for hold in _holds(slot) if not hold.ended), None)


def ended(slot: Resource | None) -> Hold | None:
    """Return the hold with which a Slot says that it has ended, None when it says so of none."""
    return next((hold for hold in _holds(slot) if hold.ended), None)


def who(hold: Hold) -> dict[str, str]:
    """Return the identifier of the organisation that holds."""
    named = {"system": _URA_SYSTEM} if _URA.fullmatch(hold.by) else {}
    return {**named, "value": hold.by}


def stated(slot: Resource) -> list[dict[str, Any]]:
    """Return what a Slot says of holds, as it is written there."""
    return [one for one in slot.get("extension", ()) if isinstance(one, dict) and one.get("url") == URL]


def bare(slot: Resource) -> Resource:
    """Return a Slot as it is without any hold."""
    hold = live(slot)
    others = [one for one in slot.get("extension", ()) if not (isinstance(one, dict) and one.get("url") == URL)]
    found = {name: value for name, value in slot.items() if name != "extension" or others}
    if others:
        found["extension"] = others
    if hold is not None and slot.get("status") == HELD:
        found["status"] = hold.otherwise
    return found


def laid(slot: Resource, *holds: Hold) -> Resource:
    """Return a Slot that is under no hold as it is under these: the one that has not ended makes its status."""
    found = {**slot, "extension": [*slot.get("extension", ()), *map(_written, holds)]}
    if any(not hold.ended for hold in holds):
        found["status"] = HELD
    return found


def _holds(slot: Resource | None) -> Iterator[Hold]:
    for one in stated(slot or {}):
        said = {part.get("url"): _value(part) for part in one.get("extension", ())}
        yield Hold(
            until=_read(said.get("until")),
            by=str((said.get("by") or {}).get("value", "")),
            request=str((said.get("request") or {}).get("reference", "")),
            otherwise=str(said.get("otherwise") or "free"),
            extended=str(said.get("extended") or ""),
            ended=str(said.get("ended") or ""),
            ended_at=_read(said.get("endedAt")),
        )


def _value(part: dict[str, Any]) -> Any:
    return next((value for name, value in part.items() if name.startswith("value")), None)


def _read(instant: Any) -> int:
    found = read(str(instant)) if instant else None
    return found.low if found else 0


def _written(hold: Hold) -> dict[str, Any]:
    until = [] if hold.ended else [{"url": "until", "valueInstant": _instant(hold.until)}]
    parts: list[dict[str, Any]] = [
        *until,
        {"url": "by", "valueIdentifier": who(hold)},
        {"url": "request", "valueReference": {"reference": hold.request}},
        {"url": "otherwise", "valueCode": hold.otherwise},
    ]
    if hold.extended:
        parts.append({"url": "extended", "valueCode": hold.extended})
    if hold.ended:
        parts.append({"url": "ended", "valueCode": hold.ended})
        parts.append({"url": "endedAt", "valueInstant": _instant(hold.ended_at)})
    return {"url": URL, "extension": parts}


def _instant(at: int) -> str:
    return format_instant(moment(at))
