"""Whether a literal can be the value of an element. https://hl7.org/fhir/R4/datatypes.html#primitive"""

import re
from decimal import Decimal
from functools import cache
from typing import TypeAlias

from gateway.fhir import elements
from gateway.fhir.elements import Element
from gateway.mapping.spans import suggestion

_NUMBERS = {"integer", "positiveInt", "unsignedInt"}


Value: TypeAlias = str | int | Decimal | bool


def literal_problem(value: Value, element: Element) -> tuple[str, str] | None:
    """Return an issue code and what is wrong with a literal, or None."""
    type_ = element.types[0]
    wrong = _kind(value, type_) or _form(value, type_)
    if wrong:
        return "wrong-type", wrong
    codes = elements.required_codes(element.binding) if element.binding else None
    if codes is not None and str(value) not in codes:
        few = f": one of {', '.join(sorted(codes))}" if len(codes) <= 12 else ""
        return "code-invalid", f"'{value}' is not a code of {element.binding}{suggestion(str(value), codes) or few}"
    return None


def _kind(value: Value, type_: str) -> str | None:
    if type_ == "boolean":
        return None if isinstance(value, bool) else "a boolean is written true or false, without quotes"
    if isinstance(value, bool):
        return f"{type_} is wanted, not true or false"
    if type_ in _NUMBERS:
        return None if isinstance(value, int) else f"{type_} is a whole number, without quotes"
    if type_ == "decimal":
        return None if isinstance(value, int | Decimal) else "a decimal is a number, without quotes"
    return None if isinstance(value, str) else f"{type_} is text: put the number between quotes"


def _form(value: Value, type_: str) -> str | None:
    if isinstance(value, str) and (value == "" or value.isspace()):
        return "an empty text; leave the element out"
    pattern = _pattern(type_)
    if pattern is None or not isinstance(value, str) or pattern.fullmatch(value):
        return None
    return f"'{value}' does not have the form of {type_}"


@cache
def _pattern(type_: str) -> re.Pattern[str] | None:
    text = elements.pattern(type_)
    return re.compile(text, re.DOTALL) if text else None
