"""An HL7 v3 document that a map made, as XML. Which values are attributes is a rule of v3's XML form.

https://www.hl7.org/implement/standards/product_brief.cfm?product_id=357 (XML Implementable Technology Specification)
"""

from typing import Any

from lxml import etree

from gateway.mapping.fml.targets import TYPE

XSI = "http://www.w3.org/2001/XMLSchema-instance"
TEXT = ("data", "xmlText", "dataString")
"""What v3 models call the text of an element."""
ATTRIBUTES = frozenset(
    {
        *(
            "classCode",
            "moodCode",
            "typeCode",
            "determinerCode",
            "nullFlavor",
            "contextControlCode",
            "contextConductionInd",
        ),
        *("negationInd", "inversionInd", "ID", "root", "extension", "assigningAuthorityName", "displayable"),
        *("code", "codeSystem", "codeSystemName", "codeSystemVersion", "displayName", "value", "unit", "operator"),
        *("use", "mediaType", "representation", "language", "currency", "inclusive", "qualifier", "partType"),
        *("institutionSpecified", "XMLSchemaVersion", "styleCode"),
    }
)
"""The properties that are attributes where their value is a plain one."""


def write(name: str, made: dict[str, Any], namespace: str) -> bytes:
    """Return a document as XML, its root element called `name`."""
    root = etree.Element(
        etree.QName(namespace, name),
        nsmap={None: namespace},  # type: ignore[dict-item]  # lxml wants None for the default namespace
    )
    _fill(root, made, namespace)
    etree.cleanup_namespaces(root, top_nsmap={"xsi": XSI} if _typed(made) else None)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _fill(parent: etree._Element, made: dict[str, Any], namespace: str) -> None:
    for key, value in made.items():
        for one in value if isinstance(value, list) else [value]:
            if key == TYPE:
                parent.set(etree.QName(XSI, "type"), str(one))
            elif isinstance(one, dict):
                _fill(etree.SubElement(parent, etree.QName(namespace, key)), one, namespace)
            elif key in TEXT:
                parent.text = _text(one)
            elif key in ATTRIBUTES:
                parent.set(key, _text(one))
            else:
                etree.SubElement(parent, etree.QName(namespace, key)).text = _text(one)


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _typed(value: Any) -> bool:
    if isinstance(value, dict):
        return TYPE in value or any(map(_typed, value.values()))
    return isinstance(value, list) and any(map(_typed, value))
