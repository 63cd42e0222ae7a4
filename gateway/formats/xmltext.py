"""The bytes of an XML message as a parsed tree: character set first, then what is never taken, then the parser.

A DOCTYPE is refused before anything is parsed: no message in care needs one, and every attack with entities does.
The parser gets text that was decoded here, so that no character set hides one.
https://www.w3.org/TR/xml/#charencoding, https://www.w3.org/TR/xml/#sec-guessing
"""

import codecs
import re
from typing import Any

from lxml import etree

from gateway.errors import Issue, MalformedMessage, Place, TooLarge
from gateway.formats.charsets import SINGLE_BYTE, codec_name, read_text

MAX_BYTES = 32 * 1024 * 1024
"""A longer message is refused before it is read."""

MAX_TAGS = 1_000_000
"""A message with more tags is refused before it is parsed."""

MAX_ATTRIBUTES = 1_000
"""So many attributes in one tag no element has."""

MAX_DEPTH = 256
"""Elements stand no deeper in each other: libxml2's own limit, which it gives up together with that on texts."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = (
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*?\?>")
_ENCODING = re.compile(rb"\s*<\?xml\s[^>]*?\bencoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]{0,40})[\"']")
_PROLOG = re.compile(r"(?:\s++|<\?(?:[^?]++|\?(?!>))*+\?>|<!--(?:[^-]++|-(?!->))*+-->)*+")
_LOOKED_AT = 1024  # bytes that a declaration stands in
_LONG_TEXT = 10_000_000  # bytes; of a longer text libxml2 wants to be told, and a PDF of 7.5 MB is one in base64
_NARROW = SINGLE_BYTE | {"utf-8"}
_REASONS = {
    "ERR_TAG_NAME_MISMATCH": "an element is closed by a tag of another name",
    **dict.fromkeys(
        ("ERR_TAG_NOT_FINISHED", "ERR_ATTRIBUTE_NOT_FINISHED", "ERR_CDATA_NOT_FINISHED", "ERR_COMMENT_NOT_FINISHED"),
        "the text ends within an element",
    ),
    "ERR_GT_REQUIRED": "a tag is not closed with >",
    "ERR_ATTRIBUTE_NOT_STARTED": "the value of an attribute does not stand between quotes",
    "ERR_SPACE_REQUIRED": "there is no blank between two attributes",
    "ERR_DOCUMENT_END": "there is something after the last element, or no element",
    "ERR_DOCUMENT_EMPTY": "there is no element",
    "ERR_UNDECLARED_ENTITY": "an entity is used that XML does not know: write it as a character",
    "ERR_ATTRIBUTE_REDEFINED": "an element has an attribute twice",
    "ERR_INVALID_CHAR": "a character stands there that XML does not allow",
    "ERR_NAME_TOO_LONG": "a name is too long",
    "ERR_LT_IN_ATTRIBUTE": "an attribute holds a <: write it as &lt;",
    "ERR_ENTITYREF_SEMICOL_MISSING": "an & stands by itself: write it as &amp;",
    "ERR_NAME_REQUIRED": "a < or & stands by itself: write it as &lt; or &amp;",
    "NS_ERR_UNDEFINED_NAMESPACE": "a prefix is used that no xmlns declares",
}
_TOO_DEEP = f"elements are nested deeper than {MAX_DEPTH}"


def parsed(data: bytes) -> tuple[Any, tuple[Issue, ...]]:
    """Return the root element of lxml, and what was odd about the bytes. Raises MalformedMessage or TooLarge."""
    if len(data) > MAX_BYTES:
        raise TooLarge(f"an XML message is at most {MAX_BYTES} bytes; this one has {len(data)}")
    text, issues = _decoded(data)
    declaration = _DECLARATION.match(text)
    if declaration is not None:  # its lines still count
        text = "\n" * declaration[0].count("\n") + text[declaration.end() :]
    if "\0" in text:  # the parser would take it for UTF-16 by itself
        raise _malformed("this is not well-formed XML: it holds NUL")
    _refuse_doctype(text)
    _refuse_too_many(text)
    return _parsed(text), issues


def _parsed(text: str) -> Any:
    content = text.encode()
    huge = len(content) > _LONG_TEXT
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        attribute_defaults=False, huge_tree=huge, remove_comments=True, remove_pis=True, recover=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise _malformed(_reason(error), line=error.lineno) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _malformed("a DOCTYPE is not taken")
    if huge:
        _refuse_too_deep(root)
    return root


def _refuse_too_deep(root: Any) -> None:
    """Keep the limit that the parser keeps of shorter texts."""
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise _malformed(_TOO_DEEP, line=element.sourceline)


def _reason(error: etree.XMLSyntaxError) -> str:
    """Return why a text is no XML, in words of ours: the parser's own hold parts of the message."""
    code: int | None = getattr(error, "code", None)  # the type information of lxml does not know it
    name = etree.ErrorTypes._getName(code) if code is not None else None  # noqa: SLF001 - lxml has no other
    if name == "ERR_RESOURCE_LIMIT":
        return _TOO_DEEP
    reason = _REASONS.get(name or "")
    return "this is not well-formed XML" + (f": {reason}" if reason else "")


def _malformed(text: str, *, line: int | None = None, byte: int | None = None) -> MalformedMessage:
    place = Place("XML text", line, byte) if line is not None or byte is not None else None
    return MalformedMessage([Issue("malformed", text, place=place)])


def _refuse_doctype(text: str) -> None:
    prolog = _PROLOG.match(text)
    at = prolog.end() if prolog else 0
    if text[at : at + 9].upper() == "<!DOCTYPE":
        raise _malformed("a DOCTYPE is not taken: leave it out", line=text.count("\n", 0, at) + 1)


def _refuse_too_many(text: str) -> None:
    if len(text) > MAX_TAGS and text.count("<") > MAX_TAGS:
        raise TooLarge(f"an XML message has at most {MAX_TAGS} tags")
    if text.count("=") > MAX_ATTRIBUTES and any(
        part.partition(">")[0].count("=") > MAX_ATTRIBUTES for part in text.split("<")
    ):
        raise TooLarge(f"an element has at most {MAX_ATTRIBUTES} attributes")


# ---- character sets


def _decoded(data: bytes) -> tuple[str, tuple[Issue, ...]]:
    """Return the text of the bytes. A set that is declared and cannot be is refused, or reported if only one can be."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return _in(data[len(mark) :], codec, "the byte order mark says"), ()
    for begin, codec in _WIDE:
        if data.lstrip(b" \t\r\n").startswith(begin) or data.startswith(begin):
            return _in(data, codec, "the first bytes say"), ()
    declared = _ENCODING.match(data[:_LOOKED_AT])
    if declared is None:
        return _in(data, "utf-8", "XML that declares no encoding is"), ()
    return _declared(data, declared[1].decode())


def _declared(data: bytes, name: str) -> tuple[str, tuple[Issue, ...]]:
    codec = codec_name(name)
    if codec == "utf-8":
        return _in(data, codec, "the XML declaration says"), ()
    if codec is None or not (codec in _NARROW or codec.startswith(("utf-16", "utf-32"))):
        raise _malformed("the XML declaration names an encoding that is not read here; send UTF-8", line=1)
    if codec not in _NARROW:  # two or four bytes a character are declared, and one is what came
        return _in(data, "utf-8", "the bytes look like"), (_odd(f"declared {codec}, read as utf-8"),)
    text, used = read_text(data, codec, "windows-1252")
    return text, () if used == codec or data.isascii() else (_odd(f"declared {codec}, read as {used}"),)


def _odd(what: str) -> Issue:
    return Issue(
        "charset", f"the XML declaration and the bytes disagree: {what}", "warning", place=Place("XML text", 1)
    )


def _in(data: bytes, codec: str, who: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _malformed(f"{who} {codec}, and the bytes are not", line=line, byte=error.start) from None
