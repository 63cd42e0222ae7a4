"""Keys of clients at an address: fetched from where it was registered and nowhere else, kept, and asked for again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.access.partners import Client, KeySet
from gateway.identities.client_keys import ClientKeys
from gateway.identities.published_keys import PublishedKeys
from tests.access.keys import ec_key, rsa_key
from tests.receivers import Answer, Handler, Receiver, dripping, huge, nonsense, outward, receiving, status
from tests.trust import World

NOW = datetime(2026, 1, 5, tzinfo=UTC)
OLD, NEW = ec_key("old"), ec_key("new")


class Seconds:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return World.made(tmp_path_factory.mktemp("world")).folder


def publishing(*keys: Any, cache_control: str = "") -> Answer:
    content = json.dumps({"keys": keys}).encode()

    def answer(handler: Handler, _: int) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        if cache_control:
            handler.send_header("Cache-Control", cache_control)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def at(receiver: Receiver, path: str = "/jwks") -> Client:
    return Client(id="c", keys=(KeySet(url=receiver.base + path),))


def test_keys_that_are_registered_are_found_by_their_names() -> None:
    keys = ClientKeys(PublishedKeys(outward(Path()), Seconds()))
    own = Client(id="c", keys=(KeySet(jwks={"keys": [OLD]}, until=NOW), KeySet(jwks={"keys": [NEW]})))
    assert keys.key(own, "new", NOW) == NEW
    assert keys.key(own, "old", NOW) is None
    assert keys.key(own, "old", NOW - timedelta(seconds=1)) == OLD
    assert keys.key(own, "other", NOW) is None


def test_an_address_is_asked_once_as_long_as_it_is_fresh(certificates: Path) -> None:
    seconds = Seconds()
    with receiving(certificates) as receiver:
        receiver.answers["/jwks"] = publishing(OLD)
        keys, own = ClientKeys(PublishedKeys(outward(certificates, receiver), seconds)), at(receiver)
        assert [keys.key(own, "old", NOW) for _ in range(3)] == [OLD] * 3
        assert receiver.times["/jwks"] == 1
        seconds.now += 601
        assert keys.key(own, "old", NOW) == OLD
        assert receiver.times["/jwks"] == 2
        assert receiver.requests[0].method == "GET"


@pytest.mark.parametrize(
    ("said", "seconds_fresh"),
    [
        ("", 600),
        ("public, max-age=300", 300),
        ("MAX-AGE=120", 120),
        ("max-age=5", 60),
        ("max-age=99999", 3600),
        ("no-store", 60),
        ("max-age=300, no-cache", 60),
        ("s-maxage=5", 600),
        ("nonsense", 600),
    ],
)
def test_keys_are_kept_as_long_as_their_server_says(certificates: Path, said: str, seconds_fresh: int) -> None:
    seconds = Seconds()
    with receiving(certificates) as receiver:
        receiver.answers["/jwks"] = publishing(OLD, cache_control=said)
        keys, own = ClientKeys(PublishedKeys(outward(certificates, receiver), seconds)), at(receiver)
        for passed, times in ((0, 1), (seconds_fresh, 1), (1, 2)):
            seconds.now += passed
            assert keys.key(own, "old", NOW) == OLD
            assert receiver.times["/jwks"] == times


def test_for_an_unknown_key_it_is_asked_again_once_a_minute(certificates: Path) -> None:
    seconds = Seconds()
    with receiving(certificates) as receiver:
        receiver.answers["/jwks"] = publishing(OLD)
        keys, own = ClientKeys(PublishedKeys(outward(certificates, receiver), seconds)), at(receiver)
        keys.key(own, "old", NOW)
        receiver.answers["/jwks"] = publishing(NEW)
        assert [keys.key(own, "new", NOW) for _ in range(5)] == [None] * 5
        assert receiver.times["/jwks"] == 1
        seconds.now += 60
        assert keys.key(own, "new", NOW) == NEW
        assert keys.key(own, "old", NOW) is None
        assert receiver.times["/jwks"] == 2


def test_what_was_fetched_is_used_for_an_hour_when_the_address_is_away(certificates: Path) -> None:
    seconds = Seconds()
    with receiving(certificates) as receiver:
        receiver.answers["/jwks"] = publishing(OLD)
        keys, own = ClientKeys(PublishedKeys(outward(certificates, receiver), seconds)), at(receiver)
        keys.key(own, "old", NOW)
    seconds.now += 3600
    assert keys.key(own, "old", NOW) == OLD
    seconds.now += 60
    assert keys.key(own, "old", NOW) is None


@pytest.mark.parametrize(
    "answer", [status(500), status(302, Location="https://127.0.0.1/"), nonsense, huge, dripping, publishing("no key")]
)
def test_whatever_else_an_address_answers_is_no_key(certificates: Path, answer: Answer) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/jwks"] = answer
        way = outward(certificates, receiver, seconds=0.5)
        assert ClientKeys(PublishedKeys(way, Seconds())).key(at(receiver), "old", NOW) is None


def test_an_address_that_is_not_listed_is_not_asked(certificates: Path) -> None:
    with receiving(certificates) as receiver:
        assert ClientKeys(PublishedKeys(outward(certificates), Seconds())).key(at(receiver), "old", NOW) is None
        assert receiver.requests == []


def test_of_what_is_published_only_what_signs_is_used(certificates: Path) -> None:
    weak, secret = rsa_key("weak", 1024), {"kty": "oct", "kid": "secret", "k": "AAAA"}
    other = ec_key("other") | {"use": "enc"}
    with receiving(certificates) as receiver:
        receiver.answers["/jwks"] = publishing(weak, secret, other, OLD, 7)
        keys = ClientKeys(PublishedKeys(outward(certificates, receiver), Seconds()))
        assert keys.key(at(receiver), "old", NOW) == OLD
        assert [keys.key(at(receiver), name, NOW) for name in ("weak", "secret", "other")] == [None] * 3
