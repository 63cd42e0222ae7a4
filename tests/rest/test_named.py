"""A Bundle with a name that is sent again: the first answer again, byte for byte, and no second effect."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.access.policy import development_caller
from gateway.access.sealing import Keys
from gateway.app import create_app
from gateway.cli.replaying import take_again
from gateway.fhir import xml
from gateway.services import Services
from gateway.store import inbox, open_store
from gateway.store.contents import figures
from gateway.store.quality import quality
from gateway.transact.inbox import content_of, purge

Resource = dict[str, Any]
JSON, XML = "application/fhir+json", "application/fhir+xml"
NAME = {"system": "https://duinrand.example/bundles", "value": "7"}


def entry(method: str, url: str, resource: Resource | None = None) -> Resource:
    return {"request": {"method": method, "url": url}} | ({"resource": resource} if resource else {})


def ward(name: str, id_: str | None = None) -> Resource:
    return {"resourceType": "Location", **({"id": id_} if id_ else {}), "name": name}


def bundle(kind: str, *entries: Resource, identifier: Any = NAME) -> Resource:
    named = {"identifier": identifier} if identifier is not None else {}
    return {"resourceType": "Bundle", **named, "type": kind, "entry": list(entries)}


def document(text: str = "a letter") -> Resource:
    composition = {
        "resourceType": "Composition",
        "id": "c",
        "status": "final",
        "type": {"text": text},
        "date": "2026-01-05",
        "author": [{"display": "Ziekenhuis Duinrand"}],
        "title": text,
    }
    whole = {"fullUrl": "urn:uuid:6b1f7a9c-58e0-4b6e-a0cf-5d6f0f5c1a11", "resource": composition}
    return bundle("document", whole) | {"timestamp": "2026-01-05T10:00:00+01:00"}


def send(client: FlaskClient, sent: Resource, path: str = "/fhir", **headers: str) -> TestResponse:
    return client.post(path, data=json.dumps(sent), content_type=JSON, headers=headers)


def is_repeat(response: TestResponse) -> bool:
    return response.headers.get("Idempotent-Replayed") == "true"


TRANSACTION = bundle(
    "transaction", entry("POST", "Location", ward("IC")), entry("PUT", "Location/3b", ward("3B", "3b"))
)
BATCH = TRANSACTION | {"type": "batch"}


@pytest.mark.parametrize("sent", [TRANSACTION, BATCH], ids=["transaction", "batch"])
@pytest.mark.parametrize("returned", ["minimal", "representation", "OperationOutcome"])
def test_the_first_answer_comes_again_byte_for_byte(
    client: FlaskClient, services: Services, sent: Any, returned: str
) -> None:
    first, again = (send(client, sent, Prefer=f"return={returned}") for _ in range(2))

    assert (first.status_code, is_repeat(first)) == (200, False)
    assert (again.status_code, is_repeat(again)) == (200, True)
    assert again.data == first.data
    found = figures(services.store)
    assert (found.resources, found.versions, found.outbox) == ({"Location": 2}, 2, 2)


@pytest.mark.parametrize("sent", [TRANSACTION, BATCH], ids=["transaction", "batch"])
def test_it_is_so_after_a_restart_and_after_what_it_made_has_changed(
    client: FlaskClient, services: Services, database_url: str, sent: Any
) -> None:
    first = send(client, sent, Prefer="return=representation")
    client.put("/fhir/Location/3b", data=json.dumps(ward("other", "3b")), content_type=JSON)
    client.delete("/fhir/Location/3b")

    store = open_store(database_url)
    restarted = create_app(replace(services, store=store)).test_client()
    again = send(restarted, sent, Prefer="return=representation")

    assert again.data == first.data
    assert client.get("/fhir/Location/3b").status_code == 410
    store.close()


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_another_content_under_that_name_is_refused_and_not_swallowed(
    client: FlaskClient, services: Services, kind: str
) -> None:
    send(client, bundle(kind, entry("POST", "Location", ward("IC"))))

    other = send(client, bundle(kind, entry("POST", "Location", ward("IC")), entry("POST", "Location", ward("3B"))))

    assert other.status_code == 409
    (issue,) = other.get_json()["issue"]
    assert issue["details"]["coding"][0]["code"] == "duplicate-control-id"
    assert figures(services.store).resources == {"Location": 1}
    assert actions(services)[-1] == "refuse"


def test_the_order_of_names_and_the_format_are_no_content(client: FlaskClient, services: Services) -> None:
    send(client, TRANSACTION)
    turned = json.loads(json.dumps(TRANSACTION, sort_keys=True))
    as_xml = xml.write({"resourceType": "Bundle", **TRANSACTION}, pretty=True)

    again = send(client, turned)
    third = client.post("/fhir", data=as_xml, content_type=XML)

    assert is_repeat(again)
    assert is_repeat(third)
    assert third.content_type.startswith(XML)
    assert figures(services.store).versions == 2


def test_a_name_without_a_system_is_another_name(client: FlaskClient, services: Services) -> None:
    with_it, without = TRANSACTION, TRANSACTION | {"identifier": {"value": "7"}}

    answers = [send(client, sent) for sent in (with_it, without, with_it, without)]

    assert [is_repeat(answer) for answer in answers] == [False, False, True, True]
    assert figures(services.store).resources == {"Location": 3}


def test_a_bundle_without_a_name_is_a_request_of_its_own(client: FlaskClient, services: Services) -> None:
    answers = [
        send(client, bundle("transaction", entry("POST", "Location", ward("IC")), identifier=None)) for _ in "12"
    ]

    assert not any(is_repeat(answer) for answer in answers)
    assert figures(services.store).resources == {"Location": 2}
    assert figures(services.store).inbox == {}


@pytest.mark.parametrize("identifier", [[], "x", {"value": 7}, {"value": ""}, {"system": "urn:x"}])
def test_what_is_no_identifier_is_refused_and_names_nothing(
    client: FlaskClient, services: Services, identifier: Any
) -> None:
    send(client, bundle("transaction", entry("POST", "Location", ward("IC")), identifier=identifier))

    assert figures(services.store).inbox == {}


def test_a_message_is_known_by_the_id_of_its_header(client: FlaskClient, services: Services) -> None:
    header = {
        "resourceType": "MessageHeader",
        "id": "0d2b7c5e-91f7-4b6c-a6a1-2c9f4de0b111",
        "eventCoding": {"system": "https://duinrand.example/events", "code": "bed"},
        "source": {"endpoint": "https://duinrand.example"},
    }
    sent = bundle(
        "transaction", entry("POST", "MessageHeader", header), entry("POST", "Location", ward("IC")), identifier=None
    )

    first, again = (send(client, sent) for _ in range(2))

    assert again.data == first.data
    assert is_repeat(again)
    assert figures(services.store).resources == {"Location": 1, "MessageHeader": 1}


def test_a_refused_transaction_is_tried_anew(client: FlaskClient, services: Services) -> None:
    needed = bundle(
        "transaction",
        {
            **entry("PUT", "Location/3b", ward("3B", "3b")),
            "request": {"method": "PUT", "url": "Location/3b", "ifMatch": 'W/"1"'},
        },
    )

    refused = send(client, needed)
    client.put("/fhir/Location/3b", data=json.dumps(ward("first", "3b")), content_type=JSON)
    taken = send(client, needed)
    again = send(client, needed)

    assert refused.status_code == 412
    assert (taken.status_code, is_repeat(taken)) == (200, False)
    assert again.data == taken.data
    assert figures(services.store).versions == 2


def test_entries_of_a_batch_that_were_refused_are_tried_anew_and_no_others(
    client: FlaskClient, services: Services
) -> None:
    conditional = {
        **entry("PUT", "Location/3b", ward("3B", "3b")),
        "request": {"method": "PUT", "url": "Location/3b", "ifMatch": 'W/"1"'},
    }
    sent = bundle("batch", entry("POST", "Location", ward("IC")), conditional)

    first = send(client, sent).get_json()["entry"]
    client.put("/fhir/Location/3b", data=json.dumps(ward("first", "3b")), content_type=JSON)
    again = send(client, sent).get_json()["entry"]

    assert [one["response"]["status"][:3] for one in first] == ["201", "412"]
    assert [one["response"]["status"][:3] for one in again] == ["201", "200"]
    assert again[0] == first[0]
    assert figures(services.store).resources == {"Location": 2}


def test_what_a_repeated_transaction_reads_is_read_again(client: FlaskClient) -> None:
    sent = bundle("transaction", entry("PUT", "Location/3b", ward("3B", "3b")), entry("GET", "Location/3b"))
    first = send(client, sent).get_json()["entry"]
    client.put("/fhir/Location/3b", data=json.dumps(ward("other", "3b")), content_type=JSON)

    again = send(client, sent).get_json()["entry"]

    assert again[0] == first[0]
    assert [one[1]["resource"]["name"] for one in (first, again)] == ["3B", "other"]


def test_bundles_that_only_read_are_no_messages(client: FlaskClient, services: Services) -> None:
    for kind in ("transaction", "batch"):
        send(client, bundle(kind, entry("GET", "Location/3b")))

    assert figures(services.store).inbox == {}


@pytest.mark.parametrize("kind", ["document", "collection"])
def test_a_bundle_that_is_stored_is_stored_once(client: FlaskClient, services: Services, kind: str) -> None:
    listed = {"fullUrl": "urn:uuid:6b1f7a9c-58e0-4b6e-a0cf-5d6f0f5c1a11", "resource": ward("IC")}
    sent = document() if kind == "document" else bundle(kind, listed)

    first, again = (send(client, sent, "/fhir/Bundle") for _ in range(2))
    other = send(client, sent | {"language": "nl"}, "/fhir/Bundle")

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert [is_repeat(answer) for answer in (first, again)] == [False, True]
    assert again.data == first.data
    assert again.headers["Location"] == first.headers["Location"]
    assert figures(services.store).resources == {"Bundle": 1}


def test_a_bundle_may_be_stored_and_be_carried_out(client: FlaskClient, services: Services) -> None:
    """Storing a Bundle is something else than doing what it asks: the one is no repetition of the other."""
    send(client, TRANSACTION)
    stored = [send(client, TRANSACTION, "/fhir/Bundle") for _ in range(2)]

    assert not any(is_repeat(one) for one in stored)
    assert figures(services.store).resources == {"Location": 2, "Bundle": 2}


def test_what_a_client_asks_by_name_still_is_the_present(client: FlaskClient) -> None:
    """A name makes no fact of it that could come too late."""
    known = ward("3B", "3b") | {"extension": [measured("2026-01-05T09:59:00+01:00")]}
    older = ward("3B now", "3b") | {"extension": [measured("2025-12-31T09:00:00+01:00")]}
    client.put("/fhir/Location/3b", data=json.dumps(known), content_type=JSON)

    send(client, bundle("transaction", entry("PUT", "Location/3b", older)))

    assert client.get("/fhir/Location/3b").get_json()["name"] == "3B now"


def measured(at: str) -> Resource:
    return {"url": "https://msb-gateway.example/fhir/StructureDefinition/capacity-measured-at", "valueDateTime": at}


def actions(to: Services) -> list[str]:
    with to.store.reading() as db:
        rows = db.rows("select content from audit order by lane, seq")
    return [json.loads(bytes(content))["action"] for (content,) in rows]


def test_a_repetition_is_in_the_audit_with_who_and_what_and_nothing_of_it(
    client: FlaskClient, services: Services
) -> None:
    send(client, TRANSACTION)
    send(client, TRANSACTION)

    with services.store.reading() as db:
        rows = [json.loads(bytes(content)) for (content,) in db.rows("select content from audit order by lane, seq")]
        ((inbox,),) = db.rows("select id from inbox")
    (repeat,) = [row for row in rows if row["action"] == "repeat"]
    assert repeat["organisation"] == "development"
    assert repeat["format"] == "fhir-api"
    assert repeat["inbox"] == [inbox]
    assert "Duinrand" not in json.dumps(rows)
    assert figures(services.store).broken == []


def test_what_was_asked_by_name_is_kept_sealed_and_forgotten_as_messages_are(services: Services) -> None:
    sealing = replace(services, keys=Keys((("one", bytes(32)),)))
    client = create_app(sealing).test_client()
    send(client, TRANSACTION)

    with services.store.reading() as db:
        ((id_, content),) = db.rows("select id, content from inbox")
    assert b"3B" not in bytes(content)
    row = inbox.one(services.store, id_)
    assert row is not None
    assert json.loads(content_of(row, sealing)) == TRANSACTION
    assert purge(services.clock() + timedelta(days=1), development_caller(), sealing) == 1
    assert is_repeat(send(client, TRANSACTION))


def test_it_is_no_message_of_a_provider_and_is_not_replayed(client: FlaskClient, services: Services) -> None:
    send(client, BATCH)

    ids = [row.id for row in inbox.entered(services.store)]
    results = {take_again(id_, development_caller(), services, anew=True).result for id_ in ids}

    assert len(ids) == 3  # the batch, and its two entries
    assert results == {"absent"}
    assert quality(services.store) == []
    assert figures(services.store).versions == 2


def test_what_was_carried_out_stays_so_though_it_would_be_refused_by_now(
    client: FlaskClient, services: Services
) -> None:
    part = ward("IC") | {"partOf": {"reference": "Location/absent"}}
    sent = bundle("transaction", entry("POST", "Location", part))
    first = send(client, sent)
    strict = replace(services, settings=replace(services.settings, references="strict"))

    again = send(create_app(strict).test_client(), sent)

    assert first.status_code == 200
    assert again.data == first.data
    assert is_repeat(again)
