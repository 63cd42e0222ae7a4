"""Every published example goes from XML to JSON to XML, and from JSON to XML to JSON, and says the same."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from fhir.resources.R4B import get_fhir_model_class

from gateway.errors import GatewayError, MalformedMessage
from gateway.fhir import json, xml
from gateway.fhir.types import resource_types
from tests.fhir.canonical import canonical, exact
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared
DATA = (SHARED or Path()) / "data"
DUTCH_EXAMPLES = 271
XML_ELSEWHERE = {"nl/nl-core": 164, "nl/nl-core/terminology": 4, "fhirpath/input": 6}
BROKEN_XML = {"fhirpath/input/observation-example.xml": "extension stands too late"}
"""Files that are no FHIR XML: HL7's schema refuses them too. Path → what is said."""

LEAST_JSON = 700
BROKEN_JSON = {
    "Endpoint/post_Endpoint_Atomic.json": "no element 'display'",
    "Endpoint/post_Endpoint_template.json": "Coding has no element 'coding'",
    "Endpoint/success_Endpoint_Atomic.json": "no element 'display'",
    "Endpoint/success_Endpoint_template.json": "Coding has no element 'coding'",
    "Endpoint/success_bundle.json": "no element 'display'",
    "Endpoint/success_bundle_template.json": "Coding has no element 'coding'",
    "HealthcareService/post_HealthcareService_Atomic.json": "providedBy is a Reference",
    "HealthcareService/success_HealthcareService_Atomic.json": "providedBy is a Reference",
    "HealthcareService/success_bundle.json": "providedBy is a Reference",
    "document_reference/id/GET-success.json": "masterIdentifier is a Identifier",
    "document_reference/id/PUT-body.json": "format is a Coding",
    "message_definition/MessageDefinition_ServiceRequest-request_CaseTransfer.json": "code is a Coding",
    "metadata/BaRS_API_Capability_Statement.json": "security is a CapabilityStatement.rest.security",
    "process_message/POST-success.json": "no element 'Schedule'",
    "process_message/response/Booking (HTTP Response) .json": "no element 'Schedule'",
    "service_request/GET-success.json": "Bundle.entry has no element",
    "service_request/PATCH-body.json": "no element 'PatientInstruction'",
    "service_request/PUT-body.json": "no element 'PatientInstruction'",
    "service_request/id/GET-success.json": "no element 'PatientInstruction'",
    "fml/hl7-test-cases/qrext.json": "not a positiveInt",
}
"""Files that are no R4: they have elements R4 does not have, or objects for lists. Path's end → what is said."""

UNEVEN = "fhirpath/input/patient-name-extensions.json"
"""Its `_given` is shorter than its `given`, which R4 does not allow; it comes back as long."""


def _resources() -> Iterator[tuple[str, object]]:
    """Yield every FHIR resource in JSON."""
    for path in sorted(DATA.rglob("*.json")):
        try:
            found = json.decode(path.read_bytes())
        except MalformedMessage:
            continue
        if isinstance(found, dict) and found.get("resourceType") in resource_types():
            yield path.relative_to(DATA).as_posix(), found


def _there_and_back(document: bytes) -> None:
    resource = xml.read(document)
    written = xml.write(resource)
    assert canonical(written) == canonical(document)
    assert exact(xml.read(written)) == exact(resource)
    assert exact(json.decode(json.encode(resource))) == exact(resource)
    assert exact(xml.read(xml.write(resource, pretty=True))) == exact(resource)


def test_the_dutch_examples_lose_nothing() -> None:
    documents = sorted((DATA / "nl/examples").glob("*.xml"))

    for document in documents:
        _there_and_back(document.read_bytes())

    assert len(documents) == DUTCH_EXAMPLES


@pytest.mark.parametrize("folder", XML_ELSEWHERE)
def test_other_published_xml_loses_nothing(folder: str) -> None:
    read = 0
    for document in sorted((DATA / folder).glob("*.xml")):
        reason = BROKEN_XML.get(document.relative_to(DATA).as_posix())
        if reason:
            with pytest.raises(MalformedMessage, match=reason):
                xml.read(document.read_bytes())
            continue
        _there_and_back(document.read_bytes())
        read += 1

    assert read == XML_ELSEWHERE[folder]


def test_published_json_loses_nothing() -> None:
    read = 0
    for name, resource in _resources():
        assert isinstance(resource, dict)
        reason = next((reason for end, reason in BROKEN_JSON.items() if name.endswith(end)), None)
        if reason:
            with pytest.raises(GatewayError, match=reason):
                xml.write(resource)
        elif name != UNEVEN:
            assert exact(xml.read(xml.write(resource))) == exact(resource), name
            read += 1

    assert read >= LEAST_JSON
    print(f"{read} JSON resources, {len(BROKEN_JSON)} that are no R4, 1 uneven")


def _loosely(value: object) -> object:
    """Return a JSON value without what another reader keeps less exactly: narratives, digits, fractions of seconds."""
    if isinstance(value, dict):
        return {name: _loosely(one) for name, one in value.items() if name != "div"}
    if isinstance(value, list):
        return [_loosely(one) for one in value]
    if isinstance(value, str):
        return re.sub(r"(:\d\d)\.\d+", r"\1", value).replace("+00:00", "Z")
    return float(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


@pytest.mark.slow
def test_another_reader_of_fhir_xml_reads_the_same() -> None:
    alike = 0
    for path in sorted((DATA / "nl/examples").glob("*.xml")):
        ours = xml.read(path.read_bytes())
        model = get_fhir_model_class(ours["resourceType"]).model_validate_xml(canonical(path.read_bytes()))
        theirs = json.decode(model.model_dump_json())
        assert _loosely(theirs) == _loosely(ours), path.name
        alike += 1

    assert alike == DUTCH_EXAMPLES
