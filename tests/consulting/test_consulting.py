"""A register is asked about one patient whom nothing else opens; its answer is a ground for minutes, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.access.certificates import write_development
from gateway.access.policy import Caller
from gateway.consulting import consult, named_patient
from gateway.errors import BadSettings, ResourceNotFound, Unavailable
from gateway.fhir.json import decode
from gateway.fhir.types import Resource
from gateway.notify.closed_question.mitz import Mitz
from gateway.rest import fhir
from gateway.rest.interaction import Ask
from gateway.services import Services, build
from gateway.settings import Settings
from gateway.transact import Put
from tests.consents import consent, recipient
from tests.emergency_world import NUMBER, later
from tests.mitz import Register, register
from tests.policy_world import (
    CENTRE,
    FAR,
    HOME,
    HOSPITAL,
    INSURER,
    asking,
    does,
    observation,
    patient,
    peopled,
    reads,
)
from tests.receivers import outward, status

MEDICATION: Resource = {
    "resourceType": "MedicationStatement",
    "id": "m",
    "status": "active",
    "medicationCodeableConcept": {"text": "paracetamol"},
    "subject": {"reference": "Patient/p"},
}


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    write_development(folder, datetime.now(UTC))
    return folder


@pytest.fixture
def mitz(certificates: Path) -> Iterator[Register]:
    with register(certificates) as found:
        yield found


@pytest.fixture
def known(services: Services, certificates: Path, mitz: Register) -> Services:
    """Return a world in which a register is asked, and the hospital has a patient with medication and a measurement."""
    to = peopled(services)
    for resource in (patient(identifier=[NUMBER]), patient("nameless"), MEDICATION, observation("o")):
        does(HOSPITAL, Put(resource), to)
    way = outward(certificates, mitz.receiver, client="client-hospital")
    return replace(to, authority=Mitz(way, mitz.base, lambda: 0.0))


def ask(type_: str, id_: str, to: Services, caller: Caller | None = None, **parameters: str) -> Ask:
    """Return what a nursing home asks over the API."""
    return Ask(
        caller=caller or asking(HOME, to),
        to=to,
        read_body=dict,
        type=type_,
        id=id_,
        parameters=list(parameters.items()),
    )


def audit(to: Services) -> list[dict[str, Any]]:
    with to.store.reading() as db:
        rows = [decode(bytes(content)) for (content,) in db.rows("select content from audit order by seq")]
    return [row for row in rows if row["action"] == "closed-question"]


def test_what_is_permitted_is_seen(known: Services, mitz: Register) -> None:
    assert fhir.read(ask("Patient", "p", known)).status == 200

    ((first, second),) = mitz.questions
    assert (first["resource-id"], first["id"], first["provider-institution"]) == ("999900006", HOSPITAL.ura, HOME.ura)
    assert {first["event-code"], second["event-code"]} == {"GGC002", "GGC013"}
    assert reads(HOME, "MedicationStatement", "m", known)
    assert not reads(HOME, "Observation", "o", known)
    assert not reads(FAR, "Patient", "p", known)


def test_a_part_is_permitted(known: Services, mitz: Register) -> None:
    mitz.decides = lambda asked: "Permit" if asked["event-code"] == "GGC013" else "Deny"
    fhir.read(ask("Patient", "p", known))

    assert reads(HOME, "MedicationStatement", "m", known)
    assert audit(known)[-1]["parameters"] == ["GGC002: deny", "GGC013: permit"]


def test_what_is_denied_is_as_what_is_not_there(known: Services, mitz: Register) -> None:
    mitz.decides = lambda _: "Deny"
    told = []
    for id_ in ("p", "nowhere"):
        with pytest.raises(ResourceNotFound) as refused:
            fhir.read(ask("Patient", id_, known))
        told.append([str(issue) for issue in refused.value.issues])
    assert told[0] == told[1]


@pytest.mark.parametrize(("decision", "minutes"), [("Permit", 15), ("Deny", 5)])
def test_it_is_asked_anew_after_minutes(known: Services, mitz: Register, decision: str, minutes: int) -> None:
    mitz.decides = lambda _: decision
    for after in (0, 1, minutes - 1):
        consult("p", asking(HOME, known), later(known, minutes=after))
    assert len(mitz.questions) == 1

    then = later(known, minutes=minutes, seconds=1)
    assert not reads(HOME, "Patient", "p", then)
    consult("p", asking(HOME, then), then)
    assert len(mitz.questions) == 2


def test_a_withdrawal_there_closes_it_here_after_minutes(known: Services, mitz: Register) -> None:
    fhir.read(ask("Patient", "p", known))
    mitz.decides = lambda _: "Deny"
    then = later(known, minutes=16)

    with pytest.raises(ResourceNotFound):
        fhir.read(ask("Patient", "p", then))
    assert not reads(HOME, "MedicationStatement", "m", then)


def test_a_denial_there_closes_no_other_ground(known: Services, mitz: Register) -> None:
    mitz.decides = lambda _: "Deny"
    consult("p", asking(HOME, known), known)
    does(HOSPITAL, Put(consent("c", "permit", recipient(HOME.ura))), known)

    assert reads(HOME, "Observation", "o", known)


def test_a_denial_here_closes_what_is_permitted_there(known: Services) -> None:
    does(HOSPITAL, Put(consent("n", "deny", recipient(HOME.ura))), known)
    with pytest.raises(ResourceNotFound):
        fhir.read(ask("Patient", "p", known))


def test_where_it_cannot_be_asked_that_is_said(known: Services, mitz: Register) -> None:
    mitz.answers(status(503))
    with pytest.raises(Unavailable) as refused:
        fhir.read(ask("Patient", "p", known))
    assert [issue.code for issue in refused.value.issues] == ["consent-not-asked"]

    bundle = decode(fhir.search_type(ask("Observation", "", known, patient="Patient/p")).body)
    (entry,) = bundle["entry"]
    (issue,) = entry["resource"]["issue"]
    assert (entry["search"]["mode"], issue["severity"]) == ("outcome", "warning")
    assert issue["details"]["coding"][0]["code"] == "consent-not-asked"
    assert audit(known)[-1]["parameters"][0] == "unanswered"
    assert "999900006" not in str(audit(known))

    mitz.answers(None)
    assert fhir.read(ask("Patient", "p", known)).status == 200


def test_a_search_that_names_one_patient_asks_first(known: Services, mitz: Register) -> None:
    bundle = decode(fhir.search_type(ask("MedicationStatement", "", known, patient="p")).body)

    assert [entry["resource"]["id"] for entry in bundle["entry"]] == ["m"]
    assert len(mitz.questions) == 1


@pytest.mark.parametrize(
    ("type_", "id_", "parameters", "named"),
    [
        ("Patient", "p", [], "p"),
        ("Patient", "", [("_id", "p")], "p"),
        ("Patient", "", [("_id", "p,q")], ""),
        ("Patient", "", [("family", "jansen")], ""),
        ("Observation", "", [("patient", "Patient/p")], "p"),
        ("Observation", "", [("subject", "Patient/p"), ("code", "x")], "p"),
        ("Observation", "", [("patient", "p"), ("patient", "q")], ""),
        ("Observation", "", [("subject", "Group/p")], ""),
        ("Observation", "", [("_id", "p")], ""),
        ("Observation", "", [], ""),
    ],
)
def test_it_is_asked_about_one_patient_who_is_named(type_: str, id_: str, parameters: Any, named: str) -> None:
    assert named_patient(type_, id_, parameters) == named


def test_nothing_is_asked_where_that_is_not_for_who_asks(known: Services, mitz: Register) -> None:
    seen_already, without_number = ("p", HOSPITAL), ("nameless", HOME)
    nobody, without_type = ("nowhere", HOME), ("p", CENTRE)
    for id_, partner in (seen_already, without_number, nobody, without_type, ("p", INSURER)):
        assert consult(id_, asking(partner, known), known) is None
    assert consult("p", asking(HOME, known), replace(known, authority=None)) is None
    assert mitz.questions == []


def test_nothing_is_asked_of_whom_a_scope_closes_to_who_asks(known: Services, mitz: Register) -> None:
    for query, asked in (("_id=other", 0), ("_id=p", 1)):
        caller = replace(asking(HOME, known), scopes=frozenset({f"system/Patient.rs?{query}"}))
        assert consult("p", caller, known) is None
        assert len(mitz.questions) == asked


def test_an_address_that_may_not_be_sent_to_is_told_at_start(tmp_path: Path) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path}/store.sqlite", closed_question="https://mitz.example")

    with pytest.raises(BadSettings, match=r"GATEWAY_CLOSED_QUESTION: .*GATEWAY_ENDPOINTS"):
        build(settings)
    to = build(replace(settings, endpoints=("https://mitz.example",)))
    to.store.close()
    assert to.authority is not None


def test_many_at_once_are_answered_alike(known: Services) -> None:
    caller = asking(HOME, known)
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda _: fhir.read(ask("Patient", "p", known, caller)).status, range(12)))

    assert set(found) == {200}
