"""Makes the xhtml (or HTML) of others safe to show. https://hl7.org/fhir/R4/security.html#narrative"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from lxml import etree

from gateway.fhir.narrative.allowed import ELEMENTS, XHTML, XML_LANG, attribute
from gateway.fhir.narrative.rebuilt import NOTHING, Made, Rebuilt, made, text

_NEVER_TEXT_NAMES = """
script style head iframe object embed applet noscript noembed noframes frame frameset template link meta base xml
canvas audio video
"""
_AS_BLOCKS = """
section article header footer main nav aside figure figcaption form fieldset details center address
"""
_NEVER_TEXT = frozenset(_NEVER_TEXT_NAMES.split())
"""Elements of which nothing is text that a reader should see."""

_UNDERLINED, _STRUCK = {"style": "text-decoration: underline"}, {"style": "text-decoration: line-through"}
_INSTEAD: Mapping[str, Made] = MappingProxyType(
    {
        **dict.fromkeys(_AS_BLOCKS.split(), made("div")),
        **dict.fromkeys(("u", "ins"), made("span", _UNDERLINED)),
        **dict.fromkeys(("s", "strike", "del"), made("span", _STRUCK)),
        **dict.fromkeys(("font", "mark", "label", "button", "option", "legend", "bdo", "summary"), made("span")),
    }
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_PLAIN = re.compile("[^<&]*")
_DOCUMENT = re.compile(r"\s*<(?:!doctype|html|head|body)\b", re.IGNORECASE)


def sanitise(xhtml: str) -> str:
    """Return `xhtml` as a well-formed `<div xmlns="http://www.w3.org/1999/xhtml">` that can be shown as it is.

    Whatever loads, runs, hides or asks is left out: scripts, event handlers, frames, forms, images from elsewhere,
    links that run, styles that load. Text stays. HTML and fragments are read too. '' when nothing is left to show.

    >>> sanitise('<p onclick="x()">Zie <b>hier</b><script>x()</script></p>')
    '<div xmlns="http://www.w3.org/1999/xhtml"><p>Zie <b>hier</b></p></div>'
    """
    rebuilt = Rebuilt()
    clean = _CONTROL.sub("", xhtml)
    if _PLAIN.fullmatch(clean):  # plain text: a parser would put it in a paragraph, or find nothing
        rebuilt.say(clean)
        return rebuilt.written()
    for part in _parts(clean):
        if _name(part) == "div":
            rebuilt.attributes = _attributes(part, "div")
        rebuilt.add(part, _chosen)
    return rebuilt.written()


def _parts(clean: str) -> list[etree._Element]:
    """Return the element(s) of which the content is the narrative."""
    root = _as_xml(clean)
    if root is None:
        root = _as_html(clean)
    if _name(root) in {"html", "body"}:
        bodies = [part for part in root.iter() if _name(part) == "body"]
        root = bodies[0] if bodies else root
        only = [part for part in root if _name(part)]
        if len(root) == 1 and only and _name(only[0]) == "div" and not (root.text or "").strip():
            root = only[0] if not (only[0].tail or "").strip() else root
    if _name(root) in {"div", "body", "html"}:
        return [root]
    holder = etree.Element("body")
    holder.append(root)
    return [holder]


def _as_xml(clean: str) -> etree._Element | None:
    """Return the root when this is XML without a document type; else None."""
    if "<!" in clean.replace("<!--", ""):
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_pis=False)
    try:
        return etree.fromstring(clean.encode(), parser)
    except etree.XMLSyntaxError:
        return None


def _as_html(clean: str) -> etree._Element:
    parser = etree.HTMLParser(encoding="utf-8", no_network=True)
    whole = clean if _DOCUMENT.match(clean) else f"<html><body>{clean}</body></html>"
    try:
        root = etree.fromstring(whole.encode(), parser)
    except etree.XMLSyntaxError:
        root = None
    if root is not None:
        return _without_controls(root)
    body = etree.Element("body")
    body.text = clean  # nobody can read it as markup: then it is text
    return body


def _without_controls(root: etree._Element) -> etree._Element:
    """Return the tree without the characters that no XML may hold, which a reader of HTML makes of `&#1;`."""
    for node in root.iter():
        if isinstance(node.tag, str) and node.text and _CONTROL.search(node.text):
            node.text = _CONTROL.sub("", node.text)
        if node.tail and _CONTROL.search(node.tail):
            node.tail = _CONTROL.sub("", node.tail)
    return root


def _name(node: etree._Element) -> str:
    """Return the name of an element of xhtml or HTML in lower case; '' for all others, and for comments."""
    if not isinstance(node.tag, str):
        return ""
    namespace, local = _split(node.tag)
    return local.lower() if namespace in {"", XHTML} else ""


def _split(tag: str) -> tuple[str, str]:
    """Return namespace and local name; HTML may have made names that no XML has, such as `a<`."""
    namespace, _, local = tag.rpartition("}")
    return namespace[1:], local


def _chosen(node: etree._Element) -> Made | None:
    name = _name(node)
    if name in _NEVER_TEXT or _split(str(node.tag))[1].lower() in {"script", "style"}:
        return None
    if name in _INSTEAD:
        return _INSTEAD[name]
    if name not in ELEMENTS:
        return NOTHING
    attributes = _attributes(node, name)
    if name == "img" and "src" not in attributes:
        return text(node.get("alt") or "")  # the picture is elsewhere: what it shows is said
    return made(name, attributes)


def _attributes(node: etree._Element, name: str) -> dict[str, str]:
    found = (
        (str(key) if str(key) == XML_LANG else str(key).lower(), _CONTROL.sub("", str(value)))
        for key, value in node.attrib.items()
    )
    checked = ((key, attribute(name, key, value)) for key, value in found)
    return {key: value for key, value in checked if value is not None}
