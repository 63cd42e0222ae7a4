"""is, as, ofType and type() on values whose type shows only at run time. https://hl7.org/fhirpath/N1/#types"""

from decimal import Decimal
from typing import Any

from gateway.fhirpath import model
from gateway.fhirpath.runtime.navigation import type_of
from gateway.fhirpath.values import Date, DateTime, Quantity, Time, Typed

__all__ = ["as_type", "is_type", "of_type", "type_info"]

_SYSTEM: dict[type, str] = {
    str: "System.String",
    bool: "System.Boolean",
    int: "System.Integer",
    Decimal: "System.Decimal",
    Date: "System.Date",
    DateTime: "System.DateTime",
    Time: "System.Time",
    Quantity: "System.Quantity",
}


def _type(value: Any) -> str | None:
    return type_of(value) or _SYSTEM.get(type(value))


def is_type(value: Any, wanted: str) -> bool | None:
    """Return whether a value is of a type or a specialisation of it; None for no value."""
    if value is None:
        return None
    actual = _type(value)
    return actual is not None and model.descends(actual, wanted)


def as_type(value: Any, wanted: str) -> Any:
    """Return a value when it is of a type, else None."""
    return value if value is not None and _fits(_type(value), wanted) else None


def of_type(values: list[Any], wanted: str) -> list[Any]:
    """Return the items of a type."""
    return [value for value in values if _fits(_type(value), wanted)]


def _fits(actual: str | None, wanted: str) -> bool:
    """Return whether as and ofType let a type through: a primitive only when it is exactly that one."""
    if actual is None:
        return False
    return actual == wanted if model.is_primitive(actual) else model.descends(actual, wanted)


def type_info(value: Any) -> dict[str, str] | None:
    """Return namespace and name of a value's type."""
    if value is None:
        return None
    name = value.type if type(value) is Typed and not model.is_abstract(value.type) else _type(value)
    if name is None:
        return {"namespace": "System", "name": "Any"}
    namespace, _, bare = name.rpartition(".") if name.startswith("System.") else ("FHIR", "", name)
    return {"namespace": namespace, "name": bare}
