"""What an ADT message tells of a patient: allergies, diagnoses, observations, who to call, the GP."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.errors import Issue
from gateway.fhir import json
from gateway.mapping.mapped import Mapped
from gateway.mapping.run import run
from gateway.validation.validator import Validator
from tests.conftest import library

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
LIBRARY = library()
PID = "PID|1||7781234^^^ZKH^PI||Jansen^Anna^^^^^L||19410307|F"
PV1 = f"PV1|1|I|3B^312^1^ZKH|||3B^312^2^ZKH{13 * '|'}OPN1"
VISITS = "A01 A02 A03 A04 A05 A06 A07 A08 A11 A12 A13 A14 A15 A16 A21 A22 A25 A26 A27 A38"
AGB = "http://fhir.nl/fhir/NamingSystem/agb-z"


def _mapped(*segments: str, event: str = "A01", provider: str = "dev") -> Mapped:
    head = f"MSH|^~\\&|EPD|ZKH|GW|ZCC|20260901101500+0200||ADT^{event}|X1|P|2.5.1"
    own = ["MRG|55^^^ZKH^PI"] if event in {"A40", "A47"} else []
    data = "\r".join([head, f"EVN|{event}|20260901101455+0200", PID, *own, PV1, *segments, ""]).encode()
    (mapped,) = run(LIBRARY, data, provider=provider, received_at=AT)
    return mapped


def _made(type_: str, *segments: str, event: str = "A01") -> list[dict[str, Any]]:
    resources = [resource for resource, *_ in _mapped(*segments, event=event).resources]
    return [resource for resource in resources if resource["resourceType"] == type_]


def _ids(type_: str, *segments: str, event: str = "A01") -> list[str]:
    return [resource["id"] for resource in _made(type_, *segments, event=event)]


def _told(*segments: str) -> list[Issue]:
    return list(_mapped(*segments).issues)


@pytest.mark.parametrize("event", [*VISITS.split(), "A28", "A31", "A40", "A47"])
def test_every_event_tells_the_same_allergy(event: str) -> None:
    al1 = "AL1|1|DA|7980^Penicilline^SNK|SV|Anafylaxie"

    (allergy,) = _made("AllergyIntolerance", al1, event=event)

    assert allergy["id"] == _ids("AllergyIntolerance", al1)[0]
    assert (allergy["category"], allergy["criticality"]) == (["medication"], "high")
    assert allergy["reaction"] == [{"manifestation": [{"text": "Anafylaxie"}]}]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("7980^Penicilline^SNK", "7980^PENICILLINES^SNK", True),  # a code of everybody's is known by itself
        ("256349002^Pinda^SCT", "256349002^^2.16.840.1.113883.6.96", True),  # under either name of its system
        ("^Graspollen", "^ graspollen ", True),
        ("OVERIG^Kiwi^L", "OVERIG^KIWI^L", True),
        ("OVERIG^Kiwi^L", "OVERIG^Pleister^L", False),  # a code of the provider's own stands for many things
        ("7980^Penicilline^SNK", "7980^Penicilline^ATC", False),
        ("^Graspollen", "^Boompollen", False),
    ],
)
def test_an_allergy_is_known_by_what_it_is_to(one: str, other: str, *, same: bool) -> None:
    first, second = (_ids("AllergyIntolerance", f"AL1|1||{code}") for code in (one, other))

    assert (first == second) is same


def test_what_a_message_names_twice_is_two() -> None:
    al1 = ["AL1|1|DA|7980^Penicilline^SNK|SV|Anafylaxie", "AL1|2|DA|7980^Penicilline^SNK|MI|Jeuk"]
    dg1 = ["DG1|1||S72.0^Heup^I10|Links||F", "DG1|2||S72.0^Heup^I10|Rechts||F"]
    obx = ["OBX|1|NM|8302-2^Lengte^LN||172|cm|||||F", "OBX|2|NM|8302-2^Lengte^LN||173|cm|||||F"]

    for type_, segments in (("AllergyIntolerance", al1), ("Condition", dg1), ("Observation", obx)):
        assert len(set(_ids(type_, *segments))) == 2
        assert _ids(type_, *segments)[0] == _ids(type_, segments[0])[0]
    assert [issue.code for issue in _told(*al1, *dg1, *obx)] == []


@pytest.mark.parametrize("al1", ['AL1|1|DA|""|""|""', "AL1|1|DA", "AL1|1"])
def test_an_allergy_to_nothing_says_nothing(al1: str) -> None:
    assert _made("AllergyIntolerance", al1) == []
    assert _told(al1) == []


def test_how_bad_without_to_what_is_told() -> None:
    (issue,) = _told("AL1|1|DA||SV|Anafylaxie")

    assert (issue.code, issue.severity, issue.place and issue.place.path) == ("required-missing", "warning", "AL1-3")


@pytest.mark.parametrize(
    ("al1", "code"),
    [
        ("716186003^Geen allergie bekend^SCT", "716186003"),
        ("409137002^Geen geneesmiddelallergie bekend^SCT", "409137002"),
        ("GEEN^Geen allergie bekend^L", "716186003"),  # the overlay says so
        ("geen^Geen allergie bekend^L", "716186003"),
        ("716186003^Geen allergie bekend^L", None),  # a number of the provider's own
        ("NKA^No known allergies^L", None),
        ("^Geen allergieën bekend", None),
    ],
)
def test_only_a_code_says_that_no_allergy_is_known(al1: str, code: str | None) -> None:
    (made,) = _made("AllergyIntolerance", f"AL1|1|DA|{al1}|SV")

    codings = made["code"].get("coding", [])
    found = [one["code"] for one in codings if one["system"] == "http://snomed.info/sct"]
    assert found == ([code] if code else [])
    assert ("criticality" in made) is (code is None)


@pytest.mark.parametrize(
    ("stated", "kind", "counts"),
    [
        ("716186003", "DA", False),
        ("716186003", "", False),
        ("409137002", "DA", False),
        ("409137002", "FA", True),
        ("429625007", "FA", False),
        ("429625007", "DA", True),
        ("428607008", "LA", False),
        ("428607008", "FA", True),
    ],
)
def test_nothing_known_counts_for_nothing_beside_what_is_known(stated: str, kind: str, *, counts: bool) -> None:
    segments = (f"AL1|1||{stated}^Geen bekend^SCT", f"AL1|2|{kind}|^Iets")

    codes = [one["code"].get("coding", [{}])[0].get("code") for one in _made("AllergyIntolerance", *segments)]
    assert codes == ([stated, None] if counts else [None])
    assert [(issue.code, issue.severity) for issue in _told(*segments)] == (
        [] if counts else [("contradiction", "warning")]
    )


@pytest.mark.parametrize(
    ("segment", "place", "target", "code"),
    [
        ("AL1|1|QQ|^Kiwi", "AL1-2.1", "AllergyIntolerance.category[0]", "unmapped-code"),
        ("AL1|1|FA|^Kiwi|9", "AL1-4.1", "AllergyIntolerance.criticality", "unmapped-code"),
        ("AL1|1|FA|^Kiwi|||20191301", "AL1-6", "AllergyIntolerance.onsetDateTime", "bad-value"),
        ("DG1|1||I50^Hart^I10||20260231|A", "DG1-5", "Condition.asserted", "bad-value"),
        ("DG1|1||I50^Hart^I10|||Q", "DG1-6.1", "Condition.verificationStatus.coding[0]", "unmapped-code"),
        ("OBX|1|XX|X^Iets^L||a||||||F", "OBX-2", "Observation.valueString", "unmapped-code"),
        ("OBX|1|ED|X^Iets^L||^application^pdf^Base64^JVBE||||||F", "OBX-2", "Observation.valueString", "unmapped-code"),
        ("OBX|1|NM|X^Iets^L||ruim 80||||||F", "OBX-5.1", "Observation.valueQuantity.value", "bad-value"),
        ("OBX|1|NM|X^Iets^L||80||||||Q", "OBX-11", "Observation.status", "unmapped-code"),
        ("OBX|1|NM|X^Iets^L||80||||||F|||20260931", "OBX-14", "Observation.effectiveDateTime", "bad-value"),
        ("NK1|1|Jansen^Jan|||||||||||||Q", "NK1-15.1", "Patient.contact[0].gender", "unmapped-code"),
        ("NK1|1|Jansen^Jan||||||20261341", "NK1-8", "Patient.contact[0].period.start", "bad-value"),
    ],
)
def test_what_cannot_be_used_is_told_and_refuses_nothing(segment: str, place: str, target: str, code: str) -> None:
    mapped = _mapped(segment)

    (issue,) = mapped.issues
    assert (issue.code, issue.severity, issue.place and issue.place.path) == (code, "warning", place)
    assert issue.expression in {target, None}
    assert issue.rule is not None
    assert {"Encounter", "Slot"} <= {resource["resourceType"] for resource, *_ in mapped.resources}


@pytest.mark.parametrize(
    "segment",
    [
        "AL1|1|DA| |SV",
        "AL1|1||x~y^z^SCT||~",
        "AL1|1||^^^7980^Penicilline^SNK",
        "DG1|1|| | ||A",
        "DG1|1||x~y^z^I10||||||||||||0||||x",
        "OBX|1|ST| ||x||||||F",
        "OBX|1|ST|^^LN||x||||||F",
        "OBX|1|ST|x~y^z^L||a~b||||||F",
        "OBX|1|SN|x^y^L||<>^5||||||F",
        "OBX|1|SN|x^y^L||^1^:^0||||||F",
        "OBX|1|NR|x^y^L||a^b||||||F",
        "OBX|1|TM|x^y^L||2575||||||F",
        "NK1|1|^^|SPO||^PRN^PH",
        "NK1|1|Jansen^Jan||||||20260901|20200101",
        "NK1|1| ||^^^^^^H",
        "PD1||| ^^ ^^^VEKTIS| ^ ^P",
        "ROL|1|AD|PP|~01059602^Linde^P.^^^^^^VEKTIS",
    ],
)
@pytest.mark.parametrize("event", ["A01", "A31"])
def test_however_odd_a_segment_the_message_can_be_stored(segment: str, event: str) -> None:
    made = [json.decode(json.encode(resource)) for resource, *_ in _mapped(segment, event=event).resources]

    assert [str(i) for one in made for i in Validator().issues(one) if i.severity in {"error", "fatal"}] == []


def test_a_value_that_cannot_be_used_is_not_there() -> None:
    (unread,) = _made("Observation", "OBX|1|NM|29463-7^Gewicht^LN||ruim 80|kg|||||F")

    assert not [name for name in unread if name.startswith("value")]
    assert unread["dataAbsentReason"]["coding"][0]["code"] == "error"


def test_a_weight_is_a_vital_sign_with_its_number_and_unit() -> None:
    (weight,) = _made("Observation", "OBX|1|NM|29463-7^Gewicht^LN||81,5|kg^kilogram^UCUM|||||F|||20260901090000+0200")

    assert (str(weight["valueQuantity"]["value"]), weight["valueQuantity"]["code"]) == ("81.5", "kg")
    assert weight["category"][0]["coding"][0]["code"] == "vital-signs"
    assert weight["encounter"]["reference"].startswith("Encounter/")


def test_a_diagnosis_is_one_of_the_visit_and_has_a_role_in_it() -> None:
    segments = (
        "DG1|1||S72.0^Heup^I10|||A|||||||||1",
        "DG1|2|||Delier||W",
        "DG1|3||F05^Delier^I10|||F" + 15 * "|" + "D",
    )
    (encounter,) = _made("Encounter", *segments)
    admitting, working, withdrawn = _made("Condition", *segments)

    linked = [one["condition"]["reference"] for one in encounter["diagnosis"]]
    assert linked == [f"Condition/{admitting['id']}", f"Condition/{working['id']}"]
    assert [one.get("rank") for one in encounter["diagnosis"]] == [1, None]
    assert encounter["diagnosis"][0]["use"]["coding"][0]["code"] == "AD"
    assert "verificationStatus" not in admitting
    assert working["verificationStatus"]["coding"][0]["code"] == "provisional"
    assert withdrawn["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
    assert [one for one in (admitting, working, withdrawn) if "clinicalStatus" in one] == []


def test_a_diagnosis_without_a_visit_is_the_persons() -> None:
    (found,) = _made("Condition", "DG1|1||I50^Hartfalen^I10|||F", event="A31")

    assert "encounter" not in found
    assert found["id"] not in _ids("Condition", "DG1|1||I50^Hartfalen^I10|||F")


@pytest.mark.parametrize(
    ("nk1", "reached"),
    [
        ("NK1|1|Jansen^Piet|SPO^Echtgenoot^HL70063||0612345678", ["Piet Jansen", "0612345678"]),
        ("NK1|1||||||||||||Stichting Mentor|||||||||||||||||Mol^M.|0301234567", ["M. Mol", "0301234567"]),
        ("NK1|1||SPO||0612345678", [None, "0612345678"]),
        ("NK1|1||SPO^Echtgenoot^HL70063", None),  # nobody to call
    ],
)
def test_who_is_called_is_a_part_of_the_patient(nk1: str, reached: list[str | None] | None) -> None:
    (patient,) = _made("Patient", nk1)

    found = [[one.get("name", {}).get("text"), one["telecom"][0]["value"]] for one in patient.get("contact", [])]
    assert found == ([reached] if reached else [])
    assert _made("RelatedPerson", nk1) == []


def test_no_number_of_who_is_called_is_kept() -> None:
    nk1 = f"NK1|1|Jansen^Piet|SPO{30 * '|'}999900043^^^NLMINBIZA^NNNLD|||999900043"

    assert "999900043" not in str(_made("Patient", nk1))


@pytest.mark.parametrize(
    ("segments", "persons", "practices"),
    [
        (
            ["PD1|||Praktijk^^01059601^^^VEKTIS|01059602^Linde^P.^^^^^^VEKTIS"],
            [("01059602", True)],
            [("01059601", True)],
        ),
        (["PD1||||01059602^^^^^^^^VEKTIS"], [("01059602", False)], []),  # a number alone names nobody anew
        (["PD1||||^Linde^P."], [(None, False)], []),
        (["PD1|||Praktijk"], [], [(None, False)]),
        (["PD1||||^^^^^^^^^^^^MR"], [], []),
        (["ROL|1|AD|PP|01059602^Linde^P.^^^^^^VEKTIS"], [("01059602", True)], []),
        (["ROL|1|DE|PP|01059602^Linde^P.^^^^^^VEKTIS"], [], []),
        (["ROL|1|AD|PP|01059602^Linde^P.^^^^^^VEKTIS|20200101|20240101"], [], []),
        (["ROL|1|AD|AT|01059602^Linde^P.^^^^^^VEKTIS"], [], []),
        (["PD1||||01059603^Mol^P.^^^^^^VEKTIS", "ROL|1|AD|PP|01059602^Linde^P.^^^^^^VEKTIS"], [("01059603", True)], []),
    ],
)
def test_the_gp_is_a_person_and_a_practice(
    segments: list[str], persons: list[tuple[str | None, bool]], practices: list[tuple[str | None, bool]]
) -> None:
    (patient,) = _made("Patient", *segments)

    found = patient.get("generalPractitioner", [])
    for type_, expected in (("Practitioner", persons), ("Organization", practices)):
        named = [one for one in found if one["type"] == type_]
        assert [(one.get("identifier", {}).get("value"), "reference" in one) for one in named] == expected
        assert {one["identifier"]["system"] for one in named if "identifier" in one} <= {AGB}
        assert len(_made(type_, *segments)) == sum(made for _, made in expected)
