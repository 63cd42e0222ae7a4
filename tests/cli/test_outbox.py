"""`gateway outbox`: what waits and what was given up, for who operates the gateway."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from gateway.app import create_app
from gateway.cli.outbox import outbox
from gateway.services import Services
from gateway.store import queues
from tests.deliver.telling import parcel, queue, rows, send

URL = "https://ehr.example/in"


def run(to: Services, *arguments: str) -> Result:
    return CliRunner().invoke(outbox, [*arguments, "--database", to.settings.database])


@pytest.fixture
def failing(services: Services) -> Services:
    """Three were sent to an endpoint: the first was given up, the second fails, the third waits."""
    for n in range(3):
        send(services, parcel(URL, f"secret {n}"))
    with services.store.changing() as db:
        queues.lease(db, URL, 2**60, 2**61, "me")
        queues.bury(db, URL, 1, 1_000_000, "it answered 422")
        queues.note_told(db, URL, "me", 1, 0, 0)
        queues.note_failure(db, URL, "me", 2_000_000, 3_000_000, "it took too long")
    return services


def test_an_empty_outbox_says_so(services: Services) -> None:
    assert run(services, "list").output == "nothing is told outward\n"


def test_a_queue_is_listed_with_its_trouble(failing: Services) -> None:
    (line,) = run(failing, "list", "--failing").output.splitlines()
    (row,) = json.loads(run(failing, "list", "--format", "json").output)

    assert line.startswith(f"{URL}: active, 1 of 3 told, 1 given up, failing since 1970-01-01T00:00:02.000")
    assert "it took too long; 1 attempts" in line
    assert (row["waiting"], row["given_up"], row["origin"]) == (2, 1, "https://ehr.example")
    assert "secret" not in run(failing, "list", "--format", "json").output


def test_one_is_shown_without_its_content_unless_that_is_asked(failing: Services) -> None:
    shown = run(failing, "show", URL)
    content = run(failing, "show", URL, "--content", "2")

    assert [line.partition(",")[0] for line in shown.output.splitlines()[1:]] == [
        "  1: text/plain", "  2: text/plain", "  3: text/plain",
    ]  # fmt: skip
    assert "given up: it answered 422" in shown.output
    assert "secret" not in shown.output
    assert content.output == "secret 1"
    assert len(json.loads(run(failing, "show", URL, "--format", "json").output)["deliveries"]) == 3


def test_what_was_given_up_is_sent_again_after_what_waits(failing: Services) -> None:
    assert run(failing, "resend", URL).output == f"{URL}: 1 to be sent again\n"

    assert rows(failing, "select number, body, dead_at from delivery order by number") == [
        (2, b"secret 1", None), (3, b"secret 2", None), (4, b"secret 0", None),
    ]  # fmt: skip
    found = queue(failing, URL)
    assert (found.last, found.told, found.attempts) == (4, 1, 0)
    assert run(failing, "resend", URL, "--number", "2").exit_code == 1


def test_a_monitor_sees_what_waits_and_what_was_given_up(failing: Services) -> None:
    send(failing, parcel("https://other.example/in", "x"))
    told = create_app(failing).test_client().get("/metrics").text

    for name, number in (("waiting", 3), ("failing", 1), ("given_up", 1), ("lag_seconds", 0)):
        assert f'gateway_outbox_{name}{{queue="endpoint"}} {number}.0' in told


def test_what_is_not_there_is_told(services: Services) -> None:
    for command in ("show", "resend"):
        result = run(services, command, "https://nobody.example")
        assert (result.exit_code, "there is no such queue" in result.output) == (1, True)
