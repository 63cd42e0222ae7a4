"""Mathematics. https://hl7.org/fhirpath/N1/#math-functions"""

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation, Overflow
from typing import Any

from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.runtime.equality import rounded
from gateway.fhirpath.runtime.system import is_number, system
from gateway.fhirpath.runtime.text import number
from gateway.fhirpath.values import Quantity

__all__ = ["absolute", "ceiling", "exp", "floor", "ln", "log", "power", "round", "sqrt", "truncate"]


def _decimal(value: Any) -> Decimal | None:
    value = system(value)
    if value is None:
        return None
    if not is_number(value):
        raise FhirPathError("a number is needed here")
    return Decimal(value)


def _found(compute: Callable[[], Decimal]) -> Decimal | None:
    """Return what is computed, or None where mathematics gives no number."""
    try:
        found = compute()
    except (InvalidOperation, Overflow, ZeroDivisionError):
        return None
    return found if found.is_finite() else None


def absolute(value: Any) -> Any:
    """Return a number or quantity without its sign."""
    found = system(value)
    if isinstance(found, Quantity):
        return Quantity(max(found.value, -found.value), found.unit, found.calendar)
    return None if _decimal(found) is None else abs(found)


def ceiling(value: Any) -> int | None:
    """Return the first Integer that is not less."""
    found = _decimal(value)
    return None if found is None else int(found.to_integral_value(ROUND_CEILING))


def floor(value: Any) -> int | None:
    """Return the first Integer that is not greater."""
    found = _decimal(value)
    return None if found is None else int(found.to_integral_value(ROUND_FLOOR))


def truncate(value: Any) -> int | None:
    """Return the Integer part."""
    found = _decimal(value)
    return None if found is None else int(found)


def round(value: Any, places: Any = 0) -> Decimal | None:  # noqa: A001 -- FHIRPath's name
    """Return a number rounded half up (away from zero) to a number of decimal places."""
    found, wanted = _decimal(value), number(places)
    if wanted is not None and not 0 <= wanted <= 28:
        raise FhirPathError("round() keeps 0 to 28 decimal places")
    return None if found is None else _found(lambda: rounded(found, wanted or 0))


def exp(value: Any) -> Decimal | None:
    """Return e to a power; None when that is too large."""
    found = _decimal(value)
    return None if found is None else _found(found.exp)


def ln(value: Any) -> Decimal | None:
    """Return the natural logarithm; None where there is none."""
    found = _decimal(value)
    return None if found is None else _found(found.ln)


def log(value: Any, base: Any) -> Decimal | None:
    """Return the logarithm to a base, to 15 digits; None where there is none."""
    found, to = _decimal(value), _decimal(base)
    if found is None or to is None:
        return None
    return _found(lambda: +rounded(found.ln() / to.ln(), 15).normalize())


def power(value: Any, exponent: Any) -> Any:
    """Return a number to a power: an Integer of Integers when there is one; None where there is none."""
    found, to = _decimal(value), _decimal(exponent)
    if found is None or to is None:
        return None
    result = _found(lambda: found**to)
    whole = result is not None and all(isinstance(system(x), int) for x in (value, exponent)) and to >= 0
    return int(result) if whole and result is not None and abs(result) < 2**31 else result


def sqrt(value: Any) -> Decimal | None:
    """Return the square root; None of a negative number."""
    found = _decimal(value)
    return None if found is None else _found(found.sqrt)
