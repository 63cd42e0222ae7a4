from __future__ import annotations

import pytest

from gateway.errors import BadRequest
from gateway.fhir.bsn import is_bsn
from gateway.fhir.search import bears_bsn, refuse_bsn_in_url

BSN = "999900006"
SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"


@pytest.mark.parametrize("text", ["999900006", "999911120", "999999990", "999910589"])
def test_the_eleven_test_passes_test_numbers(text: str) -> None:
    assert is_bsn(text)


@pytest.mark.parametrize("text", ["999900007", "000000000", "9999006", "9999000060", "99990000a", "٩٩٩٩٠٠٠٠٦"])
def test_the_eleven_test_fails_other_numbers(text: str) -> None:
    assert not is_bsn(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("identifier", f"{SYSTEM}|{BSN}"),
        ("identifier", f"urn:oid:2.16.840.1.113883.2.4.6.3|{BSN}"),
        ("identifier", f"2.16.840.1.113883.2.4.6.3|{BSN}"),
        ("identifier", f"{SYSTEM.upper()}|123"),
        ("identifier", BSN),
        ("identifier", f"|{BSN}"),
        ("identifier", f"x,{BSN}"),
        ("_id", BSN),
        ("patient.identifier", BSN),
        ("patient:identifier", BSN),
        ("name", f" {BSN} "),
        ("subject", f"Patient/{BSN}"),
    ],
)
def test_a_bsn_in_a_url_is_refused_and_pointed_at_post(name: str, value: str) -> None:
    with pytest.raises(BadRequest) as refused:
        refuse_bsn_in_url([("active", "true"), (name, value)], "Encounter")

    (issue,) = refused.value.issues
    assert issue.code == "bsn-in-url"
    assert "POST Encounter/_search" in issue.diagnostics
    assert BSN not in str(issue)
    assert issue.value is None


@pytest.mark.parametrize(
    "value",
    ["http://fhir.nl/fhir/NamingSystem/uzi-nr-pers|999900006", "999900007", f"{SYSTEM}|", "9999000060", "Jansen"],
)
def test_other_numbers_may_stand_in_a_url(value: str) -> None:
    refuse_bsn_in_url([("identifier", value)])
    assert not bears_bsn([("identifier", value)])
