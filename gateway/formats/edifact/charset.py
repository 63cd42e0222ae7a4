"""From bytes to text: the syntax identifier of UNB-1.1, and what to do when it is unknown or untrue.

UNOA and UNOB are parts of ASCII, UNOC to UNOK are ISO 8859 (UNOC is Latin 1), UNOW and UNOY are UTF-8. An
interchange is never refused for its letters: it is read as what its bytes can be, and what was untrue is reported.
https://service.gefeg.com/jwg1/ (service code list 0001)
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from gateway.errors import Issue, MalformedMessage, Place
from gateway.formats.charsets import read_text

CODECS: Mapping[str, str] = MappingProxyType(
    {
        "UNOA": "ascii", "UNOB": "ascii", "UNOC": "iso-8859-1", "UNOD": "iso-8859-2", "UNOE": "iso-8859-5",
        "UNOF": "iso-8859-7", "UNOG": "iso-8859-3", "UNOH": "iso-8859-4", "UNOI": "iso-8859-6", "UNOJ": "iso-8859-8",
        "UNOK": "iso-8859-9", "UNOW": "utf-8", "UNOY": "utf-8",
    }
)  # fmt: skip
"""The syntax identifiers and the codecs that read them."""

_DECLARED = re.compile(rb"(?:UNA.{6})?\s*UNB[^A-Za-z0-9](\w{4})", re.DOTALL)
_MARK = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"U\0N\0", b"\0U\0N")


def body(data: bytes) -> bytes:
    """Return the bytes without a byte order mark. Raises MalformedMessage for characters of two bytes."""
    if data.startswith(_WIDE):
        raise MalformedMessage("this is UTF-16; an interchange is sent in the character set that UNB-1 names")
    return data.removeprefix(_MARK)


def codec_of(data: bytes, fallback: str) -> tuple[str, tuple[Issue, ...]]:
    """Return the codec that reads an interchange, and what was wrong. Never fails."""
    if data.isascii():
        return "ascii", _unknown(_declared(data))
    named = _declared(data)
    codec = CODECS.get(named)
    _, read_by = read_text(data, None if codec == "ascii" else codec, fallback)
    if codec is None:
        return read_by, _unknown(named)
    if codec == read_by:
        return read_by, ()
    said = f"the bytes are not in the character set that UNB-1 declares; they were read as {read_by}"
    return read_by, (_warning(said),)


def _declared(data: bytes) -> str:
    found = _DECLARED.match(data.lstrip())
    return found[1].decode("ascii", "replace").upper() if found else ""


def _unknown(named: str) -> tuple[Issue, ...]:
    if named in CODECS:
        return ()
    return (_warning("UNB-1 names no character set that is known here; one that fits the bytes was used"),)


def _warning(text: str) -> Issue:
    return Issue("charset", text, "warning", place=Place("UNB-1.1"))
