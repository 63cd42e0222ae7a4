"""What xhtml a narrative may hold. https://hl7.org/fhir/R4/narrative.html#xhtml"""

import re

from lxml import etree

__all__ = ["allowed"]

_NAMESPACE = "{http://www.w3.org/1999/xhtml}"
_ELEMENTS = frozenset(
    """
    a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img
    ins kbd li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var del
    """.split()  # noqa: SIM905 -- eighty quoted words are harder to read
)
_ATTRIBUTES = frozenset(
    """
    abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset
    cite class colspan compact coords dir frame headers height href hreflang hspace id idref lang longdesc name
    nowrap rel rev rowspan rules scope shape span src start style summary tabindex title type valign value vspace
    width
    """.split()  # noqa: SIM905 -- eighty quoted words are harder to read
)
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ACTIVE = re.compile(r"\s*(?:javascript|vbscript|data:text)", re.IGNORECASE)


def allowed(text: str) -> bool:
    """Return whether a text is a `div` of xhtml with only the elements and attributes FHIR allows, and some content."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError:
        return False
    if "<!DOCTYPE" in text or root.tag != f"{_NAMESPACE}div":
        return False
    return all(_element_allowed(element) for element in root.iter()) and _has_content(root)


def _element_allowed(element: etree._Element) -> bool:
    if not isinstance(element.tag, str):  # a comment is harmless, a processing instruction or entity is not
        return isinstance(element, etree._Comment)  # noqa: SLF001 -- lxml's only name for it
    if not element.tag.startswith(_NAMESPACE) or element.tag.removeprefix(_NAMESPACE) not in _ELEMENTS:
        return False
    return all(
        (name in _ATTRIBUTES or name == _XML_LANG) and not _ACTIVE.match(str(value))
        for name, value in element.attrib.items()
    )


def _has_content(root: etree._Element) -> bool:
    return bool("".join(str(part) for part in root.itertext()).strip()) or root.find(f".//{_NAMESPACE}img") is not None
