"""`+ - * / div mod &` and the sign. https://hl7.org/fhirpath/N1/#math"""

from decimal import Context, Decimal
from typing import Any

from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.runtime.system import MAX_MAGNITUDE, is_number, system
from gateway.fhirpath.values import Quantity, Temporal
from gateway.fhirpath.values.calendar import shifted
from gateway.fhirpath.values.ucum import added, divided, multiplied
from gateway.fhirpath.values.ucum import comparable as comparable_units

__all__ = ["add", "comparable", "concatenate", "divide", "modulo", "multiply", "negate", "subtract", "whole_divide"]

_WIDE = Context(prec=2 * MAX_MAGNITUDE + 50)  # so that a quotient of any two numbers fits
_INTEGERS = range(-(2**31), 2**31)


def add(left: Any, right: Any) -> Any:
    """Return the sum of numbers or quantities, joined texts, or a date moved by a quantity; None when one is empty."""
    left, right = system(left), system(right)
    if left is None or right is None:
        return None
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, Temporal) and isinstance(right, Quantity):
        return shifted(left, right, 1)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return added(left, right, 1)
    _numbers(left, right, "+")
    return _fitting(left + right)


def subtract(left: Any, right: Any) -> Any:
    """Return the difference of numbers or quantities, or a date moved back; None when one is empty."""
    left, right = system(left), system(right)
    if left is None or right is None:
        return None
    if isinstance(left, Temporal) and isinstance(right, Quantity):
        return shifted(left, right, -1)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return added(left, right, -1)
    _numbers(left, right, "-")
    return _fitting(left - right)


def multiply(left: Any, right: Any) -> Any:
    """Return the product of numbers or quantities; None when one is empty."""
    left, right = system(left), system(right)
    if left is None or right is None:
        return None
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        return multiplied(_quantity(left, "*"), _quantity(right, "*"))
    _numbers(left, right, "*")
    return _fitting(left * right)


def divide(left: Any, right: Any) -> Any:
    """Return the quotient as a Decimal (or a quantity); None when one is empty or the divisor is zero."""
    left, right = system(left), system(right)
    if left is None or right is None:
        return None
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        return divided(_quantity(left, "/"), _quantity(right, "/"))
    _numbers(left, right, "/")
    return None if right == 0 else Decimal(left) / Decimal(right)


def whole_divide(left: Any, right: Any) -> int | None:
    """Return the quotient without its fraction; None when one is empty or the divisor is zero."""
    left, right = system(left), system(right)
    if left is None or right is None:
        return None
    _numbers(left, right, "div")
    return None if right == 0 else int(_WIDE.divide_int(Decimal(left), Decimal(right)))


def modulo(left: Any, right: Any) -> Any:
    """Return the remainder, with the sign of the left; None when one is empty or the divisor is zero."""
    left, right = system(left), system(right)
    if left is None or right is None:
        return None
    _numbers(left, right, "mod")
    if right == 0:
        return None
    remainder = _WIDE.remainder(Decimal(left), Decimal(right))
    return int(remainder) if isinstance(left, int) and isinstance(right, int) else remainder


def concatenate(left: Any, right: Any) -> str:
    """Return two texts joined, an empty one counting as no text."""
    return _text(left) + _text(right)


def _text(value: Any) -> str:
    value = system(value)
    if value is not None and not isinstance(value, str):
        raise FhirPathError("& joins texts only; toString() makes a text")
    return value or ""


def negate(value: Any) -> Any:
    """Return a number or quantity with the other sign; None for None."""
    value = system(value)
    if value is None:
        return None
    if isinstance(value, Quantity):
        return Quantity(-value.value, value.unit, value.calendar)
    if not is_number(value):
        raise FhirPathError("only a number or quantity has a sign")
    return -value


def _numbers(left: Any, right: Any, operator: str) -> None:
    if not is_number(left) or not is_number(right):
        raise FhirPathError(f"{operator} is not defined for these types")


def _quantity(value: Any, operator: str) -> Quantity:
    if isinstance(value, Quantity):
        return value
    if not is_number(value):
        raise FhirPathError(f"{operator} is not defined for these types")
    return Quantity(value)


def _fitting(number: Any) -> Any:
    """Return a number, or None for an Integer that has more than 32 bits."""
    return None if type(number) is int and number not in _INTEGERS else number


def comparable(left: Any, right: Any) -> bool | None:
    """Return whether two quantities can be compared; None when one is empty."""
    left, right = system(left), system(right)
    return (
        None
        if left is None or right is None
        else comparable_units(_quantity(left, "comparable()"), _quantity(right, "comparable()"))
    )
