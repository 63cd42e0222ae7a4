"""What may stand in a narrative that is made here: elements, attributes, addresses and styles.

The elements are those every reader of txt-1 agrees on; it is the smaller list on purpose.
https://hl7.org/fhir/R4/narrative.html#xhtml
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

XHTML = "http://www.w3.org/1999/xhtml"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

_ELEMENTS = """
div p br hr h1 h2 h3 h4 h5 h6 a span b em i strong small big tt dfn q var abbr acronym cite blockquote
ul ol li dl dt dd pre table caption colgroup col thead tr tfoot tbody th td code samp kbd sub sup img
"""
_EVERYWHERE = "title class id lang dir style"
_TABLE = "align valign char charoff width height"
_OF_ELEMENTS = {
    "a": "href name",
    "img": "src alt width height border",
    "ol": "type start compact",
    "ul": "type compact",
    "li": "type value",
    "dl": "compact",
    "q": "cite",
    "blockquote": "cite",
    "table": "summary border width frame rules cellpadding cellspacing align bgcolor",
    "caption": "align",
    "col": f"span {_TABLE}",
    "colgroup": f"span {_TABLE}",
    "thead": _TABLE,
    "tbody": _TABLE,
    "tfoot": _TABLE,
    "tr": f"{_TABLE} bgcolor",
    "th": f"{_TABLE} bgcolor abbr axis headers scope rowspan colspan nowrap",
    "td": f"{_TABLE} bgcolor abbr axis headers scope rowspan colspan nowrap",
}
_PROPERTIES = frozenset(
    """
    background-color border border-bottom border-collapse border-color border-left border-right border-spacing
    border-style border-top border-width color font-family font-size font-style font-variant font-weight
    list-style-type margin margin-bottom margin-left margin-right margin-top padding padding-bottom padding-left
    padding-right padding-top text-align text-decoration text-transform vertical-align white-space width
    """.split()  # noqa: SIM905 - forty quoted words are harder to read
)
_VALUE = re.compile(
    r"(?:\s*,?\s*(?:[A-Za-z][A-Za-z0-9-]*|#[0-9A-Fa-f]{3,8}|[0-9]+(?:\.[0-9]+)?(?:px|pt|em|ex|rem|cm|mm|in|pc|%)?"
    r"|rgba?\([0-9.,% ]{1,40}\)))+\s*(?:!important)?\s*"
)
_ADDRESS = re.compile(r"https?://|mailto:|tel:|#|(?![/\\]{2})[^:/?#\\]*(?:[/?#]|$)", re.IGNORECASE)
_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=]+\Z|#", re.IGNORECASE)
_ACTIVE = re.compile(r"javascript|vbscript|data:text", re.IGNORECASE)
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028\u2029\ufeff]")

ELEMENTS = frozenset(_ELEMENTS.split())
VOID = frozenset({"br", "hr", "img", "col"})
"""Elements that hold nothing; all others are written with an end tag of their own, for readers of HTML."""

ATTRIBUTES: Mapping[str, frozenset[str]] = MappingProxyType(
    {element: frozenset(f"{_EVERYWHERE} {_OF_ELEMENTS.get(element, '')}".split()) for element in ELEMENTS}
)
"""Element → the attributes it may have, beside xml:lang."""


def attribute(element: str, name: str, value: str) -> str | None:
    """Return the value that an attribute may have on an element; None when it may not be there."""
    if name == XML_LANG:
        return value
    if name not in ATTRIBUTES[element] or _ACTIVE.match(_UNSEEN.sub("", value)):
        return None
    if name == "style":
        return style(value) or None
    if name in {"href", "cite"}:
        return value if is_address(value) else None
    if name == "src":
        return value if _IMAGE.match(_UNSEEN.sub("", value)) else None
    return value


def is_address(value: str) -> bool:
    """Return whether a link may go there: the web, mail, telephone, this narrative, or relative; it runs nothing."""
    return _ADDRESS.match(_UNSEEN.sub("", value)) is not None


def style(text: str) -> str:
    """Return the declarations of a style that only change how text looks; what loads, moves or hides is left out.

    >>> style("color: red; background: url(//x); display:none")
    'color: red'
    """
    kept = []
    for declaration in text.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name.lower() in _PROPERTIES and _VALUE.fullmatch(value):
            kept.append(f"{name.lower()}: {value}")
    return "; ".join(kept)
