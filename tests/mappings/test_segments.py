"""Fragments of segments that no shipped mapping uses: what they make of our own messages, and that it is valid R4."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.data import shipped
from gateway.fhir import json
from gateway.mapping.library import Library
from gateway.mapping.run import run
from gateway.validation.validator import Validator

HEAD = "MSH|^~\\&|LAB^2.999.1^ISO|ZKH|GW^gateway.example^DNS|ZCC|20260901101500+0200||ORU^R01^ORU_R01|R1|T|2.5.1"
CALLS = {
    "MessageHeader": ("message_header", "MSH"),
    "Observation": ("observation", "OBX[1], 'one', 'p', {}"),
    "RelatedPerson": ("related_person", "NK1[1], 'one', 'p'"),
    "Specimen": ("specimen", "SPM[1], 'one', 'p'"),
    "Coverage": ("coverage", "IN1[1], 'one', 'p'"),
    "Device": ("device", "PRT[1]"),
}
PERCENT = {"unit": "procent", "system": "http://unitsofmeasure.org", "code": "%"}


def made(tmp_path: Path, type_: str, segment: str = "") -> dict[str, Any]:
    """Return what a fragment makes of a message with one more segment; it is valid R4."""
    file, arguments = CALLS[type_]
    mapping = tmp_path / "hl7v2" / "probe" / "mapping.yaml"
    mapping.parent.mkdir(parents=True)
    mapping.write_text(
        "map: https://msb-gateway.example/fhir/StructureMap/probe\nversion: 1.0.0\n"
        f"source: {{format: hl7v2, when: MSH-9.1.exists()}}\nuse: {{made: hl7v2/segments/{file}.yaml}}\n"
        f'emit:\n  - "{{{{ made({arguments}) }}}}"\n',
        encoding="utf-8",
    )
    library = Library.read([shipped("mappings"), tmp_path])
    assert library.problems.errors == []
    message = "\r".join(filter(None, [HEAD, segment, ""])).encode()
    own = library.only(library.mapping("probe"))
    (mapped,) = run(own, message, received_at=datetime(2026, 9, 1, 9, tzinfo=UTC))
    ((resource, *_),) = mapped.resources
    assert [str(issue) for issue in Validator().issues(json.decode(json.encode(resource)))] == []
    assert resource["resourceType"] == type_
    return resource


@pytest.mark.parametrize(
    ("kind", "value", "unit", "becomes"),
    [
        ("NM", "38,5", "", {"valueQuantity": {"value": "38.5"}}),
        ("NM", "97", "%^procent^UCUM", {"valueQuantity": {"value": "97", **PERCENT}}),
        ("SN", "<^5", "%^procent^UCUM", {"valueQuantity": {"value": "5", "comparator": "<", **PERCENT}}),
        ("SN", "^1^-^3", "", {"valueRange": {"low": {"value": "1"}, "high": {"value": "3"}}}),
        ("SN", "^1^:^128", "", {"valueRatio": {"numerator": {"value": "1"}, "denominator": {"value": "128"}}}),
        ("NR", "4^11", "", {"valueRange": {"low": {"value": "4"}, "high": {"value": "11"}}}),
        ("ST", "negatief", "", {"valueString": "negatief"}),
        ("FT", "regel", "", {"valueString": "regel"}),
        ("CWE", "260385009^negatief^SCT", "", {"valueCodeableConcept": "260385009"}),
        ("TM", "0915", "", {"valueTime": "09:15:00"}),
        ("TM", "091530.25", "", {"valueTime": "09:15:30"}),
        ("DT", "20260831", "", {"valueDateTime": "2026-08-31"}),
        ("TS", "20260831091500+0200", "", {"valueDateTime": "2026-08-31T09:15:00+02:00"}),
        ("ED", "^application^pdf^Base64^JVBERi0=", "", {}),
    ],
)
def test_a_value_is_of_the_type_that_obx_2_says(
    tmp_path: Path, kind: str, value: str, unit: str, becomes: dict[str, Any]
) -> None:
    found = made(tmp_path, "Observation", f"OBX|1|{kind}|8310-5^Temperatuur^LN||{value}|{unit}|36-38||||F")

    values = {key: _plain(inner) for key, inner in found.items() if key.startswith("value")}
    assert values == becomes
    assert found["status"] == "final"
    assert found["referenceRange"] == [{"text": "36-38"}]


def _plain(value: Any) -> Any:
    """Return a value with its numbers as texts, and of a concept its code."""
    if isinstance(value, dict) and "coding" in value:
        return value["coding"][0]["code"]
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return str(value)


@pytest.mark.parametrize(("ended", "reason"), [("N", "not-asked"), ("X", "unknown"), ("F", None)])
def test_no_value_says_why_when_it_is_known(tmp_path: Path, ended: str, reason: str | None) -> None:
    found = made(tmp_path, "Observation", f"OBX|1||8310-5^Temperatuur^LN||||||||{ended}")

    absent = found.get("dataAbsentReason", {"coding": [{"code": None}]})
    assert absent["coding"][0]["code"] == reason
    assert not [key for key in found if key.startswith("value")]


def test_a_header_says_from_where_to_where_and_what_for(tmp_path: Path) -> None:
    found = made(tmp_path, "MessageHeader")

    assert found["source"] == {"name": "LAB", "endpoint": "urn:oid:2.999.1"}
    assert found["destination"] == [{"name": "GW", "endpoint": "https://gateway.example"}]
    assert found["eventCoding"]["code"] == "R01"
    assert found["meta"]["tag"][0]["code"] == "T"


def test_next_of_kin_have_a_name_a_relationship_and_a_number(tmp_path: Path) -> None:
    found = made(tmp_path, "RelatedPerson", "NK1|1|Jansen^Piet|SPO^Echtgenoot^HL70063||0612345678||||||||||M")

    assert (found["name"][0]["family"], found["gender"]) == ("Jansen", "male")
    assert found["relationship"][0]["coding"][0]["code"] == "SPO"
    assert found["telecom"][0]["value"] == "0612345678"


def test_a_specimen_has_both_numbers_and_its_quantity(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        "Specimen",
        "SPM|1|P1&AANVR^L1&LAB||87612001^bloed^SCT||||||||2,5^mL&milliliter&UCUM|||||202609010900|20260901100000||Y",
    )

    assert [one["value"] for one in found["identifier"]] == ["P1", "L1"]
    assert str(found["collection"]["quantity"]["value"]) == "2.5"
    assert found["status"] == "available"


def test_an_insurance_names_its_company(tmp_path: Path) -> None:
    said = {2: "BV^Basis", 3: "3311^^^UZOVI", 4: "Verzekeraar", 12: "20260101", 13: "20261231", 36: "12345"}
    found = made(tmp_path, "Coverage", "|".join(["IN1", *(said.get(n, "") for n in range(1, 37))]))

    assert found["payor"][0]["display"] == "Verzekeraar"
    assert found["period"] == {"start": "2026-01-01", "end": "2026-12-31"}
    assert found["subscriberId"] == "12345"


def test_a_device_has_its_numbers(tmp_path: Path) -> None:
    found = made(tmp_path, "Device", "PRT|1|AD||EQUIP||||||UDI-1|||||||20210501|20300501|LOT1|SER1")

    assert (found["serialNumber"], found["lotNumber"]) == ("SER1", "LOT1")
    assert found["udiCarrier"] == [{"deviceIdentifier": "UDI-1"}]
