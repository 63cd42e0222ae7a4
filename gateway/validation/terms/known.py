"""Which code systems and value sets are here: installed ones, then those of R4's own tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from gateway.errors import Issue, ResourceNotFound
from gateway.fhir import tables
from gateway.fhir.subsets import SUBSETTED
from gateway.validation.profiles.definitions import SHAPELESS, Found, Head
from gateway.validation.profiles.terminology import CodeSystem, Finder, Terminology, in_expansion
from gateway.validation.terms.systems import System

if TYPE_CHECKING:
    from gateway.fhir.types import Resource

_FLAGS: Mapping[str, Mapping[str, Any]] = {
    "a": {"code": "notSelectable", "valueBoolean": True},
    "i": {"code": "inactive", "valueBoolean": True},
}


class NotInstalled(ResourceNotFound):
    """A code system or value set is not here, so nothing can be said about what is in it."""

    issue_code = "terminology-unknown"


class Known:
    """Finds value sets and code systems by canonical, of the version that is asked for or not at all."""

    def __init__(self, installed: Finder | None) -> None:
        self._installed = installed

    def find(self, kind: str, canonical: str) -> Resource | None:
        """Return the definition, or None."""
        url, _, version = canonical.partition("|")
        found = self._installed.find(kind, canonical) if self._installed else None
        if found is None:
            found = _code_system(url) if kind == "CodeSystem" else _value_set(url)
        return None if found is None or (version and found.get("version") != version) else found


class Terms(Terminology):
    """What is known here of codes. It may be shared by threads."""

    def __init__(self, installed: Finder | None) -> None:
        super().__init__(Known(installed))
        self._concepts: dict[str, System] = {}

    def code_system(self, url: str) -> CodeSystem | None:
        """Return a code system as filters ask it, or None; which names are not here is not remembered."""
        return None if self.definitions.find("CodeSystem", url) is None else super().code_system(url)

    def system(self, canonical: str) -> System:
        """Return a code system of which the codes are here, all or a part. NotInstalled."""
        if canonical not in self._concepts:
            found = self.definitions.find("CodeSystem", canonical)
            if found is None or not found.get("concept"):
                raise not_installed("code system", canonical)
            self._concepts[canonical] = System(found)
        return self._concepts[canonical]

    def value_set(self, canonical: str) -> Resource:
        """Return a value set. NotInstalled."""
        found = self.definitions.find("ValueSet", canonical)
        if found is None:
            raise not_installed("value set", canonical)
        return found

    def holds(self, value_set: Resource, system: str, code: str) -> bool | None:
        """Return whether a code is in a value set that is here or was sent along; None: what decides is not here."""
        try:
            answer = self._composed(value_set.get("compose") or {}, system, code, 0)
        except SHAPELESS:
            return None
        return in_expansion(value_set, system, code) if answer is None else answer


def not_installed(kind: str, canonical: str) -> NotInstalled:
    """Return the error that names what is not here."""
    text = f"this {kind} is not installed here, so nothing can be said about it: {canonical[:200]}"
    return NotInstalled([Issue("terminology-unknown", text)])


@lru_cache(maxsize=1000)
def _code_system(url: str) -> Resource | None:
    row = tables.code_systems().get(url)
    if row is None:
        return None
    concepts = [_concept(one) for one in row.concepts]
    return _headed("CodeSystem", url, row) | {"content": "complete", "caseSensitive": True, "concept": concepts}


def _concept(row: list[Any]) -> Resource:
    """Return a concept of the table as a CodeSystem has it."""
    absent: list[Any] = ["", [], ""]
    code, display, below, flags = [*row, *absent[len(row) - 1 :]]
    properties = [_FLAGS[flag] for flag in flags]
    properties += [{"code": "child", "valueCode": one} for one in below if isinstance(one, str)]
    concepts = [_concept(one) for one in below if not isinstance(one, str)]
    return {
        "code": code,
        **({"display": display} if display else {}),
        **({"property": properties} if properties else {}),
        **({"concept": concepts} if concepts else {}),
    }


@lru_cache(maxsize=1000)
def _value_set(url: str) -> Resource | None:
    """Return a value set that R4 requires somewhere, as its codes stand in the table."""
    systems = tables.codes().get(url)
    if systems is None:
        return None
    include = [{"system": of, "concept": [{"code": code} for code in codes]} for of, codes in systems.items()]
    return _headed("ValueSet", url, tables.value_sets()[url]) | {"compose": {"include": include}}


def _headed(kind: str, url: str, row: tables.HeadRow) -> Resource:
    """Return the beginning of a definition. It has the codes of the published one, and is a part of that."""
    title = {"title": row.title} if row.title else {}
    head = {"url": url, "version": row.version, "name": row.name, **title, "status": row.status}
    return {"resourceType": kind, "meta": {"tag": [dict(SUBSETTED)]}, **head}


def of_r4(kind: str) -> Iterator[Found]:
    """Yield the code systems, or the required value sets, of R4's own tables, each under the id that HL7 gives it."""
    rows: Mapping[str, tables.HeadRow] = {}
    if kind == "CodeSystem":
        rows = tables.code_systems()
    elif kind == "ValueSet":
        rows = tables.value_sets()
    for url, row in rows.items():
        id_ = url.rpartition("/")[2]
        head = Head(kind, url, row.version, id=id_, name=row.name, title=row.title, status=row.status)
        yield Found(head, "R4", partial(_of_table, kind, url))


def _of_table(kind: str, url: str) -> Resource:
    found = _code_system(url) if kind == "CodeSystem" else _value_set(url)
    assert found is not None
    return found
