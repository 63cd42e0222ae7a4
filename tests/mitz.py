"""A register of consents to test with: it answers the closed question as Mitz does, over TLS with a client certificate.

It is strict about what it is asked, so that a question which Mitz would not take is answered by a fault here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.notify.closed_question import Decision
from gateway.notify.closed_question.mitz import PATH
from tests.receivers import Answer, Handler, Receiver, receiving

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
QUERY = "urn:oasis:names:tc:xacml:3.0:profile:saml2.0:v2:schema:protocol:wd-14"
XACML = "urn:oasis:names:tc:xacml:3.0:core:schema:wd-17"
HL7 = "urn:hl7-org:v3"
CATEGORY = "urn:oasis:names:tc:xacml:3.0:attribute-category:"
SUBJECT = "urn:oasis:names:tc:xacml:1.0:subject-category:access-subject"
# Which attribute stands in which category, with the OID of its identifier or code.
WANTED = {
    (f"{CATEGORY}resource", "urn:oasis:names:tc:xacml:2.0:resource:resource-id"): "2.16.840.1.113883.2.4.6.3",
    (f"{CATEGORY}resource", "urn:ihe:iti:appc:2016:document-entry:healthcare-facility-type-code"): (
        "2.16.840.1.113883.2.4.15.1060"
    ),
    (f"{CATEGORY}resource", "urn:ihe:iti:appc:2016:author-institution:id"): "2.16.528.1.1007.3.3",
    (f"{CATEGORY}action", "urn:ihe:iti:appc:2016:document-entry:event-code"): "2.16.840.1.113883.2.4.3.111.5.10.1",
    (SUBJECT, "urn:oasis:names:tc:xacml:2.0:subject:role"): "2.16.840.1.113883.2.4.15.111",
    (SUBJECT, "urn:nl:otv:names:tc:1.0:subject:provider-institution"): "2.16.528.1.1007.3.3",
    (SUBJECT, "urn:nl:otv:names:tc:1.0:subject:consulting-healthcare-facility-type-code"): (
        "2.16.840.1.113883.2.4.15.1060"
    ),
    (f"{CATEGORY}environment", "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"): "2.16.840.1.113883.1.11.20448",
}
Asked = dict[str, str]
"""The last part of the name of each attribute, with its value; `event-code` is one of those that were asked."""


@dataclass
class Register:
    """What patients said: `decides` is told what is asked and says what holds. `questions` are those that came."""

    receiver: Receiver
    decides: Callable[[Asked], Decision | str] = field(default=lambda _: "Permit")
    questions: list[list[Asked]] = field(default_factory=list)

    @property
    def base(self) -> str:
        return self.receiver.base

    def answers(self, answer: Answer | None) -> None:
        """Have it answer otherwise, or (None) as a register does."""
        self.receiver.answers[PATH] = answer or self._answer

    def _answer(self, handler: Handler, _: int) -> None:
        sent = self.receiver.requests[-1]
        try:
            asked = _read(sent.body, sent.headers)
        except (AssertionError, etree.XMLSyntaxError) as error:
            _send(handler, 500, _fault(str(error)))
            return
        self.questions.append(asked)
        _send(handler, 200, _enveloped("".join(_result(one, str(self.decides(one))) for one in asked)))


@contextmanager
def register(certificates: Path) -> Iterator[Register]:
    """Run a register until the end."""
    with receiving(certificates, clients=True) as receiver:
        found = Register(receiver)
        found.answers(None)
        yield found


def _read(body: bytes, headers: dict[str, str]) -> list[Asked]:
    """Return what is asked, once for each category. AssertionError for a question that a register does not take."""
    assert headers["content-type"].startswith("application/soap+xml"), "media type"
    assert headers.get("x-request-id"), "no X-Request-Id"
    envelope = etree.fromstring(body)
    action = envelope.findtext(f"{{{SOAP}}}Header/{{{ADDRESSING}}}Action")
    assert action == "XACMLAuthorizationDecisionQueryRequest", "action"
    path = f"{{{SOAP}}}Body/{{{QUERY}}}XACMLAuthzDecisionQuery/{{{XACML}}}Request"
    request = envelope.find(path)
    assert request is not None, "no request"
    found = [(group.get("Category"), *_attribute(one)) for group in request for one in group]
    assert {(category, name): system for category, name, system, _ in found} == WANTED, "attributes"
    every = {name.rpartition(":")[2]: value for _, name, _, value in found}
    categories = [value for _, name, _, value in found if name.endswith(":event-code")]
    assert categories, "nothing is asked"
    return [every | {"event-code": category} for category in categories]


def _attribute(attribute: Any) -> tuple[str, str, str]:
    assert attribute.get("IncludeInResult") == "true", "IncludeInResult"
    (value,) = attribute
    (content,) = value
    if value.get("DataType") == f"{HL7}#II":
        return attribute.get("AttributeId"), content.get("root"), content.get("extension")
    return attribute.get("AttributeId"), content.get("codeSystem"), content.get("code")


def _result(asked: Asked, decision: str) -> str:
    values = [
        (CATEGORY + "resource", "urn:oasis:names:tc:xacml:2.0:resource:resource-id", "InstanceIdentifier", "extension",
         asked["resource-id"]),
        (CATEGORY + "resource", "urn:ihe:iti:appc:2016:author-institution:id", "InstanceIdentifier", "extension",
         asked["id"]),
        (CATEGORY + "action", "urn:ihe:iti:appc:2016:document-entry:event-code", "CodedValue", "code",
         asked["event-code"]),
    ]  # fmt: skip
    attributes = "".join(
        f'<Attributes Category="{category}"><Attribute AttributeId="{name}" IncludeInResult="true">'
        f'<AttributeValue DataType="{HL7}#X"><h:{tag} xmlns:h="{HL7}" {key}="{value}"/></AttributeValue>'
        f"</Attribute></Attributes>"
        for category, name, tag, key, value in values
    )
    return f"<Result><Decision>{decision}</Decision>{attributes}</Result>"


def _enveloped(results: str) -> bytes:
    response = f'<Response xmlns="{XACML}">{results}</Response>'
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body>{response}</s:Body></s:Envelope>'.encode()


def _fault(reason: str) -> bytes:
    fault = f"<s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text>{reason}</s:Text></s:Reason>"
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault>{fault}</s:Fault></s:Body></s:Envelope>'.encode()


def saying(content: bytes, status: int = 200) -> Answer:
    """Return an answer of these bytes."""
    return lambda handler, _: _send(handler, status, content)


def _send(handler: Handler, status: int, content: bytes) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "application/soap+xml; charset=utf-8")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
