"""Which entry of a message a reference in it names. https://hl7.org/fhir/R4/bundle.html#references"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gateway.fhir import reference

if TYPE_CHECKING:
    from gateway.fhir.reference import Reference
    from gateway.fhir.types import Resource


class Entries:
    """The entries of a message by what they are named by."""

    def __init__(self, entries: Sequence[Resource]) -> None:
        self._addresses = [reference.parse(str(entry.get("fullUrl", ""))) for entry in entries]
        self._by_url = {entry["fullUrl"]: at for at, entry in enumerate(entries) if "fullUrl" in entry}
        names = [_name(entry.get("resource", {})) for entry in entries]
        times = Counter(names)
        self._by_name = {name: at for at, name in enumerate(names) if times[name] == 1}

    def named(self, text: str, number: int) -> int | None:
        """Return the entry that a reference in entry `number` names, None when there is none.

        By its fullUrl; relative to that of the entry itself; and, as the fullUrls of messages are mostly UUIDs, by its
        type and id, when that is one entry.
        """
        if text in self._by_url:
            return self._by_url[text]
        meant = reference.parse(text)
        if meant.kind != "relative":
            return None
        own = self._addresses[number]
        if own.kind == "absolute" and (at := self._by_url.get(f"{own.base}{meant.type}/{meant.id}")) is not None:
            return at
        return self._by_name.get((meant.type, meant.id))

    def address(self, number: int) -> Reference:
        """Return what the fullUrl of an entry says."""
        return self._addresses[number]


def _name(resource: Resource) -> tuple[Any, Any]:
    return resource.get("resourceType"), resource.get("id")
