"""From bytes to text: the character set of MSH-18, and what to do when it is absent, unknown or untrue.

Table 0211 and the ways it is misspelt. A message that says one thing and holds another is read in the
one way that fits its bytes, and the finding is reported; it is never refused for its letters.
http://www.hl7.eu/HL7v2x/v251/std251/ch02.html#Heading38
"""

import codecs
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from gateway.errors import Issue, Place
from gateway.formats.charsets import SINGLE_BYTE, read_text

_PLACE = Place("MSH-18", line=1)

CODECS: Mapping[str, str] = MappingProxyType(
    {
        "ASCII": "ascii", "USASCII": "ascii", "ISOIR6": "ascii",
        **{f"8859{n}": f"iso-8859-{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
        **{f"ISO8859{n}": f"iso-8859-{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
        "LATIN1": "iso-8859-1", "ISOIR100": "iso-8859-1", "LATIN9": "iso-8859-15",
        "WINDOWS1252": "windows-1252", "CP1252": "windows-1252", "ANSI": "windows-1252",
        "UNICODEUTF8": "utf-8", "UTF8": "utf-8", "UNICODE": "utf-8",
        "UNICODEUTF16": "utf-16", "UTF16": "utf-16", "UNICODEUTF32": "utf-32", "UTF32": "utf-32",
        "ISOIR14": "shift_jis", "ISOIR87": "iso2022_jp", "ISOIR159": "iso2022_jp_1",
        "GB180302000": "gb18030", "GB18030": "gb18030", "KSX1001": "euc_kr", "BIG5": "big5",
    }
)  # fmt: skip
"""MSH-18 with everything but letters and digits taken out, to the codec that reads it."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WIDE_DECLARED = frozenset({"utf-16", "utf-32"})  # never true once MSH could be read byte by byte
_WIDE = ((b"M\0S\0H\0", "utf-16-le"), (b"\0M\0S\0H", "utf-16-be"))
_EXTEND_ASCII = SINGLE_BYTE | {"utf-8"}


def marked(data: bytes) -> tuple[str | None, int]:
    """Return the codec that the first bytes give away (a byte order mark, UTF-16), and the mark's length."""
    if data.startswith(b"MSH"):
        return None, 0
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return codec, len(mark)
    for start, codec in _WIDE:
        if data.startswith(start):
            return codec, 0
    return None, 0


class Declared(NamedTuple):
    """What the message says of itself: the codec if it is a known one, whether anything stands there at all."""

    codec: str | None
    told: bool
    issues: tuple[Issue, ...] = ()


@lru_cache(maxsize=256)
def declare(msh18: str, msh19: str, repetition: str) -> Declared:
    """Return what MSH-18 declares: the first of its repetitions that table 0211 knows, however it is spelt."""
    if not msh18.replace(repetition, "").strip():
        return Declared(None, told=False)
    codec = _first_known(msh18.split(repetition))
    if codec is not None:
        return Declared(codec, told=True)
    codec = _first_known(msh19.split(repetition))
    return Declared(codec, told=True, issues=(_unknown(beside=codec is not None),))


def decode(data: bytes, said: Declared, *, marked: str | None, fallback: str) -> tuple[str, str, tuple[Issue, ...]]:
    """Return the text of a message without its byte order mark, the codec that read it, and what was wrong.

    `marked` is what a byte order mark said. Never fails: ISO 8859-1 reads any bytes.
    """
    codec = said.codec or marked
    if (codec is None or codec in _EXTEND_ASCII) and data.isascii():
        return data.decode("ascii"), codec or "ascii", said.issues
    text, read_by = read_text(data, None if codec in _WIDE_DECLARED else codec, fallback)
    issues = said.issues
    if codec is not None and codec != read_by:
        issues += (_warning(f"the bytes are not in the declared character set; they were read as {read_by}"),)
    elif codec is None and not said.told:
        issues += (_warning(f"no character set is declared and the text is not ASCII; it was read as {read_by}"),)
    return text, read_by, issues


def _first_known(values: Sequence[str]) -> str | None:
    letters = (re.sub(r"[^A-Z0-9]", "", value.upper()) for value in values)
    return next((CODECS[name] for name in letters if name in CODECS), None)


def _unknown(*, beside: bool) -> Issue:
    if beside:
        return _warning("MSH-18 is not a character set, MSH-19 is: it stands one field too far and was used")
    return _warning("MSH-18 is not a character set of table 0211; one that fits the bytes was used")


def _warning(text: str) -> Issue:
    return Issue("charset", text, "warning", place=_PLACE)
