"""`ConceptMap/$translate`: what an installed ConceptMap makes of a code.

http://hl7.org/fhir/R4/conceptmap-operation-translate.html
"""

from collections.abc import Iterator
from typing import Any

from gateway.errors import BadRequest, ResourceNotFound
from gateway.fhir.types import Resource
from gateway.mapping.concept_maps import ConceptMap, Row
from gateway.mapping.library import Library
from gateway.mapping.spans import suggestion

_KNOWN = frozenset(
    {
        *("url", "conceptMapVersion", "code", "system", "version", "source", "coding", "codeableConcept", "target"),
        *("targetsystem", "reverse"),
    }
)
_NOT_A_MATCH = frozenset({"unmatched", "disjoint"})


def translate(library: Library, said: dict[str, Any], id_: str | None = None) -> Resource:
    """Return the Parameters that `$translate` answers: result, message, and a match for each target.

    Raises BadRequest for what is not understood, ResourceNotFound for a ConceptMap that is not installed.
    """
    for name in said:
        if name not in _KNOWN:
            raise BadRequest(
                f"$translate has no parameter '{name}'{suggestion(name, _KNOWN)}", code="unknown-parameter"
            )
    codings = list(_codings(said))
    maps = _maps(library, said, id_)
    reverse = said.get("reverse") in {True, "true"}
    matches = [match for coding in codings for one in maps for match in _matches(one, coding, said, reverse=reverse)]
    found = any(part["part"][0]["valueCode"] not in _NOT_A_MATCH for part in matches)
    parts: list[dict[str, Any]] = [{"name": "result", "valueBoolean": found}]
    if not found:
        parts.append({"name": "message", "valueString": "no installed ConceptMap has a target for this code"})
    return {"resourceType": "Parameters", "parameter": [*parts, *matches]}


def _codings(said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if said.get("code"):
        yield {"code": str(said["code"])} | ({"system": str(said["system"])} if said.get("system") else {})
        return
    concept = said.get("codeableConcept")
    listed = concept.get("coding") if isinstance(concept, dict) else [said.get("coding")]
    found = [one for one in listed or [] if isinstance(one, dict) and isinstance(one.get("code"), str)]
    if not found:
        raise BadRequest("$translate needs a code, a coding or a codeableConcept with codings")
    yield from found


def _maps(library: Library, said: dict[str, Any], id_: str | None) -> list[ConceptMap]:
    """Return the ConceptMaps that are meant: one by id or url, else all between the systems that are named."""
    wanted = id_ or said.get("url")
    if wanted is None:
        if not (said.get("system") or said.get("coding") or said.get("codeableConcept")):
            raise BadRequest("$translate needs the url of a ConceptMap, or the system of the code")
        return list(library.concept_maps.values())
    found = library.concept_map_by_url(str(wanted))
    version = said.get("conceptMapVersion")
    if found is None or (version and version != found.version):
        raise ResourceNotFound("no such ConceptMap is installed")
    return [found]


def _matches(map_: ConceptMap, coding: dict[str, Any], said: dict[str, Any], *, reverse: bool) -> Iterator[Resource]:
    system, wanted = coding.get("system"), said.get("targetsystem") or said.get("target")
    named = said.get("url") is not None or said.get("url") == map_.url
    for row in _rows(map_, coding["code"], reverse=reverse):
        source, target = (row.system, row.source_system) if reverse else (row.source_system, row.system)
        if (system and source and system != source) or (wanted and target and wanted != target and not named):
            continue
        yield _match(map_, row, reverse=reverse)


def _rows(map_: ConceptMap, code: str, *, reverse: bool) -> list[Row]:
    if reverse:
        return [row for row in map_.rows.values() if row.target == code]
    found = map_.find(code)
    return [found] if found is not None else []


def _match(map_: ConceptMap, row: Row, *, reverse: bool) -> Resource:
    default = "unmatched" if row.target is None else "inexact" if row.number == 0 else "equivalent"
    parts: list[dict[str, Any]] = [{"name": "equivalence", "valueCode": row.equivalence or default}]
    if reverse:
        coding = {"system": row.source_system, "code": row.code}
        parts.append({"name": "concept", "valueCoding": {k: v for k, v in coding.items() if v is not None}})
    elif row.target is not None:
        parts.append({"name": "concept", "valueCoding": row.coding})
    parts.append({"name": "source", "valueUri": map_.url})
    return {"name": "match", "part": parts}
