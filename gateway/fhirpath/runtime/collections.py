"""Subsetting, combining and set operations on collections. https://hl7.org/fhirpath/N1/#subsetting"""

from collections.abc import Callable
from typing import Any

from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.runtime.equality import same
from gateway.fhirpath.runtime.system import system

__all__ = [
    "aggregate", "all_are", "any_is", "contains", "counted", "distinct", "exclude", "intersect",
    "intersect_plain", "is_distinct",
    "repeat", "subset", "union", "union_plain",
]  # fmt: skip

MAX_REPEATS = 100_000  # items; only a projection that keeps making new values meets it


class _Set:
    """Items by equality: texts by hashing, everything else by comparing."""

    def __init__(self) -> None:
        self.texts: set[str] = set()
        self.others: list[Any] = []

    def __contains__(self, value: Any) -> bool:
        value = system(value)
        return value in self.texts if type(value) is str else any(same(value, other) for other in self.others)

    def add(self, value: Any) -> bool:
        """Add a value; return whether it was new. A primitive without a value never equals another."""
        value = system(value)
        if value in self:
            return False
        if type(value) is str:
            self.texts.add(value)
        else:
            self.others.append(value)
        return True


def _set(values: list[Any]) -> _Set:
    made = _Set()
    for value in values:
        made.add(value)
    return made


def distinct(values: list[Any]) -> list[Any]:
    """Return each value once, in the order of first appearance."""
    if len(values) < 2:
        return list(values)
    seen = _Set()
    return [value for value in values if seen.add(value)]


def is_distinct(values: list[Any]) -> bool:
    """Return whether no two values are equal."""
    return len(values) < 2 or len(distinct(values)) == len(values)


def union(left: list[Any], right: list[Any]) -> list[Any]:
    """Return the values of both, each once."""
    return distinct([*left, *right])


def union_plain(left: list[Any], right: list[Any]) -> list[Any]:
    """Return the values of both, each once, where all are texts or all are complex elements of one type."""
    found: list[Any] = []
    for value in left:
        if value not in found:
            found.append(value)
    for value in right:
        if value not in found:
            found.append(value)
    return found


def intersect(left: list[Any], right: list[Any]) -> list[Any]:
    """Return the values that are in both, each once."""
    others = _set(right)
    return distinct([value for value in left if value in others])


def intersect_plain(left: list[Any], right: list[Any]) -> list[Any]:
    """Return the values that are in both, where all are texts or all are complex elements of one type."""
    return union_plain([value for value in left if value in right], [])


def exclude(left: list[Any], right: list[Any]) -> list[Any]:
    """Return the values of the left that are not in the right, order and duplicates kept."""
    others = _set(right)
    return [value for value in left if value not in others]


def subset(left: list[Any], right: list[Any]) -> bool:
    """Return whether every value of the left is in the right."""
    others = _set(right)
    return all(value in others for value in left)


def contains(values: list[Any], value: Any) -> bool | None:
    """Return whether a value is among values; None when there is no value."""
    return None if value is None else any(same(other, value) for other in values)


def all_are(values: list[Any], wanted: bool) -> bool:  # noqa: FBT001 -- allTrue, allFalse
    """Return whether all values are `wanted`; FhirPathError on one that is no Boolean."""
    return all(_boolean(value) is wanted for value in values)


def any_is(values: list[Any], wanted: bool) -> bool:  # noqa: FBT001 -- anyTrue, anyFalse
    """Return whether one of the values is `wanted`; FhirPathError on one that is no Boolean."""
    found = [_boolean(value) for value in values]  # all of them: one that is no Boolean is an error wherever it stands
    return wanted in found


def _boolean(value: Any) -> bool:
    value = system(value)
    if not isinstance(value, bool):
        raise FhirPathError("only true and false can be asked so")
    return value


def repeat(values: list[Any], first: Callable[[Any], list[Any]], again: Callable[[Any], list[Any]]) -> list[Any]:
    """Return what `first` gives of the values, and what `again` gives of that, until nothing new comes."""
    seen, found, at = _Set(), [], 0
    new = [made for value in values for made in first(value)]
    while new:
        found += [value for value in new if seen.add(value)]
        if len(found) > MAX_REPEATS:
            raise FhirPathError(f"repeat() has made more than {MAX_REPEATS} items")
        new = [made for value in found[at:] for made in again(value)]
        at = len(found)
    return found


def aggregate(values: list[Any], step: Callable[[Any, int, list[Any]], list[Any]], total: list[Any]) -> list[Any]:
    """Return what `step(item, index, total)` makes of the items, one after another."""
    for index, value in enumerate(values):
        total = step(value, index, total)
    return total


def counted(count: Any) -> int:
    """Return how many items to skip or take: none for a negative number; FhirPathError without a number."""
    count = system(count)
    if not isinstance(count, int) or isinstance(count, bool):
        raise FhirPathError("skip() and take() need an Integer")
    return max(0, count)
