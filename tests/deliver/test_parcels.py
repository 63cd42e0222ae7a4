"""Parcels: sent in the order of their commits, at least once, whatever the receiver or its neighbours do."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.errors import InvalidResource, Issue
from gateway.services import Services, now
from gateway.settings import Settings
from gateway.store import queues
from gateway.store.records import microseconds
from gateway.transact import Received, record
from tests.deliver.telling import CALLER, alive, eventually, parcel, queue, rows, send, telling
from tests.receivers import Receiver, failing, huge, never, outward, receiving, status


def test_what_is_sent_arrives_in_order_with_a_key(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to, url = alive(services, outward(certificates, receiver)), receiver.base + "/in"
        for n in range(30):
            send(to, parcel(url, str(n)))
        with telling(to):
            receiver.wait_for(lambda r: r.times["/in"] == 30)
            eventually(lambda: queue(to, url).told == 30)

    assert receiver.bodies("/in") == [str(n).encode() for n in range(30)]
    assert receiver.requests[0].headers["content-type"] == "text/plain"
    assert receiver.requests[0].headers["idempotency-key"] == f'"{url}#1"'
    assert rows(to, "select count(*) from delivery where body is not null") == [(0,)]


def test_a_commit_that_fails_sends_nothing(services: Services) -> None:
    with pytest.raises(InvalidResource):
        send(services, parcel("https://a.example/", "x"), name="")

    assert rows(services, "select count(*) from queue") == [(0,)]


def test_the_answer_to_a_refused_message_is_sent_too(services: Services) -> None:
    url = "https://a.example/"
    received = Received(
        "dev", "test", b"x", services.clock(), parcels=lambda made, found: [parcel(url, f"{len(made)} {found[0].code}")]
    )
    record(received, [Issue("no-mapping", "nothing maps it")], CALLER, services)

    assert rows(services, "select body from delivery") == [(b"0 no-mapping",)]


def test_the_same_reason_sends_once(services: Services) -> None:
    for n in range(3):
        send(services, parcel("https://a.example/", str(n), once="answer-1"))
    send(services, parcel("https://b.example/", "other", once="answer-1"))

    assert rows(services, "select queue, number, body from delivery order by queue") == [
        ("https://a.example/", 1, b"0"),
        ("https://b.example/", 1, b"other"),
    ]


def test_a_receiver_that_fails_for_a_while_gets_everything_in_order(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/in"] = failing(2)
        to, url = alive(services, outward(certificates, receiver)), receiver.base + "/in"
        for n in range(3):
            send(to, parcel(url, str(n)))
        with telling(to):
            receiver.wait_for(lambda r: r.times["/in"] == 5)
            eventually(lambda: queue(to, url).told == 3)

    assert receiver.bodies("/in") == [b"0", b"0", b"0", b"1", b"2"]
    assert queue(to, url)[8:11] == (0, None, None)


def test_who_is_slow_silent_huge_or_redirects_keeps_nobody_waiting(services: Services, certificates: Path) -> None:
    bad = {"/never": never, "/huge": huge, "/away": status(307, Location="https://127.0.0.1/"), "/broken": status(500)}
    with receiving(certificates) as one, receiving(certificates) as other:
        one.answers |= bad
        to = alive(services, outward(certificates, one, other, seconds=2))
        for path in [*bad, *(f"/never/{n}" for n in range(40))]:
            one.answers.setdefault(path, never)
            send(to, parcel(one.base + path, "x"))
        for n in range(20):
            send(to, parcel(other.base + "/in", str(n)))
        begun = time.monotonic()
        with telling(to):
            other.wait_for(lambda r: r.times["/in"] == 20)
            took = time.monotonic() - begun
            one.wait_for(lambda r: r.times["/huge"] == 1)

        assert took < 10
        assert other.bodies("/in") == [str(n).encode() for n in range(20)]


def test_two_nodes_tell_nothing_twice(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        urls = [f"{receiver.base}/{n}" for n in range(8)]
        for n in range(10):
            for url in urls:
                send(to, parcel(url, str(n)))
        with telling(to, to):
            receiver.wait_for(lambda r: r.times.total() >= 80)
            eventually(lambda: all(queue(to, url).told == 10 for url in urls))

    assert {path: receiver.bodies(path) for path in receiver.times} == {
        f"/{n}": [str(m).encode() for m in range(10)] for n in range(8)
    }


def test_when_a_worker_is_gone_another_goes_on_after_its_lease(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to, url = alive(services, outward(certificates, receiver)), receiver.base + "/in"
        send(to, parcel(url, "x"))
        later = now() + timedelta(hours=1)
        with to.store.changing() as db:
            assert queues.lease(db, url, microseconds(now()), microseconds(later), "gone")
        with telling(to):
            time.sleep(0.6)
            assert receiver.requests == []
            with to.store.changing() as db:
                assert not queues.note_told(db, url, "another", 1, 0, 0)
        with telling(replace(to, clock=lambda: later)):
            receiver.wait_for(lambda r: r.times["/in"] == 1)


def test_what_a_receiver_will_not_have_is_given_up_and_the_rest_goes_on(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/in"] = failing(1, 422)
        to, url = alive(services, outward(certificates, receiver)), receiver.base + "/in"
        for n in range(3):
            send(to, parcel(url, str(n)))
        with telling(to):
            eventually(lambda: queue(to, url).told == 3)

    assert receiver.bodies("/in") == [b"0", b"1", b"2"]
    with to.store.reading() as db:
        ((number, body, reason),) = [(one.number, one.body, one.reason) for one in queues.dead(db, url)]
    assert (number, body, reason) == (1, b"0", "it answered 422")


@pytest.mark.parametrize("listed", [True, False])
def test_after_days_it_is_given_up_and_the_next_has_its_turn(
    services: Services, certificates: Path, listed: bool
) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/in"] = failing(1)
        way = outward(certificates, *([receiver] if listed else []))
        to = alive(replace(services, settings=Settings(delivery_days=2)), way)
        url = receiver.base + "/in"
        send(to, parcel(url, "old"))
        after = replace(to, clock=lambda: now() + timedelta(days=2, seconds=1))
        send(after, parcel(url, "new"))
        with telling(after):
            if listed:
                eventually(lambda: queue(to, url).told == 2)
            else:
                eventually(lambda: queue(to, url).attempts > 0)
        with to.store.reading() as db:
            assert [one.body for one in queues.dead(db, url)] == [b"old"]

    assert receiver.bodies("/in") == ([b"old", b"new"] if listed else [])


def test_a_receiver_may_say_when_to_come_back(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/in"] = status(503, Retry_After="3600")
        to, url = alive(services, outward(certificates, receiver)), receiver.base + "/in"
        send(to, parcel(url, "x"))
        with telling(to):
            eventually(lambda: queue(to, url).attempts == 1)

    found = queue(to, url)
    assert found.reason == "it answered 503"
    assert found.due is not None
    assert found.due - microseconds(now()) > 3500 * 1_000_000


def test_nobody_who_asked_leaves_no_events_behind(services: Services, certificates: Path) -> None:
    to = alive(services, outward(certificates, Receiver(port=1)))
    for n in range(700):
        send(to, name=str(n))
    with telling(to):
        eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])
