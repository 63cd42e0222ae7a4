"""The closed question and its answer as Mitz writes them: XACML 3.0 in SOAP 1.2, with identifiers of HL7 v3.

https://docs.oasis-open.org/xacml/3.0/xacml-3.0-core-spec-os-en.html, https://www.w3.org/TR/soap12-part1/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from gateway.errors import GatewayError
from gateway.formats.xmltext import parsed
from gateway.notify.closed_question import Decision, Question, Unanswered

ACTION = "XACMLAuthorizationDecisionQueryRequest"
MEDIA_TYPE = f'application/soap+xml; charset=UTF-8; action="{ACTION}"'

SOAP = "http://www.w3.org/2003/05/soap-envelope"
XACML = "urn:oasis:names:tc:xacml:3.0:core:schema:wd-17"
HL7 = "urn:hl7-org:v3"
BSN, URA = "2.16.840.1.113883.2.4.6.3", "2.16.528.1.1007.3.3"
ORGANISATION_TYPE, ROLE = "2.16.840.1.113883.2.4.15.1060", "2.16.840.1.113883.2.4.15.111"
CATEGORY, PURPOSE = "2.16.840.1.113883.2.4.3.111.5.10.1", "2.16.840.1.113883.1.11.20448"
PATIENT_ID = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
KEEPER_ID = "urn:ihe:iti:appc:2016:author-institution:id"
EVENT_CODE = "urn:ihe:iti:appc:2016:document-entry:event-code"

_ADDRESSING = "http://www.w3.org/2005/08/addressing"
_QUERY = "urn:oasis:names:tc:xacml:3.0:profile:saml2.0:v2:schema:protocol:wd-14"
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_CATEGORIES = "urn:oasis:names:tc:xacml:3.0:attribute-category:"
_SUBJECT = "urn:oasis:names:tc:xacml:1.0:subject-category:access-subject"
_KEEPER_TYPE = "urn:ihe:iti:appc:2016:document-entry:healthcare-facility-type-code"
_ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
_ASKER_ID = "urn:nl:otv:names:tc:1.0:subject:provider-institution"
_ASKER_TYPE = "urn:nl:otv:names:tc:1.0:subject:consulting-healthcare-facility-type-code"
_PURPOSE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
_DECISIONS: Mapping[str, Decision] = {"Permit": "permit", "Deny": "deny", "NotApplicable": "deny"}
_NO_ANSWER = "its answer is none to what was asked"


def written(question: Question, message_id: str, url: str) -> bytes:
    """Return the question as it is sent."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"s": SOAP, "a": _ADDRESSING})
    header = etree.SubElement(envelope, f"{{{SOAP}}}Header")
    said = {"Action": ACTION, "MessageID": f"urn:uuid:{message_id}", "To": url}
    for name, text in said.items():
        etree.SubElement(header, f"{{{_ADDRESSING}}}{name}").text = text
    header[0].set(f"{{{SOAP}}}mustUnderstand", "1")
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    query = etree.SubElement(body, f"{{{_QUERY}}}XACMLAuthzDecisionQuery", nsmap={"q": _QUERY})
    request = etree.SubElement(query, f"{{{XACML}}}Request", nsmap={"x": XACML})
    request.set("CombinedDecision", "false")
    request.set("ReturnPolicyIdList", "false")
    _write_attributes(request, question)
    return etree.tostring(envelope, encoding="UTF-8", xml_declaration=True)


def read(answer: bytes, question: Question) -> Mapping[str, Decision]:
    """Return the decision on each category that was asked. Raises Unanswered for what does not answer that."""
    try:
        root, _ = parsed(answer)
    except GatewayError as error:
        raise Unanswered(_NO_ANSWER) from error
    found: dict[str, Decision] = {}
    for result in root.iterfind(f"{{{SOAP}}}Body/{{{XACML}}}Response/{{{XACML}}}Result"):
        decision = _DECISIONS.get((result.findtext(f"{{{XACML}}}Decision") or "").strip())
        said = dict(_said(result))
        if decision is None or (said.get(PATIENT_ID), said.get(KEEPER_ID)) != (question.bsn, question.keeper.ura):
            raise Unanswered(_NO_ANSWER)
        category = said.get(EVENT_CODE, "")
        found[category] = "deny" if found.get(category) == "deny" else decision
    if set(found) != set(question.categories):
        raise Unanswered(_NO_ANSWER)
    return found


def _write_attributes(request: Any, question: Question) -> None:
    resource = _attributes(request, f"{_CATEGORIES}resource", "resource")
    _identifier(resource, PATIENT_ID, BSN, question.bsn)
    _code(resource, _KEEPER_TYPE, ORGANISATION_TYPE, question.keeper.type)
    _identifier(resource, KEEPER_ID, URA, question.keeper.ura)
    for number, category in enumerate(question.categories):
        _code(_attributes(request, f"{_CATEGORIES}action", f"action{number}"), EVENT_CODE, CATEGORY, category)
    subject = _attributes(request, _SUBJECT, "subject")
    _code(subject, _ROLE, ROLE, question.role)
    _identifier(subject, _ASKER_ID, URA, question.asker.ura)
    _code(subject, _ASKER_TYPE, ORGANISATION_TYPE, question.asker.type)
    _code(_attributes(request, f"{_CATEGORIES}environment", "environment"), _PURPOSE, PURPOSE, question.purpose)


def _attributes(request: Any, category: str, id_: str) -> Any:
    return etree.SubElement(request, f"{{{XACML}}}Attributes", {"Category": category, _XML_ID: id_})


def _identifier(attributes: Any, name: str, root: str, extension: str) -> None:
    etree.SubElement(
        _value(attributes, name, "II"), f"{{{HL7}}}InstanceIdentifier", {"root": root, "extension": extension}
    )


def _code(attributes: Any, name: str, system: str, code: str) -> None:
    etree.SubElement(_value(attributes, name, "CV"), f"{{{HL7}}}CodedValue", {"code": code, "codeSystem": system})


def _value(attributes: Any, name: str, type_: str) -> Any:
    said = {"AttributeId": name, "IncludeInResult": "true"}
    attribute = etree.SubElement(attributes, f"{{{XACML}}}Attribute", said)
    return etree.SubElement(attribute, f"{{{XACML}}}AttributeValue", {"DataType": f"{HL7}#{type_}"}, nsmap={"h": HL7})


def _said(result: Any) -> Iterator[tuple[str, str]]:
    """Yield what a result says it is about: the names of attributes, with an identifier or a code."""
    for attribute in result.iter(f"{{{XACML}}}Attribute"):
        for value in attribute.iter(f"{{{HL7}}}InstanceIdentifier", f"{{{HL7}}}CodedValue"):
            yield attribute.get("AttributeId", ""), value.get("extension") or value.get("code") or ""
