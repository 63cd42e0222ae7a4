"""What two XML documents, or two JSON values, have in common when they say the same."""

from decimal import Decimal
from typing import Any

from lxml import etree

_FHIR = "{http://hl7.org/fhir}"
_SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"


def canonical(document: bytes) -> bytes:
    """Return the canonical form of FHIR XML: no comments, no blanks between elements, the narrative as it stands."""
    root = etree.fromstring(document, etree.XMLParser(remove_comments=True, resolve_entities=False))
    root.attrib.pop(_SCHEMA_LOCATION, "")
    for element in root.iter(f"{_FHIR}*"):
        if element.text and not element.text.strip():
            element.text = None
        for child in element:
            if child.tail and not child.tail.strip():
                child.tail = None
    return bytes(etree.tostring(root, method="c14n", exclusive=True, with_comments=False))


def exact(value: Any) -> Any:
    """Return a JSON value in which 1, 1.0, 1.00 and true differ, and the order of properties does not matter."""
    if isinstance(value, dict):
        return {name: exact(one) for name, one in value.items()}
    if isinstance(value, list):
        return [exact(one) for one in value]
    return (type(value).__name__, str(value)) if isinstance(value, bool | int | Decimal) else value
