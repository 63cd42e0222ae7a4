"""Steps by name in sources that are trees: JSON objects and XML elements.

What is not there, a JSON null, a blank text and an empty list give nothing. A list is its items.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from gateway.formats.xmltree import Node

__all__ = ["children", "choice", "descendants", "extension", "fhir_step", "fhir_steps", "kept", "step", "steps", "text"]


def step(value: Any, name: str) -> list[Any]:
    """Return what a value has under a name."""
    if type(value) is Node:
        return list(value.named(name))
    if type(value) is dict:
        found = value.get(name)
        if type(found) is list:
            return kept(found)
        return [] if empty(found) else [found]
    return steps(value, name) if type(value) is list else []


def steps(values: Iterable[Any], name: str) -> list[Any]:
    """Return what each of some values has under a name."""
    found: list[Any] = []
    for value in values:
        found += value.named(name) if type(value) is Node else step(value, name)
    return found


def kept(values: Sequence[Any]) -> list[Any]:
    """Return the items that are not empty."""
    return [value for value in values if not empty(value)]


def empty(value: Any) -> bool:
    """Return whether a JSON value says nothing: null, or a text of blanks."""
    return value is None or (type(value) is str and not value.strip())


def listed(value: Any) -> list[Any]:
    """Return the items of a list; nothing of anything else."""
    return value if type(value) is list else []


def choice(holder: dict[str, Any], name: str) -> str:
    """Return the property that a name means in FHIR: `value` is also `valueQuantity`, where that stands there."""
    if name in holder:
        return name
    width = len(name)
    return next((key for key in holder if key.startswith(name) and key[width : width + 1].isupper()), name)


def fhir_step(value: Any, name: str) -> list[Any]:
    """Return what a value of a FHIR message has under a name."""
    if type(value) is list:
        return fhir_steps(value, name)
    return step(value, choice(value, name)) if type(value) is dict else []


def fhir_steps(values: Iterable[Any], name: str) -> list[Any]:
    """Return what each of some values of a FHIR message has under a name."""
    return [found for value in values for found in fhir_step(value, name)]


def extension(values: Iterable[Any], url: str | None) -> list[Any]:
    """Return the extensions of a URL that FHIR values have."""
    return [found for found in steps(values, "extension") if type(found) is dict and found.get("url") == url]


def text(value: Any) -> str | None:
    """Return a value as text: of an XML element its own, of a JSON number its digits; None when there is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) or None if isinstance(value, str | int | Decimal) else None


def children(values: Iterable[Any]) -> list[Any]:
    """Return everything directly below some values."""
    return [below for value in values for below in _children(value)]


def _children(value: Any) -> list[Any]:
    if type(value) is dict:
        return [found for name in value for found in step(value, name)]
    return list(value.below()) if type(value) is Node else children(value) if type(value) is list else []


def descendants(values: Iterable[Any]) -> list[Any]:
    """Return everything anywhere below some values, each before what is below it."""
    found: list[Any] = []
    todo = children(values)[::-1]
    while todo:
        below = todo.pop()
        found.append(below)
        if type(below) is Node:
            todo += reversed(below.below())
        elif type(below) is not str:
            todo += reversed(_children(below))
    return found
