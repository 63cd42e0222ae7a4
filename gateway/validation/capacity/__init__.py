"""That capacity holds no patient data: everybody of a network sees it.

Every resource of such a type is looked at where it is written, whoever writes it and however it came: its texts by the
rules of `profiles/tables/patient-data.yaml` (`wording`), as closely as their elements ask for (`plan`), its identifiers
by their systems, and its references by what they point at. A finding says where, and never what stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from gateway.errors import Issue
from gateway.fhir.types import Resource
from gateway.validation.capacity.plan import Look, plan, table

CODE = "patient-data-in-capacity"
_TEXTS = {
    "bsn": "this may be the citizen service number (BSN) of a patient: capacity holds no data of patients",
    "number": "this may be the number of a patient: capacity holds no data of patients",
    "birth": "this may be a date of birth: capacity holds no data of patients",
    "name": "this may be the name of a patient: capacity holds no data of patients",
    "reference": "this points at a patient: capacity holds no data of patients",
    "contained": "this is a patient: capacity holds no data of patients",
}


class _Found(NamedTuple):
    """A text that is looked at, and where it stands."""

    path: str
    kind: str


def patient_data(resource: Resource) -> list[Issue]:
    """Return an issue for each place of a resource of capacity that seems to hold data of a patient.

    None of any other resource. What has not the shape of R4 is passed over: it is refused as such.
    """
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str) or kind not in table().capacity:
        return []
    return [Issue(CODE, _TEXTS[found.kind], expression=found.path) for found in _below(resource, kind, kind)]


def shows_patient(text: str) -> bool:
    """Return whether a text by itself seems to hold data of a patient."""
    return table().wording.finds(text, is_prose=True) is not None


def _below(node: Resource, type_name: str, path: str) -> Iterator[_Found]:
    """Yield what is found in an object."""
    if type_name == "Identifier":
        yield from _of_identifier(node, path)
    elif type_name == "Reference":
        yield from _of_reference(node, path)
    steps = plan(type_name)
    for name, value in node.items():
        step = steps.get(name)
        if step is None:
            continue
        for where, item in _items(value, path, name):
            if isinstance(item, str):
                yield from _of_text(item, step.look, where, node if type_name == "Reference" else None)
            elif isinstance(item, dict):
                yield from _contained(item, where) if name == "contained" else _below(item, step.type, where)


def _items(value: Any, path: str, name: str) -> Iterator[tuple[str, Any]]:
    """Yield each value of an element with its place."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield f"{path}.{name}[{number}]", item
    else:
        yield f"{path}.{name}", value


def _contained(node: Resource, path: str) -> Iterator[_Found]:
    kind = _word(node, "resourceType")
    if kind in table().persons:
        yield _Found(path, "contained")
    else:
        yield from _below(node, kind, path)


def _of_text(text: str, look: Look, path: str, reference: Resource | None) -> Iterator[_Found]:
    may_be_named = look == "unnamed" or (reference is not None and _is_of_professional(reference))
    kind = table().wording.finds(text, is_prose=look == "prose", may_be_named=may_be_named)
    if kind is not None:
        yield _Found(path, kind)


def _of_identifier(node: Resource, path: str) -> Iterator[_Found]:
    system, value = _word(node, "system"), node.get("value")
    if system in table().bsn_systems:
        yield _Found(f"{path}.value", "bsn")
    elif isinstance(value, str) and not _is_known(system):
        yield from _of_text(value, "label", f"{path}.value", None)


def _word(node: Resource, name: str) -> str:
    """Return the string of an element; "" for what is none: what has not the shape of R4 is refused as such."""
    value = node.get(name)
    return value if isinstance(value, str) else ""


def _is_known(system: str) -> bool:
    """Return whether a system is one of numbers that are no patients'; of an OID all that lies below it is too."""
    return any(
        system == known or (known.startswith("urn:oid:") and system.startswith(known + "."))
        for known in table().known["systems"]
    )


@cache
def _to_person() -> re.Pattern[str]:
    return re.compile(rf"(?:^|/)(?:{'|'.join(sorted(table().persons))})(?:[/?]|$)")


def _of_reference(node: Resource, path: str) -> Iterator[_Found]:
    if _word(node, "type") in table().persons:
        yield _Found(f"{path}.type", "reference")
    elif _to_person().search(_word(node, "reference")):
        yield _Found(f"{path}.reference", "reference")


def _is_of_professional(node: Resource) -> bool:
    said = {_word(node, "type"), *_word(node, "reference").split("/")[-2:-1]}
    return bool(said & table().known["professionals"])
