"""The grep of all logs finds what it is there to find."""

import logging

import pytest

from tests.telling import Listening, check, told


@pytest.mark.parametrize(
    "text",
    [
        '{"value": "999911120"}',
        "bsn=999900006&x",
        "Authorization: Bearer abcdefgh12345678",
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl",
        "PRIVATE".join(("-----BEGIN ", " KEY-----")),
    ],
)
def test_it_is_found(text: str) -> None:
    assert told(text)
    with pytest.raises(AssertionError, match="a log tells"):
        check(text, "a log")


@pytest.mark.parametrize("text", ["999911121", "1999911120", "0.999911120", "eyJ", "Bearer", "2026-01-05T10:00:00"])
def test_other_things_are_not(text: str) -> None:
    assert told(text) == []


def test_what_is_logged_is_heard_with_what_stands_beside_it() -> None:
    heard = Listening()
    for said in ("999911120", "somebody"):
        heard.handle(logging.makeLogRecord({"name": "gateway.x", "msg": "event", "patient": said}))

    assert len(heard.heard) == 1
