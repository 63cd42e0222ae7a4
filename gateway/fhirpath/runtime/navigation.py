"""Steps whose types are known only at run time."""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import zip_longest
from typing import Any

from gateway.fhirpath import model
from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.values import Quantity, Typed

__all__ = [
    "at", "children", "choice_equal", "choice_unequal", "choose", "choose_json", "descendants", "element", "elements",
    "has", "only_type", "step", "steps", "variable",
]  # fmt: skip

Keys = tuple[tuple[str, str], ...]


def has(holder: dict[str, Any] | None, key: str, partner: str) -> bool:
    """Return whether a property, or the `_partner` of a primitive one, is there."""
    return holder is not None and (key in holder or partner in holder)


def element(holder: dict[str, Any] | None, key: str, type_name: str) -> Typed | None:
    """Return a single primitive with its partner, or None when neither is there."""
    if holder is None:
        return None
    value, partner = holder.get(key), holder.get(f"_{key}")
    return None if value is None and partner is None else Typed(value, type_name, partner)


def elements(holder: dict[str, Any] | None, key: str, type_name: str) -> list[Typed]:
    """Return repeating primitives with their partners; those without a value too."""
    if holder is None:
        return []
    pairs = zip_longest(holder.get(key) or (), holder.get(f"_{key}") or ())
    return [Typed(value, type_name, partner) for value, partner in pairs]


def choose(holder: dict[str, Any] | None, keys: Keys) -> Typed | None:
    """Return a choice element with the type it has, or None."""
    if holder is not None:
        for key, type_name in keys:
            if key in holder or f"_{key}" in holder:
                return Typed(holder.get(key), type_name, holder.get(f"_{key}"))
    return None


def choose_json(holder: dict[str, Any] | None, keys: tuple[str, ...]) -> Any:
    """Return the JSON value of a choice element, or None."""
    if holder is not None:
        for key in keys:
            if key in holder:
                return holder[key]
    return None


def choice_equal(holder: dict[str, Any], key: str, value: Any, others: frozenset[str]) -> bool | None:
    """Return whether a choice equals a literal that only the type under `key` can equal; None when it is not there."""
    found = holder.get(key)
    if found is not None:
        return bool(found == value)
    return None if others.isdisjoint(holder) else False


def choice_unequal(holder: dict[str, Any], key: str, value: Any, others: frozenset[str]) -> bool | None:
    """Return the opposite of `choice_equal`."""
    found = holder.get(key)
    if found is not None:
        return bool(found != value)
    return None if others.isdisjoint(holder) else True


def variable(variables: dict[str, Any], name: str) -> list[Any]:
    """Return `%name` as a collection; FhirPathError when it was not given."""
    if name not in variables:
        raise FhirPathError(f"no value was given for %{name}")
    value = variables[name]
    if isinstance(value, list | tuple):
        return list(value)
    return [] if value is None else [value]


def at(values: list[Any], index: int | None) -> Any:
    """Return the item at an index from 0, or None."""
    return values[index] if index is not None and 0 <= index < len(values) else None


def only_type(value: Any, type_name: str) -> Any:
    """Return a resource when it is of a type, else None."""
    actual = type_of(value)
    return value if actual is not None and model.descends(actual, type_name) else None


def type_of(value: Any) -> str | None:
    """Return the FHIR type of a value as far as it shows, None when it does not."""
    known: str | None = None
    if type(value) is Typed:
        if not model.is_abstract(value.type):
            return value.type
        known, value = value.type, value.value
    return value.get("resourceType", known) if isinstance(value, dict) else known


def steps(values: Iterable[Any], name: str) -> list[Any]:
    """Return the elements called `name` of all values."""
    return [found for value in values for found in step(value, name)]


def step(value: Any, name: str) -> list[Any]:
    """Return the elements called `name` of a value: by its type where that shows, else by property name."""
    if value is None:
        return []
    if type(value) is Quantity:
        return [getattr(value, name)] if name in {"value", "unit"} else []
    type_name = type_of(value)
    json = value.value if type(value) is Typed else value
    if type_name is not None and (model.children(type_name) or type(value) is Typed):
        if model.is_primitive(type_name):
            json = value.partner
        found = model.child(type_name, name)
        return _typed_step(json, found) if found and type(json) is dict else []
    return _untyped_step(json, name) if type(json) is dict else []


def _typed_step(json: dict[str, Any], found: model.Element) -> list[Any]:
    if found.choice:
        value = choose(json, choice_keys(found))
        return [] if value is None else [value]
    (type_name,) = found.types
    if model.is_primitive(type_name):
        if found.is_list:
            return list(elements(json, found.name, type_name))
        single = element(json, found.name, type_name)
        return [] if single is None else [single]
    return [Typed(value, type_name) for value in _as_list(json.get(found.name))]


@cache
def choice_keys(found: model.Element) -> Keys:
    """Return JSON name and type of each type of a choice."""
    return tuple(zip(found.json_names, found.types, strict=True))


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _untyped_step(json: dict[str, Any], name: str) -> list[Any]:
    if name in json:
        return [value for value in _as_list(json[name]) if value is not None]
    width = len(name)
    for key, value in json.items():
        if key.startswith(name) and key[width : width + 1].isupper():
            return _as_list(_chosen(key[width:], value))
    return []


def _chosen(suffix: str, value: Any) -> Any:
    """Give the value of `valueQuantity` the type that its name states."""
    for name in (suffix, suffix[0].lower() + suffix[1:]):
        type_name = model.resolve(f"FHIR.{name}")
        if type_name is not None:
            return Typed(value, type_name)
    return value


def children(value: Any) -> list[Any]:
    """Return all elements directly below a value."""
    type_name = type_of(value)
    json = value.value if type(value) is Typed else value
    if type_name is not None:
        if model.is_primitive(type_name):
            json = value.partner
        known = model.children(type_name)
        if known:
            return [x for found in known.values() for x in _typed_step(json, found)] if type(json) is dict else []
    if type(json) is not dict:
        return []
    return [x for key in json for x in _untyped_step(json, key) if key[0] != "_" and key != "resourceType"]


def descendants(values: Iterable[Any]) -> list[Any]:
    """Return all elements anywhere below the values, parents before their children."""
    return [below for value in values for below in _below(value)]


def _below(value: Any) -> Iterator[Any]:
    for child in children(value):
        yield child
        yield from _below(child)
