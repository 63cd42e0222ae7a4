"""A code system with what its codes mean. https://hl7.org/fhir/R4/codesystem.html"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.fhir.types import Resource

_OUT_OF_USE = frozenset({"deprecated", "retired", "inactive"})


@dataclass(slots=True)
class Concept:
    """One concept: as it is defined, and what stands directly above and below it."""

    definition: Resource
    parents: list[str] = field(default_factory=list)
    children: list[str] = field(default_factory=list)

    @property
    def code(self) -> str:
        """Return its code."""
        return str(self.definition["code"])

    def display(self, language: str | None = None) -> str | None:
        """Return how it is shown, in `language` where the code system says so."""
        found = next((d for d in self.designations() if language and _speaks(d, language)), None)
        return found["value"] if found else self.definition.get("display")

    def designations(self) -> list[dict[str, Any]]:
        """Return the other ways in which it is shown."""
        return [d for d in self.definition.get("designation") or [] if isinstance(d.get("value"), str)]

    def properties(self) -> list[dict[str, Any]]:
        """Return its properties."""
        return self.definition.get("property") or []

    @property
    def is_abstract(self) -> bool:
        """Return whether it only groups others, and is no code to be used."""
        return any(p.get("code") in {"notSelectable", "abstract"} and p.get("valueBoolean") for p in self.properties())

    @property
    def is_inactive(self) -> bool:
        """Return whether it is out of use. https://hl7.org/fhir/R4/codesystem-concept-properties.html"""
        return any(
            (p.get("code") == "inactive" and p.get("valueBoolean") is True)
            or (p.get("code") == "status" and p.get("valueCode") in _OUT_OF_USE)
            for p in self.properties()
        )


class System:
    """A code system whose concepts are here: all of them, or (`is_complete` False) a part."""

    def __init__(self, definition: Resource) -> None:
        self.url = str(definition.get("url", ""))
        self.version: str | None = definition.get("version")
        self.name = str(definition.get("name") or definition.get("title") or self.url)
        self.is_complete = definition.get("content") == "complete"
        self._folds_case = definition.get("caseSensitive") is False
        self.concepts: dict[str, Concept] = {}
        for concept, above in _walk(definition.get("concept") or [], None):
            self._add(concept, above)
        self._connect()

    def find(self, code: str) -> Concept | None:
        """Return the concept of a code, or None."""
        return self.concepts.get(self._key(code))

    def _key(self, code: str) -> str:
        return code.lower() if self._folds_case else code

    def _add(self, definition: Resource, above: str | None) -> None:
        concept = self.concepts.setdefault(self._key(str(definition["code"])), Concept(definition))
        if above is not None:
            self._join(above, concept.code)

    def _connect(self) -> None:
        """Take in the relations that stand as properties."""
        for concept in list(self.concepts.values()):
            for said in concept.properties():
                if said.get("code") in {"parent", "subsumedBy"} and "valueCode" in said:
                    self._join(said["valueCode"], concept.code)
                elif said.get("code") == "child" and "valueCode" in said:
                    self._join(concept.code, said["valueCode"])

    def _join(self, above: str, below: str) -> None:
        parent, child = self.find(above), self.find(below)
        if parent and child and parent.code not in child.parents:
            child.parents.append(parent.code)
            parent.children.append(child.code)


def _walk(concepts: list[Resource], above: str | None) -> Iterator[tuple[Resource, str | None]]:
    for concept in concepts:
        if isinstance(concept.get("code"), str):
            yield concept, above
            yield from _walk(concept.get("concept") or [], concept["code"])


def _speaks(designation: dict[str, Any], language: str) -> bool:
    """Return whether a designation is in a language; that of a region (nl-BE) is of the language (nl) too."""
    said = str(designation.get("language", "")).lower()
    return said == language.lower() or said.partition("-")[0] == language.lower()
