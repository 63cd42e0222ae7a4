"""The elements of a type as they are named in JSON: what the walk over a resource asks for each object."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache

from gateway.fhir import elements
from gateway.fhir.elements import Element
from gateway.fhir.frozen import frozen


@frozen()
class Property:
    """One JSON property: the element it belongs to, its type, and whether a `_name` may stand beside it."""

    element: Element
    type: str
    has_partner: bool
    path: str  # 'Patient.name', as R4 writes it, without '[x]'


@frozen()
class Shape:
    """A type as an object in JSON."""

    type: str
    properties: Mapping[str, Property]
    required: tuple[Element, ...]
    choices: tuple[Element, ...]

    def suggestion(self, name: str) -> str:
        """Return `; did you mean 'birthDate'?` for a name that is like one of ours, else nothing."""
        by_lower_case = {known.lower(): known for known in self.properties}
        like = get_close_matches(name.lower(), by_lower_case, n=1, cutoff=0.7)
        return f"; did you mean '{by_lower_case[like[0]]}'?" if like else ""


@cache
def shape(type_name: str) -> Shape:
    """Return the shape of a type; one without properties for a type that R4 does not know."""
    of_type = elements.children(type_name).values()
    properties = {
        name: Property(element, type_, _has_partner(type_name, element, type_), f"{type_name}.{element.name}")
        for element in of_type
        for name, type_ in zip(element.json_names, element.types, strict=True)
    }
    return Shape(
        type=type_name,
        properties=properties,
        required=tuple(element for element in of_type if element.required),
        choices=tuple(element for element in of_type if element.choice),
    )


def _has_partner(owner: str, element: Element, type_name: str) -> bool:
    """Return whether a primitive can have an id and extensions; ids, urls of extensions and xhtml cannot.

    https://hl7.org/fhir/R4/json.html#primitive
    """
    is_attribute = element.name == "id" or (owner, element.name) == ("Extension", "url")
    return elements.is_primitive(type_name) and type_name != "xhtml" and not is_attribute
