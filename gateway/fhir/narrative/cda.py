"""The text of a CDA section as the narrative of a FHIR resource: same words, same order, same shape.

https://hl7.org/cda/ (narrative block), https://hl7.org/fhir/R4/narrative.html
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

from lxml import etree

from gateway.fhir.narrative.allowed import ATTRIBUTES, attribute
from gateway.fhir.narrative.rebuilt import NOTHING, Made, Rebuilt, made, within

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
_CDA = "urn:hl7-org:v3"
_CALLED = MappingProxyType({"id": "ID", "lang": "language"})

Attributes = Sequence[tuple[str, str]]


@cache
def _ours(name: str) -> Mapping[str, str]:
    """Return the attributes of CDA that an element of xhtml keeps, and what they are called there."""
    own = ATTRIBUTES[name] - {"style", "class"}
    return MappingProxyType({one: one for one in own} | {_CALLED[one]: one for one in own if one in _CALLED})


def from_cda(element: etree._Element) -> str:
    """Return a section's `text` as an xhtml div, or '' when it shows nothing. Text is never lost.

    >>> from_cda(etree.fromstring("<text>Geen <content styleCode='Bold'>koorts</content></text>"))
    '<div xmlns="http://www.w3.org/1999/xhtml">Geen <b>koorts</b></div>'
    """
    rebuilt = Rebuilt()
    rebuilt.add(element, _chosen)
    return rebuilt.written()


def _chosen(node: etree._Element) -> Made | None:
    tag = node.tag
    attributes: Any = node.items()  # texts: XML was parsed to have them
    if not attributes and tag in _PLAIN:
        return _PLAIN[tag]
    name = _local(tag)
    if name in _SAME:
        return made(name, _kept(name, attributes))
    return _MADE[name](node, attributes) if name in _MADE else NOTHING


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _content(node: etree._Element, attributes: Attributes) -> Made:
    if len(attributes) == 1 and attributes[0] in _STYLED:
        return _STYLED[attributes[0]]
    kept, looks = _kept("span", attributes), _looks(node.get("styleCode", ""))
    if len(looks) == 1 and looks[0] in _SINGLE and node.get("revised") is None:
        del kept["style"]
        return made(_SINGLE[looks[0]], kept)
    return made("span", kept) if kept else NOTHING


def _paragraph(_: etree._Element, attributes: Attributes) -> Made:
    return made("p", _kept("p", attributes))


def _list(node: etree._Element, attributes: Attributes) -> Made:
    name = "ol" if node.get("listType") == "ordered" else "ul"
    return made(name, _kept(name, attributes))


def _item(_: etree._Element, attributes: Attributes) -> Made:
    return made("li", _kept("li", attributes))


def _caption(node: etree._Element, attributes: Attributes) -> Made:
    parent = node.getparent()
    holder = _local(str(parent.tag)) if parent is not None else ""
    if holder == "table":
        return made("caption", _kept("caption", attributes))
    if holder == "list":
        return _CAPTION_OF_LIST
    return NOTHING if holder == "renderMultiMedia" else made("b", _kept("b", attributes), after=" ")


def _link(_: etree._Element, attributes: Attributes) -> Made:
    kept = _kept("a", attributes)
    return made("a" if "href" in kept or "name" in kept else "span", kept)


def _footnote(_: etree._Element, attributes: Attributes) -> Made:
    return made("span", _kept("span", attributes) | {"class": "footnote"}, before=" [", after="]")


def _footnote_mark(node: etree._Element, _: Attributes) -> Made:
    return made("a", {"href": f"#{node.get('IDREF', '')}"}, before="" if node.text else "*")


def _media(node: etree._Element, _: Attributes) -> Made:
    """Return the caption of a picture; without one the name of the picture, so that it is seen to be missing."""
    named = any(str(part).strip() for part in node.itertext())
    return made("span", {"class": "media"}, before="[", after="]" if named else f"{node.get('referencedObject', '')}]")


_CAPTION_OF_LIST = within(made("li", {"style": "list-style-type: none"}), made("b"))  # a list of xhtml has no caption
_MADE: Mapping[str, Callable[[etree._Element, Attributes], Made]] = MappingProxyType(
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
_NAMELESS = {name: made(name) for name in _SAME} | {
    "paragraph": made("p"),
    "item": made("li"),
    "list": made("ul"),
    "content": NOTHING,
}
_PLAIN = _NAMELESS | {f"{{{_CDA}}}{name}": plain for name, plain in _NAMELESS.items()}
"""What elements without attributes become, by their tags."""

_STYLED = {
    ("styleCode", code): made(_SINGLE[look]) if look in _SINGLE else made("span", {"style": style})
    for look, style in _LOOKS.items()
    for code in (look, look.capitalize())
}
"""What `content` with one look and nothing else becomes, as it is usually written."""


def _looks(codes: str) -> tuple[str, ...]:
    return tuple(code for code in codes.lower().split() if code in _LOOKS)


def _kept(name: str, attributes: Attributes) -> dict[str, str]:
    """Return what an element keeps: ID, language, styleCode as a style, and what tables and links have in xhtml too."""
    ours = _ours(name)
    kept: dict[str, str] = {}
    styles: list[str] = []
    for key, value in attributes:
        if key == "styleCode":
            styles[:0] = dict.fromkeys(_LOOKS[look] for look in _looks(value))
        elif key == "revised":
            styles += ["text-decoration: line-through"] if value == "delete" else []
        elif key in ours:
            checked = attribute(name, ours[key], value)
            kept.update({ours[key]: checked} if checked is not None else {})
    if styles:
        kept["style"] = "; ".join(styles)
    return kept
