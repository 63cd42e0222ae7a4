"""Extensions whose definition is known: held against it wherever they stand, and whether they may stand there.

https://hl7.org/fhir/R4/defining-extensions.html#context
"""

from collections.abc import Iterator
from typing import NamedTuple

from gateway.fhir import elements
from gateway.validation.profiles.items import Item

_DEEPEST = 60


class Found(NamedTuple):
    """One extension and where it stands: the element by its path in the definition, and the types it is of."""

    item: Item
    owner: str
    types: tuple[str, ...]


def extensions(item: Item) -> Iterator[Found]:
    """Yield every extension in a value, those in extensions among them, with what it extends."""
    yield from _within(item, item.type, 0)


def _within(item: Item, path: str, depth: int) -> Iterator[Found]:
    if depth > _DEEPEST:
        return
    for name in ("extension", "modifierExtension"):
        for one in item.children(name):
            if isinstance(one.value, dict):
                yield Found(one, path, _types(item.type))
                yield from _within(one, "Extension", depth + 1)
    for name in _names(item):
        for one in item.children(name):
            below = one.type if "." in one.type or _is_resource(one) else f"{path}.{name}"
            yield from _within(one, below, depth + 1)


def _names(item: Item) -> list[str]:
    """Return the elements that are there, extensions apart."""
    if not isinstance(item.value, dict):
        return []
    names = dict.fromkeys(key.removeprefix("_") for key in item.value)
    found = [elements.child(item.type, name) for name in names if name not in {"extension", "modifierExtension"}]
    return list(dict.fromkeys(_stem(item.type, one.name) for one in found if one))


def _stem(type_name: str, name: str) -> str:
    """Return the name of a choice without its type: `value` for `valueString`."""
    if name in elements.children(type_name):
        return name
    owners = [one.name for one in elements.children(type_name).values() if name in one.json_names]
    return owners[0] if owners else name


def _is_resource(item: Item) -> bool:
    return isinstance(item.value, dict) and item.value.get("resourceType") == item.type


def _types(type_name: str) -> tuple[str, ...]:
    found, at = [], type_name if elements.is_type(type_name) else None
    while at is not None:
        found.append(at)
        at = elements.parent_type(at)
    return tuple(found)


def may_stand(found: Found, contexts: tuple[str, ...]) -> bool:
    """Return whether an extension may stand where it does; one that says nothing about it may stand anywhere."""
    if not contexts:
        return True
    here = {found.owner, found.owner.replace("[x]", ""), *found.types}
    if found.item.path.count(".extension") == 0 or "Element" in contexts:
        return any(_names_it(one, here) for one in contexts)
    return any(_names_it(one, here) or one.startswith(("http", "Extension")) for one in contexts)


def _names_it(context: str, here: set[str]) -> bool:
    return context in here or context in {"Element", "*"} or not context.replace(".", "").replace("[x]", "").isalnum()
