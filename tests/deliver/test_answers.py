"""The answer to a FHIR message, sent to a registered endpoint: 202 at once, the answer at least once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.app import create_app
from gateway.fhir.json import decode
from gateway.services import Services
from gateway.store import inbox
from gateway.store.contents import figures
from tests.deliver.telling import alive, eventually, queue, rows, telling
from tests.messaging.made import Resource, errors, found, referral, send
from tests.receivers import failing, outward, receiving, status

ELSEWHERE = ("https://evil.example/in", "https://127.0.0.1/in", "file:///etc/passwd", "not a url", "")


def told(body: bytes) -> tuple[str, str]:
    """Return what an answer answers, and what it says of it."""
    response = decode(body)["entry"][0]["resource"]["response"]
    return response["identifier"], response["code"]


def no_focus(sent: Resource) -> Resource:
    del sent["entry"][0]["resource"]["focus"]
    return sent


def is_told(to: Services, url: str, number: int) -> None:
    """Have a worker at work until so many were told."""
    with telling(to):
        eventually(lambda: queue(to, url).told == number)


def test_the_answer_arrives_where_it_is_asked_for_though_that_fails_at_first(
    services: Services, certificates: Path
) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/in"] = failing(2)
        to, url = alive(services, outward(certificates, receiver)), receiver.base + "/in"
        client = create_app(to).test_client()
        taken = send(client, referral("m1"), f"?async=true&response-url={url}")
        refused = send(client, no_focus(referral("m2")), f"?async=true&response-url={url}")
        with telling(to):
            receiver.wait_for(lambda r: r.times["/in"] == 4)
            eventually(lambda: queue(to, url).told == 2)

    assert [(one.status_code, one.data) for one in (taken, refused)] == [(202, b"")] * 2
    assert [told(body) for body in receiver.bodies("/in")[-2:]] == [("m1", "ok"), ("m2", "fatal-error")]
    assert receiver.requests[0].headers["content-type"] == "application/fhir+json"
    assert [one["status"] for one in found(client, "ServiceRequest")] == ["active"]


def test_it_is_the_answer_that_would_have_come_at_once(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to, url = replace(services, outward=outward(certificates, receiver)), receiver.base + "/in"
        client = create_app(to).test_client()
        send(client, referral("m1"), f"?async=true&response-url={url}")
        ((body,),) = rows(to, "select body from delivery")

    assert send(client, referral("m1")).data == bytes(body)


def test_without_response_url_it_goes_to_where_the_message_comes_from(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to, url = replace(services, outward=outward(certificates, receiver)), receiver.base + "/fhir"
        send(create_app(to).test_client(), referral("m1", source=url), "?async=true")

        assert [name for (name,) in rows(to, "select queue from delivery")] == [url]


@pytest.mark.parametrize("url", ELSEWHERE)
@pytest.mark.parametrize("by", ["parameter", "source"])
def test_nothing_is_sent_anywhere_else_and_nothing_is_taken(
    services: Services, certificates: Path, url: str, by: str
) -> None:
    with receiving(certificates) as receiver:
        to = replace(services, outward=outward(certificates, receiver))
        client = create_app(to).test_client()
        if by == "parameter":
            response = send(client, referral("m1"), f"?async=true&response-url={url}")
        else:
            response = send(client, referral("m1", source=url or "urn:x"), "?async=true")

    assert response.status_code in {400, 403}
    assert [code for code, _ in errors(response)] in (["endpoint-refused"], ["bad-request"], ["bad-value"])
    assert figures(to.store).resources == {}
    assert rows(to, "select count(*) from delivery") == [(0,)]


def test_a_repetition_of_what_was_answered_is_answered_again_the_same(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to, url = alive(services, outward(certificates, receiver)), receiver.base + "/in"
        client = create_app(to).test_client()
        for number in (1, 2, 3):
            assert send(client, referral("m1"), f"?async=true&response-url={url}").status_code == 202
            is_told(to, url, number)

    assert receiver.times["/in"] == 3
    assert len(set(receiver.bodies("/in"))) == 1
    assert len({request.headers["idempotency-key"] for request in receiver.requests}) == 1


def test_one_that_was_given_up_is_sent_when_it_is_asked_for_again(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/in"] = status(422)
        to, url = alive(services, outward(certificates, receiver)), receiver.base + "/in"
        client = create_app(to).test_client()
        send(client, referral("m1"), f"?async=true&response-url={url}")
        is_told(to, url, 1)
        assert rows(to, "select number from delivery where dead_at is not null") == [(1,)]
        receiver.answers.clear()
        send(client, referral("m1"), f"?async=true&response-url={url}")
        is_told(to, url, 2)

    assert rows(to, "select number from delivery where dead_at is not null") == []
    assert [told(body) for body in receiver.bodies("/in")] == [("m1", "ok")] * 2


def test_each_refusal_is_answered_and_no_two_answers_are_one_message(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to, url = alive(services, outward(certificates, receiver)), receiver.base + "/in"
        client = create_app(to).test_client()
        for message in (no_focus(referral("m1")), no_focus(referral("m1")), referral("m1")):
            assert send(client, message, f"?async=true&response-url={url}").status_code == 202
        is_told(to, url, 3)

    bodies = receiver.bodies("/in")
    assert [told(body)[1] for body in bodies] == ["fatal-error", "fatal-error", "ok"]
    assert len({decode(body)["id"] for body in bodies}) == 3
    assert len({decode(body)["entry"][0]["resource"]["id"] for body in bodies}) == 3


def test_a_repetition_is_not_sent_twice_and_one_that_was_answered_at_once_is_sent(
    services: Services, certificates: Path
) -> None:
    with receiving(certificates) as receiver:
        to, url = replace(services, outward=outward(certificates, receiver)), receiver.base + "/in"
        client = create_app(to).test_client()
        first = send(client, referral("m1"))
        for _ in range(2):
            assert send(client, referral("m1"), f"?async=true&response-url={url}").status_code == 202

        assert rows(to, "select body from delivery") == [(first.data,)]


def test_a_message_that_is_answered_elsewhere_stands_in_the_inbox(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to, url = replace(services, outward=outward(certificates, receiver)), receiver.base + "/in"
        send(create_app(to).test_client(), referral("m1"), f"?async=true&response-url={url}")

    (row,) = inbox.entered(to.store, provider=None, state=None, since=None, control_id="m1", limit=9)
    assert (row.format, row.state) == ("fhir-message", "accepted")
