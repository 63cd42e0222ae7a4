"""FHIR XML to FHIR JSON, as far as the official FHIRPath cases need it. https://hl7.org/fhir/R4/xml.html"""

from decimal import Decimal
from typing import Any

from lxml import etree

from gateway.fhir.elements import Element, child, children, is_primitive

_NS = "{http://hl7.org/fhir}"


def resource(root: etree._Element) -> dict[str, Any]:
    """Return the JSON form of a resource element."""
    name = etree.QName(root).localname
    return {"resourceType": name, **_complex(root, name)}


def _complex(element: etree._Element, type_name: str) -> dict[str, Any]:
    json: dict[str, Any] = {key: value for key, value in element.attrib.items() if key in {"id", "url"}}
    for node in element:
        if isinstance(node.tag, str):
            _put(json, node, _definition(type_name, etree.QName(node).localname))
    return {key: value for key, value in json.items() if not _empty(value)}


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(one is None for one in value))


def _definition(type_name: str, name: str) -> Element:
    found = child(type_name, name)
    assert found is not None, f"{type_name}.{name}"
    return found


def _put(json: dict[str, Any], node: etree._Element, found: Element) -> None:
    (type_name,) = found.types
    value, partner = _value(node, type_name)
    if not found.is_list:
        json[found.name] = value
        if partner:
            json[f"_{found.name}"] = partner
        return
    json.setdefault(found.name, []).append(value)
    if is_primitive(type_name):
        partners = json.setdefault(f"_{found.name}", [])
        partners += [None] * (len(json[found.name]) - len(partners) - 1) + [partner]


def _value(node: etree._Element, type_name: str) -> tuple[Any, dict[str, Any] | None]:
    if type_name == "xhtml":
        return etree.tostring(node, encoding="unicode", with_tail=False), None
    if type_name == "Resource":
        return resource(next(n for n in node if isinstance(n.tag, str))), None
    if not is_primitive(type_name):
        return _complex(node, type_name), None
    partner = _complex(node, "Element") if len(node) or "id" in node.attrib else None
    return _primitive(node.get("value"), type_name), partner


def _primitive(text: str | None, type_name: str) -> Any:
    if text is None or type_name not in {"boolean", "integer", "positiveInt", "unsignedInt", "decimal"}:
        return text
    if type_name == "boolean":
        return text == "true"
    return Decimal(text) if type_name == "decimal" else int(text)


assert children("Patient"), "the tables of profiles/r4 are there"
