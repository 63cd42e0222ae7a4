"""Topics, as the guide of the R5 backport has them on R4: what is told, with which numbers, and how much of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.access.policy import Caller
from gateway.errors import InvalidResource
from gateway.fhir.json import decode
from gateway.fhir.xml import read as read_xml
from gateway.fhirpath import parse
from gateway.notify.subscription import CONTENT, FILTER, HEARTBEAT, MOST, PROFILE, TIMEOUT
from gateway.notify.topics import BASE, TOPICS
from gateway.referral import holds
from gateway.services import Services, now
from gateway.transact import Delete, Put, transact
from gateway.validation import Validator
from tests.deliver.telling import CALLER, alive, eventually, queue, rows, telling
from tests.receivers import Receiver, never, outward, receiving

NAME = "Subscription/1"
FHIR = "https://msb-gateway.example/fhir"


def subscription(
    endpoint: str, topic: str = "capacity-changed", content: str = "id-only", filters: Sequence[str] = (), **limits: int
) -> dict[str, Any]:
    urls = {"heartbeat": (HEARTBEAT, "valueUnsignedInt"), "timeout": (TIMEOUT, "valueUnsignedInt"),
            "most": (MOST, "valuePositiveInt")}  # fmt: skip
    found: dict[str, Any] = {
        "resourceType": "Subscription", "id": "1", "meta": {"profile": [PROFILE]}, "status": "requested",
        "reason": "test", "criteria": BASE + topic,
        "channel": {
            "type": "rest-hook", "endpoint": endpoint, "payload": "application/fhir+json",
            "_payload": {"extension": [{"url": CONTENT, "valueCode": content}]},
        },
    }  # fmt: skip
    if filters:
        found["_criteria"] = {"extension": [{"url": FILTER, "valueString": text} for text in filters]}
    if limits:
        found["channel"]["extension"] = [{"url": urls[n][0], urls[n][1]: value} for n, value in limits.items()]
    return found


def slot(id_: str, status: str = "free", measured: str = "2126-01-05T10:00:00Z") -> dict[str, Any]:
    return {
        "resourceType": "Slot", "id": id_, "status": status, "schedule": {"reference": "Schedule/x"},
        "start": "2026-01-05T10:00:00Z", "end": "2026-01-05T11:00:00Z",
        "extension": [{"url": f"{FHIR}/StructureDefinition/capacity-measured-at", "valueDateTime": measured}],
    }  # fmt: skip


def service(status: str | None) -> dict[str, Any]:
    stop = {"url": f"{FHIR}/StructureDefinition/capacity-stop", "extension": [{"url": "status", "valueCode": status}]}
    return {"resourceType": "HealthcareService", "id": "seh", "active": True, "name": "SEH"} | (
        {"extension": [stop]} if status else {}
    )


def task(status: str) -> dict[str, Any]:
    return {"resourceType": "Task", "id": "t", "status": status, "intent": "order"}


def held(ended: str = "", at: str = "2026-01-05T10:00:00Z") -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"url": "until", "valueInstant": at}]
    if ended:
        parts = [{"url": "ended", "valueCode": ended}, {"url": "endedAt", "valueInstant": at}]
    return {"extension": [{"url": f"{FHIR}/StructureDefinition/slot-hold", "extension": parts}]}


def referral(id_: str, status: str = "active") -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest", "id": id_, "status": status, "intent": "order",
        "subject": {"reference": "Patient/p"},
    }  # fmt: skip


def put(to: Services, *resources: dict[str, Any]) -> None:
    for resource in resources:
        transact([Put(resource)], CALLER, to)


def active(to: Services) -> None:
    eventually(lambda: queue(to, NAME).status == "active")


def parameters(notification: dict[str, Any]) -> dict[str, Any]:
    """Return the values of the first entry by name, and the events as a list."""
    found: dict[str, Any] = {"events": []}
    for one in notification["entry"][0]["resource"]["parameter"]:
        if one["name"] == "notification-event":
            found["events"].append({p["name"]: next(v for k, v in p.items() if k != "name") for p in one["part"]})
        else:
            found[one["name"]] = next(value for name, value in one.items() if name != "name")
    return found


def told(receiver: Receiver, path: str = "/hook") -> list[dict[str, Any]]:
    return [decode(body) for body in receiver.bodies(path)]


def numbers(receiver: Receiver) -> list[int]:
    return [int(event["event-number"]) for one in told(receiver) for event in parameters(one)["events"]]


@pytest.mark.parametrize("content", ["empty", "id-only", "full-resource"])
def test_a_notification_tells_as_much_as_was_asked(services: Services, certificates: Path, content: str) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        put(to, subscription(receiver.base + "/hook", content=content))
        with telling(to):
            active(to)
            put(to, slot("a"), slot("a", "busy"))
            transact([Delete("Slot", "a")], CALLER, to)
            receiver.wait_for(lambda r: r.times["/hook"] == 4)

    handshake, created, updated, deleted = told(receiver)
    validator = Validator()
    for one in (handshake, created, updated, deleted):
        assert [i for i in validator.issues(one) if i.severity == "error"] == []
        assert (one["type"], one["entry"][0]["request"]["method"]) == ("history", "GET")
    assert parameters(handshake) | {"topic": 0} == {
        "subscription": {"reference": f"{to.settings.base_url}/{NAME}"}, "topic": 0, "status": "requested",
        "type": "handshake", "events-since-subscription-start": "0", "events": [],
    }  # fmt: skip
    assert [parameters(one)["type"] for one in (created, updated, deleted)] == ["event-notification"] * 3
    assert [parameters(one)["status"] for one in (created, updated, deleted)] == ["active"] * 3
    assert numbers(receiver) == [1, 2, 3]
    focus = [parameters(one)["events"][0].get("focus", {}).get("reference") for one in (created, updated, deleted)]
    entries = [entry["request"] for one in (created, updated, deleted) for entry in one["entry"][1:]]
    bodies = [entry["resource"]["status"] for one in (created, updated) for entry in one["entry"][1:]]
    assert focus == ([None] * 3 if content == "empty" else [f"{to.settings.base_url}/Slot/a"] * 3)
    assert ("topic" in parameters(created)) == (content != "empty")
    assert bodies == (["free", "busy"] if content == "full-resource" else [])
    assert [r["method"] for r in entries][-1:] == ([] if content == "empty" else ["DELETE"])


def test_a_notification_may_be_xml(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        asked = subscription(receiver.base + "/hook", content="full-resource")
        asked["channel"]["payload"] = "application/fhir+xml"
        put(to, asked)
        with telling(to):
            active(to)
            put(to, slot("a"))
            receiver.wait_for(lambda r: r.times["/hook"] == 2)

    assert receiver.requests[1].headers["content-type"] == "application/fhir+xml"
    assert read_xml(receiver.requests[1].body)["entry"][1]["resource"]["id"] == "a"


@pytest.mark.parametrize(
    ("topic", "changes", "events"),
    [
        ("capacity-changed", [slot("a"), slot("a", measured="2126-01-05T11:00:00Z"), slot("a", "busy")], [1, 3]),
        ("stop-announced", [service(None), service("threatened"), service("stop"), service("stop"), service("open"),
                            service("closed")], [2, 3]),
        ("stop-ended", [service("stop"), service("closed"), service("stop"), service("open"), service(None)], [4]),
        ("referral-received", [referral("r"), referral("r", "completed")], [1]),
        ("referral-answered", [task("requested"), task("accepted"), task("in-progress"), task("rejected")], [2, 4]),
    ],
)  # fmt: skip
def test_a_topic_tells_its_events_alone(
    services: Services, certificates: Path, topic: str, changes: list[dict[str, Any]], events: list[int]
) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        put(to, subscription(receiver.base + "/hook", topic), {"resourceType": "Patient", "id": "p"}, *changes)
        with telling(to):
            eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])

    assert rows(to, "select version from delivery order by number") == [(version,) for version in events]


@pytest.mark.parametrize(
    ("previous", "current", "expired", "over"),
    [
        ({}, held(), False, False),
        (held(), held(), False, False),
        (held(), held("expired"), True, True),
        (held(), held("released"), False, True),
        (held(), held("overruled"), False, True),
        (held("expired"), held("expired"), False, False),
        (held("expired"), held("expired", "2026-01-05T11:00:00Z"), True, True),
        (held(), None, False, True),
        (held("expired"), None, False, False),
        (held("expired"), {}, False, False),
    ],
)
def test_a_hold_that_ends_is_told_once(
    previous: dict[str, Any], current: dict[str, Any] | None, *, expired: bool, over: bool
) -> None:
    told_of = {name: topic.trigger("Slot") for name, topic in ((t.name, t) for t in TOPICS.values())}
    for name, wanted in (("hold-expired", expired), ("hold-ended", over)):
        trigger = told_of[name]
        assert trigger is not None
        assert trigger.is_event(previous, current) == wanted


def test_a_hold_that_expires_is_told_to_who_asked_for_that_request(services: Services, certificates: Path) -> None:
    zcc = Caller("00000001", "zcc")
    request = {**referral("r"), "subject": {"display": "x"}, "priority": "stat"}
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        filters = ["Slot?hold-request=ServiceRequest/r"]
        put(to, subscription(receiver.base + "/hook", "hold-expired", "full-resource", filters))
        put(to, request, {**referral("other"), "subject": {"display": "x"}})
        earlier = replace(to, clock=lambda: now() - timedelta(minutes=15))
        for id_, name in (("a", "r"), ("b", "other"), ("c", "r")):
            put(to, {**slot(id_), "end": "2126-01-05T11:00:00Z"})
            transact([holds.hold(id_, f"ServiceRequest/{name}", 1, zcc, earlier, None)], zcc, earlier)
        with telling(to):
            receiver.wait_for(lambda r: r.times["/hook"] == 3)

    ended = [entry["resource"] for one in told(receiver) for entry in one["entry"][1:]]
    assert sorted((one["id"], one["status"]) for one in ended) == [("a", "free"), ("c", "free")]
    assert numbers(receiver) == [1, 2]


def test_filters_narrow_a_topic_and_judge_what_is_gone_by_what_it_was(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        put(to, subscription(receiver.base + "/hook", filters=["Slot?status=free", "Slot?schedule=Schedule/x"]))
        put(to, slot("a"), slot("b", "busy"), slot("a", "busy"), slot("c"))
        transact([Delete("Slot", "b")], CALLER, to)
        transact([Delete("Slot", "c")], CALLER, to)
        with telling(to):
            eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])

    assert rows(to, "select about, event from delivery order by number") == [
        ("Slot/a", "create"), ("Slot/c", "create"), ("Slot/c", "delete"),
    ]  # fmt: skip


def test_several_events_go_together_as_many_as_are_wanted(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        put(to, subscription(receiver.base + "/hook", most=20))
        put(to, *(slot(str(n)) for n in range(45)))
        with telling(to):
            eventually(lambda: queue(to, NAME).told == 45)

    assert [len(parameters(one)["events"]) for one in told(receiver)[1:]] == [20, 20, 5]
    assert numbers(receiver) == list(range(1, 46))


def test_a_sign_of_life_is_given_when_nothing_happens(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        put(to, subscription(receiver.base + "/hook", heartbeat=10))
        with telling(to):
            active(to)
            with to.store.changing() as db:
                db.rows("update queue set due = 1")
            receiver.wait_for(lambda r: r.times["/hook"] == 2)
            eventually(lambda: (queue(to, NAME).due or 0) > 1)

    assert parameters(told(receiver)[1])["type"] == "heartbeat"
    assert queue(to, NAME).last == 0


def test_the_time_that_a_subscriber_gives_itself_holds(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver, seconds=60))
        put(to, subscription(receiver.base + "/hook", timeout=1))
        receiver.answers["/hook"] = never
        with telling(to):
            eventually(lambda: queue(to, NAME).attempts == 1, 20)

    assert queue(to, NAME).reason == "it took too long"


@pytest.mark.parametrize(
    ("change", "expression", "text"),
    [
        (lambda s: s.update(criteria=BASE + "anything"), "criteria", "no topic of that URL is served; the topics are"),
        (lambda s: s["channel"].pop("_payload"), "channel.payload.extension", "empty, id-only, full-resource"),
        (lambda s: s["channel"].pop("payload"), "channel.payload", "payload of a topic"),
        (lambda s: s.update(_criteria={"extension": [{"url": FILTER, "valueString": "Patient?active=true"}]}),
         "criteria.extension[0].value", "this topic is about"),
        (lambda s: s.update(_criteria={"extension": [{"url": FILTER, "valueString": "Slot?staat=vrij"}]}),
         "criteria.extension[0].value", "no parameter"),
        (lambda s: s["channel"].update(extension=[{"url": HEARTBEAT, "valueUnsignedInt": 1}]),
         "channel.extension", "from 10"),
        (lambda s: s["channel"].update(
            extension=[{"url": HEARTBEAT.replace("heartbeat-period", "nothing"), "valueString": "x"}]
         ), "channel.extension[0]", "not supported here"),
        (lambda s: s["channel"].update(_type={"extension": [{"url": "x", "valueString": "y"}]}),
         "channel.type", "rest-hook"),
    ],
)  # fmt: skip
def test_what_is_not_served_is_refused_by_name(
    services: Services, change: Callable[[dict[str, Any]], object], expression: str, text: str
) -> None:
    to = alive(services, outward(Path(), Receiver(port=1)))
    asked = subscription("https://127.0.0.1:1/hook")
    change(asked)
    with pytest.raises(InvalidResource) as caught:
        put(to, asked)

    (issue,) = [issue for issue in caught.value.issues if issue.severity == "error"]
    assert (issue.expression, text in issue.diagnostics) == (f"Subscription.{expression}", True), issue


def test_what_the_subscriber_may_no_longer_see_is_not_told_though_its_number_is(
    services: Services, certificates: Path
) -> None:
    partner = Caller("00000001", "partner", types=frozenset({"Subscription", "Slot", "Location", "MeasureReport"}))
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        transact([Put(subscription(receiver.base + "/hook", content="full-resource"))], partner, to)
        put(to, slot("a"))
        with telling(to):
            active(to)
            eventually(lambda: queue(to, NAME).last == 1)
        with to.store.changing() as db:
            db.rows("update queue set told = 0, due = 1, about = replace(about, '\"Slot\"', '\"Nothing\"')")
        with telling(to):
            eventually(lambda: queue(to, NAME).told == 1)

    last = told(receiver)[-1]
    assert [sorted(event) for event in parameters(last)["events"]] == [["event-number", "timestamp"]]
    assert len(last["entry"]) == 1


def test_48_writers_and_two_nodes_leave_no_hole_and_keep_the_order(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        put(to, subscription(receiver.base + "/hook", content="full-resource", most=10))

        def write(client: int) -> None:
            put(to, *(slot(f"s{client % 6}") | {"comment": f"{client} {n}"} for n in range(5)))

        with telling(to, to):
            with ThreadPoolExecutor(48) as pool:
                list(pool.map(write, range(48)))
            eventually(lambda: queue(to, NAME).told == 240)

    entries = [entry["resource"] for one in told(receiver) for entry in one["entry"][1:]]
    assert numbers(receiver) == list(range(1, 241))
    for n in range(6):
        versions = [int(one["meta"]["versionId"]) for one in entries if one["id"] == f"s{n}"]
        assert versions == list(range(1, 41))


def test_every_topic_says_in_fhirpath_what_it_can() -> None:
    paths = [trigger.path for topic in TOPICS.values() for trigger in topic.triggers if trigger.path]
    assert len(paths) == 6
    for path in paths:
        parse(path)
