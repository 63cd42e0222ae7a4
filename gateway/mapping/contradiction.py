"""Which of two rows of one table holds, when both speak of the same place.

A place that is offered while somebody lies in it costs a patient the way; so of two rows the newer one
holds, and of two of the same moment the one that does not offer it. Rows that make no Slot: the last one.
"""

from collections.abc import Mapping
from functools import lru_cache

from gateway.fhir.datetime import read
from gateway.fhir.types import Resource

_MEASURED = "/StructureDefinition/capacity-measured-at"


def holds(later: Mapping[str, Resource], earlier: Mapping[str, Resource]) -> bool:
    """Return whether what a later row made holds against what the earlier rows made, both by url."""
    pairs = [(slot, earlier[url]) for url, slot in later.items() if slot["resourceType"] == "Slot" and url in earlier]
    return all(_rank(slot) >= _rank(before) for slot, before in pairs)


def kept(later: Mapping[str, Resource], earlier: Mapping[str, Resource]) -> dict[str, Resource]:
    """Return what holds of a later row: all of it, or what the earlier rows did not make."""
    every = holds(later, earlier)
    return {url: resource for url, resource in later.items() if every or url not in earlier}


class Said:
    """What the rows of a table have said of each Slot: only how much it is to be believed, some 200 bytes a place."""

    def __init__(self) -> None:
        self._ranks: dict[str, tuple[int, bool]] = {}

    def outdoes(self, later: Mapping[str, Resource]) -> bool:
        """Return whether something said before holds against what a later row made."""
        ranks = self._ranks
        if ranks.keys().isdisjoint(later):
            return False
        return any(_rank(slot) < ranks[url] for url, slot in later.items() if url in ranks)

    def add(self, made: Mapping[str, Resource]) -> None:
        """Remember what holds of some rows."""
        self._ranks |= {url: _rank(slot) for url, slot in made.items() if slot["resourceType"] == "Slot"}


def _rank(slot: Resource) -> tuple[int, bool]:
    """Return how much a Slot is to be believed: by its moment, then by not being free."""
    at = slot.get("start")
    for extension in slot.get("extension", ()):
        if str(extension.get("url")).endswith(_MEASURED):
            at = extension.get("valueDateTime")
            break
    return _low(str(at)), slot.get("status") != "free"


@lru_cache(maxsize=1024)  # the rows of a table are mostly of few moments
def _low(at: str) -> int:
    moment = read(at)
    return moment.low if moment else 0
