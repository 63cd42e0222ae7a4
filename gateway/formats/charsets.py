"""Bytes to text when the declared character set cannot be trusted: the rules all text formats share.

Bytes that form valid UTF-8 are UTF-8, whatever single-byte set is declared: text in a single-byte set
practically never does so by chance. Bytes 80 to 9F are no characters in ISO 8859, but are in
windows-1252, which many senders mean when they write 8859/1.
"""

import codecs
import re

SINGLE_BYTE = frozenset({"ascii", "windows-1252", *(f"iso-8859-{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15))})
"""Codecs of one byte a character in which ASCII is ASCII."""

_WESTERN = frozenset({"iso-8859-1", "iso-8859-15"})
_LAST = "iso-8859-1"  # reads any bytes
_CONTROL = re.compile(rb"[\x80-\x9f]")


def read_text(data: bytes, codec: str | None, fallback: str) -> tuple[str, str]:
    """Return the text and the codec that read it: the declared `codec` if the bytes agree. Never fails.

    >>> read_text("Café".encode(), "iso-8859-1", "windows-1252")
    ('Café', 'utf-8')
    """
    for candidate in _candidates(data, codec, fallback):
        try:
            return data.decode(candidate), candidate
        except UnicodeDecodeError:
            continue
    return data.decode(_LAST), _LAST


def codec_name(name: str) -> str | None:
    """Return the name used here of a character set, however it is spelt; None when it is not one.

    >>> codec_name("CP1252"), codec_name("latin1"), codec_name("hex")
    ('windows-1252', 'iso-8859-1', None)
    """
    try:
        "".encode(name)  # refuses codecs that do not make bytes of text
        found = codecs.lookup(name).name
    except (LookupError, UnicodeError, ValueError):
        return None
    return "windows-1252" if found == "cp1252" else found.replace("iso8859", "iso-8859")


def _candidates(data: bytes, codec: str | None, fallback: str) -> tuple[str, ...]:
    """Return the codecs to try, most trusted first."""
    if codec is None:
        return "utf-8", fallback
    if codec not in SINGLE_BYTE:
        return codec, "utf-8", fallback
    own = "windows-1252" if codec in _WESTERN and _CONTROL.search(data) else codec
    return "utf-8", own, fallback
