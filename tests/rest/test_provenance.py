"""Which message made which version, asked of the FHIR API."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.access.policy import Caller, development_caller
from gateway.errors import ResourceNotFound
from gateway.fhir.search import parse
from gateway.ingest import ingest
from gateway.query import messages, read, search
from gateway.services import Services
from gateway.validation import Validator
from gateway.validation.profiles.shipped import library as profiles
from gateway.validation.second_opinion import second_opinion
from tests.messages import bed_list, bed_message, bed_row

Resource = dict[str, Any]
JSON = "application/fhir+json"


@pytest.fixture
def take(services: Services) -> Callable[..., None]:
    def taken(data: bytes, *, provider: str = "dev", hours: int = 0) -> None:
        to = replace(services, clock=lambda: services.clock() + timedelta(hours=hours))
        found = ingest(data, provider=provider, content_type=None, caller=development_caller(), to=to)
        assert found.refusal is None

    return taken


def asked(client: FlaskClient, query: str) -> Resource:
    answer = client.get(f"/fhir/Provenance?{query}" if query else "/fhir/Provenance")
    assert answer.status_code == 200, answer.data
    bundle: Resource = answer.get_json()
    return bundle


def found(bundle: Resource, mode: str = "match") -> list[Resource]:
    return [one["resource"] for one in bundle.get("entry", []) if one["search"]["mode"] == mode]


def display(one: Resource) -> str:
    return str(one["entity"][0]["what"]["display"])


def slot(client: FlaskClient) -> str:
    """Return the one Slot that there is."""
    (entry,) = client.get("/fhir/Slot").get_json()["entry"]
    return f"Slot/{entry['resource']['id']}"


def link(bundle: Resource, relation: str) -> str | None:
    return next((one["url"].partition("/fhir/")[2] for one in bundle["link"] if one["relation"] == relation), None)


def stored(target: str) -> Resource:
    """Return a Provenance as a client stores it."""
    return {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "recorded": "2026-01-05T10:00:00+01:00",
        "agent": [{"who": {"display": "a client"}}],
    }


def test_each_version_names_the_message_that_made_it_newest_first(
    client: FlaskClient, take: Callable[..., None]
) -> None:
    take(bed_message("1"))
    take(bed_message("2", state="O", at="20260105100100"))

    target = slot(client)
    bundle = asked(client, f"target={target}")

    assert [display(one) for one in found(bundle)] == ["hl7v2 2", "hl7v2 1"]
    assert [one["target"][0]["reference"] for one in found(bundle)] == [f"{target}/_history/2", f"{target}/_history/1"]
    assert bundle["total"] == 2
    assert link(bundle, "next") is None


def test_a_version_names_the_message_that_made_it_alone(client: FlaskClient, take: Callable[..., None]) -> None:
    take(bed_message("1"))
    take(bed_message("2", state="O", at="20260105100100"))
    target = slot(client)
    second = f"{target}/_history/2"

    for value in (second, f"http://127.0.0.1:8080/fhir/{second}", f"{target}/_history/2-late-7"):
        assert [display(one) for one in found(asked(client, f"target={value}"))] == ["hl7v2 2"]
    for version in ("3", "x", "9" * 40):
        assert found(asked(client, f"target={target}/_history/{version}")) == []


def test_it_is_read_by_its_id_and_has_the_same_content(client: FlaskClient, take: Callable[..., None]) -> None:
    take(bed_message("1"))
    (one,) = found(asked(client, f"target={slot(client)}"))

    answer = client.get(f"/fhir/Provenance/{one['id']}")

    assert answer.get_json() == one
    assert "ETag" not in answer.headers
    assert found(asked(client, f"_id={one['id']}")) == [one]
    assert client.get(f"/fhir/Provenance/{one['id']}/_history/1").status_code == 404


@pytest.mark.parametrize("id_", ["1.1.1", "0.0.0", "999999999999999999.1.1", "01.2.3", "x"])
def test_what_no_message_made_is_not_there(client: FlaskClient, id_: str) -> None:
    assert client.get(f"/fhir/Provenance/{id_}").status_code == 404
    assert found(asked(client, f"_id={id_}")) == []


def test_it_is_valid_by_our_validator_our_profile_and_another_library(
    client: FlaskClient, take: Callable[..., None]
) -> None:
    take(bed_message("1"), provider="duinrand")
    take(bed_list([bed_row("7")]))
    bundle = asked(
        client,
        "target=" + ",".join(f"Slot/{s['resource']['id']}" for s in client.get("/fhir/Slot").get_json()["entry"]),
    )

    assert len(found(bundle)) == 2
    for one in [bundle, *found(bundle)]:
        assert [str(issue) for issue in Validator(profiles()).issues(one)] == []
        assert second_opinion(one) == []


def test_nothing_of_the_patient_or_of_what_stands_in_the_message_is_told(
    client: FlaskClient, take: Callable[..., None]
) -> None:
    pid = "PID|1||999900006^^^NLMINBIZA^NNNLD~7781234^^^ZKH^PI||Geheim^Gerda||19410307|F\r"
    pv1 = f"PV1|1|I|3B^312^2^ZKH{'|' * 16}9\r"
    head = "MSH|^~\\&|EPD|ZKH|GW|ZCC|20260105090000+0100||ADT^A01|X1|P|2.5.1\rEVN|A01|20260105090000+0100\r"
    take((head + pid + pv1).encode())
    patient = client.get("/fhir/Patient").get_json()["entry"][0]["resource"]["id"]

    answer = client.get(f"/fhir/Provenance?target=Patient/{patient}")

    (one,) = found(answer.get_json())
    assert any("Patient.name" in part["valueString"] for e in one["entity"][0]["extension"] for part in e["extension"])
    assert [word for word in ("Geheim", "Gerda", "19410307", "999900006", "7781234") if word in answer.text] == []


def test_pages_go_from_what_messages_made_to_what_clients_stored(
    client: FlaskClient, take: Callable[..., None]
) -> None:
    for n in range(5):
        take(bed_message(str(n), state="OU"[n % 2], at=f"202601051001{n:02}"))
    target = slot(client)
    for _ in range(3):
        client.post("/fhir/Provenance", data=json.dumps(stored(target)), content_type=JSON)

    pages: list[list[Resource]] = []
    following: str | None = f"Provenance?target={target}&_count=2"
    while following:
        bundle = client.get(f"/fhir/{following}").get_json()
        assert bundle["total"] == 8
        pages.append(found(bundle))
        following = link(bundle, "next")

    assert [len(page) for page in pages] == [2, 2, 2, 2]
    every = [one for page in pages for one in page]
    assert [display(one) for one in every if "entity" in one] == [f"hl7v2 {n}" for n in (4, 3, 2, 1, 0)]
    assert len({one["id"] for one in every}) == 8


@pytest.mark.parametrize("count", [1, 5, 6, 100])
def test_no_page_is_missed_whatever_its_size(client: FlaskClient, take: Callable[..., None], count: int) -> None:
    for n in range(5):
        take(bed_message(str(n), state="OU"[n % 2], at=f"202601051001{n:02}"))
    target = slot(client)
    client.post("/fhir/Provenance", data=json.dumps(stored(target)), content_type=JSON)

    seen, following = [], f"Provenance?target={target}&_count={count}"
    while following:
        bundle = client.get(f"/fhir/{following}").get_json()
        seen += [one["id"] for one in found(bundle)]
        following = link(bundle, "next") or ""

    assert len(seen) == len(set(seen)) == 6


def test_a_page_makes_so_many_at_most_and_says_where_to_go_on(client: FlaskClient, take: Callable[..., None]) -> None:
    for n in range(messages.MOST + 3):
        take(bed_message(str(n), at=f"202601051001{n:02}"))

    bundle = asked(client, f"target={slot(client)}&_count=1000")

    assert len(found(bundle)) == messages.MOST
    assert bundle["total"] == messages.MOST + 3
    following = link(bundle, "next")
    assert following is not None
    assert len(found(client.get(f"/fhir/{following}").get_json())) == 3


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("recorded=2026-01-05", ["2", "1"]),
        ("recorded=2026-01-05T09:00:00Z", ["1"]),
        ("recorded=gt2026-01-05T09:00:00Z", ["2"]),
        ("recorded=ge2026-01-05T09:00:00Z", ["2", "1"]),
        ("recorded=lt2026-01-05T10:00:00Z", ["1"]),
        ("recorded=le2026-01-05T10:00:00Z", ["2", "1"]),
        ("recorded=ne2026-01-05T10:00:00Z", ["1"]),
        ("recorded=sa2026-01-05T09:00:00Z&recorded=eb2026-01-06", ["2"]),
        ("agent:identifier=http://fhir.nl/fhir/NamingSystem/ura|00000002", ["2"]),
        ("agent:identifier=https://elsewhere.example|00000002", []),
        ("entity:identifier=https://msb-gateway.example/fhir/NamingSystem/inbox|1", ["1"]),
        ("entity:identifier=1,2", ["2", "1"]),
        ("entity:identifier=none", []),
    ],
)
def test_what_is_asked_beside_the_target_counts(
    client: FlaskClient, take: Callable[..., None], query: str, expected: list[str]
) -> None:
    take(bed_message("1"))
    take(bed_message("2", bed="9"), provider="duinrand", hours=1)
    targets = ",".join(f"Slot/{one['resource']['id']}" for one in client.get("/fhir/Slot").get_json()["entry"])

    bundle = asked(client, f"target={targets}&{query}")

    assert [display(one).removeprefix("hl7v2 ") for one in found(bundle)] == expected
    assert bundle["total"] == len(expected)


@pytest.mark.parametrize("form", ["{id}", "Slot/{id}", "http://127.0.0.1:8080/fhir/Slot/{id}"])
def test_a_target_may_be_written_in_each_way(client: FlaskClient, take: Callable[..., None], form: str) -> None:
    take(bed_message("1"))

    assert len(found(asked(client, "target=" + form.format(id=slot(client).removeprefix("Slot/"))))) == 1
    assert len(found(asked(client, f"target:Slot={slot(client).removeprefix('Slot/')}"))) == 1
    assert found(asked(client, f"target:Location={slot(client).removeprefix('Slot/')}")) == []


@pytest.mark.parametrize("query", ["", "patient=Patient/1", "agent=Organization/1", "target:missing=false"])
def test_who_asks_otherwise_is_told_that_messages_are_not_found_so(
    client: FlaskClient, take: Callable[..., None], query: str
) -> None:
    take(bed_message("1"))

    bundle = asked(client, query)

    assert found(bundle) == []
    (outcome,) = found(bundle, "outcome")
    assert outcome["issue"][0]["details"]["coding"][0]["code"] == "not-searched"


def test_a_sort_that_is_not_done_is_told(client: FlaskClient, take: Callable[..., None]) -> None:
    take(bed_message("1"))

    bundle = asked(client, f"target={slot(client)}&_sort=recorded")

    assert len(found(bundle)) == 1
    assert "neither sorted" in json.dumps(found(bundle, "outcome"))


def test_an_unknown_parameter_is_refused(client: FlaskClient) -> None:
    answer = client.get("/fhir/Provenance?target=Slot/1&targets=Slot/2")

    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["details"]["coding"][0]["code"] == "unknown-parameter"


def test_only_the_count_may_be_asked(client: FlaskClient, take: Callable[..., None]) -> None:
    take(bed_message("1"))

    assert asked(client, f"target={slot(client)}&_summary=count")["total"] == 1


def test_elements_are_chosen_as_of_any_resource(client: FlaskClient, take: Callable[..., None]) -> None:
    take(bed_message("1"))

    (one,) = found(asked(client, f"target={slot(client)}&_elements=target"))

    assert "entity" not in one
    assert {"target", "recorded", "agent"} <= one.keys()


def test_what_a_client_may_not_see_has_no_provenance_for_it(
    client: FlaskClient, services: Services, take: Callable[..., None]
) -> None:
    take(bed_message("1"))
    (one,) = found(asked(client, f"target={slot(client)}"))
    caller = Caller("06999901", "elsewhere", types=frozenset({"Provenance", "Location"}))

    bundle = json.loads(search(parse("Provenance", [("target", slot(client))]), caller, services, base="http://x/fhir"))

    assert bundle["total"] == 0
    with pytest.raises(ResourceNotFound):
        read("Provenance", one["id"], caller, services)


def test_what_a_client_asked_for_by_name_is_said_to_come_from_it(client: FlaskClient) -> None:
    location = {"resourceType": "Location", "id": "ic", "name": "IC"}
    entry = {"resource": location, "request": {"method": "PUT", "url": "Location/ic"}}
    sent = {"resourceType": "Bundle", "type": "transaction", "identifier": {"value": "7"}, "entry": [entry]}
    client.post("/fhir", data=json.dumps(sent), content_type=JSON)

    (one,) = found(asked(client, "target=Location/ic"))

    assert [agent["who"] for agent in one["agent"]] == [{"type": "Organization", "display": "development"}]
    assert "FHIR API" in json.dumps(one["entity"][0]["extension"])
    assert [str(issue) for issue in Validator(profiles()).issues(one)] == []
