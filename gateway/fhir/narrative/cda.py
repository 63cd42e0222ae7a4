"""The text of a CDA section as the narrative of a FHIR resource: same words, same order, same shape.

https://hl7.org/cda/ (narrative block), https://hl7.org/fhir/R4/narrative.html
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from lxml import etree

from gateway.fhir.narrative.allowed import ATTRIBUTES, attribute
from gateway.fhir.narrative.rebuilt import Made, Rebuilt

_LOOKS: Mapping[str, str] = MappingProxyType(
    {
        "bold": "font-weight: bold",
        "italics": "font-style: italic",
        "emphasis": "font-style: italic",
        "underline": "text-decoration: underline",
        "lrule": "border-left: 1px solid",
        "rrule": "border-right: 1px solid",
        "toprule": "border-top: 1px solid",
        "botrule": "border-bottom: 1px solid",
        "arabic": "list-style-type: decimal",
        "littleroman": "list-style-type: lower-roman",
        "bigroman": "list-style-type: upper-roman",
        "littlealpha": "list-style-type: lower-alpha",
        "bigalpha": "list-style-type: upper-alpha",
        "disc": "list-style-type: disc",
        "circle": "list-style-type: circle",
        "square": "list-style-type: square",
    }
)
_SINGLE: Mapping[str, str] = MappingProxyType({"bold": "b", "italics": "i", "emphasis": "em"})
_SAME = frozenset("table thead tbody tfoot tr th td col colgroup br sub sup".split())  # noqa: SIM905 - as above


_PLAIN: Mapping[str, Made] = MappingProxyType({name: Made(name) for name in _SAME})


def from_cda(element: etree._Element) -> str:
    """Return a section's `text` as an xhtml div, or '' when it shows nothing. Text is never lost.

    >>> from_cda(etree.fromstring("<text>Geen <content styleCode='Bold'>koorts</content></text>"))
    '<div xmlns="http://www.w3.org/1999/xhtml">Geen <b>koorts</b></div>'
    """
    rebuilt = Rebuilt()
    rebuilt.add(element, _chosen)
    return rebuilt.written()


def _chosen(node: etree._Element) -> Made | None:
    name = str(node.tag).rpartition("}")[2]
    if name in _SAME:
        return Made(name, _attributes(node, name)) if node.attrib else _PLAIN[name]
    return _MADE.get(name, _nothing)(node)


def _nothing(_: etree._Element) -> Made:
    return Made()


def _content(node: etree._Element) -> Made:
    looks, attributes = _looks(node), _attributes(node, "span")
    if len(looks) == 1 and looks[0] in _SINGLE and node.get("revised") is None:
        attributes.pop("style", None)
        return Made(_SINGLE[looks[0]], attributes)
    return Made("span", attributes) if attributes else Made()


def _paragraph(node: etree._Element) -> Made:
    return Made("p", _attributes(node, "p"))


def _list(node: etree._Element) -> Made:
    name = "ol" if node.get("listType") == "ordered" else "ul"
    return Made(name, _attributes(node, name))


def _item(node: etree._Element) -> Made:
    return Made("li", _attributes(node, "li"))


def _caption(node: etree._Element) -> Made:
    parent = node.getparent()
    within = etree.QName(parent).localname if parent is not None else ""
    if within == "table":
        return Made("caption", _attributes(node, "caption"))
    if within == "list":
        return Made("li", {"style": "list-style-type: none"}, inner="b")  # a list of xhtml has no caption
    return Made() if within == "renderMultiMedia" else Made("b", _attributes(node, "b"), after=" ")


def _link(node: etree._Element) -> Made:
    attributes = _attributes(node, "a")
    return Made("a", attributes) if "href" in attributes or "name" in attributes else Made("span", attributes)


def _footnote(node: etree._Element) -> Made:
    return Made("span", _attributes(node, "span") | {"class": "footnote"}, before=" [", after="]")


def _footnote_mark(node: etree._Element) -> Made:
    return Made("a", {"href": f"#{node.get('IDREF', '')}"}, before="" if node.text else "*")


def _media(node: etree._Element) -> Made:
    """Return the caption of a picture; without one the name of the picture, so that it is seen to be missing."""
    named = any(str(part).strip() for part in node.itertext())
    return Made("span", {"class": "media"}, before="[", after="]" if named else f"{node.get('referencedObject', '')}]")


_MADE: Mapping[str, Callable[[etree._Element], Made]] = MappingProxyType(
    {
        "content": _content,
        "paragraph": _paragraph,
        "list": _list,
        "item": _item,
        "caption": _caption,
        "linkHtml": _link,
        "footnote": _footnote,
        "footnoteRef": _footnote_mark,
        "renderMultiMedia": _media,
    }
)


def _looks(node: etree._Element) -> list[str]:
    return [code for code in node.get("styleCode", "").lower().split() if code in _LOOKS]


def _attributes(node: etree._Element, name: str) -> dict[str, str]:
    """Return what an element keeps: ID, language, styleCode as a style, and what tables and links have in xhtml too."""
    kept = {}
    for key, value in node.attrib.items():
        ours = {"ID": "id", "language": "lang"}.get(str(key), str(key))
        if ours in ATTRIBUTES[name] and ours not in {"style", "class"}:
            checked = attribute(name, ours, str(value))
            kept.update({ours: checked} if checked is not None else {})
    styles = list(dict.fromkeys(_LOOKS[look] for look in _looks(node)))
    styles += ["text-decoration: line-through"] if node.get("revised") == "delete" else []
    return kept | ({"style": "; ".join(styles)} if styles else {})
