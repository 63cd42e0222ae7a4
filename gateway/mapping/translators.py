"""A ConceptMap as the function that `alias.translate(code)` becomes."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from gateway.mapping.concept_maps import ConceptMap, Row
from gateway.mapping.findings import Finding


class Translator:
    """Translates codes into one kind of result: `code`, `Coding` or `CodeableConcept`.

    Raises Finding unmapped-code for a code that has no row, where the map does not say what then.
    """

    __slots__ = ("concept_map", "made", "make")

    def __init__(self, concept_map: ConceptMap, kind: str) -> None:
        self.concept_map = concept_map
        self.make = MAKERS[kind]
        self.made = {code: self.make(row) for code, row in concept_map.rows.items()}

    def __call__(self, code: str | None) -> Any:
        """Return what the code becomes; None for None and for a code that the map says has no counterpart."""
        if not code:
            return None
        made = self.made.get(code)
        if type(made) is str:
            return made
        return self._copy(code) if made is not None else self._rare(code)

    def row(self, code: str) -> str:
        """Return which row said so: `ConceptMap bed-status row 2`."""
        found = self.concept_map.find(code)
        which = f"row {found.number}" if found and found.number else f"unmapped.mode {self._mode()}"
        return f"ConceptMap {self.concept_map.id} {which}"

    def _mode(self) -> str:
        return self.concept_map.unmapped.mode if self.concept_map.unmapped else "fail"

    def _copy(self, code: str) -> Any:
        return self.make(self.concept_map.rows[code])

    def _rare(self, code: str) -> Any:
        row = self.concept_map.find(code)
        if row is None:
            raise Finding("unmapped-code", "unmapped", map=self.concept_map.id)
        return self.make(row)


def _code(row: Row) -> str | None:
    return row.target


def _coding(row: Row) -> dict[str, Any] | None:
    return None if row.target is None else row.coding


def _concept(row: Row) -> dict[str, Any]:
    codings = [coding for coding in (_coding(row), row.source_coding) if coding is not None]
    return {"coding": codings}


MAKERS: Mapping[str, Callable[[Row], Any]] = MappingProxyType(
    {"code": _code, "Coding": _coding, "CodeableConcept": _concept}
)
