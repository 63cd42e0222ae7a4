"""What a Consent says of who may see: a permit reads narrow, a denial wide."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.fhir import consents
from gateway.fhir.consents import ANY, CATEGORIES, KINDS, RESOURCE_TYPES, URA, passed_over, rules
from gateway.fhir.datetime import read

ONE, OTHER = f"{URA}|00000001", f"{URA}|00000002"
V3 = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


def actor(value: str, system: str = URA, role: str = "IRCP") -> dict[str, Any]:
    return {
        "role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": role}]},
        "reference": {"identifier": {"system": system, "value": value}},
    }


def provision(type_: str = "", *actors: str, **elements: Any) -> dict[str, Any]:
    said = {"type": type_} if type_ else {}
    return {**said, **({"actor": [actor(one) for one in actors]} if actors else {}), **elements}


def consent(
    said: dict[str, Any] | None = None, *, policy: str = "", scope: str = "patient-privacy", **more: Any
) -> Any:
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": scope}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/1"},
        **({"policyRule": {"coding": [{"code": policy}]}} if policy else {}),
        **({"provision": said} if said is not None else {}),
        **more,
    }


def said(found: Any) -> set[tuple[str, str, str]]:
    return {(rule.says, rule.actor, rule.content) for rule in rules(found)}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (consent(provision("permit", "00000001")), {("permits", ONE, ANY)}),
        (consent(provision("deny", "00000001")), {("denies", ONE, ANY)}),
        (consent(provision("permit")), {("permits", ANY, ANY)}),
        (consent(provision("deny")), {("denies", ANY, ANY)}),
        (consent(policy="OPTIN"), {("permits", ANY, ANY)}),
        (consent(policy="OPTOUT"), {("denies", ANY, ANY)}),
        (consent(), set()),
        (
            consent(provision(provision=[provision("permit", "00000001")]), policy="OPTOUT"),
            {("denies-others", ANY, ANY), ("permits", ONE, ANY)},
        ),
        (
            consent(provision("deny", provision=[provision("permit", "00000001", "00000002")])),
            {("denies-others", ANY, ANY), ("permits", ONE, ANY), ("permits", OTHER, ANY)},
        ),
        (
            consent(provision("permit", provision=[provision("deny", "00000001")])),
            {("permits", ANY, ANY), ("denies", ONE, ANY)},
        ),
        (
            consent(provision("permit", "00000001", provision=[provision("deny")])),
            {("permits", ONE, ANY), ("denies", ONE, ANY)},
        ),
        (consent(provision(provision=[provision("permit", "00000001")])), {("permits", ONE, ANY)}),
    ],
)
def test_provisions_and_policies(found: Any, expected: set[tuple[str, str, str]]) -> None:
    assert said(found) == expected


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected", "inactive", "entered-in-error"])
def test_what_is_not_active_says_nothing(status: str) -> None:
    assert rules(consent(provision("permit"), status=status)) == []


@pytest.mark.parametrize("scope", ["treatment", "adr", "research"])
def test_a_treatment_directive_is_not_about_who_may_see(scope: str) -> None:
    assert rules(consent(provision("deny"), scope=scope)) == []


def test_actors_are_known_by_what_identifies_them() -> None:
    registered = {**actor(""), "reference": {"reference": "Organization/partner-duinrand"}}
    kind, by_oid = actor("hap", KINDS), actor("00000001", "urn:oid:2.16.528.1.1007.3.3")
    found = consent(provision("permit", actor=[registered, kind, by_oid]))

    assert {rule.actor for rule in rules(found)} == {"Organization/partner-duinrand", f"{KINDS}|hap", ONE}


STRANGERS = [
    {**actor(""), "reference": {"display": "het ziekenhuis"}},
    {**actor(""), "reference": {"reference": "Organization/7"}},
    actor("00000001", role="CST"),
    actor("1" * 1000),
]


@pytest.mark.parametrize("stranger", STRANGERS)
def test_an_actor_who_is_not_known_is_permitted_nothing_and_denied_as_everybody(stranger: Any) -> None:
    both = [stranger, actor("00000002")]

    assert said(consent(provision("permit", actor=[stranger]))) == set()
    assert said(consent(provision("permit", actor=both))) == {("permits", OTHER, ANY)}
    assert said(consent(provision("deny", actor=both))) == {("denies", ANY, ANY)}


@pytest.mark.parametrize(
    "restriction",
    [
        {"dataPeriod": {"start": "2026-01-01"}},
        {"securityLabel": [{"code": "R"}]},
        {"data": [{"meaning": "instance", "reference": {"reference": "Observation/1"}}]},
        {"code": [{"text": "bloeddruk"}]},
        {"class": [{"system": "urn:ietf:bcp:13", "code": "application/pdf"}]},
        {"modifierExtension": [{"url": "http://example.org/x", "valueBoolean": True}]},
    ],
)
def test_what_restricts_otherwise_leaves_nothing_of_a_permit_and_all_of_a_denial(restriction: dict[str, Any]) -> None:
    assert said(consent(provision("permit", "00000001", **restriction))) == set()
    assert said(consent(provision("deny", "00000001", **restriction))) == {("denies", ONE, ANY)}
    inner = provision("permit", "00000001")
    assert ("permits", ONE, ANY) not in said(consent(provision("permit", **restriction, provision=[inner])))
    assert len(passed_over(consent(provision("deny", provision=[provision("permit", **restriction)])))) == 1


def test_kinds_of_content() -> None:
    of = [{"system": RESOURCE_TYPES, "code": "Observation"}, {"system": CATEGORIES, "code": "medication"}]
    found = said(consent(provision("permit", "00000001", **{"class": of})))

    assert found == {
        ("permits", ONE, f"{RESOURCE_TYPES}|Observation"),
        ("permits", ONE, f"{CATEGORIES}|medication"),
    }


def test_what_is_in_a_rule_is_within_it() -> None:
    types = [{"system": RESOURCE_TYPES, "code": code} for code in ("Observation", "Condition")]
    inner = [provision("permit", "00000001", **{"class": types[1:]}), provision("permit", "00000002")]
    found = said(consent(provision("permit", "00000001", **{"class": types[:1]}, provision=inner)))

    assert found == {("permits", ONE, f"{RESOURCE_TYPES}|Observation")}


def test_a_permit_within_a_denial_of_some_does_not_undo_it() -> None:
    denial = provision("deny", "00000001", provision=[provision("permit", "00000001")])

    assert said(consent(provision("permit", provision=[denial]))) == {("permits", ANY, ANY), ("denies", ONE, ANY)}


def test_purposes_and_actions() -> None:
    research, care = ([{"system": V3, "code": code}] for code in ("HRESCH", "TREAT"))
    correct = [{"coding": [{"code": "correct"}]}]

    assert said(consent(provision("deny", purpose=research))) == set()
    assert said(consent(provision("permit", purpose=research))) == set()
    assert said(consent(provision("permit", purpose=care))) == {("permits", ANY, ANY)}
    assert said(consent(provision("deny", purpose=care))) == {("denies", ANY, ANY)}
    assert said(consent(provision("deny", purpose=[{"system": "urn:x", "code": "y"}]))) == {("denies", ANY, ANY)}
    assert said(consent(provision("permit", action=correct))) == set()
    assert said(consent(provision("deny", action=correct))) == {("denies", ANY, ANY)}


def test_a_rule_holds_for_its_time_within_that_of_what_it_stands_in() -> None:
    inner = provision("permit", "00000001", period={"start": "2025", "end": "2026-03-31"})
    (rule,) = rules(consent(provision(period={"start": "2026-01-01", "end": "2026"}, provision=[inner])))

    january, april = read("2026-01-01"), read("2026-03-31")
    assert january is not None
    assert april is not None
    assert (rule.low, rule.high) == (january.low, april.high)
    assert rules(consent(provision("permit", period={"start": "2026-02-01", "end": "2026-01-01"}))) == []
    (always,) = rules(consent(provision("permit")))
    assert (always.low, always.high) == (consents.OPEN_LOW, consents.OPEN_HIGH)


def test_a_consent_that_is_modified_permits_nothing() -> None:
    modifier = [{"url": "http://example.org/x", "valueBoolean": True}]

    assert rules(consent(provision("permit"), modifierExtension=modifier)) == []
    assert said(consent(provision("deny"), modifierExtension=modifier)) == {("denies", ANY, ANY)}
