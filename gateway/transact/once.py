"""The same message again gets the first answer again: what makes it the same, and how an answer is kept.

The key is unique in the database and is written in the commit of what the message made. So a message has its effect and
its answer, or neither, however often, by however many doors and at the same moment it is sent. What is kept of the
answer to a client of the FHIR API are the outcomes: they are put into words again, as the client likes them then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from gateway.errors import Conflict, Issue, Place
from gateway.fhir.json import decode, encode
from gateway.store.records import Answered, Identity, microseconds, moment
from gateway.transact.operations import Outcome, Received

_SEPARATOR = "\x1f"
MISNAMED = "duplicate-control-id"
"""The code of the finding that something else is known under a name."""

_OTHER = (
    "a message with this id of this sender was taken before, and its content was another one: nothing of this is used"
)
_OTHER_BUNDLE = (
    "a Bundle with this identifier (or with the id of this MessageHeader) of this sender was carried out before, "
    "and its content was another one: nothing of this is carried out"
)

Bodies = Callable[[Identity, int], bytes | None]
"""What finds the body of a version."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was told to the sender of a message; `made` are (status, type, id, version).

    Of a FHIR message, `at` is when it came, in microseconds, and `focus` says which of `made` it is about. `repeated`:
    it was told before.
    """

    made: Sequence[tuple[str, str, str, int]]
    issues: Sequence[Issue]
    rows: int
    at: int = 0
    focus: Sequence[int] = ()
    repeated: bool = False


class AnsweredBefore(Exception):
    """A message was taken before, as row `row` of the inbox. Nothing is written; `kept` is its answer, encoded."""

    def __init__(self, answered: Answered) -> None:
        super().__init__()
        self.kept = answered.answer
        self.row = answered.row


def once(provider: str, format_: str, *names: str) -> str:
    """Return what is the same for a message that is sent again: who sends what by which name, as a digest."""
    return sha256(_SEPARATOR.join((provider, format_, *names)).encode(errors="replace")).hexdigest()


def check(received: Received | None, answered: Answered | None) -> None:
    """Raise AnsweredBefore when the message was taken before, Conflict when it was another one with the same id."""
    if received is None or answered is None:
        return
    check_same(received, answered)
    if received.by_client:
        raise Conflict([Issue(MISNAMED, _OTHER_BUNDLE, expression="Bundle")])
    raise Conflict([Issue(MISNAMED, _OTHER)])


def check_same(received: Received, answered: Answered) -> None:
    """Raise AnsweredBefore when this very message was taken before."""
    if answered.digest == received.digest:
        raise AnsweredBefore(answered)


def written(received: Received, outcomes: Sequence[Outcome], issues: Sequence[Issue]) -> bytes:
    """Return the answer as it is kept, without any value out of the message."""
    if received.by_client:
        return encode([_kept_outcome(outcome) for outcome in outcomes])
    made = [(o.status, o.type, o.id, o.version) for o in outcomes]
    sent = {"at": microseconds(received.received_at), "focus": received.sent.focus} if received.sent else {}
    return encode({"made": made, "issues": [_kept(issue) for issue in issues], "rows": received.rows, **sent})


def answer(kept: bytes) -> Answer:
    """Return what was told to the sender of a message."""
    found = decode(kept)
    made, issues = [tuple(one) for one in found["made"]], [_issue(issue) for issue in found["issues"]]
    return Answer(made, issues, found["rows"], found.get("at", 0), found.get("focus", ()), repeated=True)


def outcomes(kept: bytes, bodies: Bodies) -> list[Outcome]:
    """Return what became of each operation that a client asked for, as it was told then."""
    return [_outcome(one, bodies) for one in decode(kept)]


def _kept_outcome(outcome: Outcome) -> list[Any]:
    at, issues = microseconds(outcome.last_updated), [_kept(issue) for issue in outcome.issues]
    return [outcome.status, outcome.type, outcome.id, outcome.version, at, outcome.body is not None, issues]


def _outcome(kept: list[Any], bodies: Bodies) -> Outcome:
    status, type_, id_, version, at, has_body, issues = kept
    body = bodies(Identity(type_, id_), version) if has_body else None
    return Outcome(status, type_, id_, version, moment(at), body, tuple(_issue(issue) for issue in issues))


def _kept(issue: Issue) -> list[Any]:
    places = [[at.path, at.line, at.byte] for at in (issue.place, *issue.others) if at]
    kept = [issue.code, issue.diagnostics, issue.severity, issue.expression, places[0] if places else None, issue.rule]
    return [*kept, issue.about, places[1:]]


def _issue(kept: list[Any]) -> Issue:
    code, diagnostics, severity, expression, place, rule, *more = kept  # an answer of before has no more
    about, others = [*more, (), ()][:2]
    at, elsewhere = Place(*place) if place else None, tuple(Place(*other) for other in others)
    return Issue(code, diagnostics, severity, expression, at, rule, about=tuple(about), others=elsewhere)
