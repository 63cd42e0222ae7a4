from __future__ import annotations

import pytest

from gateway.errors import BadRequest
from gateway.fhir.search import bears_bsn, refuse_bsn_in_url
from gateway.fhir.search.bsn import is_bsn

BSN = "999900006"
SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"


@pytest.mark.parametrize("text", ["999900006", "999911120", "999999990", "999910589"])
def test_the_eleven_test_passes_test_numbers(text: str) -> None:
    assert is_bsn(text)


@pytest.mark.parametrize("text", ["999900007", "000000000", "99990006", "9999000060", "99990000a", "٩٩٩٩٠٠٠٠٦"])
def test_the_eleven_test_fails_other_numbers(text: str) -> None:
    assert not is_bsn(text)


@pytest.mark.parametrize(
    ("name", "value", "resource_type"),
    [
        ("identifier", f"{SYSTEM}|{BSN}", "Patient"),
        ("identifier", f"urn:oid:2.16.840.1.113883.2.4.6.3|{BSN}", "Patient"),
        ("identifier", f"{SYSTEM}|123", "Encounter"),
        ("identifier", BSN, "Patient"),
        ("identifier", f"|{BSN}", "Patient"),
        ("identifier", f"x,{BSN}", "Patient"),
        ("identifier:not", BSN, "Patient"),
        ("_id", BSN, "Patient"),
        ("patient.identifier", BSN, "Encounter"),
        ("subject:Patient.identifier", BSN, "ServiceRequest"),
        ("patient:identifier", BSN, "Encounter"),
        ("identifier", BSN, None),
    ],
)
def test_a_bsn_in_a_url_is_refused_and_pointed_at_post(name: str, value: str, resource_type: str | None) -> None:
    with pytest.raises(BadRequest) as refused:
        refuse_bsn_in_url([(name, value)], resource_type)

    (issue,) = refused.value.issues
    assert issue.code == "bsn-in-url"
    assert f"POST {resource_type or 'Patient'}/_search" in issue.diagnostics
    assert BSN not in str(issue)
    assert issue.value is None


@pytest.mark.parametrize(
    ("name", "value", "resource_type"),
    [
        ("identifier", "http://fhir.nl/fhir/NamingSystem/uzi-nr-pers|999900006", "Patient"),
        ("identifier", "999900007", "Patient"),
        ("identifier", BSN, "Slot"),
        ("identifier", f"{SYSTEM}|", "Patient"),
        ("name", BSN, "Patient"),
    ],
)
def test_other_numbers_may_stand_in_a_url(name: str, value: str, resource_type: str) -> None:
    refuse_bsn_in_url([(name, value)], resource_type)
    assert not bears_bsn([(name, value)], resource_type)
