"""Our own profiles: their examples are right, what the mappings make follows them, and they catch what is wrong."""

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.data import shipped
from gateway.errors import Issue
from gateway.fhir import json as fhir_json
from gateway.fhir import xml
from gateway.validation import Validator
from gateway.validation.profiles import ProfileLibrary, profile_issues
from gateway.validation.profiles.shipped import library
from gateway.validation.second_opinion import second_opinion
from tests.golden import is_bundle
from tests.shared import SHARED, needs_shared

PROFILES = shipped("profiles")
EXAMPLES = sorted((PROFILES / "examples").glob("*.json"))
URL = "https://msb-gateway.example/fhir/StructureDefinition/"
OF_TYPE = {
    "HealthcareService": "capacity-service",
    "MeasureReport": "capacity-counts",
    "Provenance": "gateway-provenance",
    "Schedule": "capacity-schedule",
    "ServiceRequest": "referral-request",
    "Slot": "capacity-slot",
    "Task": "referral-task",
}


@cache
def ours() -> ProfileLibrary:
    return library()


def errors(issues: list[Issue]) -> list[str]:
    return [str(issue) for issue in issues if issue.severity == "error"]


def example(name: str) -> dict[str, Any]:
    content: dict[str, Any] = fhir_json.decode((PROFILES / "examples" / f"{name}.json").read_bytes())
    return content


# --- the package ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_example_is_right(path: Path) -> None:
    resource = fhir_json.decode(path.read_bytes())

    assert [str(issue) for issue in Validator(ours()).issues(resource)] == []
    assert second_opinion(resource) == []


def test_each_profile_of_a_resource_has_an_example() -> None:
    profiles = {
        resource["url"]
        for path in PROFILES.glob("StructureDefinition-*.json")
        if (resource := json.loads(path.read_bytes()))["kind"] == "resource"
    }
    claimed = {url for path in EXAMPLES for url in json.loads(path.read_bytes())["meta"]["profile"]}

    assert profiles - claimed == set()


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*-*.json")), ids=lambda path: path.stem)
def test_each_definition_is_right_r4(path: Path) -> None:
    assert errors(Validator().issues(fhir_json.decode(path.read_bytes()))) == []


def test_each_profile_can_be_used() -> None:
    known = ours()
    urls = list(known.definitions.urls("StructureDefinition"))

    assert [url for url in urls if known.profile(url) is None] == []
    assert known.problems == {}
    assert known.definitions.problems == []


def test_the_value_sets_of_ours_can_be_listed() -> None:
    """Not one of our own bindings may end in `cannot be told`."""
    known = ours()
    sets = [url for url in known.definitions.urls("ValueSet") if url.startswith("https://msb-gateway")]

    assert [url for url in sets if known.terminology.has(url, "https://example.org/none", "none") is not False] == []


CARE_TYPES = """
seh ehh ic hc-mc kliniek-volwassen kliniek-kind verloskamer-klinisch verloskamer-poliklinisch neonatologie paaz-mpu
elv-laag elv-hoog elv-palliatief grz crisis-wlz respijt hospice wijkverpleging-acuut ggz-hic ggz-crisisbeoordeling iht
hap-consult hap-visite ambulance-als zorgambulance micu thuismonitoring
"""


def test_the_kinds_of_care_are_those_of_the_chain_in_two_languages() -> None:
    system = json.loads((PROFILES / "CodeSystem-care-type.json").read_bytes())

    assert [concept["code"] for concept in system["concept"]] == CARE_TYPES.split()
    assert all(concept["display"] and concept["designation"][0]["language"] == "en" for concept in system["concept"])


@pytest.mark.parametrize("name", ["care-type-to-role-code", "care-type-to-havbed", "care-type-to-saner"])
def test_each_kind_of_care_is_mapped_or_said_to_have_no_match(name: str) -> None:
    map_ = json.loads((shipped("mappings") / "concept_maps" / f"{name}.json").read_bytes())
    rows = {row["code"]: row["target"][0] for row in map_["group"][0]["element"]}

    assert set(rows) == set(CARE_TYPES.split())
    assert all("code" in target or target["equivalence"] == "unmatched" for target in rows.values())


# --- what the mappings make -------------------------------------------------------------------------------------


def goldens() -> Iterator[Path]:
    """Yield what the cases expect; the maps in `fml` show a language, and say neither who nor when."""
    for path in sorted(shipped("mappings").glob("*/*/cases/*.json")):
        if is_bundle(path) and path.parents[2].name != "fml":
            yield path


def profile_of(resource: dict[str, Any]) -> str | None:
    """Return the profile of ours that a resource ought to follow."""
    if resource.get("resourceType") != "Location":
        return OF_TYPE.get(str(resource.get("resourceType")))
    kinds = resource.get("physicalType", {}).get("coding", [])
    return "capacity-bed" if any(kind.get("code") == "bd" for kind in kinds) else "capacity-location"


def test_everything_the_shipped_mappings_make_follows_our_profiles() -> None:
    wrong, seen = [], set()
    for path in goldens():
        bundle = fhir_json.decode(path.read_bytes())
        for entry in bundle.get("entry", []) if isinstance(bundle, dict) else []:
            name = profile_of(entry.get("resource", {}))
            if name:
                seen.add(name)
                found = profile_issues(ours(), entry["resource"], [URL + name])
                wrong += [f"{path.parent.parent.name}/{path.name}: {issue}" for issue in found]

    assert wrong == []
    assert seen >= {"capacity-bed", "capacity-location", "capacity-service", "capacity-schedule", "capacity-slot"}


# --- what they catch --------------------------------------------------------------------------------------------


def said(resource: dict[str, Any]) -> list[str]:
    """Return what is told, as `code element` without the profile's canonical."""
    return [f"{issue.code} {str(issue.rule).rpartition('/')[2]}" for issue in Validator(ours()).issues(resource)]


def changed(name: str, /, **more: Any) -> dict[str, Any]:
    made = deepcopy(example(name)) | more
    return {key: value for key, value in made.items() if value is not None}


CAUGHT: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "Location-example-bed",
        {"operationalStatus": None},
        "profile-cardinality",
        "capacity-bed#Location.operationalStatus",
    ),
    (
        "Location-example-bed",
        {"operationalStatus": {"system": "http://terminology.hl7.org/CodeSystem/v2-0116", "code": "R"}},
        "profile-code",
        "capacity-bed#Location.operationalStatus",
    ),
    (
        "Location-example-bed",
        {"extension": None},
        "profile-cardinality",
        "capacity-bed#Location.extension:measuredAt",
    ),
    (
        "Location-example-bed",
        {"partOf": None},
        "profile-invariant",
        "capacity-bed#Location",
    ),
    (
        "Location-example-ward",
        {"identifier": None},
        "profile-cardinality",
        "capacity-location#Location.identifier",
    ),
    (
        "Location-example-ward",
        {"type": [{"coding": [{"system": "https://example.org/x", "code": "y"}]}]},
        "profile-code",
        "capacity-location#Location.type",
    ),
    (
        "Slot-example-bed",
        {"end": "2026-01-05T09:00:00+01:00"},
        "profile-invariant",
        "capacity-slot#Slot",
    ),
    (
        "HealthcareService-example-stopped-emergency-department",
        {"active": False},
        "profile-invariant",
        "stopped-service#HealthcareService",
    ),
    (
        "MeasureReport-example-ic",
        {"subject": None},
        "profile-cardinality",
        "capacity-counts#MeasureReport.subject",
    ),
    (
        "Task-example-refused",
        {"statusReason": None},
        "profile-invariant",
        "referral-task#Task",
    ),
    (
        "ServiceRequest-example-referral",
        {"identifier": None},
        "profile-cardinality",
        "referral-request#ServiceRequest.identifier",
    ),
    (
        "Provenance-example-bed",
        {"entity": None},
        "profile-cardinality",
        "gateway-provenance#Provenance.entity",
    ),
    (
        "Schedule-example-bed",
        {"actor": [{"reference": "Patient/1"}]},
        "profile-reference",
        "capacity-schedule#Schedule.actor",
    ),
    (
        "ServiceRequest-example-az",
        {"status": "draft"},
        "profile-code",
        "az-referral-request#ServiceRequest.status",
    ),
    (
        "ServiceRequest-example-az",
        {"intent": "plan"},
        "profile-value",
        "az-referral-request#ServiceRequest.intent",
    ),
    (
        "ServiceRequest-example-az",
        {"code": {"text": "x"}},
        "profile-value",
        "az-referral-request#ServiceRequest.code",
    ),
    (
        "ServiceRequest-example-az",
        {"category": [{"text": "x"}]},
        "profile-cardinality",
        "az-referral-request#ServiceRequest.category:referralType",
    ),
    (
        "ServiceRequest-example-az",
        {"reasonCode": [{"coding": [{"code": "A01"}]}]},
        "profile-cardinality",
        "az-referral-request#ServiceRequest.reasonCode.text",
    ),
    (
        "ServiceRequest-example-az",
        {"supportingInfo": None},
        "profile-cardinality",
        "az-referral-request#ServiceRequest.supportingInfo",
    ),
    (
        "Composition-example-az",
        {"section": example("Composition-example-az")["section"][1:]},
        "profile-cardinality",
        "az-referral-composition#Composition.section:messageReason",
    ),
    (
        "DocumentReference-example-az",
        {"identifier": example("DocumentReference-example-az")["identifier"][:1]},
        "profile-cardinality",
        "az-referral-document#DocumentReference.identifier:documentSetId",
    ),
    (
        "DocumentReference-example-az",
        {"masterIdentifier": {"value": "1"}},
        "profile-cardinality",
        "az-referral-document#DocumentReference.masterIdentifier",
    ),
    (
        "Patient-example-az",
        {"identifier": None, "name": None},
        "profile-invariant",
        "az-patient#Patient",
    ),
    (
        "Organization-example-az",
        {"identifier": None},
        "profile-invariant",
        "az-organization#Organization",
    ),
]


@pytest.mark.parametrize(
    ("name", "change", "code", "element"), CAUGHT, ids=[f"{row[3]}-{n}" for n, row in enumerate(CAUGHT)]
)
def test_what_a_profile_of_ours_catches(name: str, change: dict[str, Any], code: str, element: str) -> None:
    assert f"{code} {element}" in said(changed(name, **change))


def test_an_unidentified_patient_is_a_warning_and_not_refused() -> None:
    found = Validator(ours()).issues(changed("Patient-example-az", identifier=None, name=None))

    assert [issue.severity for issue in found] == ["warning"]


def test_a_free_slot_with_nothing_to_give_is_caught() -> None:
    slot = changed("Slot-example-visits")
    for count in slot["extension"][3:5]:
        count["extension"][1]["valueDecimal"] = 0

    assert "profile-invariant capacity-slot#Slot" in said(slot)


def test_a_stop_without_an_end_is_a_warning() -> None:
    service = changed("HealthcareService-example-stopped-emergency-department")
    stop = next(one for one in service["extension"] if one["url"].endswith("capacity-stop"))
    stop["extension"] = [part for part in stop["extension"] if part["url"] != "expectedEnd"]

    found = Validator(ours()).issues(service)

    assert [(i.code, i.severity) for i in found] == [("profile-invariant", "warning")]


# --- the Dutch profiles -----------------------------------------------------------------------------------------


@needs_shared
def test_the_ambulance_referral_is_right_as_a_transaction_and_as_a_message() -> None:
    """The draft's own claims are held against our profiles, which stand in for it. The older form is a message."""
    assert SHARED is not None

    def found(name: str, kind: str) -> list[str]:
        bundle = fhir_json.decode((SHARED / "data" / "nl" / "az-ig" / f"Bundle-{name}.json").read_bytes())
        return errors(Validator(ours()).issues(bundle | {"type": kind}))

    assert found("transaction", "transaction") == []
    assert found("message", "message") == []
    assert any("msb-az-5" in one for one in found("message", "collection"))


NOT_RIGHT = {
    "nl-core-FeedingPatternInfant-01": "profile-type",  # zib2020 0.11 has a string where 0.12 has a concept
    "nl-core-PulseRate-01": "profile-value",  # zib2020 0.11 has another LOINC code
}


@needs_shared
def test_the_published_examples_of_nl_core() -> None:
    """271 examples of nl-core 0.12.1 against its differentials and the snapshots of zib2020 0.11.0 beneath them.

    16 claim a profile whose base 0.11.0 does not have, so nothing is said of them; 253 are right, 2 are not.
    """
    assert SHARED is not None
    folder = SHARED / "data" / "nl"
    known = library(None, [folder / "nl-core", folder / "zib2020"])
    validator, wrong, unchecked = Validator(known), {}, set()
    for path in sorted((folder / "examples").glob("*.xml")):
        resource = xml.read(path.read_bytes())
        if any(known.profile(url) is None for url in resource["meta"]["profile"]):
            unchecked.add(path.stem)
        if codes := {issue.code for issue in validator.issues(resource) if issue.severity == "error"}:
            wrong[path.stem] = codes

    assert wrong == {name: {code} for name, code in NOT_RIGHT.items()}
    assert len(unchecked) == 16
