"""Makes index rows of references. https://hl7.org/fhir/R4/search.html#reference"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from gateway.fhir.reference import parse, parted
from gateway.fhir.types import resource_types
from gateway.store.index.model import IndexRows, version_param, versioned
from gateway.store.records import Identity

ELSEWHERE = ""
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")  # most references are plain: the full reading costs ten times as much


def write(rows: IndexRows, param: str, value: Any, target: str, base: str) -> None:
    """Add the row of a Reference, canonical or contained resource; only if it may point at `target` ('' = any)."""
    if isinstance(value, str):
        _write_canonical(rows, param, value)
    elif "resourceType" in value:
        _write_inline(rows, param, value)
    else:
        _write_reference(rows, param, value, target, base)


@lru_cache(maxsize=512)  # those of a message and of its neighbours: a larger one costs more than it saves
def plain(text: str) -> Identity | None:
    """Return what a reference of the form `Type/id` names, None for any other."""
    type_name, _, id_ = text.partition("/")
    return Identity(type_name, id_) if type_name in resource_types() and _ID.fullmatch(id_) else None


def located(text: str, base: str) -> tuple[str, str] | None:
    """Return (type, id) of a literal reference, (ELSEWHERE, url) of one to another server, None of a contained one.

    A version is left out.
    """
    if identity := plain(text):
        return identity
    found = parse(text)
    if found.kind in {"contained", "conditional"}:
        return None
    if found.type and found.id and (found.kind == "relative" or found.base == f"{base}/"):
        return found.type, found.id
    return ELSEWHERE, parted(text)[0]


def _write_reference(rows: IndexRows, param: str, value: Mapping[str, Any], target: str, base: str) -> None:
    text = value.get("reference")
    if text is not None:
        place = located(text, base)
        if place and (not target or target == (place[0] or _type(value, text))):
            rows.reference.append((param, place[0], place[1]))
            if version := parted(text)[1]:
                rows.reference.append((version_param(param), place[0], versioned(place[1], version)))
    if "identifier" in value:
        write_identifier(rows, param, value, target)


def write_identifier(rows: IndexRows, param: str, value: Mapping[str, Any], target: str) -> None:
    """Add the row of a Reference that names what it points at by an identifier, for `:identifier`."""
    identifier = value["identifier"]
    if identifier and identifier.get("value") and target in {"", value.get("type", target)}:
        rows.token.append((f"{param}:identifier", identifier.get("system", ""), identifier["value"]))


def _type(value: Mapping[str, Any], text: str) -> str | None:
    return value.get("type") or parse(text).type


def _write_canonical(rows: IndexRows, param: str, value: str) -> None:
    rows.reference.append((param, ELSEWHERE, value))
    if "|" in value:
        rows.reference.append((param, ELSEWHERE, value.partition("|")[0]))


def _write_inline(rows: IndexRows, param: str, value: Mapping[str, Any]) -> None:
    if "id" in value:
        rows.reference.append((param, value["resourceType"], value["id"]))
