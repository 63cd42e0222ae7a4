"""Where an element stands in FHIR XML, found only when somebody asks: findings on a resource name its line."""

import re
from collections.abc import Iterator

from lxml import etree

from gateway.errors import Place
from gateway.fhir.types import resource_types
from gateway.fhir.xml.source import utf8

_STEP = re.compile(r"\.?([A-Za-z]\w*)(?:\[(\d+)\])?(?:\.ofType\(\w+\))?")


def place(data: bytes, expression: str, charset: str | None = None) -> Place | None:
    """Return XPath and line of what a FHIRPath such as `Patient.name[1].given` names in a document that `read` reads.

    What is not there is where it should be: the nearest element around it. None when the document cannot be read.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        found = etree.fromstring(utf8(data, charset), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    path = f"/{etree.QName(found).localname}"
    for name, index in _STEP.findall(expression)[1:]:
        step = _child(found, name, int(index or 0))
        if step is None:
            break
        found, shown = step
        path += shown
    line = found.sourceline
    return Place(path, line if isinstance(line, int) else None)


def _child(parent: etree._Element, name: str, index: int) -> tuple[etree._Element, str] | None:
    """Return the element of a name (that of a choice without its type, too) and its step in an XPath."""
    named = [child for child in _elements(parent) if _is_named(etree.QName(child).localname, name)]
    if index >= len(named):
        return None
    found = named[index]
    local = etree.QName(found).localname
    shown = f"/{local}[{index + 1}]" if len(named) > 1 else f"/{local}"
    inner = next(_elements(found), None)
    if inner is not None and etree.QName(inner).localname in resource_types():  # an entry, or a contained resource
        return inner, f"{shown}/{etree.QName(inner).localname}"
    return found, shown


def _elements(parent: etree._Element) -> Iterator[etree._Element]:
    return (child for child in parent if isinstance(child.tag, str))


def _is_named(local: str, name: str) -> bool:
    return local == name or (local.startswith(name) and local[len(name) : len(name) + 1].isupper())
