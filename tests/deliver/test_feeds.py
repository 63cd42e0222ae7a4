"""Onward feeds: a partner's FHIR server has what was stored here, whatever was sent twice, refused or late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.app import create_app
from gateway.cli.outbox import outbox
from gateway.deliver import feeds
from gateway.errors import BadSettings
from gateway.fhir.json import decode
from gateway.notify.feeds import Feed, read
from gateway.services import Services, now
from gateway.settings import Settings
from gateway.store import open_store
from gateway.transact import Delete, Put, transact
from tests.deliver.telling import CALLER, alive, eventually, queue, rows, telling
from tests.receivers import Handler, Receiver, failing, outward, receiving, status

QUEUE = "feed/region"


def location(id_: str, name: str = "IC", status_: str = "active") -> dict[str, Any]:
    return {"resourceType": "Location", "id": id_, "status": status_, "name": name}


def put(to: Services, *resources: dict[str, Any]) -> None:
    for resource in resources:
        transact([Put(resource)], CALLER, to)


def feed(receiver: Receiver, *resources: str, **more: Any) -> Feed:
    return Feed("region", receiver.base + "/fhir", resources or ("Location",), **more)


def fed(to: Services, one: Feed) -> Services:
    made = replace(to, feeds=(one,))
    feeds.register(made)
    return made


def sent(receiver: Receiver) -> list[list[tuple[str, str]]]:
    """Return of each Bundle what it asks for."""
    bundles = [decode(body) for body in receiver.bodies("/fhir")]
    return [[(e["request"]["method"], e["request"]["url"]) for e in bundle["entry"]] for bundle in bundles]


@pytest.fixture
def partner(tmp_path: Path) -> Iterator[Services]:
    """Return another gateway, in this process."""
    from gateway.services import random_id
    from gateway.validation import Validator
    from tests.conftest import library

    url = f"sqlite:///{tmp_path}/partner.sqlite"
    store = open_store(url, durability="normal")
    yield Services(Settings(database=url), store, Validator(), library(), now, random_id)
    store.close()


def serving(partner: Services) -> Any:
    """Return what answers as the FHIR server of a partner does: it is one."""
    client = create_app(partner).test_client()

    def answer(handler: Handler, _: int) -> None:
        body = handler.receiver.requests[-1].body
        found = client.post("/fhir", data=body, content_type="application/fhir+json")
        status(found.status_code)(handler, 0)

    return answer


def test_a_partner_has_what_was_stored_here(services: Services, partner: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/fhir"] = serving(partner)
        to = fed(alive(services, outward(certificates, receiver)), feed(receiver, "Location", "Slot", "Schedule"))
        put(to, location("ward"), {"resourceType": "Patient", "id": "p"})
        schedule = {"resourceType": "Schedule", "id": "s", "actor": [{"reference": "Location/ward"}]}
        slot = {"resourceType": "Slot", "id": "a", "status": "free", "schedule": {"reference": "Schedule/s"},
                "start": "2026-01-05T10:00:00Z", "end": "2026-01-05T11:00:00Z"}  # fmt: skip
        put(to, schedule, slot, slot | {"status": "busy"}, location("gone"))
        transact([Delete("Location", "gone")], CALLER, to)
        with telling(to):
            eventually(lambda: queue(to, QUEUE).last == 6 == queue(to, QUEUE).told)

    theirs = {f"{t}/{i}": decode(b) for t, i, b in rows(partner, """
        select c.type, c.id, r.body from current c join resource r on r.key = c.key and r.version = c.version
        where not c.deleted""")}  # fmt: skip
    assert set(theirs) == {"Location/ward", "Schedule/s", "Slot/a"}
    assert theirs["Slot/a"]["status"] == "busy"
    assert sent(receiver) == [
        [("PUT", "Location/ward"), ("PUT", "Schedule/s"), ("PUT", "Slot/a"), ("DELETE", "Location/gone")]
    ]
    assert "meta" not in decode(receiver.bodies("/fhir")[0])["entry"][0]["resource"]


def test_who_was_sent_something_is_told_that_it_is_otherwise_now(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = fed(alive(services, outward(certificates, receiver)), feed(receiver, "Location?status=active", most=1))
        put(to, location("a"), location("b", status_="inactive"), location("a", status_="inactive"))
        put(to, location("a", "SEH", "inactive"))
        with telling(to):
            eventually(lambda: queue(to, QUEUE).told == 2 and rows(to, "select count(*) from outbox") == [(0,)])

    assert sent(receiver) == [[("PUT", "Location/a")]] * 2


def test_one_that_is_refused_keeps_nobody_waiting(services: Services, certificates: Path) -> None:
    def answer(handler: Handler, _: int) -> None:
        is_bad = b"Location/bad" in handler.receiver.requests[-1].body
        status(422 if is_bad else 200)(handler, 0)

    with receiving(certificates) as receiver:
        receiver.answers["/fhir"] = answer
        to = fed(alive(services, outward(certificates, receiver)), feed(receiver))
        put(to, location("a"), location("bad"), location("b"))
        with telling(to):
            eventually(lambda: queue(to, QUEUE).told == 3)

    assert [len(one) for one in sent(receiver)] == [3, 1, 1, 1]
    assert rows(to, "select about, reason from delivery where dead_at is not null") == [
        ("Location/bad", "it answered 422")
    ]


def test_a_partner_that_is_away_gets_everything_when_it_is_back(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/fhir"] = failing(2, 503)
        to = fed(alive(services, outward(certificates, receiver)), feed(receiver, most=1))
        put(to, location("a"), location("b"))
        with telling(to):
            eventually(lambda: queue(to, QUEUE).told == 2)

    assert sent(receiver) == [[("PUT", "Location/a")]] * 3 + [[("PUT", "Location/b")]]


def test_after_days_it_is_an_error_and_an_operator_may_have_it_go_on(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/fhir"] = status(404)
        to = fed(alive(services, outward(certificates, receiver)), feed(receiver))
        put(to, location("a"))
        with telling(to):
            eventually(lambda: queue(to, QUEUE).attempts == 1)
        with telling(replace(to, clock=lambda: now() + timedelta(days=3, minutes=1))):
            eventually(lambda: queue(to, QUEUE).status == "error")
        assert (queue(to, QUEUE).reason, queue(to, QUEUE).told) == ("it answered 404", 0)
        receiver.answers.clear()
        assert CliRunner().invoke(outbox, ["resend", QUEUE, "--database", to.settings.database]).exit_code == 0
        with telling(to):
            eventually(lambda: queue(to, QUEUE).told == 1)


def test_the_token_is_read_each_time_and_the_certificate_is_shown(
    services: Services, certificates: Path, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    with receiving(certificates, clients=True) as receiver:
        way = outward(certificates, receiver, client="client-hospital")
        to = fed(alive(services, way), feed(receiver, token=token))
        for number, word in enumerate(("old", "new"), 1):
            token.write_text(f"{word}\n")
            put(to, location(word))
            with telling(to):
                eventually(lambda number=number: queue(to, QUEUE).told == number)  # type: ignore[misc]

    assert [request.headers["authorization"] for request in receiver.requests] == ["Bearer old", "Bearer new"]
    assert receiver.requests[0].client == "Ziekenhuis Duinrand (test)"


def test_a_new_feed_is_filled_with_what_is_there(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        put(to, *(location(str(n), status_="active" if n % 2 else "inactive") for n in range(9)))
        transact([Delete("Location", "1")], CALLER, to)
        with telling(to):
            eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])
        one = feed(receiver, "Location?status=active")
        to = fed(to, one)
        assert feeds.fill(one, to) == 3
        with telling(to):
            eventually(lambda: queue(to, QUEUE).told == 3)

    assert sent(receiver) == [[("PUT", f"Location/{n}") for n in (3, 5, 7)]]


def test_an_operator_fills_a_feed_of_the_settings(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("feeds: [{name: region, to: 'https://ehr.example/fhir', resources: [Location]}]")
    monkeypatch.setenv("GATEWAY_FEEDS", str(path))
    monkeypatch.setenv("GATEWAY_ENDPOINTS", "https://ehr.example")
    put(services, location("a"), location("b"))

    done = CliRunner().invoke(outbox, ["fill", "region", "--database", services.settings.database])
    wrong = CliRunner().invoke(outbox, ["fill", "other", "--database", services.settings.database])

    assert done.output == "feed/region: 2 to be sent\n"
    assert (wrong.exit_code, "it has region" in wrong.output) == (1, True)


def test_a_feed_that_is_taken_away_is_sent_nothing_more(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = fed(alive(services, outward(certificates, receiver)), feed(receiver))
        put(to, location("a"))
        without = replace(to, feeds=())
        with telling(without):
            eventually(lambda: queue(to, QUEUE).status == "off")
            eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])
        assert queue(to, QUEUE).last == 0
        feeds.register(to)
        assert queue(to, QUEUE).status == "active"
    assert receiver.requests == []


def test_a_file_of_feeds_is_read_whole_and_every_problem_told(tmp_path: Path) -> None:
    path, allowed = tmp_path / "feeds.yaml", outward(Path(), Receiver(port=1)).allowed
    path.write_text("feeds: [{name: region, to: 'https://127.0.0.1:1/fhir/', resources: [Slot], most: 5}]")
    assert read(path, allowed) == (Feed("region", "https://127.0.0.1:1/fhir", ("Slot",), most=5),)

    path.write_text(
        "feeds:\n- {name: A b, to: 'https://evil.example/', resources: ['Slot?naam=x', 'Slot?_count=1'], most: 0}\n"
        "- {name: b, url: x, to: 'https://127.0.0.1:1/', resources: [], token: /nowhere}\n- x\n"
    )
    with pytest.raises(BadSettings) as caught:
        read(path, allowed)
    texts = "\n".join(issue.diagnostics for issue in caught.value.issues)
    parts = ["[0].name", "[0].to", "[0].most", "url is not known", "[1].resources is a list", "[1].token: no file"]
    for part in (*parts, "no parameter", "not how they are shown", "[2] is no mapping"):
        assert part in texts
    path.write_text("a: [")
    with pytest.raises(BadSettings, match="cannot be read as YAML"):
        read(path, allowed)
