"""The values of primitive types: text in XML, and what JSON has for it. Decimals keep every digit.

https://hl7.org/fhir/R4/datatypes.html
"""

import re
from decimal import Decimal
from typing import Any

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,18})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?")
_LONGEST_DECIMAL = 100
_INTEGERS = frozenset({"integer", "positiveInt", "unsignedInt"})
_BOOLEANS = {"true": True, "false": False}
_SPECIAL = re.compile('[&<>"\t\n\r]')
_ESCAPED = {
    ord(character): text
    for character, text in zip('&<>"\t\n\r', ("&amp;", "&lt;", "&gt;", "&quot;", "&#9;", "&#10;", "&#13;"), strict=True)
}

NOT_TEXT = _INTEGERS | {"decimal", "boolean"}
"""The primitive types of which JSON has no text."""


def value(text: str, type_name: str) -> Any:
    """Return what JSON has for the text of a number or a boolean. Raises ValueError when it is none."""
    if type_name == "boolean":
        return _BOOLEANS[text] if text in _BOOLEANS else _refuse()
    if type_name in _INTEGERS:
        return int(text) if _INTEGER.fullmatch(text) else _refuse()
    if len(text) > _LONGEST_DECIMAL or not _DECIMAL.fullmatch(text):
        _refuse()
    return int(text) if text.removeprefix("-").isdigit() and text != "-0" else Decimal(text)


def _refuse() -> None:
    raise ValueError


def text(given: Any, type_name: str) -> str:
    """Return a JSON value as it is written in an attribute. Raises ValueError when it is none of its type."""
    if isinstance(given, str) and type_name not in NOT_TEXT:
        return escaped(given)
    if isinstance(given, bool):
        return ("true" if given else "false") if type_name == "boolean" else _wrong()
    if isinstance(given, int):
        return str(given) if type_name in NOT_TEXT and type_name != "boolean" else _wrong()
    if isinstance(given, Decimal) and type_name == "decimal" and given.is_finite():
        exponent = given.as_tuple().exponent
        return f"{given:f}" if isinstance(exponent, int) and -30 < exponent <= 0 else str(given)
    return _wrong()


def _wrong() -> str:
    raise ValueError


def escaped(given: str) -> str:
    """Return a text as it stands between the quotes of an attribute; line ends and tabs survive reading."""
    return given.translate(_ESCAPED) if _SPECIAL.search(given) else given
