"""Which elements of a resource are looked at for patient data, and how closely: by their types in R4.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple

import yaml

from gateway.data import shipped
from gateway.fhir import elements
from gateway.validation.capacity.wording import Wording

Look = Literal["prose", "label", "unnamed", "below"]
_TEXTS = frozenset({"string", "markdown", "xhtml"})
_APART = frozenset({"Identifier.value", "Reference.reference"})  # looked at with what stands beside them


class Step(NamedTuple):
    """How an element is looked at: as prose, as a label, as one that may name a person, or what is below it."""

    look: Look
    type: str = ""


class Table(NamedTuple):
    """`profiles/tables/patient-data.yaml`."""

    capacity: frozenset[str]
    persons: frozenset[str]
    prose: Mapping[str, frozenset[str]]
    known: Mapping[str, frozenset[str]]
    bsn_systems: frozenset[str]
    wording: Wording


@cache
def table() -> Table:
    """Return the table that ships."""
    content: dict[str, Any] = yaml.safe_load((shipped("profiles") / "tables" / "patient-data.yaml").read_bytes())
    return Table(
        frozenset(content["capacity"]),
        frozenset(content["persons"]),
        {name: frozenset(words) for name, words in content["prose"].items()},
        {name: frozenset(words) for name, words in content["known"].items()},
        frozenset(content["bsn"]["systems"]),
        Wording(content),
    )


@lru_cache(maxsize=1024)  # a contained resource may say to be of any type
def plan(type_name: str) -> Mapping[str, Step]:
    """Return JSON name -> how it is looked at, of the elements of a type that are looked at at all."""
    steps: dict[str, Step] = {}
    for element in elements.children(type_name).values():
        for name, type_ in zip(element.json_names, element.types, strict=False):
            step = _step(type_name, name, type_)
            if step is not None:
                steps[name] = step
            if elements.is_primitive(type_):
                steps[f"_{name}"] = Step("below", "Element")
    return steps


def _step(holder: str, name: str, type_: str) -> Step | None:
    found = table()
    place = f"{holder}.{name}"
    if name == "id" or place in _APART or place in found.known["elements"] or type_ in found.known["contacts"]:
        return None
    if not elements.is_primitive(type_):
        return Step("below", type_)
    if type_ not in _TEXTS:
        return None
    if place in found.known["unnamed"]:
        return Step("unnamed")
    is_prose = type_ in found.prose["types"] or name in found.prose["elements"] or name in found.prose["extensions"]
    return Step("prose" if is_prose else "label")
