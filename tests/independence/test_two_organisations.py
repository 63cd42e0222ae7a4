"""No answer to one organisation depends on what another has or does, whatever it asks, in whichever order."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from tests.independence.asking import everything_of, remarks, requests
from tests.independence.twins import ONE, OTHER, Answer, Asked, twins

REQUESTS = 2_000
"""Of each database."""


def test_no_answer_depends_on_what_another_has(database_url: str, tmp_path: Path) -> None:
    with twins(tmp_path, database_url) as gateways:
        for whose in (OTHER, ONE):
            for said in everything_of(whose):
                told = gateways.say(whose, said)
                assert told.status < 300, (said, told)

        is_one_engine = database_url.startswith("sqlite:")
        wrong: list[str] = []
        statuses: dict[int, int] = {}

        @settings(
            max_examples=REQUESTS,
            phases=[Phase.generate],  # what was asked before is part of the answer: nothing can be asked again
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=[*HealthCheck],
        )
        @given(requests, remarks)
        def ask(asked: Asked, remark: Asked) -> None:
            both, alone = gateways.ask(asked)
            statuses[both.status] = statuses.get(both.status, 0) + 1
            if not is_one_engine or b"AuditEvent" in both.body:  # who asks the audit indexes what is not indexed yet
                alone = alone._replace(statements=both.statements)
            if both != alone:
                wrong.append(f"{asked}\n{_differing(both, alone)}")
            gateways.say(OTHER, remark)

        ask()

    assert not wrong, "\n\n".join(wrong[:10])
    assert sum(statuses.values()) >= REQUESTS
    assert statuses.keys() >= {200, 201, 304, 400, 404, 410, 412}  # it is asked what is answered, too


def _differing(both: Answer, alone: Answer) -> str:
    """Return in what two answers differ."""
    if both.status != alone.status:
        return f"status {both.status} or {alone.status}: {both.body[:600]!r} or {alone.body[:600]!r}"
    if (both.headers, both.body) == (alone.headers, alone.body):
        return f"statements {both.statements} or {alone.statements}"
    if both.body == alone.body:
        return f"headers {set(both.headers) ^ set(alone.headers)}"
    at = next((n for n, (a, b) in enumerate(zip(both.body, alone.body, strict=False)) if a != b), -1)
    return f"body at {at}: {both.body[max(0, at - 200) : at + 200]!r} or {alone.body[max(0, at - 200) : at + 200]!r}"
