"""Findings as an OperationOutcome: what, where, who must act, and no values unless asked for."""

import json

import pytest

from gateway.data import shipped
from gateway.errors import GatewayError, Issue, Place
from gateway.fhir.json import encode
from gateway.fhir.outcome import catalogue, operation_outcome
from gateway.validation import Validator

ISSUE = Issue(
    "code-invalid",
    "the code is not in the value set",
    expression="Patient.gender",
    place=Place("PID-8", line=2, byte=40),
    rule="mapping.yaml:31",
    value="secret",
)


def test_an_issue_says_what_where_and_who_must_act() -> None:
    (issue,) = operation_outcome([ISSUE])["issue"]

    assert (issue["severity"], issue["code"]) == ("error", "code-invalid")
    assert issue["details"]["coding"][0]["code"] == "code-invalid"
    assert issue["details"]["text"] == ISSUE.diagnostics
    assert issue["diagnostics"] == "the code is not in the value set; PID-8 (line 2, byte 40); mapping.yaml:31"
    assert issue["location"] == ["PID-8 (line 2, byte 40)"]
    assert issue["expression"] == ["Patient.gender"]
    assert issue["extension"][0]["valueCode"] == "sender"


def test_a_value_is_shown_only_on_request() -> None:
    assert b"secret" not in encode(operation_outcome([ISSUE]))
    assert b"secret" in encode(operation_outcome([ISSUE], show_values=True))


def test_displays_are_dutch_on_request() -> None:
    display = operation_outcome([ISSUE], language="nl")["issue"][0]["details"]["coding"][0]["display"]

    assert display == "De code staat niet in de verplichte waardelijst"


def test_no_findings_is_said_too() -> None:
    (issue,) = operation_outcome([])["issue"]

    assert (issue["severity"], issue["code"]) == ("information", "informational")


def test_outcomes_are_right_themselves() -> None:
    issues = [Issue(code, "x") for code in catalogue()]

    assert Validator().issues(operation_outcome(issues)) == []


@pytest.mark.parametrize("error", GatewayError.__subclasses__(), ids=lambda error: error.__name__)
def test_every_error_has_its_code_in_the_catalogue_with_the_same_type(error: type[GatewayError]) -> None:
    assert catalogue()[error.issue_code].type == error.code


def test_every_concept_is_shown_in_two_languages_and_names_an_actor() -> None:
    for concept in catalogue().values():
        assert concept.display.keys() == {"en", "nl"}
        assert concept.actor in {"sender", "gateway", "receiver"}


def test_the_extension_for_the_actor_is_published() -> None:
    profile = json.loads((shipped("profiles") / "StructureDefinition-issue-actor.json").read_bytes())

    assert profile["url"] == operation_outcome([])["issue"][0]["extension"][0]["url"]
