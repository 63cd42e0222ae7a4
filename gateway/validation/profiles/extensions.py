"""Extensions whose definition is known: held against it wherever they stand, and whether they may stand there.

https://hl7.org/fhir/R4/defining-extensions.html#context
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from gateway.fhir import elements
from gateway.fhir.types import Resource
from gateway.validation.profiles.items import Item, values
from gateway.validation.shapes import shape

_DEEPEST = 60


class Found(NamedTuple):
    """One extension and where it stands: the element by its path in the definition, and the types it is of."""

    item: Item
    owner: str
    of_types: tuple[str, ...]


def extensions(item: Item) -> Iterator[Found]:
    """Yield every extension in a value, those in extensions among them, with what it extends."""
    return _within(item, item.type, 0)


def _within(item: Item, path: str, depth: int) -> Iterator[Found]:
    """Yield those in one value and in what stands in it; `path` is its element as the definition has it."""
    value = item.value
    holder, of_type = (value, item.type) if isinstance(value, dict) else (item.partner, "Element")
    if holder is None or depth > _DEEPEST:
        return
    properties = shape(of_type).properties
    for key in holder:
        known = properties.get(key.removeprefix("_"))
        if known is None or (key[0] == "_" and key[1:] in holder) or not _may_hold(holder, key):
            continue
        for one in values(holder, key.removeprefix("_"), known.type, f"{item.path}.{known.element.name}"):
            if known.type == "Extension":
                yield Found(one, path, types(item.type))
            yield from _within(one, _path_of(one, known.type, f"{path}.{known.element.name}"), depth + 1)


def _may_hold(holder: Resource, key: str) -> bool:
    """Return whether there can be an extension below a property: a plain value without a partner holds none."""
    value = holder[key]
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict | list) or key[0] == "_" or "_" + key in holder


def _path_of(item: Item, type_: str, path: str) -> str:
    if type_ == "Extension" or "." in type_:
        return type_
    return item.type if type_ == "Resource" else path


@cache
def types(type_name: str) -> tuple[str, ...]:
    """Return a type and those it specialises."""
    found, at = [], type_name if elements.is_type(type_name) else None
    while at is not None:
        found.append(at)
        at = elements.parent_type(at)
    return tuple(found)


def may_stand(found: Found, contexts: tuple[str, ...]) -> bool:
    """Return whether an extension may stand where it does; one that says nothing about it may stand anywhere."""
    if not contexts:
        return True
    here = {found.owner, *found.of_types}
    if found.item.path.count(".extension") == 0 or "Element" in contexts:
        return any(_names_it(one, here) for one in contexts)
    return any(_names_it(one, here) or one.startswith(("http", "Extension")) for one in contexts)


def _names_it(context: str, here: set[str]) -> bool:
    return context in here or context in {"Element", "*"} or not context.replace(".", "").replace("[x]", "").isalnum()
