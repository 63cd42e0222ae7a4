"""Whether a value is exactly, or at least, what a profile says it is.

fixed[x] is exactly, pattern[x] at least: https://hl7.org/fhir/R4/elementdefinition-definitions.html
"""

from typing import Any


def is_equal(value: Any, fixed: Any) -> bool:
    """Return whether two JSON values are the same, numbers by their value and objects in any order of keys."""
    if isinstance(value, bool) or isinstance(fixed, bool):
        return value is fixed
    if isinstance(value, dict) and isinstance(fixed, dict):
        return value.keys() == fixed.keys() and all(is_equal(value[key], fixed[key]) for key in fixed)
    if isinstance(value, list) and isinstance(fixed, list):
        return len(value) == len(fixed) and all(is_equal(*pair) for pair in zip(value, fixed, strict=True))
    return bool(value == fixed)


def holds(value: Any, pattern: Any) -> bool:
    """Return whether a value has everything the pattern has; of a list, each item somewhere.

    >>> holds({"coding": [{"code": "a"}, {"code": "b"}], "text": "B"}, {"coding": [{"code": "b"}]})
    True
    """
    if isinstance(value, dict) and isinstance(pattern, dict):
        return all(key in value and holds(value[key], wanted) for key, wanted in pattern.items())
    if isinstance(value, list) and isinstance(pattern, list):
        return all(any(holds(one, wanted) for one in value) for wanted in pattern)
    return is_equal(value, pattern)
