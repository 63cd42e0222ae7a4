"""What ADT messages tell of a patient stays told: nothing ends an allergy by leaving it out, and the newest holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from gateway.services import Services
from tests.order.stories import NULL, Said, at, pid, pv1
from tests.order.test_order import resources, take

PENICILLIN = "AL1|1|DA|7980^Penicilline^SNK|SV|Anafylaxie|20190501"
PEANUT = "AL1|2|FA|256349002^Pinda^SCT|MO"
GP = "PD1|||Praktijk De Linde^^01059601^^^VEKTIS|01059602^Linde^P.^^^^^^VEKTIS"
PARTNER = "NK1|1|Jansen^Piet|SPO^Echtgenoot^HL70063||0612345678"
SISTER = "NK1|2|Jansen^Rita|SIS^Zus^HL70063||0687654321"


def _said(event: str, minute: float, *segments: str, bed: str = "A") -> Said:
    visit = () if event == "A31" else (pv1("1", bed, f44=at(0)),)
    return Said(event, minute, (pid("1"), *visit, *segments))


def _tell(to: Services, *messages: Said) -> None:
    for one in messages:
        (taken,) = take(one.written("1"), to).messages
        assert taken.refusal is None


def _allergies(to: Services) -> dict[str, dict[str, Any]]:
    found = resources(to, "AllergyIntolerance")
    return {one["code"]["coding"][0]["display"]: one for one in found}


A01 = _said("A01", 0, PENICILLIN, PEANUT)
SHORTER = [
    _said("A08", 5, PEANUT),
    _said("A08", 5),
    _said("A31", 5, f"AL1|1|DA|{NULL}"),
    _said("A03", 5),
    _said("A11", 5),
]


@pytest.mark.parametrize("shorter", SHORTER, ids=lambda one: one.event)
def test_a_list_that_grows_shorter_ends_no_allergy(services: Services, shorter: Said) -> None:
    _tell(services, A01, shorter)

    found = _allergies(services)
    assert found.keys() == {"Penicilline", "Pinda"}
    assert {one["clinicalStatus"]["coding"][0]["code"] for one in found.values()} == {"active"}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_an_allergy_told_shortly_stays_as_bad_as_it_was(services: Services, order: Sequence[int]) -> None:
    messages = (
        A01,
        _said("A08", 5, "AL1|1||7980^Penicilline^SNK"),
        _said("A31", 9, "AL1|1|DA|7980^Penicilline^SNK||Shock"),
    )
    _tell(services, *(messages[number] for number in order))

    penicillin = _allergies(services)["Penicilline"]
    assert (penicillin["criticality"], penicillin["onsetDateTime"]) == ("high", "2019-05-01")
    assert penicillin["reaction"] == [{"manifestation": [{"text": "Shock"}]}]


def test_a_severity_without_a_code_in_fhir_takes_the_place_of_one_with(services: Services) -> None:
    _tell(services, A01, _said("A08", 5, PENICILLIN.replace("|SV|", "|MO|")))

    penicillin = _allergies(services)["Penicilline"]
    assert "criticality" not in penicillin
    assert penicillin["_criticality"]["extension"][0]["valueCoding"]["code"] == "MO"


def test_a_late_message_does_not_write_over_what_is_known(services: Services) -> None:
    _tell(services, _said("A08", 9, PENICILLIN), _said("A08", 5, PENICILLIN.replace("|SV|", "|MI|")))

    assert _allergies(services)["Penicilline"]["criticality"] == "high"


def test_a_weight_is_followed_by_a_later_one_and_one_of_a_moment_stays(services: Services) -> None:
    weight = "OBX|1|NM|29463-7^Gewicht^LN||{}|kg|||||F|||{}"
    _tell(services, _said("A01", 0, weight.format("80", "")), _said("A08", 5, weight.format("78", "")))
    _tell(services, _said("A08", 9, weight.format("77", at(9))), _said("A08", 12))

    values = [str(one["valueQuantity"]["value"]) for one in resources(services, "Observation")]
    assert sorted(values) == ["77", "78"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_a_diagnosis_taken_back_is_none_of_the_visit_and_comes_back_when_it_is_told(
    services: Services, order: Sequence[int]
) -> None:
    heart = "DG1|1||I50^Hartfalen^I10||" + at(0) + "|W"
    messages = (
        _said("A01", 0, heart),
        _said("A08", 5, heart + 15 * "|" + "D"),
        _said("A08", 9, "DG1|1||I50^Hartfalen^I10|||A"),
    )
    _tell(services, *(messages[number] for number in order))

    ((encounter,), (condition,)) = resources(services, "Encounter"), resources(services, "Condition")
    assert encounter["diagnosis"][0]["condition"]["reference"] == f"Condition/{condition['id']}"
    assert "verificationStatus" not in condition
    assert condition["extension"][0]["valueDateTime"].startswith("2025-12-28")


def test_a_diagnosis_taken_back_is_marked_so(services: Services) -> None:
    heart = "DG1|1||I50^Hartfalen^I10|||W"
    _tell(services, _said("A01", 0, heart), _said("A08", 5, heart + 15 * "|" + "D"))

    ((encounter,), (condition,)) = resources(services, "Encounter"), resources(services, "Condition")
    assert "diagnosis" not in encounter
    assert condition["verificationStatus"]["coding"][0]["code"] == "entered-in-error"


def test_who_is_called_is_who_the_newest_list_names(services: Services) -> None:
    _tell(services, _said("A01", 0, PARTNER, SISTER), _said("A31", 5, SISTER), _said("A08", 9))

    (patient,) = resources(services, "Patient")
    assert [one["name"]["text"] for one in patient["contact"]] == ["Rita Jansen"]


def test_a_gp_stays_until_there_is_another(services: Services) -> None:
    _tell(services, _said("A01", 0, GP), _said("A08", 5), _said("A31", 9, "PD1||||01059603^Mol^Q.^^^^^^VEKTIS"))

    (patient,) = resources(services, "Patient")
    assert [one["display"] for one in patient["generalPractitioner"]] == ["Q. Mol", "Praktijk De Linde"]
    names = {one["name"][0]["family"] for one in resources(services, "Practitioner")}
    assert names == {"Linde", "Mol"}
