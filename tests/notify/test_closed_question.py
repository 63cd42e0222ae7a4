"""The client of a register of consents, against a real one over TLS that wants a certificate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.notify.closed_question import Party, Question, Unanswered
from gateway.notify.closed_question.mitz import Mitz
from tests.mitz import Register, register, saying
from tests.receivers import Answer, dripping, huge, never, nonsense, outward, status

CLIENT = "client-hospital"
QUESTION = Question("999900006", Party("00000002", "V4"), Party("00000006", "X3"), ("GGC002", "GGC013"), "01.015")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def mitz(certificates: Path) -> Iterator[Register]:
    with register(certificates) as found:
        yield found


def client(certificates: Path, of: Register, *, seconds: float = 10.0, certificate: str = CLIENT) -> Mitz:
    return Mitz(outward(certificates, of.receiver, seconds=seconds, client=certificate), of.base, Clock())


def test_it_asks_with_its_certificate_what_mitz_takes(certificates: Path, mitz: Register) -> None:
    found = client(certificates, mitz).ask(QUESTION, "a-request")

    assert found == {"GGC002": "permit", "GGC013": "permit"}
    (sent,) = mitz.receiver.requests
    assert (sent.method, sent.path, bool(sent.client)) == ("POST", "/geslotenautorisatievraag/xacml3", True)
    assert sent.headers["x-request-id"] == "a-request"
    assert "999900006" not in sent.path + str(sent.headers)
    first, _ = mitz.questions[0]
    assert first == {
        "resource-id": "999900006",
        "healthcare-facility-type-code": "V4",
        "id": "00000002",
        "event-code": "GGC002",
        "role": "01.015",
        "provider-institution": "00000006",
        "consulting-healthcare-facility-type-code": "X3",
        "purposeofuse": "TREAT",
    }


def test_each_category_is_decided_for_itself(certificates: Path, mitz: Register) -> None:
    mitz.decides = lambda asked: "Permit" if asked["event-code"] == "GGC013" else "Deny"
    assert client(certificates, mitz).ask(QUESTION, "1") == {"GGC002": "deny", "GGC013": "permit"}

    mitz.decides = lambda _: "NotApplicable"
    assert client(certificates, mitz).ask(QUESTION, "1") == {"GGC002": "deny", "GGC013": "deny"}


def test_without_a_certificate_there_is_no_answer(certificates: Path, mitz: Register) -> None:
    with pytest.raises(Unanswered):
        client(certificates, mitz, certificate="").ask(QUESTION, "1")
    assert mitz.questions == []


def test_nothing_is_asked_where_that_is_not_listed(certificates: Path, mitz: Register) -> None:
    way = outward(certificates, client=CLIENT)
    with pytest.raises(Unanswered, match="GATEWAY_ENDPOINTS"):
        Mitz(way, mitz.base, Clock()).ask(QUESTION, "1")
    assert mitz.receiver.requests == []


def answer_to(question: Question, mitz: Register, certificates: Path) -> bytes:
    """Return the bytes with which the register answers a question."""
    from gateway.notify.closed_question.xacml import MEDIA_TYPE, written
    from gateway.notify.sending import Line

    with Line(
        outward(certificates, mitz.receiver, client=CLIENT), f"{mitz.base}/geslotenautorisatievraag/xacml3"
    ) as line:
        return line.send(written(question, "1", mitz.base), {"Content-Type": MEDIA_TYPE, "X-Request-Id": "1"}).content


OTHERS = {
    "another patient": replace(QUESTION, bsn="999900043"),
    "another keeper": replace(QUESTION, keeper=Party("00000099", "V4")),
    "fewer categories": replace(QUESTION, categories=("GGC002",)),
    "other categories": replace(QUESTION, categories=("GGC002", "GGC099")),
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_answer_to_something_else_is_none(certificates: Path, mitz: Register, name: str) -> None:
    content = answer_to(OTHERS[name], mitz, certificates)
    mitz.answers(saying(content))

    with pytest.raises(Unanswered, match="none to what was asked"):
        client(certificates, mitz).ask(QUESTION, "1")


BROKEN: dict[str, Answer] = {
    "error": status(500),
    "not here": status(404),
    "redirect": status(302, Location="https://elsewhere.example/"),
    "never": never,
    "dripping": dripping,
    "huge": huge,
    "nonsense": nonsense,
    "empty": saying(b""),
    "no xml": saying(b"Permit"),
    "no result": saying(b"<Response><Result><Decision>Permit</Decision></Result></Response>"),
    "an entity": saying(b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
}


@pytest.mark.parametrize("name", BROKEN)
def test_whatever_it_answers_is_no_permit(certificates: Path, mitz: Register, name: str) -> None:
    mitz.answers(BROKEN[name])

    with pytest.raises(Unanswered) as found:
        client(certificates, mitz, seconds=0.5).ask(QUESTION, "1")
    assert "999900006" not in found.value.reason


def test_an_answer_that_is_not_certain_is_none(certificates: Path, mitz: Register) -> None:
    for decision in ("Indeterminate", "permit", ""):
        mitz.decides = lambda _, decision=decision: decision  # type: ignore[misc]
        with pytest.raises(Unanswered):
            client(certificates, mitz).ask(QUESTION, "1")


def test_after_some_failures_it_is_left_alone_for_a_while(certificates: Path, mitz: Register) -> None:
    asking = client(certificates, mitz)
    clock = asking.seconds
    assert isinstance(clock, Clock)
    mitz.answers(status(503))
    for _ in range(5):
        with pytest.raises(Unanswered):
            asking.ask(QUESTION, "1")
    assert len(mitz.receiver.requests) == 3

    clock.now += 31
    for _ in range(3):
        with pytest.raises(Unanswered):
            asking.ask(QUESTION, "1")
    assert len(mitz.receiver.requests) == 4

    mitz.answers(None)
    clock.now += 31
    for _ in range(3):
        assert asking.ask(QUESTION, "1")["GGC002"] == "permit"
