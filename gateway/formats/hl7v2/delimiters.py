"""The characters that separate, taken from MSH-1 and MSH-2 of the message itself.

Nothing is assumed: ZorgDomein sends `MSH|^_\\&|`, others swap the escape and repetition characters,
and version 2.7 added a fifth, the truncation character. Pieces that MSH-2 leaves out are not used.
http://www.hl7.eu/HL7v2x/v251/std251/ch02.html#Heading13
"""

import re
from functools import lru_cache
from string import punctuation
from typing import NamedTuple

from gateway.errors import Issue, MalformedMessage, Place

ABSENT = "\r"
"""Stands for a delimiter that the message does not use: it can never be found inside a segment."""

_USUAL = "^~\\&"
_ROLES = ("field", "component", "repetition", "escape", "subcomponent", "truncation")


class Delimiters(NamedTuple):
    """The delimiters of one message; `ABSENT` where MSH-2 names none. `encoding` is MSH-2 as written."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ABSENT
    encoding: str = _USUAL


class Reading(NamedTuple):
    """MSH-1 and MSH-2 as read; `other` when a character stands there twice and may be read in a second way."""

    delimiters: Delimiters
    other: Delimiters | None = None


@lru_cache(maxsize=256)
def read_delimiters(header: str) -> Reading:
    """Return the delimiters of a text that begins with `MSH|^~\\&`.

    `header` runs up to the second field separator, or to the end of the segment when there is none.
    Raises MalformedMessage when they cannot separate anything: absent, not punctuation, or twice the same.
    """
    field, encoding = header[3:4], header[4:]
    once = "".join(dict.fromkeys(encoding))
    if len(encoding) != len(_USUAL) + 1 or len(once) != len(_USUAL):
        _check(field, encoding)
        return Reading(Delimiters(field, *_padded(encoding), encoding))
    _check(field, once)
    last = "".join(reversed(dict.fromkeys(reversed(encoding))))
    first, other = (Delimiters(field, *_padded(reading), encoding) for reading in (once, last))
    return Reading(first, other)


def choose(reading: Reading, text: str) -> tuple[Delimiters, tuple[Issue, ...]]:
    """Return the reading of a doubled delimiter under which fewer escape characters of `text` stay unexplained.

    `^~\\\\&` is the usual set, its backslash escaped by software on the way; of `^\\~\\&` the text itself must
    tell whether repetition and escape changed places.
    """
    other = reading.other
    if other is None:
        return reading.delimiters, ()
    fewest = other if _unexplained(text, other) <= _unexplained(text, reading.delimiters) else reading.delimiters
    what = "a delimiter stands twice in MSH-2; it was read in the way that fits the message"
    return fewest, (Issue("repaired", what, "warning", place=Place("MSH-2", line=1)),)


def _unexplained(text: str, delimiters: Delimiters) -> int:
    mark = re.escape(delimiters.escape)
    return len(re.findall(mark, re.sub(rf"{mark}(?:[FSTRE]|X[0-9A-F]+|\.br){mark}", "", text)))


def _padded(encoding: str) -> tuple[str, str, str, str, str]:
    c = encoding.ljust(len(_ROLES) - 1, ABSENT)
    return c[0], c[1], c[2], c[3], c[4]


def _check(field: str, encoding: str) -> None:
    """Raise MalformedMessage with every reason why these cannot be the delimiters."""
    wrong = []
    if not field:
        wrong.append("MSH-1 is absent: the message stops after three letters")
    if field and not encoding:
        wrong.append("MSH-2 is empty: it names no component separator")
    if len(encoding) >= len(_ROLES):
        wrong.append(f"MSH-2 is longer than {len(_ROLES) - 1} characters")
    if any(delimiter not in punctuation for delimiter in field + encoding):
        wrong.append("MSH-1 and MSH-2 may hold punctuation only")
    if len(set(field + encoding)) < len(field + encoding):
        wrong.append("MSH-1 and MSH-2 name the same character for two purposes")
    if wrong:
        raise MalformedMessage([Issue("malformed", text, place=Place("MSH-2", line=1)) for text in wrong])
