"""toX() and convertsToX(). https://hl7.org/fhirpath/N1/#conversion"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from gateway.fhirpath.runtime.system import is_number, quantity, system
from gateway.fhirpath.values import Date, DateTime, Quantity, Temporal, Time
from gateway.fhirpath.values.quantity import read_quantity
from gateway.fhirpath.values.temporal import read_date, read_date_time, read_time
from gateway.fhirpath.values.ucum import converted

__all__ = [
    "converts", "to_boolean", "to_date", "to_date_time", "to_decimal", "to_integer", "to_quantity", "to_text",
    "to_time",
]  # fmt: skip

_TRUE = {"true", "t", "yes", "y", "1", "1.0"}
_FALSE = {"false", "f", "no", "n", "0", "0.0"}
_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def to_boolean(value: Any) -> bool | None:
    """Return a value as a Boolean, or None when it is none."""
    value = system(value)
    if isinstance(value, bool):
        return value
    if is_number(value):
        return {0: False, 1: True}.get(value)
    if not isinstance(value, str):
        return None
    return True if value.lower() in _TRUE else False if value.lower() in _FALSE else None


def to_integer(value: Any) -> int | None:
    """Return a value as an Integer, or None when it is none."""
    value = system(value)
    if isinstance(value, int):
        return int(value)
    if not isinstance(value, str) or not _INTEGER.fullmatch(value):
        return None
    found = int(value)
    return found if -(2**31) <= found < 2**31 else None


def to_decimal(value: Any) -> Decimal | None:
    """Return a value as a Decimal, or None when it is none."""
    value = system(value)
    if isinstance(value, int | Decimal):
        return Decimal(value)
    return Decimal(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else None


def to_text(value: Any) -> str | None:
    """Return a value as a text, or None for a complex element."""
    value = system(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal) and is_number(value):
        return f"{value:f}"
    if isinstance(value, str | int | Temporal | Quantity):
        return str(value)
    found = quantity(value) if isinstance(value, dict) else None
    return None if found is None else str(found)


def to_date(value: Any) -> Date | None:
    """Return a value as a date (of a date-time its date), or None when it is none."""
    value = system(value)
    if isinstance(value, str):
        value = read_date(value) or read_date_time(value)
    if isinstance(value, DateTime):
        return Date(value.parts[:3])
    return value if isinstance(value, Date) else None


def to_date_time(value: Any) -> DateTime | None:
    """Return a value as a date-time (a date keeps its precision), or None when it is none."""
    value = system(value)
    if isinstance(value, str):
        return read_date_time(value)
    if isinstance(value, Date):
        return DateTime(value.parts)
    return value if isinstance(value, DateTime) else None


def to_time(value: Any) -> Time | None:
    """Return a value as a time of day, or None when it is none."""
    value = system(value)
    if isinstance(value, str):
        return read_time(value)
    return value if isinstance(value, Time) else None


def to_quantity(value: Any, unit: Any = None) -> Quantity | None:
    """Return a value as a quantity, converted to `unit` when one is given, or None when that cannot be."""
    found = _quantity(system(value))
    unit = system(unit)
    return found if found is None or not isinstance(unit, str) else converted(found, unit)


def _quantity(value: Any) -> Quantity | None:
    if isinstance(value, bool):
        return Quantity(Decimal(1 if value else 0))
    if is_number(value):
        return Quantity(value)
    if isinstance(value, str):
        return read_quantity(value)
    if isinstance(value, dict):
        return quantity(value)
    return value if isinstance(value, Quantity) else None


def converts(value: Any, to: Callable[[Any], Any]) -> bool | None:
    """Return whether `to` makes something of a value; None for no value."""
    return None if value is None else to(value) is not None
