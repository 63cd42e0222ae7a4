"""Bad inputs 87 to 89: many who want the same at one moment, each on a connection that is there already."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest

from tests.attacks.target import JSON, TIMEOUT, Target, on_both, patient

pytestmark = [pytest.mark.slow, on_both]

CLIENTS = 48
WHEN = {"start": "2026-01-05T12:00:00+01:00", "end": "2126-01-05T12:30:00+01:00"}
Request = tuple[str, str, Any, dict[str, str]]


def at_once(target: Target, work: Callable[[int], Request]) -> Counter[int]:
    """Let every client ask at the same time; return how often each status was the answer."""
    barrier = Barrier(CLIENTS, timeout=TIMEOUT)

    def ask(number: int) -> int:
        method, path, resource, headers = work(number)
        client = http.client.HTTPConnection("127.0.0.1", target.running.port)
        with target.connected() as client.sock:
            barrier.wait()
            client.request(method, path, json.dumps(resource), {"Content-Type": JSON} | headers)
            return client.getresponse().status

    with ThreadPoolExecutor(CLIENTS) as clients:
        return Counter(clients.map(ask, range(CLIENTS)))


@pytest.mark.threat(87)
def test_of_48_conditional_creates_one_is_made(target: Target) -> None:
    value = str(uuid4())
    identifier = [{"system": "https://attacks.example", "value": value}]
    condition = {"If-None-Exist": f"identifier=https://attacks.example|{value}"}

    told = at_once(target, lambda _: ("POST", "/fhir/Patient", patient(identifier=identifier), condition))

    assert told == {201: 1, 200: CLIENTS - 1}
    assert target.get(f"/fhir/Patient?{condition['If-None-Exist']}").json()["total"] == 1


@pytest.mark.threat(88)
def test_of_48_bookings_of_one_place_one_has_it(target: Target) -> None:
    place = str(uuid4())
    slot = {"resourceType": "Slot", "id": place, "schedule": {"display": "x"}, "status": "free", **WHEN}
    assert target.put(f"/fhir/Slot/{place}", slot).status == 201

    def book(number: int) -> Request:
        id_ = f"{place}-{number}"
        appointment = {
            "resourceType": "Appointment",
            "id": id_,
            "status": "booked",
            **WHEN,
            "slot": [{"reference": f"Slot/{place}"}],
            "participant": [{"actor": {"display": "x"}, "status": "accepted"}],
        }
        return "PUT", f"/fhir/Appointment/{id_}", appointment, {}

    assert at_once(target, book) == {201: 1, 409: CLIENTS - 1}
    assert target.get(f"/fhir/Slot/{place}").json()["status"] == "busy"
    assert target.get(f"/fhir/Appointment?slot={place}").json()["total"] == 1


@pytest.mark.threat(89)
@pytest.mark.parametrize("others", ["accepted", "cancelled"])
def test_a_task_is_accepted_once_or_cancelled(target: Target, others: str) -> None:
    id_ = str(uuid4())
    task = {"resourceType": "Task", "id": id_, "status": "requested", "intent": "order"}
    assert target.put(f"/fhir/Task/{id_}", task).status == 201

    def decide(number: int) -> Request:
        status = "accepted" if number % 2 else others
        said = task | {"status": status, "owner": {"display": str(number)}}
        return "PUT", f"/fhir/Task/{id_}", said, {"If-Match": 'W/"1"'}

    assert at_once(target, decide) == {200: 1, 412: CLIENTS - 1}
    assert target.get(f"/fhir/Task/{id_}").headers["ETag"] == 'W/"2"'
