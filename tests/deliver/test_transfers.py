"""What is sent out is known afterwards: a row of the audit, in the commit in which it is noted that it was sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.deliver import turn
from gateway.deliver.turn import Turn
from gateway.services import Services
from gateway.store import audited, queues
from gateway.store.audited import Row
from gateway.store.chain import flaws
from gateway.store.records import Parcel, microseconds
from gateway.transact import Put, transact
from tests.deliver.telling import CALLER, alive, eventually, queue, rows, send, telling
from tests.deliver.test_feeds import QUEUE, fed, feed, put
from tests.deliver.test_rest_hook import NAME, becomes, subscribe, subscription
from tests.deliver.test_topics import referral
from tests.deliver.test_topics import subscription as topical
from tests.receivers import Receiver, outward, receiving

OBSERVED = {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "hartslag"}}
OF_SOMEBODY = OBSERVED | {"subject": {"reference": "Patient/p"}}


def transfers(to: Services) -> list[Row]:
    read = (audited.read(bytes(content)) for (content,) in rows(to, "select content from audit order by lane, seq"))
    return [row for row in read if row is not None and row.action == "deliver"]


def told(receiver: Receiver, to: Services, **channel: Any) -> list[Row]:
    """Return the rows of what a subscriber is told of an observation."""
    subscribe(to, subscription(receiver.base + "/hook", "Observation?status=final", **channel))
    with telling(to):
        becomes(to, "active")
        transact([Put({"resourceType": "Patient", "id": "p"}), Put(OF_SOMEBODY)], CALLER, to)
        eventually(lambda: queue(to, NAME).told == 1)
    return transfers(to)


def test_a_resource_that_a_subscriber_is_sent_is_a_transfer(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        (row,) = told(receiver, to, payload="application/fhir+json")

    assert row.entities == ("Observation/o/_history/1", f"origin: {receiver.base}", f"queue: {NAME}")
    assert (row.patients, row.organisation) == (("p",), CALLER.organisation)
    with to.store.reading() as db:
        assert list(flaws(db)) == []


def test_who_is_told_of_nothing_is_sent_nothing(services: Services, certificates: Path) -> None:
    """The handshake, and that something happened."""
    with receiving(certificates) as receiver:
        assert told(receiver, alive(services, outward(certificates, receiver))) == []


def test_what_a_feed_sends_is_a_transfer(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = fed(alive(services, outward(certificates, receiver)), feed(receiver, "Observation"))
        put(to, {"resourceType": "Patient", "id": "p"}, OF_SOMEBODY)
        with telling(to):
            eventually(lambda: queue(to, QUEUE).told == 1)

    (row,) = transfers(to)
    assert row.entities == ("Observation/o", f"origin: {receiver.base}", f"queue: {QUEUE}")
    assert row.patients == ("p",)


def test_an_answer_that_is_sent_is_a_transfer(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to, url = alive(services, outward(certificates, receiver)), receiver.base + "/in"
        send(to, Parcel(url, "application/fhir+json", b'{"subject":{"reference":"Patient/p"}}'))
        with telling(to):
            eventually(lambda: queue(to, url).told == 1)

    (row,) = transfers(to)
    assert (row.entities, row.patients) == ((f"origin: {receiver.base}",), ("p",))


@pytest.mark.parametrize(
    ("content", "named", "patients"),
    [
        ("empty", [], []),
        ("id-only", ["ServiceRequest/r"], [()]),
        ("full-resource", ["ServiceRequest/r/_history/1"], [("p",)]),
    ],
)
def test_a_topic_tells_as_much_as_was_asked_and_the_row_says_how_much(
    services: Services, certificates: Path, content: str, named: list[str], patients: list[tuple[str, ...]]
) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        subscribe(to, topical(receiver.base + "/hook", "referral-received", content))
        with telling(to):
            becomes(to, "active")
            put(to, {"resourceType": "Patient", "id": "p"}, referral("r") | {"subject": {"reference": "Patient/p"}})
            eventually(lambda: queue(to, NAME).told == 1)

    found = transfers(to)
    assert [row.entities[0] for row in found] == named
    assert [row.patients for row in found] == patients


def test_it_is_not_noted_that_it_was_sent_without_the_row_of_that(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, to = "https://a.example/in", services
    send(to, Parcel(url, "text/plain", b"x"))
    with to.store.changing() as db:
        leased = queues.lease(db, url, microseconds(to.clock()), 2**60, "me")
    assert leased is not None
    mine = Turn(leased, "me", to, lambda: False)

    def refused(*_: object) -> None:
        raise OSError("no row")

    monkeypatch.setattr(turn, "append", refused)
    with pytest.raises(OSError, match="no row"):
        mine.told(1, row=b"{}")
    monkeypatch.undo()
    assert queue(to, url).told == 0

    assert mine.told(1, row=b'{"action":"deliver"}')
    assert (queue(to, url).told, len(transfers(to))) == (1, 1)
