"""The trace of a request goes on with what is sent because of it, whether spans are recorded or not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gateway.access.correlation import Correlation
from gateway.deliver import feeds
from gateway.notify.feeds import Feed
from gateway.services import Services
from gateway.transact import Put, Received, transact
from tests.deliver.telling import CALLER, alive, eventually, parcel, queue, rows, telling
from tests.receivers import Receiver, outward, receiving

TRACE = f"00-{'4b' * 16}-{'5c' * 8}-01"


def fed(services: Services, receiver: Receiver, certificates: Path) -> Services:
    feed = Feed("region", receiver.base + "/fhir", ("Location",))
    to = replace(alive(services, outward(certificates, receiver)), feeds=(feed,))
    feeds.register(to)
    return to


def put(to: Services, id_: str, request: str, url: str | None = None) -> str:
    """Store a Location, and have a parcel sent because of it; return the trace that the request is told."""
    ids = Correlation.of({"traceparent": TRACE}.get, lambda: request)
    location = {"resourceType": "Location", "id": id_, "status": "active", "name": "IC"}
    parcels = [parcel(url, "answer")] if url else []
    received = Received("dev", "test", b"", to.clock(), by_client=True, parcels=lambda *_: parcels)
    transact([Put(location)], replace(CALLER, correlation=ids), to, received=received)
    return ids.headers()["traceparent"]


def traces(receiver: Receiver) -> list[str | None]:
    return [request.headers.get("traceparent") for request in receiver.requests]


def test_a_partner_is_told_the_trace_of_the_request(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = fed(services, receiver, certificates)
        sent = put(to, "a", "r-1")
        with telling(to):
            eventually(lambda: queue(to, "feed/region").told == 1)

    assert sent.startswith(TRACE[:36])
    assert traces(receiver) == [sent]


def test_what_several_requests_led_to_is_in_the_trace_of_none(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = fed(services, receiver, certificates)
        put(to, "a", "r-1")
        put(to, "b", "r-2")
        with telling(to):
            eventually(lambda: queue(to, "feed/region").told == 2)

    assert traces(receiver) == [None]


def test_an_answer_that_is_sent_elsewhere_is_in_the_trace_of_its_message(
    services: Services, certificates: Path
) -> None:
    with receiving(certificates) as receiver:
        to, url = alive(services, outward(certificates, receiver)), receiver.base + "/in"
        sent = put(to, "a", "r-1", url)
        with telling(to):
            eventually(lambda: queue(to, url).told == 1)

    assert traces(receiver) == [sent]


def test_what_no_request_led_to_has_no_trace(services: Services) -> None:
    transact([Put({"resourceType": "Location", "id": "a", "name": "IC"})], CALLER, services)

    assert rows(services, "select trace from outbox") == [(None,)]
