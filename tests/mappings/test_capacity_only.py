"""A provider that shares capacity only: nothing of the patient gets past the mapping, in no output and no finding."""

import dataclasses
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.data import shipped
from gateway.errors import GatewayError, Issue, MappingFailed
from gateway.fhir import json
from gateway.mapping.declared import Stay
from gateway.mapping.run import run
from tests.conftest import library
from tests.shared import SHARED

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
LIBRARY = library()
# Segments about the patient, and the fields of PV1 that are: attending … visit number, money, dates of the visit.
_PATIENT = re.compile(
    rb"^(PID|PD1|NK1|DG1|AL1|PV2|IN1|IN2|GT1|ZBE|OBX|NTE|PR1|ACC|ROL|RF1|PRD|MRG|AIS|AIP)\|",
    re.MULTILINE,
)


def _messages() -> Iterator[Path]:
    yield from sorted(shipped("mappings").glob("hl7v2/*/cases/**/*.hl7"))
    if SHARED:
        yield from sorted((SHARED / "data" / "hl7v2" / "messages").glob("*ADT*.hl7"))


def _secrets(data: bytes) -> set[str]:
    """Return the words of four characters and more that stand only in segments about the patient."""
    lines = re.split(rb"[\r\n]+", data)
    about = b"\n".join(line for line in lines if _PATIENT.match(line)).decode("latin-1")
    elsewhere = b"\n".join(line for line in lines if not _PATIENT.match(line)).decode("latin-1")
    return {word for word in re.findall(r"[\w.-]{4,}", about) if word not in elsewhere}


def _blank(data: bytes) -> bytes:
    """Return the message with nothing in its segments about the patient: what is then said anyway is ours."""
    return b"\r".join(line[:4] if _PATIENT.match(line) else line for line in re.split(rb"[\r\n]+", data))


def _said(issues: tuple[Issue, ...] | list[Issue]) -> str:
    return "\n".join(str(dataclasses.asdict(issue)) for issue in issues)


def _everything(data: bytes) -> str:
    """Return all that comes out of a message: resources, issues with their values, trace."""
    try:
        mapped = list(run(LIBRARY, data, provider="duinrand", received_at=AT))
    except GatewayError as error:
        return _said(error.issues)
    made = "\n".join(json.encode(one.bundle()).decode() + str(one.trace) for one in mapped)
    return made + "\n".join(_said(list(one.issues)) for one in mapped)


@pytest.mark.parametrize("message", [*_messages()], ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_nothing_of_the_patient_comes_out(message: Path) -> None:
    data = message.read_bytes()

    everything, ours = _everything(data), _everything(_blank(data))

    assert {word for word in _secrets(data) if word in everything and word not in ours} == set()


@pytest.mark.parametrize("first", [b"", b"EVN|A01|20260901\r"], ids=["PID first", "EVN first"])
def test_a_refusal_without_a_header_names_nobody(first: bytes) -> None:
    patient = b"PID|1||999900006^^^NLMINBIZA^NNNLD||Geheim^Gerda||19410307|F\rPV1|1|I|3B^312^2^ZKH\r"

    everything = _everything(first + patient)

    assert [word for word in ("999900006", "Geheim", "Gerda", "19410307") if word in everything] == []


@pytest.mark.parametrize(
    "segment",
    [
        "PD1|||Praktijk Geheim^^01059601^^^VEKTIS|01059602^Geheim^P.^^^^^^VEKTIS",
        "ROL|1|AD|PP^Geheim^HL70443|01059602^Geheim^P.^^^^^^VEKTIS",
        "NK1|1|Geheim^Piet|SPO^Geheim^HL70063|Geheim 1|0612345678|||20261341||||||Q",
        "OBX|1|NM|29463-7^Geheim^LN||81,5|kg|||||F",
        "OBX|1|XX|29463-7^Geheim^LN||Geheim|kg|||||Q|||20261341",
        "OBX|1|NM|||Geheim",
        "AL1|1|DA|7980^Geheim^SNK|SV|Geheim|20190501",
        "AL1|1|QQ|7980^Geheim^SNK|9|Geheim|20191301",
        "AL1|1|DA||SV|Geheim",
        "AL1|1||716186003^Geheim^SCT\rAL1|2|DA|^Geheim",
        "DG1|1||I50^Geheim^I10|Geheim|20260901|A",
        "DG1|1||I50^Geheim^I10|Geheim|20260231|Q",
    ],
    ids=lambda s: s[:3],
)
@pytest.mark.parametrize("event", ["A01", "A08"])
def test_nothing_that_is_told_of_the_patient_comes_out(segment: str, event: str) -> None:
    data = (
        f"MSH|^~\\&|EPD|ZKH|GW|ZCC|20260901101500+0200||ADT^{event}|X1|P|2.5.1\rEVN|{event}|20260901101455+0200\r"
        f"PID|1||77^^^ZKH^PI\rPV1|1|I|3B^312^2^ZKH\r{segment}\r"
    ).encode()

    (mapped,) = run(LIBRARY, data, provider="duinrand", received_at=AT)
    everything = _everything(data)

    assert {resource["resourceType"] for resource, *_ in mapped.resources} <= _OF_PLACES
    assert mapped.issues == ()
    told = ("Geheim", "0105960", "29463", "81,5", "7980", "716186003", "I50", "0612345678", "Q|", "20190501")
    assert [word for word in told if word in everything] == []


_OF_PLACES = {"Location", "Schedule", "Slot", "HealthcareService"}
_PLACES = "A01 A02 A03 A04 A06 A07 A08 A11 A12 A13 A15 A16 A21 A22 A25 A26"


@pytest.mark.parametrize("event", _PLACES.split())
def test_only_places_come_out(event: str) -> None:
    data = (
        f"MSH|^~\\&|EPD|ZKH|GW|ZCC|20260901101500+0200||ADT^{event}|X1|P|2.5.1\rEVN|{event}|20260901101455+0200\r"
        "PID|1||999900006^^^NLMINBIZA^NNNLD||Geheim^Gerda||19410307|F\rPV1|1|I|3B^312^2^ZKH|||SEH^K1^1^ZKH\r"
    ).encode()

    (mapped,) = run(LIBRARY, data, provider="duinrand", received_at=AT)

    types = {resource["resourceType"] for resource, *_ in mapped.resources}
    assert {"Location", "Schedule", "Slot"} <= types <= {"Location", "Schedule", "Slot", "HealthcareService"}


@pytest.mark.parametrize("event", ["A05", "A14", "A27", "A28", "A31", "A38"])
def test_a_message_about_a_person_alone_is_refused_and_says_why(event: str) -> None:
    data = (
        f"MSH|^~\\&|EPD|ZKH|GW|ZCC|20260901101500+0200||ADT^{event}|X1|P|2.5.1\rEVN|{event}|20260901101455+0200\r"
        "PID|1||77^^^ZKH^PI||Geheim^Gerda||19410307|F\rPV1|1|P|3B^312^2^ZKH\r"
    ).encode()

    with pytest.raises(MappingFailed) as refused:
        list(run(LIBRARY, data, provider="duinrand", received_at=AT))

    assert [issue.code for issue in refused.value.issues] == ["patient-data-in-capacity"]


@pytest.mark.parametrize("event", ["A40", "A47"])
def test_of_a_merge_nothing_comes_out_but_that_stays_are_of_one_patient(event: str) -> None:
    data = (
        f"MSH|^~\\&|EPD|ZKH|GW|ZCC|20260901101500+0200||ADT^{event}|X1|P|2.5.1\rEVN|{event}|20260901101455+0200\r"
        "PID|1||77^^^ZKH^PI||Geheim^Gerda||19410307|F\rMRG|78^^^ZKH^PI\rPV1|1|P|3B^312^2^ZKH\r"
    ).encode()

    (mapped,) = run(LIBRARY, data, provider="duinrand", received_at=AT)

    assert mapped.resources == []
    assert [(issue.code, issue.severity) for issue in mapped.issues] == [("patient-data-in-capacity", "warning")]
    assert mapped.stay == Stay("update", patient="ZKH|77", was_patient="ZKH|78")
