"""Whether one primitive value is of its type. https://hl7.org/fhir/R4/datatypes.html#primitive"""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from gateway.validation import patterns


class Fault(NamedTuple):
    """What is wrong with a value: the catalogue's code, and the words for it (never the value itself)."""

    code: str
    text: str


def fault(type_name: str, value: Any) -> Fault | None:
    """Return what is wrong with `value` as a primitive of `type_name`, or None."""
    check = _BY_TYPE.get(type_name, _text)
    return check(type_name, value)


def _boolean(_: str, value: Any) -> Fault | None:
    return (
        None if isinstance(value, bool) else Fault("wrong-type", f"a boolean is true or false, not {json_kind(value)}")
    )


def _decimal(_: str, value: Any) -> Fault | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return Fault("wrong-type", f"a decimal is a JSON number, not {json_kind(value)}")
    return None if math.isfinite(value) else Fault("bad-value", "a decimal is finite")


def _integer(type_name: str, value: Any) -> Fault | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return Fault("wrong-type", f"{type_name} is a JSON number without a fraction, not {json_kind(value)}")
    low, high = patterns.INTEGERS[type_name]
    return None if low <= value <= high else Fault("bad-value", f"{type_name} is from {low} to {high}")


def _text(type_name: str, value: Any) -> Fault | None:
    if not isinstance(value, str):
        return Fault("wrong-type", f"{type_name} is a JSON string, not {json_kind(value)}")
    if patterns.compiled(patterns.STRINGS[type_name]).fullmatch(value) is None or not _is_unicode(value):
        return Fault("bad-value", f"this is no {type_name}: {patterns.EXAMPLES[type_name]}")
    if len(value) > patterns.LONGEST_STRING and type_name in {"string", "markdown"}:
        return Fault("bad-value", f"a {type_name} is at most {patterns.LONGEST_STRING} characters long")
    return None


def _base64(type_name: str, value: Any) -> Fault | None:
    """Allow white space between the groups, as R4's expression does."""
    return _text(type_name, "".join(value.split()) if isinstance(value, str) else value)


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return True


_BY_TYPE: dict[str, Callable[[str, Any], Fault | None]] = {
    "boolean": _boolean,
    "decimal": _decimal,
    "base64Binary": _base64,
    **dict.fromkeys(patterns.INTEGERS, _integer),
}


def json_kind(value: Any) -> str:
    """Return how JSON calls the kind of a value: `a string`, `an object`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a string"
        case dict():
            return "an object"
        case list() | tuple():
            return "an array"
        case int():
            return "a whole number"
        case float() | Decimal():
            return "a number with a fraction"
    return "something JSON does not have"
