"""Subscription of R4 by rest-hook: what a client would find is what it is told, once its endpoint has answered."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.access.partners import Partner
from gateway.access.policy import Caller
from gateway.access.sealing import Keys
from gateway.app import create_app
from gateway.cli.outbox import outbox
from gateway.deliver.settling import settle
from gateway.errors import InvalidResource
from gateway.fhir.json import decode
from gateway.services import Services, now
from gateway.settings import Settings
from gateway.store import Identity, queues, subscribers
from gateway.transact import Create, Delete, Put, transact
from gateway.transact.inbox import rekey
from gateway.transact.partners import add
from tests.deliver.telling import CALLER, alive, eventually, queue, rows, telling
from tests.receivers import Receiver, failing, outward, receiving, status

KEYS = Keys((("first", b"k" * 32),))
NAME = "Subscription/1"
GONE = "4 events were not kept while it was in error: numbers 2 to 5"


def subscription(endpoint: str, criteria: str = "Location?name=IC", **channel: Any) -> dict[str, Any]:
    return {
        "resourceType": "Subscription", "id": "1", "status": "requested", "reason": "test", "criteria": criteria,
        "channel": {"type": "rest-hook", "endpoint": endpoint, **channel},
    }  # fmt: skip


def location(id_: str, name: str = "IC") -> dict[str, Any]:
    return {"resourceType": "Location", "id": id_, "status": "active", "name": name}


def subscribe(to: Services, resource: dict[str, Any], caller: Caller = CALLER) -> None:
    transact([Put(resource)], caller, to)


def stored(to: Services) -> dict[str, Any]:
    found = to.store.read(Identity("Subscription", "1"))
    assert found is not None
    read: dict[str, Any] = decode(found.body)
    return read


def becomes(to: Services, wanted: str) -> None:
    eventually(lambda: stored(to)["status"] == wanted)


def test_who_matches_is_told_in_order_after_the_handshake(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        subscribe(to, subscription(receiver.base + "/hook"))
        assert stored(to)["status"] == "requested"
        with telling(to):
            becomes(to, "active")
            assert [(r.method, r.path, r.body) for r in receiver.requests] == [("POST", "/hook", b"")]
            for n in range(3):
                transact([Put(location(str(n)))], CALLER, to)
                transact([Put(location(str(n), "SEH"))], CALLER, to)
            transact([Delete("Location", "0")], CALLER, to)
            receiver.wait_for(lambda r: r.times["/hook"] == 4)
            eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])

    found = queue(to, NAME)
    assert (found.last, found.told, receiver.times["/hook"]) == (3, 3, 4)
    assert rows(to, "select number, about, version from delivery order by number") == [
        (1, "Location/0", 1), (2, "Location/1", 1), (3, "Location/2", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("payload", ["application/fhir+json", "application/fhir+xml"])
def test_a_payload_is_the_resource_as_it_was(services: Services, certificates: Path, payload: str) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        subscribe(to, subscription(receiver.base + "/hook/", payload=payload))
        with telling(to):
            becomes(to, "active")
        transact([Put(location("a"))], CALLER, to)
        transact([Put(location("a", "IC 2"))], CALLER, to)
        with telling(to):
            receiver.wait_for(lambda r: r.times["/hook/Location/a"] == 2)

    first, second = receiver.requests[1:]
    assert (first.method, first.headers["content-type"]) == ("PUT", payload)
    assert [b'"1"' in first.body, b'"2"' in second.body, b"IC 2" in second.body] == [True, True, True]


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        ("Slot?status=free", [1, 3]), ("Slot?status:not=free", [2]), ("Slot", [1, 2, 3]), ("Slot?_id=a", [1, 2, 3]),
        ("Slot?start=ge2026-01-06", [3]), ("Slot?schedule=Schedule/x", [1, 2, 3]), ("Slot?schedule:missing=true", []),
        ("Slot?status=free&start=ge2026-01-06", [3]), ("Location", []), ("Slot?_lastUpdated=gt2000", [1, 2, 3]),
    ],
)  # fmt: skip
def test_the_criteria_are_those_of_search(
    services: Services, certificates: Path, criteria: str, told: list[int]
) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        subscribe(to, subscription(receiver.base + "/hook", criteria))
        for number, (free, day) in enumerate((("free", 5), ("busy", 5), ("free", 6)), 1):
            slot = {
                "resourceType": "Slot", "id": "a", "status": free, "schedule": {"reference": "Schedule/x"},
                "start": f"2026-01-0{day}T10:00:00Z", "end": f"2026-01-0{day}T11:00:00Z",
            }  # fmt: skip
            transact([Put(slot)], CALLER, to)
            assert number
        with telling(to):
            eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])
            eventually(lambda: queue(to, NAME).told == len(told) and stored(to)["status"] == "active")

    assert rows(to, "select version from delivery order by number") == [(version,) for version in told]


@pytest.mark.parametrize(
    ("changed", "expression", "text"),
    [
        ({"criteria": "Locatie?name=IC"}, "Subscription.criteria", "no such resource type"),
        ({"criteria": "Location?naam=IC"}, "Subscription.criteria", "name"),
        ({"criteria": "Slot?schedule.actor=Location/1"}, "Subscription.criteria", "no chains"),
        ({"criteria": "Location?_has:Slot:schedule:status=free"}, "Subscription.criteria", ""),
        ({"criteria": "Location?_count=3"}, "Subscription.criteria", "not how they are shown"),
        ({"criteria": "Patient?identifier=999900006"}, "Subscription.criteria", "BSN"),
        ({"criteria": "https://other.example/topic"}, "Subscription.criteria", "no topic of that URL"),
        ({"end": "2020-01-01T00:00:00Z"}, "Subscription.end", "ended before it began"),
        ({"channel": {"type": "websocket"}}, "Subscription.channel.type", "rest-hook alone"),
        ({"channel": {"endpoint": "https://169.254.169.254/"}}, "Subscription.channel.endpoint", "not at an origin"),
        ({"channel": {"endpoint": "file:///etc/passwd"}}, "Subscription.channel.endpoint", "absolute https URL"),
        ({"channel": {"payload": "text/plain"}}, "Subscription.channel.payload", "application/fhir+json"),
        ({"channel": {"header": ["A: b\r\nHost: evil"]}}, "Subscription.channel.header", "printed characters"),
        ({"channel": {"header": ["Host: evil.example"]}}, "Subscription.channel.header", "gateway's own"),
        ({"channel": {"header": ["A: b", "C: ********"]}}, "Subscription.channel.header", "give all headers anew"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_refused_with_the_reason(
    services: Services, changed: dict[str, Any], expression: str, text: str
) -> None:
    to = replace(alive(services, outward(Path(), Receiver(port=1))), keys=KEYS)
    asked = subscription("https://127.0.0.1:1/hook")
    asked |= changed | {"channel": asked["channel"] | changed.get("channel", {})}
    with pytest.raises(InvalidResource) as caught:
        subscribe(to, asked)

    (issue,) = caught.value.issues
    assert (issue.expression, text in issue.diagnostics) == (expression, True), issue
    assert rows(to, "select count(*) from queue") == [(0,)]


def test_every_reason_is_told_at_once(services: Services) -> None:
    to = alive(services, outward(Path()))
    asked = subscription("https://127.0.0.1:1/hook", "Location?naam=IC", type="email", payload="text/plain")
    with pytest.raises(InvalidResource) as caught:
        transact([Create(asked), Put(location("a"))], CALLER, to)

    assert sorted(str(issue.expression) for issue in caught.value.issues) == [
        f"Bundle.entry[0].resource.{name}"
        for name in ("channel.endpoint", "channel.payload", "channel.type", "criteria")
    ]


@pytest.mark.parametrize(("given", "kept"), [("active", "requested"), ("error", "requested"), ("off", "off")])
def test_the_status_is_the_gateways(services: Services, given: str, kept: str) -> None:
    to = alive(services, outward(Path(), Receiver(port=1)))
    subscribe(to, subscription("https://127.0.0.1:1/hook") | {"status": given, "error": "mine"})

    assert stored(to)["status"] == kept
    assert "error" not in stored(to)


def test_an_endpoint_that_does_not_answer_makes_it_an_error_with_the_reason(
    services: Services, certificates: Path
) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/hook"] = status(404)
        to = alive(services, outward(certificates, receiver))
        subscribe(to, subscription(receiver.base + "/hook"))
        with to.store.changing() as db:
            db.rows("update queue set attempts = 4")
        with telling(to):
            becomes(to, "error")
        assert stored(to)["error"] == "it answered 404"
        assert (queue(to, NAME).status, queue(to, NAME).due) == ("error", None)

        del receiver.answers["/hook"]
        subscribe(to, stored(to) | {"status": "requested"})
        transact([Put(location("a"))], CALLER, to)
        with telling(to):
            becomes(to, "active")
            receiver.wait_for(lambda r: r.times["/hook"] == 3)
    assert "error" not in stored(to)


def test_a_receiver_that_fails_for_days_is_told_everything_when_it_is_back(
    services: Services, certificates: Path
) -> None:
    with receiving(certificates) as receiver:
        to = replace(alive(services, outward(certificates, receiver)), settings=Settings(delivery_days=2))
        subscribe(to, subscription(receiver.base + "/hook", payload="application/fhir+json"))
        with telling(to):
            becomes(to, "active")
        receiver.answers |= {f"/hook/Location/{n}": failing(2) for n in range(3)}
        for n in range(3):
            transact([Put(location(str(n)))], CALLER, to)
        with telling(to):
            eventually(lambda: queue(to, NAME).attempts == 1)
        later = replace(to, clock=lambda: now() + timedelta(days=2, minutes=1))
        with telling(later):
            becomes(to, "error")
        transact([Put(location("3"))], CALLER, later)
        assert stored(to)["error"] == "it answered 500"
        with telling(later):
            eventually(lambda: queue(to, NAME).last == 4)
        receiver.answers.clear()
        subscribe(later, stored(to) | {"status": "requested"})
        with telling(later):
            eventually(lambda: queue(to, NAME).told == 4)

    told = [request.path for request in receiver.requests if request.method == "PUT"]
    assert told == ["/hook/Location/0"] * 3 + [f"/hook/Location/{n}" for n in range(1, 4)]


def happen(to: Services, *numbers: int) -> None:
    """Have something happen that is to be told, and wait until it stands in the queue."""
    for n in numbers:
        transact([Put(location(str(n)))], CALLER, to)
    with telling(to):
        eventually(lambda: queue(to, NAME).last == max(numbers))


def waiting(to: Services) -> list[int]:
    return [number for (number,) in rows(to, "select number from delivery order by number")]


def test_for_who_is_in_error_the_newest_are_kept_and_it_is_told_how_many_are_gone(
    services: Services, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscribers, "MOST_IN_ERROR", 3)
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        subscribe(to, subscription(receiver.base + "/hook", payload="application/fhir+json"))
        transact([Put(location("1"))], CALLER, to)
        with telling(to):
            eventually(lambda: queue(to, NAME).told == 1)
        settle(NAME, "error", to, reason="it answered 500")
        happen(to, *range(2, 9))
        assert waiting(to) == [1, 6, 7, 8]
        client = create_app(to).test_client()
        shown = client.get("/fhir/Subscription/1/$status").get_json()["entry"][0]["resource"]
        (said,) = [one for one in shown["parameter"] if one["name"] == "error"]
        assert said["valueCodeableConcept"]["text"] == f"it answered 500; {GONE}"
        listed = CliRunner().invoke(outbox, ["list", "--database", to.settings.database])
        assert "4 not kept" in listed.output
        subscribe(to, stored(to) | {"status": "requested"})
        with telling(to):
            eventually(lambda: queue(to, NAME).told == 8)

    assert stored(to)["error"] == GONE
    told = [request.path for request in receiver.requests if request.method == "PUT"]
    assert told == [f"/hook/Location/{n}" for n in (1, 6, 7, 8)]


@pytest.mark.parametrize("inbox_days", [0, 30])
def test_for_who_stays_in_error_all_but_the_newest_goes_in_time(
    services: Services, certificates: Path, inbox_days: int
) -> None:
    with receiving(certificates) as receiver:
        settings = replace(services.settings, delivery_days=2, inbox_days=inbox_days)
        to = replace(alive(services, outward(certificates, receiver)), settings=settings)
        subscribe(to, subscription(receiver.base + "/hook"))
        settle(NAME, "error", to, reason="it answered 500")
        happen(to, 1, 2, 3)
        with telling(replace(to, clock=lambda: now() + timedelta(days=3))):
            pass
        assert waiting(to) == [1, 2, 3]
        with telling(replace(to, clock=lambda: now() + timedelta(days=5))):
            eventually(lambda: waiting(to) == [3])


def test_an_operator_may_have_it_requested_anew(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        subscribe(to, subscription(receiver.base + "/hook"))
        settle(NAME, "error", to, reason="it answered 500")
        transact([Put(location("a"))], CALLER, to)
        with telling(to):
            eventually(lambda: queue(to, NAME).last == 1)
            assert receiver.requests == []
        done = CliRunner().invoke(outbox, ["resend", NAME, "--database", to.settings.database])
        assert done.output == f"{NAME}: requested anew, and then 1 are told\n"
        with telling(to):
            becomes(to, "active")
            eventually(lambda: queue(to, NAME).told == 1)

    assert receiver.times["/hook"] == 2


def test_a_queue_without_its_subscription_rests(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        subscribe(to, subscription(receiver.base + "/hook"))
        with to.store.changing() as db:
            db.rows("update current set id = 'gone' where type = 'Subscription'")
        with telling(to):
            eventually(lambda: queue(to, NAME).due is None)

    assert receiver.times["/hook"] == 1


def test_the_headers_are_sent_and_never_read_back(services: Services, certificates: Path) -> None:
    secret = "Bearer very-secret"
    with receiving(certificates) as receiver:
        to = replace(alive(services, outward(certificates, receiver)), keys=KEYS)
        subscribe(to, subscription(receiver.base + "/hook", header=[f"Authorization: {secret}", "X-Own: 1"]))
        with telling(to):
            becomes(to, "active")
            assert receiver.requests[0].headers["authorization"] == secret

            read_back = stored(to)
            assert read_back["channel"]["header"] == ["Authorization: ********", "X-Own: ********"]
            subscribe(to, read_back | {"reason": "another"})
            receiver.wait_for(lambda r: r.times["/hook"] == 2)
            becomes(to, "active")

    assert receiver.requests[1].headers["authorization"] == secret
    everything = [str(row) for (table,) in _tables(to) for row in rows(to, f"select * from {table}")]
    assert not any("very-secret" in row for row in everything)


def _tables(to: Services) -> list[tuple[str]]:
    if to.store.engine == "sqlite":
        sql = "select name from sqlite_master where type = 'table'"
    else:
        sql = "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    return [(name,) for (name,) in rows(to, sql)]


def test_a_new_secret_replaces_the_old_one_though_nothing_else_changes(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = replace(alive(services, outward(certificates, receiver)), keys=KEYS)
        for word in ("old", "new"):
            subscribe(to, subscription(receiver.base + "/hook", header=[f"Authorization: {word}"]))
        with telling(to):
            becomes(to, "active")

    assert [request.headers["authorization"] for request in receiver.requests] == ["new"]


def test_a_secret_does_not_follow_to_another_origin(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver, receiving(certificates) as other:
        to = replace(alive(services, outward(certificates, receiver, other)), keys=KEYS)
        subscribe(to, subscription(receiver.base + "/hook", header=["Authorization: secret"]))
        changed = stored(to)
        changed["channel"]["endpoint"] = other.base + "/hook"
        subscribe(to, changed)
        with to.store.changing() as db:
            db.rows("update queue set attempts = 4")
        with telling(to):
            becomes(to, "error")

    assert "given again" in stored(to)["error"]
    assert other.requests == []


def test_without_a_key_no_secret_is_taken(services: Services) -> None:
    to = alive(services, outward(Path(), Receiver(port=1)))
    with pytest.raises(InvalidResource, match="GATEWAY_DATA_KEYS"):
        subscribe(to, subscription("https://127.0.0.1:1/hook", header=["Authorization: x"]))


def test_a_secret_is_sealed_anew_with_a_new_key(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = replace(alive(services, outward(certificates, receiver)), keys=KEYS)
        subscribe(to, subscription(receiver.base + "/hook", header=["Authorization: secret"]))
        rekey(CALLER, replace(to, keys=Keys((("second", b"n" * 32), *KEYS.by_name))))
        with telling(replace(to, keys=Keys((("second", b"n" * 32),)))):
            becomes(to, "active")

    assert receiver.requests[0].headers["authorization"] == "secret"
    transact([Delete("Subscription", "1")], CALLER, to)
    assert queue(to, NAME).secret is None


def test_without_its_key_a_secret_is_not_sent(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = replace(alive(services, outward(certificates, receiver)), keys=KEYS)
        subscribe(to, subscription(receiver.base + "/hook", header=["Authorization: secret"]))
        with telling(replace(to, keys=Keys((("other", b"o" * 32),)))):
            eventually(lambda: queue(to, NAME).attempts == 1)

    assert (queue(to, NAME).reason or "").endswith("the key they were sealed with is not here")
    assert receiver.requests == []


def test_what_was_told_long_ago_is_forgotten(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        subscribe(to, subscription(receiver.base + "/hook"))
        for n in range(3):
            transact([Put(location(str(n)))], CALLER, to)
        with telling(to):
            eventually(lambda: queue(to, NAME).told == 3)
        with to.store.changing() as db:
            db.rows("update queue set told = 2")
        later = replace(to, clock=lambda: now() + timedelta(days=31))
        with telling(replace(later, outward=outward(certificates))):
            eventually(lambda: rows(to, "select number from delivery") == [(3,)])


def test_after_its_end_it_is_off(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        end = (now() + timedelta(seconds=5)).isoformat(timespec="milliseconds")
        subscribe(to, subscription(receiver.base + "/hook") | {"end": end})
        with telling(to):
            becomes(to, "active")
            becomes(to, "off")
            transact([Put(location("a"))], CALLER, to)
            eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])

    assert queue(to, NAME).last == 0
    assert receiver.times.total() == 1


@pytest.mark.parametrize("how", ["off", "deleted"])
def test_who_has_ended_it_is_told_nothing_more(services: Services, certificates: Path, how: str) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        subscribe(to, subscription(receiver.base + "/hook"))
        with telling(to):
            becomes(to, "active")
            if how == "off":
                subscribe(to, stored(to) | {"status": "off"})
            else:
                transact([Delete("Subscription", "1")], CALLER, to)
            transact([Put(location("a"))], CALLER, to)
            eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])
            time.sleep(0.5)

    assert (queue(to, NAME).status, receiver.times.total()) == ("off", 1)


def test_what_the_subscriber_may_not_see_it_is_not_told(services: Services, certificates: Path) -> None:
    partner = Caller("00000001", "partner", types=frozenset({"Subscription", "Location"}))
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        with pytest.raises(InvalidResource, match="may not read what it would be told"):
            subscribe(to, subscription(receiver.base + "/hook", "Patient?active=true"), partner)
        subscribe(to, subscription(receiver.base + "/hook"), partner)
        with telling(to):
            becomes(to, "active")
            with to.store.changing() as db:  # its rights are others now
                db.rows('update queue set about = replace(about, \'"types":["Location",\', \'"types":[\')')
            transact([Put(location("a"))], CALLER, to)
            eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])

    assert queue(to, NAME).last == 0


def test_a_partner_is_told_of_what_it_sees_and_of_nothing_else_of_that_type(
    services: Services, certificates: Path
) -> None:
    partner = Partner(
        id="duinrand",
        name="Ziekenhuis Duinrand",
        kind="ziekenhuis",
        scopes=("system/*.cruds",),
        sees=("Subscription", "Location?name:exact=IC"),
    )
    add([partner], CALLER, services)
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        asked = subscription(receiver.base + "/hook", "Location?status=active", payload="application/fhir+json")
        to.registry.partners()
        caller = to.registry.granted(partner.caller(), to.clock())
        subscribe(to, asked, caller)
        with telling(to):
            becomes(to, "active")
            transact(
                [Put(location("b", "SEH")), Put(location("a")), Put(location("d", "OK")), Put(location("c"))],
                caller,
                to,
            )
            eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)] and queue(to, NAME).told == 2)

    told = [request.path for request in receiver.requests if request.path.startswith("/hook/Location")]
    assert (told, queue(to, NAME).last) == (["/hook/Location/a", "/hook/Location/c"], 2)


def test_when_nobody_subscribes_nothing_is_read_but_the_log(services: Services) -> None:
    to = alive(services, outward(Path()))
    transact([Put(location("a"))], CALLER, to)
    with telling(to):
        eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])
    with to.store.reading() as db:
        assert queues.queues(db) == []
