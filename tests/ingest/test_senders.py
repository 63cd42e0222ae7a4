"""As which provider a message over MLLP comes."""

from __future__ import annotations

import pytest

from gateway.access.policy import Caller
from gateway.errors import Forbidden
from gateway.ingest.senders import provider_of
from tests.conftest import library


def sent(facility: str) -> bytes:
    return f"MSH|^~\\&|EPD|{facility}|||||ADT^A20|1|P|2.5.1\rNPU|3B".encode()


def of(message: bytes, *providers: str) -> str:
    return provider_of(message, Caller("00000001", "sender", providers=frozenset(providers)), library())


@pytest.mark.parametrize("facility", ["", "SEH", "duinrand", "DUINRAND^1.2.3^ISO"])
def test_who_sends_as_one_need_not_say_it(facility: str) -> None:
    assert of(sent(facility), "duinrand") == "duinrand"


def test_who_names_another_provider_is_refused() -> None:
    with pytest.raises(Forbidden):
        of(sent("gouwe"), "duinrand")


def test_who_sends_as_several_says_as_which() -> None:
    assert of(sent("Gouwe"), "duinrand", "gouwe") == "gouwe"
    for facility in ("", "SEH", "haagrand"):
        with pytest.raises(Forbidden):
            of(sent(facility), "duinrand", "gouwe")


def test_who_sends_as_nobody_is_refused() -> None:
    with pytest.raises(Forbidden):
        of(sent("duinrand"))


def test_what_is_no_message_is_for_the_door_to_refuse() -> None:
    assert of(b"nonsense", "duinrand") == "duinrand"
