"""What R4 4.0.1 says about types and their elements, read lazily from `profiles/r4/`.

A type name is that of a resource (`Patient`), a datatype (`HumanName`, `string`) or the path of a
backbone (`Patient.contact`). https://hl7.org/fhir/R4/elementdefinition.html
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType

from gateway.fhir import tables
from gateway.fhir.frozen import frozen
from gateway.fhir.parameters import Component, SearchParameter, search_parameters

__all__ = [
    "Component",
    "Element",
    "Invariant",
    "SearchParameter",
    "child",
    "children",
    "invariants",
    "is_primitive",
    "is_type",
    "parent_type",
    "pattern",
    "required_codes",
    "required_codings",
    "search_parameters",
]


@frozen()
class Element:
    """One element of a type.

    `types` are type names; a backbone's is its path, a contentReference's the path it points to.
    `binding` is the value set of a *required* binding. `targets` are the resource types a Reference
    (or a canonical) may name; empty stands for any. `profile` is `SimpleQuantity` where R4 narrows a Quantity so.
    `summary`: it belongs to the summary of what it stands in.
    """

    name: str
    types: tuple[str, ...]
    is_list: bool = False
    required: bool = False
    choice: bool = False
    binding: str | None = None
    targets: tuple[str, ...] = ()
    profile: str | None = None
    summary: bool = False

    @property
    def json_names(self) -> tuple[str, ...]:
        """Return the property names it can have in JSON: `valueQuantity`, `valueString`, … for a choice."""
        return tuple(self.name + t[0].upper() + t[1:] for t in self.types) if self.choice else (self.name,)


@frozen()
class Invariant:
    """A rule of R4 that stands on `path`. https://hl7.org/fhir/R4/conformance-rules.html#constraints"""

    key: str
    severity: str  # error | warning
    human: str
    expression: str  # FHIRPath, the element at `path` is its context
    path: str


def child(type_name: str, element: str) -> Element | None:
    """Return an element of a type, or None when R4 has none of that name.

    A choice is found by its stem (`value`), with all its types, and by each JSON name (`valueQuantity`), with one.
    """
    return children(type_name).get(element) or _by_json_name(type_name).get(element)


@cache
def children(type_name: str) -> Mapping[str, Element]:
    """Return the elements of a type by name, those of its base types first; empty for an unknown type."""
    row = tables.types().get(type_name)
    if row is None:
        return MappingProxyType({})
    inherited = dict(children(row.base)) if row.base else {}
    own = {name: _element(name, element) for name, element in row.elements.items()}
    return MappingProxyType(inherited | own)


@cache
def _by_json_name(type_name: str) -> Mapping[str, Element]:
    return {
        name: replace(element, name=name, types=(type_,), choice=False)
        for element in children(type_name).values()
        if element.choice
        for name, type_ in zip(element.json_names, element.types, strict=True)
    }


def _element(name: str, row: tables.ElementRow) -> Element:
    return Element(
        name=name,
        types=tuple(row.types.split()),
        is_list=row.max == "*",
        required=row.min > 0,
        choice=row.choice,
        binding=row.binding,
        targets=tuple(row.targets.split()),
        profile=row.profile,
        summary=row.summary,
    )


def is_type(name: str) -> bool:
    """Return whether `name` is a type of R4 or the path of a backbone."""
    return name in tables.types()


def is_primitive(type_name: str) -> bool:
    """Return whether a type is a primitive one: in JSON a plain value, with a `_name` partner for id and extension."""
    row = tables.types().get(type_name)
    return row is not None and row.kind == "primitive"


def parent_type(type_name: str) -> str | None:
    """Return the type that `type_name` specialises: Quantity for Age, DomainResource for Patient; None at the top."""
    row = tables.types().get(type_name)
    return row.base if row else None


def pattern(type_name: str) -> str | None:
    """Return the regular expression that R4 gives for a primitive type, unanchored; None when it gives none."""
    row = tables.types().get(type_name)
    return row.pattern if row else None


@cache
def invariants(type_name: str) -> tuple[Invariant, ...]:
    """Return the invariants of a type and of the elements in it, and those of its base types on the type itself.

    Invariants of the datatypes of its elements are asked by the datatype's name.
    """
    own = [
        Invariant(row.key, row.severity, row.human, row.expression, path)
        for row in tables.invariants()
        for path in row.paths
        if path == type_name or path.startswith(f"{type_name}.")
    ]
    base = parent_type(type_name)
    inherited = [replace(rule, path=type_name) for rule in invariants(base) if rule.path == base] if base else []
    return tuple(inherited + own)


@cache
def required_codings(value_set: str) -> Mapping[str, frozenset[str]] | None:
    """Return code system → codes of a value set that R4 binds as required, or None where the codes cannot be listed.

    Not listed: mimetypes (BCP-13), currencies (ISO 4217), ucum-units, one answer list of LOINC.
    """
    systems = tables.codes().get(value_set.partition("|")[0])
    return None if systems is None else {system: frozenset(codes) for system, codes in systems.items()}


@cache
def required_codes(value_set: str) -> frozenset[str] | None:
    """Return the codes of a value set that R4 binds as required, or None where they cannot be listed."""
    systems = required_codings(value_set)
    return None if systems is None else frozenset().union(*systems.values())
