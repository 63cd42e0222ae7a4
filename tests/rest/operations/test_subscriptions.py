"""`Subscription/$status`, `$events` and `$get-ws-binding-token`, and what a client sees of a Subscription."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.access.policy import Caller
from gateway.access.sealing import Keys
from gateway.app import create_app
from gateway.errors import ResourceNotFound
from gateway.fhir import json
from gateway.fhir.search import parse
from gateway.notify.subscription import CONTENT
from gateway.notify.topics import BASE, TOPICS
from gateway.query import subscriptions
from gateway.services import Services
from gateway.store import log, subscribers
from gateway.transact import Put, transact
from tests.receivers import Receiver, outward

Call = Callable[..., tuple[int, Any]]
KINDS = ("empty", "id-only", "full-resource")


def subscription(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Subscription", "status": "active", "reason": "test", "criteria": f"{BASE}capacity-changed",
        "channel": {
            "type": "rest-hook", "endpoint": "https://127.0.0.1:1/hook", "payload": "application/fhir+json",
            "_payload": {"extension": [{"url": CONTENT, "valueCode": "id-only"}]}, **more,
        },
    }  # fmt: skip


@pytest.fixture
def profiled(services: Services) -> Services:
    way = outward(Path(), Receiver(port=1))
    return replace(services, outward=way, keys=Keys((("first", b"k" * 32),)))


@pytest.fixture
def client(profiled: Services) -> FlaskClient:
    return create_app(profiled).test_client()


@pytest.fixture
def told(profiled: Services, call: Call, put: Callable[..., None]) -> str:
    """Subscribe, let five versions of a Slot be announced, and return the id of the Subscription."""
    code, made = call("Subscription", subscription())
    assert (code, made["status"]) == (201, "requested")
    for n in range(5):
        put({
            "resourceType": "Slot", "id": "a", "status": ("free", "busy")[n % 2], "comment": str(n),
            "schedule": {"reference": "Schedule/x"}, "start": "2026-01-05T10:00:00Z", "end": "2026-01-05T11:00:00Z",
        })  # fmt: skip
    with profiled.store.changing() as db:
        events = [event for event in log.oldest(db, 100) if event.type == "Slot"]
        rows = [(e.at, f"{e.type}/{e.id}", e.key, e.version, e.event, e.trace) for e in events]
        subscribers.tell(db, f"Subscription/{made['id']}", rows, 1)
    return str(made["id"])


def values(parameters: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: next((v for k, v in one.items() if k != "name"), None) for one in parameters["parameter"]}


def test_the_status_of_one_and_of_all(call: Call, told: str) -> None:
    every, one = "Subscription/$status", f"Subscription/{told}/$status"
    for path, query in ((one, {}), (every, {}), (every, {"id": told}), (every, {"status": "requested"})):
        code, found = call(path, **query)
        assert (code, found["type"], found["total"]) == (200, "searchset", 1)
        said = values(found["entry"][0]["resource"])
        assert (said["type"], said["status"], said["events-since-subscription-start"]) == (
            "query-status",
            "requested",
            "5",
        )
        assert said["topic"] == f"{BASE}capacity-changed"
    assert call("Subscription/$status", status="off")[1]["total"] == 0
    assert call("Subscription/$status", status="asleep")[0] == 400
    assert call("Subscription/$status", nothing="x")[0] == 400
    assert call("Subscription/nobody/$status")[0] == 404


@pytest.mark.parametrize("content", KINDS)
def test_events_are_told_again_by_their_numbers(call: Call, told: str, content: str) -> None:
    code, found = call(f"Subscription/{told}/$events", eventsSinceNumber="2", eventsUntilNumber="4", content=content)
    events = [one for one in found["entry"][0]["resource"]["parameter"] if one["name"] == "notification-event"]

    assert (code, found["type"]) == (200, "history")
    assert values(found["entry"][0]["resource"])["type"] == "query-event"
    assert [event["part"][0]["valueString"] for event in events] == ["2", "3", "4"]
    assert [entry["resource"]["comment"] for entry in found["entry"][1:]] == (
        ["1", "2", "3"] if content == "full-resource" else []
    )


def test_without_numbers_all_of_them_are_told_as_the_subscription_has_it(call: Call, told: str) -> None:
    _, found = call(f"Subscription/{told}/$events")
    events = [one for one in found["entry"][0]["resource"]["parameter"] if one["name"] == "notification-event"]

    assert [[part["name"] for part in event["part"]] for event in events] == [
        ["event-number", "timestamp", "focus"]
    ] * 5
    sent = {"resourceType": "Parameters", "parameter": [{"name": "eventsSinceNumber", "valueString": "5"}]}
    posted = call(f"Subscription/{told}/$events", sent)[1]["entry"][0]["resource"]["parameter"]
    assert sum(one["name"] == "notification-event" for one in posted) == 1


@pytest.mark.parametrize("query", [{"eventsSinceNumber": "x"}, {"eventsUntilNumber": "-1"}, {"content": "all"}])
def test_what_is_no_number_or_content_is_refused(call: Call, told: str, query: dict[str, str]) -> None:
    assert call(f"Subscription/{told}/$events", **query)[0] == 400


def test_who_may_not_see_what_happened_is_told_the_numbers_alone(
    call: Call, told: str, as_caller: Callable[..., None]
) -> None:
    as_caller("Subscription")
    _, found = call(f"Subscription/{told}/$events", content="full-resource")
    events = [one for one in found["entry"][0]["resource"]["parameter"] if one["name"] == "notification-event"]

    assert [[part["name"] for part in event["part"]] for event in events] == [["event-number", "timestamp"]] * 5
    assert len(found["entry"]) == 1
    as_caller("Slot")
    assert call(f"Subscription/{told}/$events")[0] == 403
    assert call("Subscription/$status")[0] == 403


def test_there_is_no_websocket_and_it_is_said_why(call: Call, told: str) -> None:
    for path in ("Subscription/$get-ws-binding-token", f"Subscription/{told}/$get-ws-binding-token"):
        code, outcome = call(path)
        assert (code, outcome["issue"][0]["details"]["coding"][0]["code"]) == (405, "subscription-not-supported")


def test_the_topics_are_published(call: Call) -> None:
    _, statement = call("metadata")
    (entry,) = [one for one in statement["rest"][0]["resource"] if one["type"] == "Subscription"]
    _, found = call("Basic", code="SubscriptionTopic")

    assert [one["valueCanonical"] for one in entry["extension"]] == list(TOPICS)
    assert {one["name"] for one in entry["operation"]} >= {"status", "events"}
    assert {e["resource"]["extension"][0]["valueUri"] for e in found["entry"]} == set(TOPICS)
    assert call("Basic/capacity-changed")[1]["code"]["coding"][0]["code"] == "SubscriptionTopic"


def test_a_secret_is_masked_in_every_answer(client: FlaskClient, call: Call) -> None:
    code, made = call("Subscription", subscription(header=["Authorization: Bearer very-secret"]))
    assert code == 201
    id_ = made["id"]
    patch = [{"op": "replace", "path": "/reason", "value": "another"}]
    answers = [
        client.get(f"/fhir/Subscription/{id_}"),
        client.get(f"/fhir/Subscription/{id_}", headers={"Accept": "application/fhir+xml"}),
        client.patch(f"/fhir/Subscription/{id_}", data=json.encode(patch), content_type="application/json-patch+json"),
        client.get(f"/fhir/Subscription/{id_}/_history"),
        client.get("/fhir/Subscription?status=requested"),
        client.get("/fhir/_history"),
        client.get(f"/fhir/Subscription/{id_}/$status"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 7
    assert "very-secret" not in str(made)
    assert not any(b"very-secret" in answer.data for answer in answers)
    assert b"Authorization: ********" in answers[2].data


def test_a_refusal_names_the_place_and_the_reason(call: Call) -> None:
    code, outcome = call("Subscription", subscription(endpoint="http://169.254.169.254/latest", type="websocket"))
    found = {issue["details"]["coding"][0]["code"]: issue["expression"] for issue in outcome["issue"]}

    assert code == 422
    assert found == {
        "endpoint-not-allowed": ["Subscription.channel.endpoint"],
        "subscription-not-supported": ["Subscription.channel.type"],
    }


def test_who_may_not_see_one_is_told_nothing_of_it(profiled: Services, told: str) -> None:
    """Of the subscription of another neither how it is nor what it was told; and of all, its own alone."""
    asked = parse("Subscription", [("url", "https://127.0.0.1:1/mine")]).conditions[0]
    caller = Caller("00000001", "gouwe", conditions={"Subscription": asked})
    own = subscription(endpoint="https://127.0.0.1:1/mine")
    transact([Put(own | {"id": "mine"})], caller, profiled)

    assert subscriptions.one("mine", caller, profiled).name == "Subscription/mine"
    assert [queue.name for queue in subscriptions.several((), caller, profiled)] == ["Subscription/mine"]
    for id_ in (told, "nobody"):
        assert subscriptions.several({id_}, caller, profiled) == []
        with pytest.raises(ResourceNotFound, match="there is no such Subscription"):
            subscriptions.one(id_, caller, profiled)


def test_who_is_told_how_one_is_stands_in_the_audit(profiled: Services, call: Call, told: str) -> None:
    call(f"Subscription/{told}/$status")
    with profiled.store.reading() as db:
        ((content,),) = db.rows("select content from audit order by seq desc limit 1")

    said = json.decode(content)
    assert (said["action"], said["entities"]) == ("read", [f"Subscription/{told}"])
