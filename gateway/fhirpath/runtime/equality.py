"""`=`, `~` and what rests on them. https://hl7.org/fhirpath/N1/#equality"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from gateway.fhirpath.runtime.system import is_number, quantity, system
from gateway.fhirpath.values import Quantity, Temporal, Time
from gateway.fhirpath.values.temporal import order, read_date, read_date_time, read_time
from gateway.fhirpath.values.ucum import compared, equivalent_quantities

__all__ = ["equal", "equal_lists", "equivalent", "equivalent_lists", "same", "unequal", "unequal_lists"]

_PLAIN = {str, int, bool, Decimal}


def equal(left: Any, right: Any) -> bool | None:
    """Return whether two values are equal; None when one is empty or their precision leaves it open."""
    if left is None or right is None:
        return None
    if type(left) is type(right) and type(left) in _PLAIN:
        return bool(left == right)
    return _equal(system(left), system(right))


def _equal(left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    if isinstance(left, Temporal) or isinstance(right, Temporal):
        return _equal_moments(left, right)
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        difference = compared(as_quantity(left), as_quantity(right))
        return None if difference is None else difference == 0
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return _equal_dicts(left, right)
    if isinstance(left, list) and isinstance(right, list):
        return equal_lists(left, right)
    return bool(left == right)


def _equal_moments(left: Any, right: Any) -> bool | None:
    left, right = as_moment(left, right), as_moment(right, left)
    if left is None or right is None or isinstance(left, Time) != isinstance(right, Time):
        return False
    found = order(left, right)
    return None if found is None else found == 0


def as_moment(value: Any, like: Any) -> Temporal | None:
    """Return a value as a moment; a text whose type did not show is read as the other side is."""
    if isinstance(value, Temporal):
        return value
    if not isinstance(value, str):
        return None
    return read_time(value) if isinstance(like, Time) else (read_date(value) or read_date_time(value))


def as_quantity(value: Any) -> Quantity | None:
    if isinstance(value, dict):
        return quantity(value)
    return Quantity(value) if is_number(value) else value if isinstance(value, Quantity) else None


def _equal_dicts(left: dict[str, Any], right: dict[str, Any]) -> bool | None:
    if left.keys() != right.keys():
        return False
    answers = [_equal(left[key], right[key]) for key in left]
    return False if False in answers else None if None in answers else True


def equal_lists(left: list[Any], right: list[Any]) -> bool | None:
    """Return whether two collections hold equal items in the same order; None when one is empty."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    answers = [equal(a, b) for a, b in zip(left, right, strict=True)]
    return False if False in answers else None if None in answers else True


def unequal(left: Any, right: Any) -> bool | None:
    """Return the opposite of `equal`."""
    found = equal(left, right)
    return None if found is None else not found


def unequal_lists(left: list[Any], right: list[Any]) -> bool | None:
    """Return the opposite of `equal_lists`."""
    found = equal_lists(left, right)
    return None if found is None else not found


def same(left: Any, right: Any) -> bool:
    """Return whether two values count as one in a set: equal for certain."""
    return equal(left, right) is True


def equivalent(left: Any, right: Any) -> bool:
    """Return whether two values are the same for practical purposes; never empty."""
    left, right = system(left), system(right)
    if left is None or right is None:
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return " ".join(left.split()).casefold() == " ".join(right.split()).casefold()
    if is_number(left) and is_number(right):
        return _equivalent_numbers(Decimal(left), Decimal(right))
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        return equivalent_quantities(as_quantity(left), as_quantity(right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equivalent(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return equivalent_lists(left, right)
    return same(left, right)


def _equivalent_numbers(left: Decimal, right: Decimal) -> bool:
    return rounded(left, places := min(_places(left), _places(right))) == rounded(right, places)


def _places(number: Decimal) -> int:
    """Return the digits after the point, trailing zeros not counted."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def rounded(number: Decimal, places: int) -> Decimal:
    """Return a number rounded half up (away from zero); one of more than 28 digits as it is."""
    if number.adjusted() + places >= 28:
        return number
    return number.quantize(Decimal(1).scaleb(-places), rounding="ROUND_HALF_UP")


def equivalent_lists(left: Iterable[Any], right: Iterable[Any]) -> bool:
    """Return whether two collections hold equivalent items in any order."""
    left, rest = list(left), list(right)
    if len(left) != len(rest):
        return False
    for value in left:
        found = next((i for i, other in enumerate(rest) if equivalent(value, other)), None)
        if found is None:
            return False
        del rest[found]
    return True
