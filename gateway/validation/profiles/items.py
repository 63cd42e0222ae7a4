"""The values of a resource as profiles see them: with their type, their `_` partner and their FHIRPath.

https://hl7.org/fhir/R4/json.html
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from gateway.fhir import elements
from gateway.fhir.frozen import frozen
from gateway.fhir.types import Resource, resource_types


@frozen()
class Item:
    """One value. A primitive has its id and extensions in `partner`; it may have those alone, and no value."""

    value: Any
    type: str
    path: str
    partner: Resource | None = None

    def children(self, name: str) -> list["Item"]:
        """Return what stands in the element `name`; of a choice, whatever type it has. Wrong shapes count as absent."""
        value = self.value
        holder, of_type = (value, self.type) if isinstance(value, dict) else (self.partner, "Element")
        if holder is None:
            return []
        found: list[Item] = []
        for key, type_ in _keys(of_type, name):
            if key in holder or "_" + key in holder:
                found.extend(values(holder, key, type_, f"{self.path}.{name}"))
        return found


@cache
def _keys(of_type: str, name: str) -> tuple[tuple[str, str], ...]:
    """Return (property, type) of each way to write an element in JSON."""
    element = elements.child(of_type, name)
    return tuple(zip(element.json_names, element.types, strict=False)) if element else ()


def of_resource(resource: Resource, path: str | None = None) -> Item:
    """Return a resource as an item."""
    kind = str(resource.get("resourceType"))
    return Item(resource, kind, path or kind)


def values(holder: Resource, key: str, type_: str, path: str) -> Iterator[Item]:
    """Yield the values of a property, each with its partner and its place."""
    value, partner = holder.get(key), holder.get("_" + key)
    if isinstance(value, list) or isinstance(partner, list):
        yield from _repeated(value, partner, type_, path)
    elif value is not None or partner is not None:
        yield _item(value, partner, type_, path)


def _repeated(value: Any, partner: Any, type_: str, path: str) -> Iterator[Item]:
    values = value if isinstance(value, list) else []
    partners = partner if isinstance(partner, list) else []
    for at in range(max(len(values), len(partners))):
        one = values[at] if at < len(values) else None
        beside = partners[at] if at < len(partners) else None
        if one is not None or beside is not None:
            yield _item(one, beside, type_, f"{path}[{at}]")


def _item(value: Any, partner: Any, type_: str, path: str) -> Item:
    if type_ == "Resource" and isinstance(value, dict) and str(value.get("resourceType")) in resource_types():
        type_ = str(value["resourceType"])
    return Item(value, type_, path, partner if isinstance(partner, dict) else None)
