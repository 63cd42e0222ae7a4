"""What the functions added to FHIRPath do with one value: BSN, numbers, yes and no, ids, hashes, narrative.

Each returns the value or raises a Finding; none of them knows where the value stood.
"""

import hashlib
import re
import uuid
from decimal import Decimal
from functools import lru_cache
from html import escape
from typing import Any

from gateway.fhir.bsn import is_bsn
from gateway.mapping.findings import Finding

_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?")
_YES = frozenset({"j", "ja", "y", "yes", "1", "true", "waar", "x"})
_NO = frozenset({"n", "nee", "no", "0", "false", "onwaar"})
_KEPT = 65536
_SEPARATOR = "\x1f"
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""The digit of a UUID that says of which variant it is: two bits of it are fixed."""
_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def bsn(text: str) -> str:
    """Return the BSN in nine digits. Raises Finding bad-bsn when the eleven-test fails: it is then not used.

    A BSN of eight digits lost its leading zero on the way. https://www.nictiz.nl/standaarden/bsn/

    >>> bsn("999900006")
    '999900006'
    """
    digits = text.strip().replace(".", "").replace(" ", "")
    if not is_bsn(digits):
        raise Finding("bad-bsn", "bsn", severity="warning")
    return digits.zfill(9)


def decimal(text: str | Decimal | int) -> Decimal | int:
    """Return the number that `text` writes in the Dutch way (`23,5`) or in FHIR's (`23.5`). Raises Finding bad-value.

    >>> decimal("0,5"), decimal("12")
    (Decimal('0.5'), 12)
    """
    if isinstance(text, Decimal | int) and not isinstance(text, bool):
        return text
    stripped = str(text).strip()
    if _THOUSANDS.fullmatch(stripped):
        raise Finding("bad-value", "thousands")
    if not _NUMBER.fullmatch(stripped):
        raise Finding("bad-value", "number")
    plain = stripped.replace(",", ".").removeprefix("+")
    return Decimal(plain) if "." in plain else int(plain)


def yes(text: str | bool | int) -> bool:  # noqa: FBT001 - the value itself, from a source that knows booleans
    """Return whether `text` says yes: J, ja, 1, true, x. Raises Finding bad-value for anything but yes or no.

    >>> yes("J"), yes("nee")
    (True, False)
    """
    word = str(text).strip().lower()
    if word not in _YES and word not in _NO:
        raise Finding("bad-value", "yes", expected="J/N, ja/nee, 1/0, true/false")
    return word in _YES


def hashed(*parts: object) -> str | None:
    """Return the SHA-256 of the parts in hexadecimal, or None when all are empty."""
    if all(part is None for part in parts):
        return None
    return hashlib.sha256(_joined(parts).encode()).hexdigest()


class Identifiers:
    """Makes the ids of one provider: UUIDv5 of kind and parts in its namespace; those in use are remembered."""

    def __init__(self, namespace: str) -> None:
        self.namespace = uuid.UUID(namespace)
        self._begun = hashlib.sha1(self.namespace.bytes, usedforsecurity=False)
        self.function = lru_cache(maxsize=_KEPT)(self._make)
        """The same as a plain function: every message asks for some fifteen ids, of places that were named before.

        `uuid.uuid5` makes the same, five times as slowly: a list of beds that was never seen is mostly new ids.
        """

    def __repr__(self) -> str:
        return f"Identifiers('{self.namespace}')"

    def __call__(self, *parts: object) -> str | None:
        """Return the id; None when every part after the kind is empty."""
        return self.function(*parts)

    def _make(self, *parts: object) -> str | None:
        named = parts[1:]
        if named.count(None) == len(named):
            return None
        whole = self._begun.copy()
        whole.update(_joined(parts).encode())
        h = whole.hexdigest()
        return f"{h[:8]}-{h[8:12]}-5{h[13:16]}-{_VARIANTS[h[16]]}{h[17:20]}-{h[20:32]}"


def _joined(parts: tuple[Any, ...]) -> str:
    try:
        return _SEPARATOR.join(parts)
    except TypeError:  # not all of them are texts
        pass
    # An empty part is not the text '': ('a', None) and ('a', '') would otherwise be one thing.
    return _SEPARATOR.join(["\x00" if part is None else str(part) for part in parts])


def narrative(text: str) -> str | None:
    """Return the text as an xhtml div: paragraphs and line breaks kept, everything else escaped.

    >>> narrative("a < b")
    '<div xmlns="http://www.w3.org/1999/xhtml"><p>a &lt; b</p></div>'
    """
    clean = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not clean:
        return None
    paragraphs = ("<br/>".join(escape(line) for line in part.split("\n")) for part in _BLANK_LINE.split(clean))
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{body}</div>'
