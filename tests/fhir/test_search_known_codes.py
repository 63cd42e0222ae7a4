"""A code that no resource can have there is refused with those that it can, and never just finds nothing."""

from __future__ import annotations

import pytest

from gateway.errors import BadRequest
from gateway.fhir.elements import required_codes
from gateway.fhir.search import Chain, parse, parse_several, served
from gateway.fhir.search.coded import required
from gateway.fhir.types import resource_types

SLOT_STATUS = "http://hl7.org/fhir/slotstatus"


def refusals(resource_type: str, name: str, value: str) -> list[str]:
    with pytest.raises(BadRequest) as refused:
        parse(resource_type, [(name, value)])
    assert {issue.code for issue in refused.value.issues} == {"bad-value"}
    return [issue.diagnostics for issue in refused.value.issues]


@pytest.mark.parametrize(
    ("resource_type", "name", "value", "known"),
    [
        ("Slot", "status", "vrij", "known are busy, busy-tentative, busy-unavailable, entered-in-error, free"),
        ("Slot", "status", f"{SLOT_STATUS}|vrij", "free"),
        ("Slot", "status", "|vrij", "free"),
        ("Slot", "status", "free,vrij", "free"),
        ("Slot", "status", "Free", "did you mean 'free'?"),
        ("Slot", "status:not", "vrij", "free"),
        ("Schedule", "actor:Location.status", "vrij", "suspended"),
        ("Schedule", "_has:Slot:schedule:status", "vrij", "free"),
        ("Condition", "clinical-status", "actief", "resolved; another's is asked as system|code"),
        ("Patient", "active", "ja", "known are false, true"),
        ("Patient", "gender", "m", "female, male"),
    ],
)
def test_a_code_that_cannot_stand_there_is_refused_with_those_that_can(
    resource_type: str, name: str, value: str, known: str
) -> None:
    (told,) = refusals(resource_type, name, value)

    assert known in told
    assert "vrij" not in told
    assert "actief" not in told


@pytest.mark.parametrize(
    ("resource_type", "name", "value"),
    [
        ("Slot", "status", "http://other.example|vrij"),  # of another system; there is none, which is an answer
        ("Slot", "status", f"{SLOT_STATUS}|"),
        ("Slot", "status:missing", "true"),
        ("Condition", "clinical-status", "http://snomed.info/sct|55561003"),
        ("Condition", "clinical-status", "|active"),
        ("Location", "_tag", "x"),
        ("Slot", "service-type", "x"),
        ("Patient", "identifier", "x"),
        ("Patient", "telecom", "0612345678"),
    ],
)
def test_what_some_resource_may_have_is_asked(resource_type: str, name: str, value: str) -> None:
    assert parse(resource_type, [(name, value)]).conditions


def test_every_code_that_r4_requires_is_taken() -> None:
    asked = 0
    for resource_type in sorted(resource_types()):
        for parameter in served(resource_type).values():
            if parameter.type == "token":
                for system, codes in required(resource_type, parameter).items():
                    values = [form for code in codes for form in (code, f"{system}|{code}")]
                    asked += sum(
                        len(parse(resource_type, [(parameter.code, value)]).conditions) for value in values[:50]
                    )

    assert asked > 1500
    assert required_codes("http://hl7.org/fhir/ValueSet/slotstatus") == required_of("Slot", "status")


def required_of(resource_type: str, code: str) -> frozenset[str]:
    return frozenset().union(*required(resource_type, served(resource_type)[code]).values())


def test_a_chain_goes_to_the_types_that_know_the_code() -> None:
    (chain,) = parse("Appointment", [("actor.status", "suspended")]).conditions

    assert isinstance(chain, Chain)
    assert [target for target, _ in chain.targets] == ["Location"]  # a Device has a status too, and never this
    assert refusals("Appointment", "actor.status", "vrij")


def test_leniently_it_finds_nothing_and_a_warning_says_why() -> None:
    request = parse("Slot", [("status", "vrij"), ("foo", "1")], strict=False)

    assert len(request.conditions) == 1
    assert request.applied == (("status", "vrij"),)
    assert [(i.code, i.severity) for i in request.issues] == [
        ("code-unknown", "warning"),
        ("unknown-parameter", "warning"),
    ]


def test_of_several_types_one_must_know_it() -> None:
    known = parse_several(("Location", "Slot"), [("status", "free")])

    assert len(known.requests) == 2
    assert known.issues == ()
    with pytest.raises(BadRequest):
        parse_several(("Location", "Slot"), [("status", "vrij")])
    lenient = parse_several(("Location", "Slot"), [("status", "vrij")], strict=False)
    assert [issue.code for issue in lenient.issues] == ["code-unknown"]
