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
        self.function = lru_cache(maxsize=_KEPT)(self._make)
        """The same as a plain function: every message asks for some fifteen ids, of places that were named before."""

    def __repr__(self) -> str:
        return f"Identifiers('{self.namespace}')"

    def __call__(self, *parts: object) -> str | None:
        """Return the id; None when every part after the kind is empty."""
        return self.function(*parts)

    def _make(self, *parts: object) -> str | None:
        if None in parts and parts.count(None) == len(parts) - 1:
            return None
        return _uuid(self.namespace.bytes + _joined(parts).encode())

    def of(self, kind: str) -> "IdsOfKind":
        """Return the ids of what is known by one text."""
        return IdsOfKind(str(self.namespace), kind)


class IdsOfKind(dict[str | None, str | None]):
    """The ids of one kind of things of one provider, each known by a text: `ids["3B/312"]`; of nothing there is none.

    Lists of beds that were never seen are mostly new ids: to make one takes a fifth of the time of `uuid.uuid5`.
    """

    __slots__ = ("_begun", "_name")

    def __init__(self, namespace: str, kind: str) -> None:
        super().__init__()
        self._name = f"IdsOfKind({namespace!r}, {kind!r})"
        self._begun = uuid.UUID(namespace).bytes + f"{kind}{_SEPARATOR}".encode()

    def __repr__(self) -> str:
        return self._name

    def __missing__(self, text: str | None) -> str | None:
        """Return the id of a text that was not asked for before."""
        if text is None:
            return None
        if len(self) >= _KEPT:
            self.clear()
        made = self[text] = _uuid(self._begun + text.encode())
        return made


def _uuid(named: bytes) -> str:
    """Return the UUIDv5 of the bytes of a namespace and a name. RFC 9562, section 5.5."""
    h = hashlib.sha1(named).hexdigest()  # noqa: S324 - the standard says so; a hash that is begun and copied is slower
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
