"""What one message made, the next about the same thing finds again: appointments, referrals, letters, patients."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.mapping.run import run
from tests.conftest import library

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
LIBRARY = library()
PID = "PID|1||7781234^^^ZKH^PI||Jansen^Anna^^^^^L||19410307|F"


def _resources(kind: str, *segments: str, provider: str = "dev") -> list[dict[str, Any]]:
    header = f"MSH|^~\\&|EPD|ZKH|GW|ZCC|20260901101500+0200||{kind}|X1|P|2.5.1"
    data = "\r".join([header, *segments, ""]).encode()
    (mapped,) = run(LIBRARY, data, provider=provider, received_at=AT)
    return [resource for resource, *_ in mapped.resources]


def _only(resources: list[dict[str, Any]], type_: str) -> dict[str, Any]:
    (found,) = [resource for resource in resources if resource["resourceType"] == type_]
    return found


def _appointment(event: str, hour: int, room: str, provider: str = "dev") -> list[dict[str, Any]]:
    sch = f"SCH||AFS1^EPD||||||POLI|30|MIN|^^^20260903{hour:02}0000+0200"
    return _resources(f"SIU^{event}", sch, PID, "RGS|1", f"AIL|1||POLI^{room}^^ZKH", provider=provider)


def test_a_rescheduled_appointment_takes_its_slot_to_the_new_time_and_room() -> None:
    booked, moved = _appointment("S12", 9, "K1"), _appointment("S13", 14, "K2")

    before, after = _only(booked, "Slot"), _only(moved, "Slot")
    assert (before["id"], before["status"]) == (after["id"], after["status"])
    assert before["start"] != after["start"]
    assert before["schedule"] != after["schedule"]
    assert _only(booked, "Appointment")["id"] == _only(moved, "Appointment")["id"]


@pytest.mark.parametrize(
    ("event", "status", "time"),
    [
        ("S12", "booked", "busy"),
        ("S15", "cancelled", "busy-unavailable"),
        ("S17", "entered-in-error", "entered-in-error"),
        ("S26", "noshow", "busy"),
    ],
)
def test_what_becomes_of_an_appointment_and_its_time(event: str, status: str, time: str) -> None:
    made = _appointment(event, 9, "K1")

    assert (_only(made, "Appointment")["status"], _only(made, "Slot")["status"]) == (status, time)


def test_the_time_of_a_cancelled_appointment_is_free_where_the_provider_says_so() -> None:
    made = _appointment("S15", 9, "K1", provider="noordwal")

    assert _only(made, "Slot")["status"] == "free"
    assert {"Appointment", "Patient"}.isdisjoint(resource["resourceType"] for resource in made)


def _referral(event: str, status: str = "P") -> list[dict[str, Any]]:
    return _resources(f"REF^{event}", f"RF1|{status}|R||||ZD900000017", "PRD|RT|||||||||Ziekenhuis Duinrand", PID)


@pytest.mark.parametrize(("event", "status"), [("I12", "active"), ("I13", "active"), ("I14", "revoked")])
def test_a_referral_is_changed_and_cancelled_under_its_own_id(event: str, status: str) -> None:
    made = _only(_referral(event), "ServiceRequest")

    assert (made["id"], made["status"]) == (_only(_referral("I12"), "ServiceRequest")["id"], status)


def test_to_ask_after_a_referral_changes_nothing_of_it() -> None:
    made = _referral("I15", "R")

    assert "ServiceRequest" not in {resource["resourceType"] for resource in made}
    assert _only(made, "CommunicationRequest")["about"][0]["identifier"]["value"] == "ZD900000017"


@pytest.mark.parametrize("kind", ["ORM^O01", "OML^O21", "OMG^O19"])
def test_order_letter_and_referral_of_one_number_are_one_request(kind: str) -> None:
    orc, obr = "ORC|NW|ZD900000017", "OBR|1|ZD900000017||CIS^Cardiologie^ZORGDOMEIN"
    letter = _resources("ORU^R01", PID, obr, "OBX|1|ED|VERW^Brief||^application^pdf^Base64^JVBERi0xLjQK||||||F")

    ids = {_only(made, "ServiceRequest")["id"] for made in (_resources(kind, PID, orc, obr), letter, _referral("I12"))}
    assert len(ids) == 1
    assert letter[-1]["supportingInfo"][0]["reference"].endswith(_only(letter, "DocumentReference")["id"])


def test_a_merged_patient_is_the_one_that_was_admitted_under_the_old_number() -> None:
    old = PID.replace("7781234", "55")
    admitted = _resources("ADT^A01", "EVN|A01|20260901101455", old, f"PV1|1|I|3B^1^1^ZKH{16 * '|'}OPN1")
    merged = _resources("ADT^A40", PID, "MRG|55^^^ZKH^PI")

    stays, replaced = [resource for resource in merged if resource["resourceType"] == "Patient"]
    assert replaced["id"] == _only(admitted, "Patient")["id"]
    assert replaced["active"] is False
    assert replaced["link"][0]["other"]["reference"] == f"Patient/{stays['id']}"
