"""`<`, `>`, `<=`, `>=` and sort(). https://hl7.org/fhirpath/N1/#comparison"""

from collections.abc import Callable
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.runtime.equality import as_moment, as_quantity
from gateway.fhirpath.runtime.system import is_number, single, system
from gateway.fhirpath.values import Quantity, Temporal, Time
from gateway.fhirpath.values.temporal import order
from gateway.fhirpath.values.ucum import compared

__all__ = ["greater", "greater_or_equal", "less", "less_or_equal", "sort"]

_PLAIN = {str, int, Decimal}


def _order(left: Any, right: Any) -> int | None:
    """Return -1, 0, 1, or None for empty; FhirPathError for values that have no order between them."""
    if left is None or right is None:
        return None
    if type(left) is not type(right) or type(left) not in _PLAIN:
        left, right = system(left), system(right)
        if left is None or right is None:
            return None
        if isinstance(left, Quantity | dict) or isinstance(right, Quantity | dict):
            return _order_quantities(as_quantity(left), as_quantity(right))
        if isinstance(left, Temporal) or isinstance(right, Temporal):
            return _order_moments(as_moment(left, right), as_moment(right, left))
        if not (is_number(left) and is_number(right)) and not (isinstance(left, str) and isinstance(right, str)):
            raise _no_order()
    return int(left > right) - int(left < right)


def _order_quantities(left: Quantity | None, right: Quantity | None) -> int | None:
    if left is None or right is None:
        raise _no_order()
    return compared(left, right)


def _order_moments(left: Temporal | None, right: Temporal | None) -> int | None:
    if left is None or right is None or isinstance(left, Time) != isinstance(right, Time):
        raise _no_order()
    return order(left, right)


def _no_order() -> FhirPathError:
    return FhirPathError("values of these types cannot be put in order")


def less(left: Any, right: Any) -> bool | None:
    """Return whether left < right; None when that is open."""
    found = _order(left, right)
    return None if found is None else found < 0


def greater(left: Any, right: Any) -> bool | None:
    """Return whether left > right; None when that is open."""
    found = _order(left, right)
    return None if found is None else found > 0


def less_or_equal(left: Any, right: Any) -> bool | None:
    """Return whether left <= right; None when that is open."""
    found = _order(left, right)
    return None if found is None else found <= 0


def greater_or_equal(left: Any, right: Any) -> bool | None:
    """Return whether left >= right; None when that is open."""
    found = _order(left, right)
    return None if found is None else found >= 0


def sort(values: list[Any], keys: tuple[tuple[Callable[[Any], list[Any]], bool], ...]) -> list[Any]:
    """Return the values in the order of the keys; each key is (function, descending). Empty always comes first."""
    decorated = [(value, [single(key(value)) for key, _ in keys]) for value in values]
    directions = [-1 if descending else 1 for _, descending in keys]

    def compare(left: tuple[Any, list[Any]], right: tuple[Any, list[Any]]) -> int:
        for a, b, direction in zip(left[1], right[1], directions, strict=True):
            if a is None or b is None:
                found: int | None = (a is not None) - (b is not None)
            else:
                found = (_order(a, b) or 0) * direction
            if found:
                return found
        return 0

    return [value for value, _ in sorted(decorated, key=cmp_to_key(compare))]
