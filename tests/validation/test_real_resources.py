"""Resources that others published: what is right passes, what does not is named here with the reason."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.errors import MalformedMessage
from gateway.fhir.json import decode
from gateway.fhir.types import resource_types
from gateway.validation import Validator
from gateway.validation.structure import structure_issues
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared

# What is wrong with a published example: the issue it must keep getting.
BARS = {
    "Endpoint/post_Endpoint_Atomic.json": "connectionType is a Coding, not a CodeableConcept",
    "Endpoint/post_Endpoint_template.json": "connectionType is a Coding, not a CodeableConcept",
    "Endpoint/success_Endpoint_Atomic.json": "connectionType is a Coding, not a CodeableConcept",
    "Endpoint/success_Endpoint_template.json": "connectionType is a Coding, not a CodeableConcept",
    "Endpoint/success_bundle.json": "connectionType is a Coding, not a CodeableConcept",
    "Endpoint/success_bundle_template.json": "connectionType is a Coding, not a CodeableConcept",
    "HealthcareService/post_HealthcareService_Atomic.json": "providedBy does not repeat",
    "HealthcareService/success_HealthcareService_Atomic.json": "providedBy does not repeat",
    "HealthcareService/success_bundle.json": "providedBy does not repeat",
    "OperationOutcome/REC/500-REC_SERVER_ERROR-too costly.json": "the code is too-costly",
    "appointment/PATCH-body.json": "a part of an Appointment, for a patch",
    "document_reference/POST-body.json": "status and content are missing",
    "document_reference/POST-success.json": "status and content are missing",
    "document_reference/id/GET-success.json": "the id holds a space and a bar",
    "document_reference/id/PUT-body.json": "the id holds a space and a bar",
    "invalid-base64.json": "issue.code is an HTTP status",
    "message_definition/MessageDefinition_ServiceRequest-request_CaseTransfer.json": "useContext.code does not repeat",
    "metadata/BaRS_API_Capability_Statement.json": "rest.security does not repeat",
    "process_message/POST-success.json": "a Slot with an element 'Schedule', references with placeholders",
    "process_message/response/Booking (HTTP Response) .json": "a Slot with an element 'Schedule'",
    "process_message/response/ValidationRequest (HTTP Response) .json": "a reference without a type",
    "service_request/GET-success.json": "resources that stand in the entry itself",
    "service_request/PATCH-body.json": "a part of a ServiceRequest, for a patch",
    "service_request/PUT-body.json": "basedOn repeats, a reference without a type",
    "service_request/id/GET-success.json": "basedOn repeats, a reference without a type",
    "unavailable.json": "issue.code is an HTTP status",
}
BROKEN_JSON = "document_reference/GET-success.json"


def resources(folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    assert SHARED is not None
    root = SHARED / "data" / folder
    for path in sorted(root.rglob("*.json")) if root.is_dir() else ():
        name = str(path.relative_to(root))
        if name == BROKEN_JSON:
            continue
        resource = decode(path.read_bytes())
        if isinstance(resource, dict) and resource.get("resourceType") in resource_types():
            yield name, resource


def errors(resource: dict[str, Any]) -> list[str]:
    return [str(issue) for issue in Validator().issues(resource) if issue.severity == "error"]


def test_the_bars_examples_pass_but_for_those_that_are_wrong() -> None:
    found = {name: errors(resource) for name, resource in resources("bars")}

    assert len(found) > 60
    assert {name for name, issues in found.items() if issues} == BARS.keys()


@pytest.mark.parametrize("folder", ["nl/az-ig", "feeds"])
def test_dutch_resources_pass(folder: str) -> None:
    found = {name: errors(resource) for name, resource in resources(folder)}

    assert found or folder == "feeds"
    assert {name: issues for name, issues in found.items() if issues} == {}


def test_the_walk_agrees_with_the_validator_on_real_resources() -> None:
    for folder in ("bars", "nl/az-ig", "fhirpath"):
        for name, resource in resources(folder):
            walked = bool(structure_issues(resource))
            found = [issue for issue in Validator().issues(resource) if issue.code != "bad-bundle"]
            assert bool(found) == walked, name


def test_a_broken_example_is_refused_with_its_line() -> None:
    assert SHARED is not None
    content = (SHARED / "data" / "bars" / BROKEN_JSON).read_bytes()
    with pytest.raises(json.JSONDecodeError):
        json.loads(content)

    with pytest.raises(MalformedMessage) as refused:
        decode(content)
    assert refused.value.issues[0].place is not None
    assert refused.value.issues[0].place.line == 13
