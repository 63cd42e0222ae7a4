"""A patient is erased whole: no table holds a byte of it, nobody else loses anything, and the audit says so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.access.policy import development_caller
from gateway.access.sealing import Keys
from gateway.cli.store import store as commands
from gateway.errors import BadSettings, ResourceGone, ResourceNotFound
from gateway.fhir.search import parse
from gateway.ingest import ingest
from gateway.query import read, search
from gateway.services import Services
from gateway.store import parcels
from gateway.store.contents import figures
from gateway.store.records import Parcel
from gateway.transact import Create, Delete, Put, transact
from gateway.transact.erasure import erase, find

CALLER = development_caller()
BSN = "999900006"
MARK = "Ergernis"  # a name that nobody else has
BSN_SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"


def put(to: Services, *resources: dict[str, Any]) -> None:
    transact([Put(resource) for resource in resources], CALLER, to)


def subject(id_: str = "gone") -> dict[str, Any]:
    return {"subject": {"reference": f"Patient/{id_}"}}


@pytest.fixture
def filled(services: Services) -> Services:
    """Two patients; of the one that is to go, what refers to it and what hangs on that."""
    name = [{"family": MARK}]
    put(
        services,
        {"resourceType": "Patient", "id": "gone", "name": name, "identifier": [{"system": BSN_SYSTEM, "value": BSN}]},
        {"resourceType": "Patient", "id": "other", "name": [{"family": "Jansen"}]},
        {"resourceType": "Location", "id": "ward", "status": "active", "name": "3B"},
        {"resourceType": "Binary", "id": "letter", "contentType": "text/plain", "data": "RXJnZXJuaXM="},
    )
    put(
        services,
        {"resourceType": "Patient", "id": "gone", "name": name, "active": True},  # a second version, without a number
        {"resourceType": "ServiceRequest", "id": "order", "status": "active", "intent": "order", **subject()},
        {"resourceType": "ServiceRequest", "id": "of-other", "status": "active", "intent": "order", **subject("other")},
        {
            "resourceType": "DocumentReference",
            "id": "document",
            "status": "current",
            "content": [{"attachment": {"url": "Binary/letter"}}],
            **subject(),
        },
        {"resourceType": "Observation", "id": "moved", "status": "final", "code": {"text": MARK}, **subject()},
        {"resourceType": "Flag", "id": "deleted", "status": "active", "code": {"text": MARK}, **subject()},
    )
    put(
        services,
        {"resourceType": "Task", "id": "task", "status": "requested", "intent": "order", "description": MARK,
         "focus": {"reference": "ServiceRequest/order"}, "location": {"reference": "Location/ward"}},
        {"resourceType": "Observation", "id": "moved", "status": "final", "code": {"text": "temp"}, **subject("other")},
    )  # fmt: skip
    transact([Delete("Flag", "deleted")], CALLER, services)
    for message in (f"MSH|^~\\&|X|Y|Z|W|20260105100000||ZZZ^Z99|R1|P|2.5.1\rPID|||{BSN}||{MARK}\r", "MSH|other\r"):
        ingest(message.encode(), provider="dev", content_type=None, caller=CALLER, to=services)
    return services


def holds(to: Services, text: bytes) -> list[str]:
    """Return the tables of which a row holds `text`."""
    with to.store.reading() as db:
        tables = db.tables()
        return [
            name
            for name, columns in tables.columns().items()
            for piece in tables.pieces(f"select {', '.join(columns)} from {name}", 500)
            if any(
                text in (value if isinstance(value, bytes) else str(value).encode()) for row in piece for value in row
            )
        ]


def test_nothing_of_the_patient_is_left_and_all_of_the_others_is(filled: Services) -> None:
    assert holds(filled, MARK.encode())  # else this shows nothing

    found = find("gone", filled)
    erase(found, "asked for", CALLER, filled)

    assert sorted(f"{one.type}/{one.id}" for one in found.resources.values()) == [
        "Binary/letter",
        "DocumentReference/document",
        "Flag/deleted",
        "Patient/gone",
        "ServiceRequest/order",
        "Task/task",
    ]
    for mark in (MARK, MARK.lower(), BSN, "RXJnZXJuaXM="):
        assert holds(filled, mark.encode()) == []
    for type_, id_ in (
        ("Patient", "other"),
        ("ServiceRequest", "of-other"),
        ("Location", "ward"),
        ("Observation", "moved"),
    ):
        assert read(type_, id_, CALLER, filled).body
    assert figures(filled.store).broken == []
    with pytest.raises(ResourceNotFound):
        find("gone", filled)


def test_what_is_erased_is_found_no_more_by_any_way(filled: Services) -> None:
    erase(find("gone", filled), "asked for", CALLER, filled)

    with pytest.raises((ResourceNotFound, ResourceGone)):
        read("Patient", "gone", CALLER, filled)
    for type_, name, value in (
        ("Patient", "name", MARK),
        ("Task", "focus", "ServiceRequest/order"),
        ("Binary", "_id", "letter"),
    ):
        bundle = json.loads(search(parse(type_, [(name, value)]), CALLER, filled, base="http://x"))
        assert "entry" not in bundle


def test_the_audit_says_what_was_erased_and_why(filled: Services) -> None:
    found = find("gone", filled)
    erase(found, "asked for", CALLER, filled)

    with filled.store.reading() as db:
        rows = [json.loads(bytes(content)) for (content,) in db.rows("select content from audit")]
    (tombstone,) = [row for row in rows if row["action"] == "erase"]
    assert tombstone["reason"] == "asked for"
    assert "erased Patient/gone" in tombstone["entities"]
    assert tombstone["inbox"] == list(found.messages) != []


def test_a_message_that_named_the_patient_and_was_refused_loses_its_content_alone(filled: Services) -> None:
    erase(find("gone", filled), "asked for", CALLER, filled)

    with filled.store.reading() as db:
        rows = db.rows("select control_id, length(content), purged_at is not null from inbox order by id")
    assert [tuple(row) for row in rows] == [("R1", 0, True), (None, len(b"MSH|other\r"), False)]


def test_the_patient_can_come_again(filled: Services) -> None:
    """What is sent after it was erased is about somebody who is here anew."""
    erase(find("gone", filled), "asked for", CALLER, filled)

    put(filled, {"resourceType": "Patient", "id": "gone", "active": True})
    transact([Create({"resourceType": "Flag", "status": "active", "code": {"text": "x"}, **subject()})], CALLER, filled)

    assert read("Patient", "gone", CALLER, filled).version == 1


def test_another_patient_that_refers_to_it_stays_and_is_told(filled: Services) -> None:
    link = [{"other": {"reference": "Patient/gone"}, "type": "replaces"}]
    put(filled, {"resourceType": "Patient", "id": "other", "name": [{"family": "Jansen"}], "link": link})

    found = find("gone", filled)

    assert [f"{one.type}/{one.id}" for one in found.staying] == ["Patient/other"]


def test_the_command_tells_first_and_erases_when_it_is_sure(filled: Services) -> None:
    database = ["--database", filled.settings.database]

    told = CliRunner().invoke(commands, ["erase-patient", "Patient/gone", *database])
    no_reason = CliRunner().invoke(commands, ["erase-patient", "Patient/gone", "--yes", *database])
    assert (told.exit_code, no_reason.exit_code) == (0, 2)
    assert "nothing was erased" in told.output
    assert read("Patient", "gone", CALLER, filled).body
    done = CliRunner().invoke(commands, ["erase-patient", "Patient/gone", "--yes", "--reason", "asked", *database])
    again = CliRunner().invoke(commands, ["erase-patient", "Patient/gone", *database])

    assert done.exit_code == 0, done.output
    assert MARK not in told.output + done.output
    assert "1  ServiceRequest, every version of it" in done.output
    assert again.exit_code == 1
    assert "no such Patient" in again.output


def test_a_message_that_is_sealed_is_searched_with_its_key_or_the_lack_of_it_told(
    filled: Services, tmp_path: Path
) -> None:
    (tmp_path / "inbox.key").write_text("0f" * 32)
    sealed = replace(filled, keys=Keys.read([tmp_path / "inbox.key"]))
    message = f"MSH|^~\\&|X|Y|Z|W|20260105100000||ZZZ^Z99|R2|P|2.5.1\rPID|||{BSN}\r"
    ingest(message.encode(), provider="dev", content_type=None, caller=CALLER, to=sealed)

    assert len(find("gone", sealed).messages) == 2
    with pytest.raises(BadSettings, match="of the inbox cannot be searched"):
        find("gone", filled)


def test_what_waits_to_be_sent_about_the_patient_is_not_sent_any_more(filled: Services) -> None:
    body = b'{"focus":[{"reference":"https://gateway.example/fhir/Patient/gone"}]}'
    with filled.store.changing() as db:
        parcels.put(db, [Parcel("https://ehr.example/in", "application/fhir+json", body)])

    erase(find("gone", filled), "asked for", CALLER, filled)

    assert holds(filled, b'Patient/gone"}') == []
    with filled.store.reading() as db:
        assert db.rows("select body, reason, dead_at is not null from delivery") == [(None, "erased", 1)]
