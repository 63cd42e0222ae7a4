"""The xhtml of a narrative inside FHIR XML: the very characters it has in JSON, in both directions."""

import re
from collections.abc import Mapping
from xml.parsers import expat

from lxml import etree

from gateway.fhir.narrative import XHTML

_START_TAG = re.compile(rb"""<(?:"[^"]*+"|'[^']*+'|[^>"'])*+>""")
_DIV = f"{XHTML} div"


class _Refused(Exception):
    """The markup has a document type."""


def cut(document: bytes, start: int, end: int) -> str:
    """Return the markup of a div that begins at `start` and of which the end tag (or the only one) begins at `end`."""
    found = _START_TAG.match(document, end)
    return document[start : found.end() if found else end].decode()


def by_itself(markup: str, namespaces: Mapping[str | None, str]) -> str:
    """Return a well-formed div that leans on namespaces declared above it as one that can stand by itself."""
    declared = " ".join(f'{f"xmlns:{p}" if p else "xmlns"}="{_quoted(uri)}"' for p, uri in namespaces.items())
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        strip_cdata=False,
        huge_tree=True,  # its depth and size are known by now
    )
    holder = etree.fromstring(f"<holder {declared}>{markup}</holder>".encode(), parser)
    return str(etree.tostring(_renamed(holder[0]), encoding="unicode"))


def _quoted(uri: str) -> str:
    return uri.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _renamed(node: etree._Element) -> etree._Element:
    """Return a copy in which the elements of xhtml have no prefix."""
    copy = _bare(node)
    stack = [(node, copy)]
    while stack:
        source, target = stack.pop()
        target.text = source.text
        for child in source:
            made = _bare(child)
            made.tail = child.tail
            target.append(made)
            if isinstance(child.tag, str):
                stack.append((child, made))
    return copy


def _bare(node: etree._Element) -> etree._Element:
    if not isinstance(node.tag, str):
        return etree.Comment(node.text) if node.tag is etree.Comment else etree.ProcessingInstruction("x", node.text)
    made = etree.Element(node.tag, nsmap={None: XHTML})  # type: ignore[dict-item] # None is the default namespace
    for key, value in node.attrib.items():
        made.set(key, value)
    return made


def fault(markup: str) -> str | None:
    """Return why a narrative cannot be written inside XML; None when it is one well-formed div of xhtml."""
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    roots: list[str] = []

    def started(name: str, _: dict[str, str]) -> None:
        roots.append(name)
        parser.StartElementHandler = None

    def refused(*_: object) -> None:
        raise _Refused

    parser.StartElementHandler = started
    parser.StartDoctypeDeclHandler = refused
    try:
        parser.Parse(markup.encode(), True)  # noqa: FBT003 - expat's own positional flag: this is the last part
    except (expat.ExpatError, UnicodeEncodeError):
        return "the narrative is not well-formed xhtml"
    except _Refused:
        return "a narrative has no document type"
    if roots != [_DIV] or not markup.startswith("<div"):
        return f'a narrative is a <div xmlns="{XHTML}">'
    return None if markup.endswith(">") else "something follows the narrative"
