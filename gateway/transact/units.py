"""A resource as what it says: each element by itself, under a name that is the same in every resource that says it.

Most elements are said whole (a birth date with its extensions, a CodeableConcept). The parts of a Period and of a
backbone are said apart: who says when a visit ended does not say when it began. A list is said whole, too, unless its
mapping says how its items are told apart (`gateway.mapping.keeping`).

Names: `birthDate`, `deceased` (of a choice), `period.end`, `identifier[system]`, `note[digest]`, `location[0].status`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from gateway.fhir import elements
from gateway.fhir.owner import without_owner
from gateway.fhir.types import Resource
from gateway.mapping.keeping import APART, EACH

By = Mapping[str, str]
_HEAD = frozenset({"resourceType", "id"})
_OURS = frozenset({"versionId", "lastUpdated"})
_ITEM = re.compile(r"\[\d+\](?=\.)")
_SORTED = msgspec.json.Encoder(decimal_format="number", order="sorted")


class Unit(NamedTuple):
    """What is said of one element: its properties, or items of a list; `number` is where it stands among those."""

    value: Any
    number: int = 0

    @property
    def weight(self) -> bytes:
        """Return what decides between two values of one moment: the one that sorts last holds."""
        return _SORTED.encode(self.value)


Units = dict[str, Unit]


def units(resource: Resource, by: By) -> Units:
    """Return everything that a resource says, but for its type and id and what the gateway sets itself."""
    type_ = resource["resourceType"]
    stems: dict[str, Resource] = {}
    for name, value in resource.items():
        if name == "meta":
            value = _meta(value)  # noqa: PLW2901
        if name not in _HEAD and value != {}:
            stems.setdefault(stem(type_, name), {})[name] = value
    return {name: unit for one, properties in stems.items() for name, unit in _said(type_, one, properties, by)}


def _meta(meta: Resource) -> Resource:
    """Return what of a `meta` is said by somebody: its version, its moment and its owner are the gateway's to say."""
    said = {name: value for name, value in meta.items() if name not in _OURS}
    labels = without_owner(said.pop("security", []))
    return said | {"security": labels} if labels else said


def _said(type_: str, name: str, properties: Resource, by: By) -> Iterator[tuple[str, Unit]]:
    items, mode = properties.get(name), by.get(name)
    if mode and isinstance(items, list) and all(isinstance(item, dict) for item in items):
        yield from _items(type_, name, items, mode)
    elif isinstance(items, dict) and is_apart(type_, name):
        yield from _parts(type_, name, name, items, 0)
    else:
        yield name, Unit(properties)


def _items(type_: str, name: str, items: list[Resource], mode: str) -> Iterator[tuple[str, Unit]]:
    if mode == APART:
        for index, item in enumerate(items):
            yield from _parts(type_, name, f"{name}[{index}]", item, index)
        return
    found: dict[str, Unit] = {}
    for index, item in enumerate(items):
        key = f"{name}[{_key(item, mode)}]"
        known = found.setdefault(key, Unit([], index)).value
        if mode != EACH or not known:  # who says a thing twice says it once
            known.append(item)
    yield from found.items()


def _key(item: Resource, mode: str) -> str:
    """Return what an item of a list is known by: itself, or some of its elements."""
    if mode == EACH:
        return _digest(item)
    values = [item.get(name, "") for name in mode.split()]
    return " ".join(value if isinstance(value, str) else _digest(value) for value in values).rstrip()


def _digest(value: Any) -> str:
    return sha256(_SORTED.encode(value)).hexdigest()[:24]


def _parts(type_: str, name: str, at: str, item: Resource, number: int) -> Iterator[tuple[str, Unit]]:
    inside = elements.children(type_)[name].types[0]
    parts: dict[str, Resource] = {}
    for key, value in item.items():
        parts.setdefault(stem(inside, key), {})[key] = value
    for part, properties in parts.items():
        yield f"{at}.{part}", Unit(properties, number)


@lru_cache(maxsize=4096)
def stem(type_: str, name: str) -> str:
    """Return the element that a property belongs to: `birthDate` for `_birthDate`, `deceased` for `deceasedBoolean`."""
    name = name.removeprefix("_")
    children = elements.children(type_)
    if name in children:
        return name
    return next((one.name for one in children.values() if one.choice and name in one.json_names), name)


@lru_cache(maxsize=4096)
def is_apart(type_: str, name: str) -> bool:
    """Return whether the parts of an element that is there once are said apart."""
    element = elements.children(type_).get(name)
    if element is None or element.is_list or element.choice:
        return False
    return element.types[0] == "Period" or element.types[0] == f"{type_}.{name}"


@lru_cache(maxsize=4096)
def above(name: str) -> tuple[str, ...]:
    """Return the paths that name a unit or something it is part of; the items of a list need not be counted in them."""
    element, _, rest = name.partition("[")
    if not rest:
        element = name.partition(".")[0]
        return (name,) if element == name else (element, name)
    plain = _ITEM.sub("", name)
    item = name[: name.rindex("]") + 1] if plain != name else name
    return tuple(dict.fromkeys((element, plain, item, name)))


# ---- and back


def resource(type_: str, id_: str, said: Mapping[str, Unit], by: By) -> tuple[Resource, frozenset[str]]:
    """Return the resource that says all of it, in an order of its own, and what cannot be said in it by itself.

    That is part of an item that lacks what it needs: the status of a place, and no place.
    """
    made: Resource = {"resourceType": type_, "id": id_}
    grouped: dict[str, dict[str, Unit]] = {}
    for name, unit in said.items():
        grouped.setdefault(re.split(r"[.\[]", name, maxsplit=1)[0], {})[name] = unit
    known = elements.children(type_)
    hidden: set[str] = set()
    for element in sorted(grouped, key=lambda one: (_position(known, one), one)):
        some = grouped[element]
        if by.get(element) == APART and element not in some:
            made |= _itemised(type_, element, some, hidden)
        elif element in some:
            made |= some[element].value
        elif by.get(element):
            made[element] = [item for unit in some.values() for item in unit.value]
        else:
            made[element] = _joined(known[element].types[0], some)
    return made, frozenset(hidden)


def _position(known: Mapping[str, Any], name: str) -> int:
    names = list(known)
    return names.index(name) if name in known else len(names)


def _joined(inside: str, some: Mapping[str, Unit]) -> Resource:
    known = elements.children(inside)
    joined: Resource = {}
    for name in sorted(some, key=lambda one: (_position(known, one.rpartition(".")[2]), one)):
        joined |= some[name].value
    return joined


def _itemised(type_: str, element: str, some: Mapping[str, Unit], hidden: set[str]) -> Resource:
    """Return the items of a list whose elements are said apart."""
    inside = elements.children(type_)[element].types[0]
    wanted = [one for one in elements.children(inside).values() if one.required]
    by_item: dict[int, dict[str, Unit]] = {}
    for name, unit in some.items():
        by_item.setdefault(unit.number, {})[name] = unit
    items = []
    for number in sorted(by_item):
        item = _joined(inside, by_item[number])
        if all(any(name in item for name in one.json_names) for one in wanted):
            items.append(item)
        else:
            hidden.update(by_item[number])
    return {element: items} if items else {}
