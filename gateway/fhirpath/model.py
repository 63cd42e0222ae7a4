"""The types an expression can speak of: FHIR R4's and FHIRPath's own (`System.…`).

Within the compiler a System type is written with its namespace, a FHIR type without.
https://hl7.org/fhir/R4/fhirpath.html#types , https://hl7.org/fhirpath/N1/#models
"""

from functools import cache

from gateway.fhir.elements import Element, child, children, is_primitive, is_type, parent_type

__all__ = [
    "SYSTEM",
    "Element",
    "child",
    "children",
    "descends",
    "is_abstract",
    "is_primitive",
    "is_type",
    "kind",
    "resolve",
]

SYSTEM = frozenset(
    f"System.{name}"
    for name in ("Any", "String", "Boolean", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity")
)

_KINDS = {
    "System.String": "text",
    "System.Boolean": "boolean",
    "System.Integer": "integer",
    "System.Decimal": "decimal",
    "System.Date": "moment",
    "System.DateTime": "moment",
    "System.Time": "moment",
    "System.Quantity": "quantity",
    "boolean": "boolean",
    "integer": "integer",
    "decimal": "decimal",
    "date": "date",
    "dateTime": "dateTime",
    "instant": "dateTime",
    "time": "time",
    "Quantity": "Quantity",
}


@cache
def kind(type_name: str | None) -> str:
    """Return how values of a type behave.

    `text`, `boolean`, `integer`, `decimal`: as the Python value itself. `moment`, `quantity`: a value object of
    ours. `date`, `dateTime`, `time`, `Quantity`: JSON, to be read into one. `complex`: a dict. `any`: not known.
    """
    if type_name is None:
        return "any"
    at: str | None = type_name
    while at is not None:
        if at in _KINDS:
            return _KINDS[at]
        at = parent_type(at)
    return "text" if is_primitive(type_name) else "complex"


@cache
def resolve(name: str) -> str | None:
    """Return the type that a name stands for in an expression, or None when there is none.

    >>> resolve("boolean"), resolve("Boolean"), resolve("FHIR.Patient"), resolve("string1")
    ('boolean', 'System.Boolean', 'Patient', None)
    """
    namespace, dot, bare = name.partition(".")
    if dot and namespace == "FHIR":
        return bare if is_type(bare) else None
    if dot and namespace == "System":
        return name
    if is_type(name):
        return name
    return f"System.{name}" if f"System.{name}" in SYSTEM else None


@cache
def descends(type_name: str, wanted: str) -> bool:
    """Return whether a value of `type_name` is a `wanted`.

    >>> descends("code", "string"), descends("Age", "Quantity"), descends("boolean", "System.Boolean")
    (True, True, False)
    """
    if type_name == "System.Quantity" and wanted == "Quantity":
        return True
    at: str | None = type_name
    while at is not None and at != wanted:
        at = parent_type(at)
    return at is not None


def is_abstract(type_name: str) -> bool:
    """Return whether only the value itself says what type it is: `contained`, `Bundle.entry.resource`."""
    return type_name in {"Resource", "DomainResource", "Element", "BackboneElement"}
