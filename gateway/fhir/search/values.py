"""Reads the values of search parameters by their type. https://hl7.org/fhir/R4/search.html#ptypes

A reader returns the value, or raises BadValue with what is wrong; the text never repeats the value.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import cast

from gateway.fhir import datetime
from gateway.fhir.parameters import SearchParameter
from gateway.fhir.reference import parted
from gateway.fhir.search.composites import shapes
from gateway.fhir.search.folding import fold
from gateway.fhir.search.model import (
    Composite,
    DateRange,
    Missing,
    Near,
    NumberRange,
    Prefix,
    QuantityRange,
    Target,
    Text,
    Token,
    Value,
    Words,
)
from gateway.fhir.search.near import read_near
from gateway.fhir.types import resource_types

_PREFIXED = re.compile(r"(eq|ne|gt|ge|lt|le|sa|eb|ap)?(.*)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?")
_LOST_PLUS = re.compile(r"T[0-9:.]+ [0-9]{2}:[0-9]{2}$")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_LOCAL = re.compile(r"([A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/([A-Za-z0-9\-.]{1,64}))?")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^/]")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")


_OPERATORS = frozenset({"AND", "OR", "NOT", "NEAR"})
_MOST_WORDS = 10
_WORDS = (
    f"_text takes up to {_MOST_WORDS} words, all of which must be there; a comma is or, and a * at the end of a word"
    " asks for its beginning; AND, OR, NOT, NEAR, parentheses and quotes are not understood"
)


class BadValue(ValueError):
    """A value that cannot be read as its parameter's type."""


class UnknownCode(BadValue):
    """A code that is none of those which the element must hold one of."""


def split(text: str, separator: str) -> list[str]:
    r"""Return the parts of `text` between unescaped separators, still escaped.

    >>> split(r"a\,b,c", ",")
    ['a\\,b', 'c']
    """
    return list(_parts(text, separator)) if "\\" in text else text.split(separator)


def _parts(text: str, separator: str) -> Iterator[str]:
    start = 0
    for found in re.finditer(rf"\\.|{re.escape(separator)}", text, re.DOTALL):
        if found[0] == separator:
            yield text[start : found.start()]
            start = found.end()
    yield text[start:]


def unescape(text: str) -> str:
    r"""Return `text` with `\,`, `\|`, `\$` and `\\` read. https://hl7.org/fhir/R4/search.html#escaping"""
    return re.sub(r"\\([,|$\\])", r"\1", text) if "\\" in text else text


def read(parameter: SearchParameter, modifier: str | None, text: str) -> Value:
    """Return one value (already parted at commas) of `parameter`; BadValue when it cannot be one."""
    if not text:
        raise BadValue("it has no value")
    if modifier == "missing":
        return _missing(text)
    if modifier == "text":
        return _text(text)
    if modifier == "of-type":
        return _of_type(text)
    if parameter.code == "_text":
        return _words(unescape(text))
    if modifier == "identifier":
        return _token(text)
    if parameter.type == "reference":
        return _reference(parameter, modifier, unescape(text))
    if modifier in {"above", "below"} and not _URL.match(text):
        raise BadValue(f":{modifier} is about the steps of a URL, which begins with its scheme and ://")
    return _READERS[parameter.type](text)


def read_composite(resource_type: str, parameter: SearchParameter, text: str) -> Composite:
    """Return the two values of a composite parameter; BadValue when they are not two, or one cannot be read."""
    first, second = shapes(resource_type, parameter)[0].parts
    texts = split(text, "$")
    if len(texts) != 2:
        codes = f"{first.parameter.code}${second.parameter.code}"
        raise BadValue(f"it takes two values with a $ between them: {codes}; a $ in a value is written \\$")
    values = read(first.parameter, None, texts[0]), read(second.parameter, None, texts[1])
    if any(isinstance(value, Target) and value.version for value in values):
        raise BadValue("the version of a reference is not looked at in a composite: leave /_history/ out")
    return Composite(values)


def _near(text: str) -> Near:
    found = read_near(text)
    if isinstance(found, str):
        raise BadValue(found)
    return found


def _missing(text: str) -> Missing:
    if text not in {"true", "false"}:
        raise BadValue(":missing takes true or false")
    return Missing(text == "true")


def _text(text: str) -> Text:
    return Text(unescape(text))


def _token(text: str) -> Token:
    parts = [unescape(part) for part in split(text, "|")]
    if len(parts) > 2 or not any(parts):
        raise BadValue("a token is code, system|code, |code or system|; a | in a code is written \\|")
    if len(parts) == 1:
        return Token(None, parts[0])
    return Token(parts[0], parts[1] or None)


def _of_type(text: str) -> Token:
    """Read the system and code of a kind of identifier, and its value; all three are asked for.

    The system of the token is then `system|code` of the kind, as in the index.
    """
    parts = [unescape(part) for part in split(text, "|")]
    if len(parts) != 3 or not all(parts):
        raise BadValue(":of-type takes the system and code of a kind of identifier, and its value: system|code|value")
    return Token(f"{parts[0]}|{parts[1]}", parts[2])


def _words(text: str) -> Words:
    """Read words that must all be there. Operators are refused: they would be looked for as words."""
    found: dict[str, None] = {}
    for written in text.split():
        if written in _OPERATORS or any(sign in written for sign in '()"'):
            raise BadValue(_WORDS)
        *before, last = fold(written).split() or [""]
        found |= dict.fromkeys([*before, f"{last}*" if written.endswith("*") else last])
    words = [word for word in found if word.strip("*")]
    if not words or len(words) > _MOST_WORDS:
        raise BadValue(_WORDS)
    return Words(tuple(words))


def _date(text: str) -> DateRange:
    prefix, rest = _prefixed(text)
    moment = datetime.read(rest)
    if moment is None:
        plus = "; a + in a URL is written %2B" if _LOST_PLUS.search(rest) else ""
        raise BadValue(
            "a date is a prefix (eq ne gt ge lt le sa eb ap) or none, then YYYY, YYYY-MM, YYYY-MM-DD"
            f" or YYYY-MM-DDThh:mm[:ss[.fff]] with Z, +hh:mm or (for Europe/Amsterdam) neither{plus}"
        )
    return DateRange(prefix, moment.low, moment.high)


def _number(text: str) -> NumberRange:
    prefix, rest = _prefixed(text)
    if not _NUMBER.fullmatch(rest):
        raise BadValue("a number is a prefix (eq ne gt ge lt le sa eb ap) or none, then digits: 5, 5.40, 1e2")
    exact = Decimal(rest)
    digit = cast("int", exact.as_tuple().exponent) - ("e" in rest.lower())  # 1e2 is 95 to 105, says R4
    half = Decimal((0, (5,), digit - 1))
    if prefix == "ap":
        half = max(half, abs(exact) / 10)
    return NumberRange(prefix, float(exact), float(exact - half), float(exact + half))


def _quantity(text: str) -> QuantityRange:
    number, *unit = split(text, "|")
    if len(unit) not in {0, 2}:
        raise BadValue("a quantity is number, number|system|code or number||unit")
    system, code = (unescape(part) or None for part in unit) if unit else (None, None)
    return QuantityRange(_number(number), system, code)


def _reference(parameter: SearchParameter, modifier: str | None, text: str) -> Target:
    """Read an id, a Type/id or a URL. `modifier` is the type when it was given as one."""
    known = (modifier,) if modifier else parameter.targets
    local = _LOCAL.fullmatch(text)
    if local:
        return _local(Target((local[1],), local[2], local[3] or ""), known)
    if _ID.fullmatch(text):
        return Target(known, text)
    if _ABSOLUTE.fullmatch(text):
        unversioned, version = parted(text)
        return Target(("",), unversioned, version)
    raise BadValue("a reference is an id, Type/id or a URL")


def _local(target: Target, known: tuple[str, ...]) -> Target:
    (type_name,) = target.types
    if type_name not in resource_types():
        raise BadValue("R4 has no such resource type")
    if known and type_name not in known:
        raise BadValue(f"it points at {' or '.join(known)} only")
    return target


def _prefixed(text: str) -> tuple[Prefix, str]:
    found = _PREFIXED.fullmatch(text)
    assert found
    return cast("Prefix", found[1] or "eq"), found[2]


_READERS: Mapping[str, Callable[[str], Value]] = {
    "string": _text,
    "uri": _text,
    "special": _near,
    "token": _token,
    "date": _date,
    "number": _number,
    "quantity": _quantity,
}
