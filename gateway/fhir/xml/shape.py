"""What FHIR XML looks like for each type: its elements in order, and what each is in JSON.

https://hl7.org/fhir/R4/xml.html
"""

import difflib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from gateway.fhir import elements
from gateway.fhir.narrative import XHTML
from gateway.fhir.types import resource_types

FHIR = "http://hl7.org/fhir"
_ANY_RESOURCE = frozenset({"Resource", "DomainResource"})
_LONGEST_NAME = 64


class Slot(NamedTuple):
    """One element of a type as it is written; a choice has one for each of its types."""

    name: str  # in XML and in JSON: `valueQuantity`
    order: int
    type: str
    is_list: bool
    is_primitive: bool
    holds_resource: bool
    is_narrative: bool


class Shape(NamedTuple):
    """The elements of a type by name, and which of them are attributes: `id`, and the `url` of an extension.

    `read` has the same elements under the names that expat gives them: namespace, a space, name.
    """

    slots: Mapping[str, Slot]
    attributes: frozenset[str]
    read: Mapping[str, Slot]


NO_SHAPE = Shape(MappingProxyType({}), frozenset(), MappingProxyType({}))
"""That of an element which holds a resource, and nothing of its own."""


@cache
def shape(type_name: str) -> Shape:
    """Return how a type is written; a type that R4 does not know has no elements."""
    attributes = _attributes(type_name)
    slots: dict[str, Slot] = {}
    for order, element in enumerate(elements.children(type_name).values()):
        for name, type_ in zip(element.json_names, element.types, strict=element.choice):
            if name not in attributes:
                slots[name] = _slot(name, order, type_, is_list=element.is_list)
    read = {f"{XHTML if slot.is_narrative else FHIR} {name}": slot for name, slot in slots.items()}
    return Shape(MappingProxyType(slots), attributes, MappingProxyType(read))


def _slot(name: str, order: int, type_: str, *, is_list: bool) -> Slot:
    is_narrative = type_ == "xhtml"
    is_primitive = elements.is_primitive(type_) and not is_narrative
    return Slot(name, order, type_, is_list, is_primitive, type_ in _ANY_RESOURCE, is_narrative)


def _attributes(type_name: str) -> frozenset[str]:
    if type_name in resource_types() or type_name in _ANY_RESOURCE:
        return frozenset()
    return frozenset({"id", "url"}) if type_name == "Extension" else frozenset({"id"})


def unknown(type_name: str, name: str) -> str:
    """Return what to say of an element that a type does not have."""
    if len(name) > _LONGEST_NAME or not name.isidentifier():
        return f"R4 {type_name} has no element with such a name"
    by_lower_case = {known.lower(): known for known in shape(type_name).slots}
    like = difflib.get_close_matches(name.lower(), by_lower_case, n=1)
    return f"R4 {type_name} has no element '{name}'" + (f"; did you mean '{by_lower_case[like[0]]}'?" if like else "")
