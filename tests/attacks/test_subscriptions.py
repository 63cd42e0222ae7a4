"""Bad inputs 91 to 95: subscriptions that would make the gateway speak to whom it must not, or wait for anybody."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from gateway.notify.subscription import CONTENT, PROFILE, TIMEOUT
from tests.attacks.target import Answer, Target, check_refused, numbered
from tests.deliver.telling import eventually
from tests.receivers import dripping, failing, huge, never, status

pytestmark = pytest.mark.slow

CAPACITY = "https://msb-gateway.example/fhir/SubscriptionTopic/capacity-changed"


def subscription(endpoint: str, criteria: str = "Location?name=nobody", **channel: Any) -> dict[str, Any]:
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "attack",
        "criteria": criteria,
        "channel": {"type": "rest-hook", "endpoint": endpoint, **channel},
    }


def about_capacity(endpoint: str, seconds: int) -> dict[str, Any]:
    """Return a subscription whose endpoint is waited for so long."""
    content = {"extension": [{"url": CONTENT, "valueCode": "id-only"}]}
    waits = [{"url": TIMEOUT, "valueUnsignedInt": seconds}]
    asked = subscription(endpoint, CAPACITY, payload="application/fhir+json", _payload=content, extension=waits)
    return asked | {"meta": {"profile": [PROFILE]}}


# Where a server listens that nobody may call; `{port}` is its port, `{own}` that of the gateway.
INWARD = (
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
    "dict://127.0.0.1:{port}/x",
    "javascript:alert(1)",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "https://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://0.0.0.0:{port}/",
    "http://0:{port}/",
    "https://user@127.0.0.1:{port}/",
    "{listed}@127.0.0.1:{port}/",
    "{listed}#@127.0.0.1:{port}/",
    "{listed}.evil.example/",
    "{listed}\\@127.0.0.1:{port}/",
    "https://127.0.0.1:{own}/fhir/Patient",
    "http://127.0.0.1:{own}/metrics",
)


def nobody_called(canary: socket.socket) -> bool:
    try:
        canary.accept()
    except BlockingIOError:
        return True
    return False


@pytest.mark.threat(91)
@pytest.mark.parametrize("endpoint", INWARD)
def test_an_endpoint_inside_is_refused(target: Target, canary: socket.socket, endpoint: str) -> None:
    before = target.rows()
    port = canary.getsockname()[1]

    answer = target.post(
        "/fhir/Subscription",
        subscription(endpoint.format(port=port, own=target.running.port, listed=target.receiver.base)),
    )

    check_refused(answer, 422, r"Subscription\.channel\.endpoint")
    assert target.rows() == before
    assert nobody_called(canary)


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "92-line-end": (r"channel\.header", {"header": ["X-A: b\r\nHost: evil.example"]}),
    "92-line-end-alone": (r"channel\.header", {"header": ["X-A: b\nHost: evil.example"]}),
    "92-line-end-in-the-name": (r"channel\.header", {"header": ["X-A\r\nHost: evil.example"]}),
    "92-delete": (r"channel\.header", {"header": ["X-A: b\x7fc"]}),
    "92-line-of-unicode": (r"channel\.header", {"header": ["X-A: b\u2028Host: evil.example"]}),
    "92-host": (r"channel\.header", {"header": ["Host: evil.example"]}),
    "92-length": (r"channel\.header", {"header": ["Content-Length: 5"]}),
    "92-chunks": (r"channel\.header", {"header": ["Transfer-Encoding: chunked"]}),
    "92-100-headers": (r"channel\.header", {"header": [f"X-{n}: 1" for n in range(100)]}),
    "93-channel": (r"channel\.type", {"type": "frobnicate"}),
    "93-websocket": (r"channel\.type", {"type": "websocket"}),
    "93-email": (r"channel\.type", {"type": "email"}),
    "93-no-channel-type": (r"channel\.type", {"type": None}),
    "93-payload": (r"channel\.payload", {"payload": "text/html"}),
}


@pytest.mark.parametrize("name", numbered(REFUSED))
def test_what_cannot_be_had_is_refused(target: Target, name: str) -> None:
    says, channel = REFUSED[name]
    before = target.rows()
    asked = subscription(f"{target.receiver.base}/never")
    asked["channel"] = {key: value for key, value in (asked["channel"] | channel).items() if value is not None}

    check_refused(target.post("/fhir/Subscription", asked), 422, says)

    assert target.rows() == before


@pytest.mark.threat(93)
@pytest.mark.parametrize(
    "criteria",
    ["Frobnicate", "Location?frobnicate=1", "location?name=x", "Patient?_has:Observation:patient:code=x", "?", "../x"],
)
def test_criteria_that_are_none_are_refused(target: Target, criteria: str) -> None:
    before = target.rows()

    answer = target.post("/fhir/Subscription", subscription(f"{target.receiver.base}/never", criteria))

    check_refused(answer, 422, r"Subscription\.criteria")
    assert target.rows() == before


@contextmanager
def subscribed(target: Target, asked: dict[str, Any]) -> Iterator[str]:
    """Store a subscription, return its path, and delete it at the end."""
    answer = target.post("/fhir/Subscription", asked)
    assert answer.status == 201, answer.text
    path = f"/fhir/Subscription/{answer.json()['id']}"
    yield path
    assert target.send("DELETE", path).status == 204


def said_of(target: Target, path: str) -> str:
    """Return what the gateway tells of how a subscription is."""
    answer: Answer = target.get(f"{path}/$status")
    assert answer.status == 200
    return answer.text


@pytest.mark.threat(94)
@pytest.mark.parametrize("given", ["active", "error"])
def test_the_status_is_the_gateways(target: Target, given: str) -> None:
    way = f"/{uuid4()}"
    target.receiver.answers[way] = status(500)

    with subscribed(target, subscription(target.receiver.base + way) | {"status": given}) as path:
        target.receiver.wait_for(lambda r: r.times[way] >= 1)
        assert target.get(path).json()["status"] == "requested"
        again = target.get(path).json() | {"status": "active"}
        assert target.put(path, again).json()["status"] == "requested"


@pytest.mark.threat(95)
def test_a_redirect_inward_is_not_followed(target: Target, canary: socket.socket) -> None:
    way = f"/{uuid4()}"
    target.receiver.answers[way] = status(307, Location=f"http://127.0.0.1:{canary.getsockname()[1]}/latest/meta-data")

    with subscribed(target, subscription(target.receiver.base + way)) as path:
        eventually(lambda: "not followed" in said_of(target, path))

    assert nobody_called(canary)


@pytest.mark.threat(95)
def test_a_name_that_leads_inward_is_not_called(target: Target) -> None:
    """The name was listed when it was that of a partner; now it is one of this machine."""
    way = f"/{uuid4()}"

    with subscribed(target, subscription(target.inward + way)) as path:
        eventually(lambda: "inside a network" in said_of(target, path))

    assert target.receiver.times[way] == 0


@pytest.mark.threat(95)
@pytest.mark.parametrize("slow", [never, dripping])
def test_who_does_not_answer_is_left_and_others_are_told(target: Target, slow: Callable[[Any, int], None]) -> None:
    ways = [f"/{uuid4()}" for _ in range(2)]
    target.receiver.answers[ways[0]] = slow

    with (
        subscribed(target, about_capacity(target.receiver.base + ways[0], 1)) as path,
        subscribed(target, subscription(target.receiver.base + ways[1])) as other,
    ):
        eventually(lambda: target.get(other).json()["status"] == "active")
        eventually(lambda: "too long" in said_of(target, path))


@pytest.mark.threat(95)
def test_of_an_answer_of_10_gb_little_is_read(target: Target) -> None:
    way = f"/{uuid4()}"
    target.receiver.answers[way] = huge

    with target.in_little_room(50_000_000), subscribed(target, subscription(target.receiver.base + way)) as path:
        eventually(lambda: target.get(path).json()["status"] == "active")


@pytest.mark.threat(95)
def test_who_fails_is_told_when_it_is_well_again(target: Target) -> None:
    way, name = f"/{uuid4()}", str(uuid4())
    asked = subscription(target.receiver.base + way, f"Location?name={name}", payload="application/fhir+json")

    with subscribed(target, asked) as path:
        eventually(lambda: target.get(path).json()["status"] == "active")
        told = f"{way}/Location/{name}"
        target.receiver.answers[told] = failing(2)
        target.put(f"/fhir/Location/{name}", {"resourceType": "Location", "id": name, "name": name})
        target.receiver.wait_for(lambda r: r.times[told] == 3)

    assert name.encode() in target.receiver.bodies(told)[-1]


@pytest.mark.threat(95)
def test_the_secret_of_a_header_is_never_read_back(target: Target) -> None:
    way, secret = f"/{uuid4()}", f"Bearer {uuid4()}"

    with subscribed(target, subscription(target.receiver.base + way, header=[f"Authorization: {secret}"])) as path:
        target.receiver.wait_for(lambda r: r.times[way] == 1)
        shown = [target.get(at).text for at in (path, f"{path}/_history", f"{path}/_history/1", f"{path}/$status")]
        shown.append(target.get("/fhir/Subscription?_count=1000").text)

    assert target.receiver.requests[-1].headers["authorization"] == secret
    assert not any(secret in text for text in [*shown, target.log()])
