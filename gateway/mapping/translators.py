"""A ConceptMap as the function that `alias.translate(code)` becomes."""

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

from gateway.mapping.concept_maps import ConceptMap, Row
from gateway.mapping.findings import Finding

MAX_KNOWN = 200
"""So many known codes are listed for who sent an unknown one."""


class Translator:
    """Translates codes into one kind of result: `code`, `Coding` or `CodeableConcept`.

    Raises Finding unmapped-code for a code that has no row, where the map does not say what then.
    """

    def __init__(self, concept_map: ConceptMap, kind: str) -> None:
        self.concept_map = concept_map
        self.make = MAKERS[kind]
        self.made: dict[str | None, Any] = {code: self.make(row) for code, row in concept_map.rows.items()}

    def __call__(self, code: str | None) -> Any:
        """Return what the code becomes; None for None and for a code that the map says has no counterpart."""
        return self.function(code)

    @cached_property
    def function(self) -> Callable[[str | None], Any]:
        """The same as a plain function, the usual case in two steps."""
        find, rare = self.made.get, self._rare
        if self.make is _code:
            return lambda code: find(code) or rare(code)
        if self.make is _coding:
            return lambda code: made.copy() if (made := find(code)) else rare(code)
        rows = self.concept_map.rows
        return lambda code: self.make(rows[code]) if code is not None and code in rows else rare(code)

    def row(self, code: str) -> str:
        """Return which row said so: `ConceptMap bed-status row 2`."""
        found = self.concept_map.find(code)
        which = f"row {found.number}" if found and found.number else f"unmapped.mode {self._mode()}"
        return f"ConceptMap {self.concept_map.id} {which}"

    def _known(self) -> str:
        """Return the codes that have a row: all of them, or the first of very many."""
        codes = list(self.concept_map.rows)
        return ", ".join(codes[:MAX_KNOWN]) + (", …" if len(codes) > MAX_KNOWN else "")

    def _mode(self) -> str:
        return self.concept_map.unmapped.mode if self.concept_map.unmapped else "fail"

    def _rare(self, code: str | None) -> Any:
        if not code:
            return None
        row = self.concept_map.find(code)
        if row is None:
            raise Finding("unmapped-code", "unmapped", map=self.concept_map.id, known=self._known())
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
