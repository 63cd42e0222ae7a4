"""FHIR JSON in and out: decimals exactly as they came, keys in the order they came.

https://hl7.org/fhir/R4/json.html
"""

import json
import re
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import msgspec

from gateway.errors import Issue, MalformedMessage, Place

_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # its byte order marks
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_CANONICAL = msgspec.json.Encoder(decimal_format="number", order="deterministic")
_MAX_EXPONENT = 99
_LARGE_EXPONENT = re.compile(r"E[+-][0-9]{3}")
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'[]{}"'))


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    if abs(value.adjusted()) > _MAX_EXPONENT and _LARGE_EXPONENT.search(str(value)):
        raise MalformedMessage(f"a number has an exponent beyond {_MAX_EXPONENT}")
    return value


_DECODER = msgspec.json.Decoder(float_hook=_decimal)


def decode(data: bytes | str, *, max_depth: int = 64) -> Any:
    """Return the value of a JSON text, its fractions as Decimal; a byte order mark is skipped.

    Raises MalformedMessage, naming line and byte where they are known, on anything that is not JSON (NaN among it),
    that is nested deeper than `max_depth`, that holds a NUL or half a surrogate pair, that names a property
    twice in one object, or that has a number with an exponent of more than two digits: no quantity in care needs
    one, and readers make Infinity, zero or a gigabyte of digits of it.
    """
    text = _utf8(data)
    structure = _structure(text)
    _check_depth(structure, max_depth)
    value = _decoded(text)
    written = _ENCODER.encode(value)
    if written != text and _quotes(_structure(written)) != _quotes(structure):
        _refuse_twice_named(text)
    return value


def encode(value: Any) -> bytes:
    """Return `value` as compact JSON, each Decimal as the number it was."""
    return _ENCODER.encode(value)


def canonical(value: Any) -> bytes:
    """Return `value` as UTF-8 JSON that does not depend on the order in which its names stand."""
    return _CANONICAL.encode(value)


def encode_pretty(value: Any) -> bytes:
    """Return `value` as JSON for people: indented by two spaces, ended by a newline."""
    return msgspec.json.format(_ENCODER.encode(value), indent=2) + b"\n"


def _utf8(data: bytes | str) -> bytes:
    if isinstance(data, bytes):
        return data.removeprefix(_BOM)
    try:
        return data.removeprefix("\ufeff").encode()
    except UnicodeEncodeError as error:
        raise MalformedMessage("the text holds half a surrogate pair: it is not valid Unicode") from error


def _decoded(text: bytes) -> Any:
    try:
        return _DECODER.decode(text)
    except msgspec.DecodeError as error:
        what, at = _what_and_where(str(error), text)
    except UnicodeDecodeError as error:
        what, at = "the text is not UTF-8", error.start
    except (InvalidOperation, OverflowError) as error:
        raise MalformedMessage("a number is larger than any FHIR decimal can be") from error
    except RecursionError as error:
        raise MalformedMessage("the JSON is nested too deep to be read") from error
    raise MalformedMessage([Issue("malformed", what, place=_place(text, at))])


def _what_and_where(problem: str, text: bytes) -> tuple[str, int]:
    """Return our words for msgspec's `JSON is malformed: expected ':' (byte 7)`, and the byte."""
    if text.startswith(_UTF_16) or b"\0" in text[:2]:
        return "the text is not UTF-8", 0
    what, _, at = problem.removeprefix("JSON is malformed: ").rpartition(" (byte ")
    if what:
        return f"this is not JSON: {what}", int(at.removesuffix(")"))
    return ("there is nothing here", 0) if not text.strip() else (f"this is not JSON: {_ended(problem)}", len(text))


def _ended(problem: str) -> str:
    return "the text ends too early" if "truncated" in problem else problem[0].lower() + problem[1:]


def _place(text: bytes, at: int) -> Place:
    return Place("JSON text", line=text.count(b"\n", 0, at) + 1, byte=at)


def _structure(text: bytes) -> bytes:
    """Return the brackets of a JSON text, and the quotes of its strings; escaped quotes are not among them."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"")
        if b"\\u0000" in text:
            raise MalformedMessage("the text holds a NUL character (\\u0000), which FHIR does not allow")
        text = text.replace(b'\\"', b"")
    return text.translate(None, _NOT_STRUCTURE)


def _quotes(structure: bytes) -> int:
    return len(structure) - len(structure.translate(None, b'"'))


def _check_depth(structure: bytes, max_depth: int) -> None:
    """Raise MalformedMessage when brackets nest deeper than `max_depth`.

    Each round takes away the innermost pairs, so what is left after `max_depth` rounds is deeper, or does not pair up.
    So many pairs nest at most that deep: with few left there is nothing more to see.
    """
    left = structure.translate(None, b'"')
    if 2 * structure.count(b'""') != len(structure) - len(left):  # a string holds brackets: they do not count
        left = b"".join(structure.split(b'"')[::2])
    for rounds in range(max_depth):
        if len(left) <= 2 * (max_depth - rounds):
            return
        shorter = left.replace(b"{}", b"").replace(b"[]", b"")
        if len(shorter) == len(left):
            return  # nothing left, or brackets that do not pair up: the decoder says where
        left = shorter
    if left:
        raise MalformedMessage(f"the JSON is nested deeper than {max_depth} levels")


def _refuse_twice_named(text: bytes) -> NoReturn:
    """Raise MalformedMessage: an object lost a property when it was read, so it named one twice."""
    names: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        counted = Counter(name for name, _ in pairs)
        names.extend(name for name, times in counted.items() if times > 1 and name.isidentifier())

    json.loads(text, object_pairs_hook=note)
    raise MalformedMessage(f"an object names a property twice: {', '.join(dict.fromkeys(names)) or 'an unusual name'}")
