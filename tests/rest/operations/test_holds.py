"""`$hold`, `$extend-hold` and `$release-hold` over HTTP, and what a place says when its hold has ended."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.data import shipped
from gateway.fhir.freshness import bare
from gateway.services import Services
from gateway.store import Identity
from tests.conftest import LASTING, NOW
from tests.referral.test_holds import URL, appointment, request, slot

Resource = dict[str, Any]
JSON = "application/fhir+json"


class Clock:
    """Time, as the test says."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at

    def later(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(services: Services, clock: Clock) -> FlaskClient:
    settings = replace(services.settings, freshness=LASTING)
    opened = create_app(replace(services, clock=clock, settings=settings)).test_client()
    for resource in (slot(), request(), request("r2")):
        path = f"/fhir/{resource['resourceType']}/{resource['id']}"
        assert opened.put(path, json=resource, content_type=JSON).status_code == 201
    return opened


def asked(**parameters: Any) -> Resource:
    found = [{"name": name, **value} for name, value in parameters.items()]
    return {"resourceType": "Parameters", "parameter": found}


def held(client: FlaskClient, name: str = "r1", minutes: int | None = None, if_match: str = "") -> Any:
    named = {"request": {"valueReference": {"reference": f"ServiceRequest/{name}"}}}
    sent = asked(**named, **({"minutes": {"valuePositiveInt": minutes}} if minutes else {}))
    return client.post(
        "/fhir/Slot/s1/$hold", json=sent, content_type=JSON, headers={"If-Match": if_match} if if_match else {}
    )


def extended(client: FlaskClient, reason: str = "awaiting-transport") -> Any:
    sent = asked(reason={"valueCode": reason})
    return client.post("/fhir/Slot/s1/$extend-hold", json=sent, content_type=JSON)


def codes(response: Any) -> list[str]:
    return [issue["details"]["coding"][0]["code"] for issue in response.get_json()["issue"]]


def test_a_hold_answers_the_slot_as_it_is_then(client: FlaskClient) -> None:
    response = held(client, minutes=10)

    assert (response.status_code, response.headers["ETag"]) == (200, 'W/"2"')
    assert response.get_json() == client.get("/fhir/Slot/s1").get_json()
    assert response.get_json()["status"] == "busy-tentative"


def test_a_hold_that_is_asked_again_is_the_same_one(client: FlaskClient) -> None:
    first, again = held(client), held(client)

    assert (again.status_code, again.data) == (200, first.data)


def test_it_is_extended_once_and_given_back(client: FlaskClient) -> None:
    held(client)

    assert extended(client).status_code == 200
    refused = extended(client)
    assert (refused.status_code, codes(refused)) == (409, ["hold-extended"])
    released = client.post("/fhir/Slot/s1/$release-hold")
    assert (released.status_code, released.get_json()["status"]) == (200, "free")
    assert client.post("/fhir/Slot/s1/$release-hold").status_code == 409


@pytest.mark.parametrize(
    ("path", "sent", "status", "code"),
    [
        ("Slot/s1/$hold", asked(), 400, "bad-request"),
        ("Slot/s1/$hold", asked(request={"valueString": "ServiceRequest/r1"}), 400, "bad-value"),
        ("Slot/s1/$hold", asked(request={"valueReference": {"reference": "Patient/r1"}}), 422, "request-unknown"),
        ("Slot/s1/$hold", asked(request={"valueReference": {"display": "r1"}}), 400, "bad-request"),
        ("Slot/none/$hold", asked(request={"valueReference": {"reference": "ServiceRequest/r1"}}), 404, "not-found"),
        ("Slot/s1/$hold", asked(request={"valueReference": {"reference": "ServiceRequest/r1"}},
                                hours={"valueInteger": 1}), 400, "unknown-parameter"),
        ("Slot/s1/$hold", asked(request={"valueReference": {"reference": "ServiceRequest/r1"}},
                                minutes={"valuePositiveInt": 16}), 422, "hold-too-long"),
        ("Slot/s1/$extend-hold", asked(), 400, "bad-request"),
        ("Slot/s1/$extend-hold", asked(reason={"valueCode": "zomaar"}), 400, "bad-value"),
        ("Slot/s1/$extend-hold", asked(reason={"valueCode": "other"}), 409, "hold-ended"),
        ("Slot/s1/$release-hold", asked(reason={"valueCode": "other"}), 400, "unknown-parameter"),
        ("Location/s1/$hold", asked(), 404, "not-found"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_reason(
    client: FlaskClient, path: str, sent: Resource, status: int, code: str
) -> None:
    response = client.post(f"/fhir/{path}", json=sent, content_type=JSON)

    assert (response.status_code, codes(response)) == (status, [code])


def test_a_hold_may_be_for_one_version_alone(client: FlaskClient) -> None:
    refused = held(client, if_match='W/"7"')

    assert (refused.status_code, codes(refused)) == (412, ["version-conflict"])
    assert held(client, if_match='W/"1"').status_code == 200


def test_places_are_held_by_a_batch_each_on_its_own(client: FlaskClient) -> None:
    def entry(name: str) -> Resource:
        sent = asked(request={"valueReference": {"reference": f"ServiceRequest/{name}"}})
        return {"resource": sent, "request": {"method": "POST", "url": "Slot/s1/$hold"}}

    sent = {"resourceType": "Bundle", "type": "batch", "entry": [entry("r1"), entry("r2")]}
    answer = client.post("/fhir", json=sent, content_type=JSON).get_json()

    assert [one["response"]["status"].partition(" ")[0] for one in answer["entry"]] == ["200", "409"]


def test_held_places_are_found_by_their_request_and_by_when_their_hold_ends(client: FlaskClient) -> None:
    held(client)
    found = {
        query: client.get(f"/fhir/Slot?{query}&_total=accurate").get_json()["total"]
        for query in ("hold-request=ServiceRequest/r1", "hold-request=r2", "hold-until=lt2026-01-05T09:16:00Z",
                      "hold-until=gt2026-01-05T09:16:00Z", "status=busy-tentative", "hold-request.status=active")
    }  # fmt: skip
    assert list(found.values()) == [1, 0, 1, 0, 1, 1]


def test_nothing_is_seen_as_held_after_its_time_though_no_worker_runs(client: FlaskClient, clock: Clock) -> None:
    held(client)
    assert client.get("/fhir/Slot?status=free&_total=accurate").get_json()["total"] == 0
    clock.later(15)

    assert client.get("/fhir/Slot?status=free&_total=accurate").get_json()["total"] == 1
    assert client.get("/fhir/Slot/s1").get_json()["status"] == "free"


@pytest.mark.parametrize("by", ["read", "page of several types"])
def test_a_read_alone_ends_what_is_due(client: FlaskClient, clock: Clock, by: str) -> None:
    held(client)
    clock.later(15)

    paths = {"read": "/fhir/Slot/s1", "page of several types": "/fhir?_type=Slot,Location"}
    answer = client.get(paths[by]).get_json()
    (found,) = [answer] if by == "read" else [one["resource"] for one in answer["entry"]]
    assert found["status"] == "free"
    assert [one["url"] for one in bare(found)["extension"]] == [URL]


# ---- appointments over the API


def test_an_appointment_takes_its_slot_and_its_cancellation_gives_it_back(client: FlaskClient) -> None:
    made = client.put("/fhir/Appointment/a1", json=appointment(), content_type=JSON)
    assert made.status_code == 201
    assert client.get("/fhir/Slot/s1").get_json()["status"] == "busy"

    client.put("/fhir/Appointment/a1", json=appointment(status="cancelled"), content_type=JSON)
    assert client.get("/fhir/Slot/s1").get_json()["status"] == "free"


@pytest.mark.parametrize("how", ["patch", "delete", "noshow"])
def test_however_an_appointment_ends_its_slot_is_free(client: FlaskClient, how: str) -> None:
    client.put("/fhir/Appointment/a1", json=appointment(), content_type=JSON)

    if how == "delete":
        assert client.delete("/fhir/Appointment/a1").status_code == 204
    else:
        value = "cancelled" if how == "patch" else how
        change = [{"op": "replace", "path": "/status", "value": value}]
        response = client.patch("/fhir/Appointment/a1", json=change, content_type="application/json-patch+json")
        assert response.status_code == 200
    assert client.get("/fhir/Slot/s1").get_json()["status"] == "free"


def test_a_second_appointment_for_one_slot_is_refused(client: FlaskClient) -> None:
    client.put("/fhir/Appointment/a1", json=appointment(), content_type=JSON)

    refused = client.put("/fhir/Appointment/a2", json=appointment("a2"), content_type=JSON)
    assert (refused.status_code, codes(refused)) == (409, ["slot-not-free"])
    assert client.get("/fhir/Appointment/a2").status_code == 404


def test_an_appointment_that_changes_keeps_its_slot(client: FlaskClient) -> None:
    client.put("/fhir/Appointment/a1", json=appointment(), content_type=JSON)

    changed = client.put("/fhir/Appointment/a1", json={**appointment(), "comment": "x"}, content_type=JSON)
    assert changed.status_code == 200
    assert client.get("/fhir/Slot/s1").get_json()["meta"]["versionId"] == "2"


def test_an_appointment_beside_a_slot_that_says_itself_what_it_is_leaves_that(client: FlaskClient) -> None:
    entries = [
        {"resource": resource, "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}}
        for resource in (slot("busy", "s7"), appointment("a7", slot_="s7"))
    ]
    sent = {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    assert client.post("/fhir", json=sent, content_type=JSON).status_code == 200
    assert client.get("/fhir/Slot/s7").get_json()["meta"]["versionId"] == "1"


def test_an_appointment_of_a_slot_that_is_not_here_is_a_reference_like_any_other(client: FlaskClient) -> None:
    assert client.put("/fhir/Appointment/a1", json=appointment(slot_="x"), content_type=JSON).status_code == 201


def test_every_operation_is_listed_and_defined(client: FlaskClient) -> None:
    statement = client.get("/fhir/metadata").get_json()
    (listed,) = [one for one in statement["rest"][0]["resource"] if one["type"] == "Slot"]
    named = {one["name"]: one["definition"] for one in listed["operation"]}
    for name in ("hold", "extend-hold", "release-hold"):
        defined = json.loads((shipped("profiles") / f"OperationDefinition-slot-{name}.json").read_bytes())
        assert (defined["url"], defined["code"]) == (named[name], name)


DOORS = (
    "Slot/s1",
    "Slot?_id=s1",
    "?_type=Slot,Schedule",
    "Appointment?_include=Appointment:slot",
    "Appointment?_include=*",
    "Schedule?_revinclude=Slot:schedule",
    "Schedule?_has:Slot:schedule:status=free&_revinclude=Slot:schedule",
    "Appointment?slot.status=free&_include=Appointment:slot",
    "Slot/s1/_history?_count=1",
    "Slot/_history?_count=1",
    "_history?_count=5",
    "Location/l/$everything",
)


@pytest.fixture
def surrounded(client: FlaskClient) -> FlaskClient:
    """Return a gateway in which other resources lead to a place that is held."""
    place = {"resourceType": "Location", "id": "l", "status": "active"}
    schedule = {"resourceType": "Schedule", "id": "x", "actor": [{"reference": "Location/l"}]}
    for resource in (place, schedule, appointment(status="proposed")):
        path = f"/fhir/{resource['resourceType']}/{resource['id']}"
        assert client.put(path, json=resource, content_type=JSON).status_code == 201
    assert held(client).status_code == 200
    return client


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("in_batch", [False, True], ids=["alone", "in a batch"])
def test_by_every_door_a_place_is_told_as_what_it_is_now(
    surrounded: FlaskClient, clock: Clock, door: str, in_batch: bool
) -> None:
    clock.later(15)

    if in_batch:
        asked = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": door}}]}
        (entry,) = surrounded.post("/fhir", json=asked, content_type=JSON).get_json()["entry"]
        told = entry["resource"]
    else:
        told = surrounded.get(f"/fhir/{door.removeprefix('?')}" if door[0] != "?" else f"/fhir{door}").get_json()

    every = [entry.get("resource", {}) for entry in told.get("entry", ())] or [told]
    assert [one["status"] for one in every if one["resourceType"] == "Slot"][:1] == ["free"]


def test_an_export_begins_with_places_as_they_are_then(
    surrounded: FlaskClient, clock: Clock, services: Services
) -> None:
    clock.later(15)
    assert surrounded.get("/fhir/$export?_type=Slot", headers={"Prefer": "respond-async"}).status_code == 202

    stored = services.store.read(Identity("Slot", "s1"))
    assert stored is not None
    assert json.loads(stored.body)["status"] == "free"


def test_a_next_page_tells_a_place_as_what_it_is_when_that_is_asked(surrounded: FlaskClient, clock: Clock) -> None:
    """What a page link asks is sealed, so nobody can see that it leads to places."""
    second = appointment("a2", status="proposed")
    assert surrounded.put("/fhir/Appointment/a2", json=second, content_type=JSON).status_code == 201
    first = surrounded.get("/fhir/Appointment?_include=Appointment:slot&_count=1").get_json()
    (following,) = [link["url"] for link in first["link"] if link["relation"] == "next"]
    clock.later(15)

    told = surrounded.get(following.partition("8080")[2]).get_json()

    assert [one["resource"]["status"] for one in told["entry"] if "/Slot/" in one["fullUrl"]] == ["free"]
