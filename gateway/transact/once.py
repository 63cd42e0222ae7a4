"""The same message again gets the first answer again: what makes it the same, and how an answer is kept.

The key is unique in the database and is written in the commit of what the message made. So a message has its effect and
its answer, or neither, however often, by however many doors and at the same moment it is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from gateway.errors import Conflict, Issue, Place
from gateway.fhir.json import decode, encode
from gateway.store.records import Answered
from gateway.transact.operations import Outcome, Received

_SEPARATOR = "\x1f"
_OTHER = (
    "a message with this id of this sender was taken before, and its content was another one: nothing of this is used"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was told to the sender of a message; `made` are (status, type, id, version)."""

    made: Sequence[tuple[str, str, str, int]]
    issues: Sequence[Issue]
    rows: int


class AnsweredBefore(Exception):
    """A message was taken before. Nothing is written; `answer` is what its sender was told then."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def once(provider: str, format_: str, *names: str) -> str:
    """Return what is the same for a message that is sent again: who sends what by which name, as a digest."""
    return sha256(_SEPARATOR.join((provider, format_, *names)).encode(errors="replace")).hexdigest()


def check(received: Received | None, answered: Answered | None) -> None:
    """Raise AnsweredBefore when the message was taken before, Conflict when it was another one with the same id."""
    if received is None or answered is None:
        return
    check_same(received, answered)
    raise Conflict([Issue("duplicate-control-id", _OTHER)])


def check_same(received: Received, answered: Answered) -> None:
    """Raise AnsweredBefore when this very message was taken before."""
    if answered.digest == received.digest:
        raise AnsweredBefore(_read(answered.answer))


def written(received: Received, outcomes: Sequence[Outcome], issues: Sequence[Issue]) -> bytes:
    """Return the answer as it is kept, without any value out of the message."""
    made = [(o.status, o.type, o.id, o.version) for o in outcomes]
    return encode({"made": made, "issues": [_kept(issue) for issue in issues], "rows": received.rows})


def _read(answer: bytes) -> Answer:
    found = decode(answer)
    return Answer([tuple(made) for made in found["made"]], [_issue(kept) for kept in found["issues"]], found["rows"])


def _kept(issue: Issue) -> list[Any]:
    place = issue.place and [issue.place.path, issue.place.line, issue.place.byte]
    return [issue.code, issue.diagnostics, issue.severity, issue.expression, place, issue.rule]


def _issue(kept: list[Any]) -> Issue:
    code, diagnostics, severity, expression, place, rule = kept
    return Issue(code, diagnostics, severity, expression, Place(*place) if place else None, rule)
