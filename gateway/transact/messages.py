"""The row of the inbox: a message as it was received, what was found in it, and what its sender is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from gateway.access.sealing import Keys, row_name
from gateway.errors import Issue
from gateway.fhir.json import encode
from gateway.store import Message
from gateway.store.records import Parcel, State, microseconds
from gateway.transact.once import written
from gateway.transact.operations import Outcome, Received

_LONGEST_CONTROL_ID = 199  # MSH-10; what is longer is cut


def message(received: Received, outcomes: Sequence[Outcome], found: Sequence[Issue], keys: Keys) -> Message:
    """Return the row of a message that is taken, with its answer; `found` are findings beside those of the outcomes."""
    issues = (*received.result, *found, *(issue for outcome in outcomes for issue in outcome.issues))
    answer = written(received, outcomes, issues) if received.once else None
    return _sealed(_row(received, "accepted", issues, received.once, answer), keys)


def refused(received: Received, issues: Sequence[Issue], keys: Keys) -> Message:
    """Return the row of a message that is refused. It may come again: it has no answer that holds for ever."""
    return _sealed(_row(received, "refused", (*received.result, *issues), None, None), keys)


def parcels(
    received: Received | None, outcomes: Sequence[Outcome], found: Sequence[Issue], at: datetime
) -> Sequence[Parcel]:
    """Return what is to be sent elsewhere because of a message, in the commit that takes or refuses it."""
    if received is None or received.parcels is None:
        return ()
    return [parcel._replace(at=microseconds(at)) for parcel in received.parcels(outcomes, found)]


def _sealed(row: Message, keys: Keys) -> Message:
    if keys.present is None or row.again is not None:  # the content of a row that is there stays as it is
        return row
    name, content = keys.seal(row.content, row_name(row.provider, row.received_at))
    return replace(row, content=content, sealed_with=name)


def _row(received: Received, state: State, issues: Sequence[Issue], once: str | None, answer: bytes | None) -> Message:
    return Message(
        provider=received.provider,
        format=received.format,
        content=received.content,
        received_at=microseconds(received.received_at),
        state=state,
        control_id=_storable(received.control_id),
        event_time=microseconds(received.event_time) if received.event_time else None,
        mapping=received.mapping,
        issues=encode([_issue(issue) for issue in issues]).decode(),
        once=once,
        digest=received.digest or None,
        answer=answer,
        again=received.again.row if received.again else None,
        tried_at=microseconds(received.again.at) if received.again else None,
        fields=received.fields or (None, None),
        of_array=received.of_array,
    )


def _storable(control_id: str | None) -> str | None:
    """Return a message's own name for itself as both engines can keep and index it, whatever it holds."""
    if control_id is None:
        return None
    return control_id.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()[:_LONGEST_CONTROL_ID]


def _issue(issue: Issue) -> dict[str, object]:
    """Return an issue as the inbox keeps it: without the value, which stands in the message itself."""
    kept = {
        "severity": issue.severity,
        "code": issue.code,
        "diagnostics": issue.diagnostics,
        "expression": issue.expression,
        "place": str(issue.place) if issue.place else None,
        "rule": issue.rule,
        "about": issue.about or None,
        "others": [str(place) for place in issue.others] or None,
    }
    return {name: value for name, value in kept.items() if value is not None}
