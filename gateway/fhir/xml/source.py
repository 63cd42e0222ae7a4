"""The bytes of an XML document as text: the character sets that are read, and no others.

https://www.w3.org/TR/xml/#charencoding https://www.rfc-editor.org/rfc/rfc7303
"""

import codecs
import re
from collections.abc import Mapping
from types import MappingProxyType

from gateway.errors import Issue, MalformedMessage, Place

_DECLARED = re.compile(rb"\s*<\?xml[^>]{1,80}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"'][^>]{0,40}\?>")
_CODECS: Mapping[str, str] = MappingProxyType(
    {
        "utf-8": "utf-8",
        "utf8": "utf-8",
        "us-ascii": "ascii",
        "ascii": "ascii",
        "iso-8859-1": "iso-8859-1",
        "iso-8859-15": "iso-8859-15",
        "windows-1252": "windows-1252",
    }
)
_UTF_16 = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


def utf8(data: bytes, charset: str | None = None) -> bytes:
    """Return a document in UTF-8, without byte order mark. `charset` is what its Content-Type says.

    Raises MalformedMessage when its character set is not read here, is said in two ways, or does not fit.
    """
    codec, mark = _codec(data, charset)
    try:
        text = data[mark:].decode(codec).encode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        issue = Issue("malformed", f"the text is not {codec.upper()}", place=Place("XML text", line, error.start))
        raise MalformedMessage([issue]) from error
    if b"\0" in text:  # else the parser would take it for UTF-16 by itself
        raise MalformedMessage("this is not well-formed XML: it holds NUL (UTF-16 begins with a byte order mark)")
    return text


def looks_like_xml(data: bytes) -> bool:
    """Return whether `data` begins as XML does, and JSON never: with a `<`, after blanks and a byte order mark."""
    head = data[:256]
    for mark, codec in _UTF_16:
        if head.startswith(mark):
            head = head[2:].decode(codec, "ignore").encode()
    return head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"<"


def _codec(data: bytes, charset: str | None) -> tuple[str, int]:
    """Return the codec of a document, and how long its byte order mark is."""
    if data.startswith(_UTF_32):
        raise MalformedMessage("XML in UTF-32 is not read here: send UTF-8")
    for mark, codec in _UTF_16:
        if data.startswith(mark):
            return codec, len(mark)
    mark_length = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    found = _DECLARED.match(data, mark_length)
    declared = _known(found[1].decode()) if found else None
    said = _known(charset) if charset else "utf-8" if mark_length else None
    if declared and said and declared != said and {declared, said} != {"utf-8", "ascii"}:
        raise MalformedMessage(
            "the XML declaration names another character set than the Content-Type or the first bytes"
        )
    return said or declared or "utf-8", mark_length


def _known(charset: str) -> str:
    codec = _CODECS.get(charset.strip("\"' ").lower())
    if codec is None:
        raise MalformedMessage("this character set of XML is not read here: send UTF-8")
    return codec
