"""The door in: everything that writes hands its operations here, whatever protocol they came by.

Read, authorised, validated, resolved; then stored with index, history, audit, outbox and the message itself in one
commit, or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.access.policy import Caller, may_send
from gateway.errors import Forbidden, InvalidResource, Issue
from gateway.fhir.datetime import format_instant
from gateway.fhir.json import encode
from gateway.store import Batch, Message
from gateway.store.records import State, microseconds
from gateway.transact import entries, links
from gateway.transact.audit import audit_row
from gateway.transact.commit import Commit
from gateway.transact.entries import Entry
from gateway.transact.operations import (
    ConditionalCreate,
    ConditionalPut,
    Create,
    Delete,
    Operation,
    Outcome,
    Put,
    Received,
)
from gateway.transact.requests import operation

if TYPE_CHECKING:
    from gateway.services import Services

__all__ = [
    "ConditionalCreate",
    "ConditionalPut",
    "Create",
    "Delete",
    "Operation",
    "Outcome",
    "Put",
    "Received",
    "operation",
    "record",
    "transact",
]

_LONGEST_CONTROL_ID = 199  # MSH-10; what is longer is cut


def transact(
    ops: Sequence[Operation], caller: Caller, to: Services, *, received: Received | None = None
) -> list[Outcome]:
    """Carry out all of `ops` or none, and return what became of each, in their order.

    Raises, each with every such problem there is: Forbidden; BadRequest for operations that cannot be read or cannot go
    together; InvalidResource for content and references; MultipleMatches for conditions; VersionConflict; Conflict;
    Unavailable when the store cannot be used. https://hl7.org/fhir/R4/http.html#transaction
    """
    _check_may_send(caller, received)
    read = entries.read(ops, caller)
    entries.identify(read, to.new_id)
    entries.check_distinct(read)
    found = links.collect(read, caller)
    try:
        found.point_at_entries()
        _validate(read, to)
        commit = Commit(read, found, caller, to, to.clock(), _message(received, "accepted", ()))
        commit.prepare()
        return to.store.write(commit)
    except BaseException:
        found.restore()
        raise


def record(received: Received, issues: Sequence[Issue], caller: Caller, to: Services) -> None:
    """Keep a message that was refused, with the reasons, so that it is not lost. Raises Forbidden and Unavailable."""
    _check_may_send(caller, received)
    message = _message(received, "refused", issues)
    row = audit_row(caller, format_instant(to.clock()), (), message)
    to.store.write(lambda _: (Batch(row, message=message), None))


def _check_may_send(caller: Caller, received: Received | None) -> None:
    if received is not None and not may_send(caller, received.provider):
        raise Forbidden("this caller may not send messages under this provider's name")


def _validate(read: Sequence[Entry], to: Services) -> None:
    issues: list[Issue] = []
    for entry in read:
        if entry.resource is not None:
            found = to.validator.issues(entry.resource)
            if found:
                found = [entry.at(issue) for issue in found]
                entry.warnings = [issue for issue in found if issue.severity in {"warning", "information"}]
                issues += found
    if any(issue.severity in {"fatal", "error"} for issue in issues):
        raise InvalidResource(issues)


def _message(received: Received | None, state: State, issues: Sequence[Issue]) -> Message | None:
    if received is None:
        return None
    return Message(
        provider=received.provider,
        format=received.format,
        content=received.content,
        received_at=microseconds(received.received_at),
        state=state,
        control_id=_storable(received.control_id),
        event_time=microseconds(received.event_time) if received.event_time else None,
        mapping=received.mapping,
        issues=encode([_issue(issue) for issue in (*received.result, *issues)]).decode(),
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
    }
    return {name: value for name, value in kept.items() if value is not None}
