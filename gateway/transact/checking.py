"""What is wrong with operations as far as it can be told without a look into the store: all of it at once.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.errors import BadRequest, GatewayError, InvalidResource, Issue, TooLarge
from gateway.transact import consents, entries, subscriptions

if TYPE_CHECKING:
    from gateway.access.policy import Caller
    from gateway.services import Services
    from gateway.transact.entries import Entry
    from gateway.transact.operations import Write


def read(ops: Sequence[Write], caller: Caller, to: Services, numbers: Sequence[int] | None = None) -> Sequence[Entry]:
    """Return an entry for each operation. Raises what `entries.check` does, then with what is wrong with the resources.

    InvalidResource for a resource without a type.
    """
    found = entries.typed(ops, numbers)
    try:
        entries.check(found, caller)
    except (BadRequest, TooLarge) as error:
        error.issues = (*error.issues, *(issue for issue in _findings(found, caller, to) if _is_error(issue)))
        raise
    return found


def validate(found: Sequence[Entry], caller: Caller, to: Services) -> None:
    """Note the warnings on each resource. InvalidResource with all findings when one of them is an error."""
    issues = _findings(found, caller, to)
    if any(map(_is_error, issues)):
        raise InvalidResource(issues)


def problems(ops: Sequence[Write], caller: Caller, to: Services) -> Sequence[Issue]:
    """Return what `read` and `validate` would raise of operations that are not carried out."""
    try:
        validate(read(ops, caller, to), caller, to)
    except GatewayError as error:
        return error.issues
    return ()


def _findings(found: Sequence[Entry], caller: Caller, to: Services) -> list[Issue]:
    issues: list[Issue] = []
    for entry in found:
        if entry.resource is not None:
            own = to.validator.issues(entry.resource)
            if entry.type == consents.TYPE:
                own = [*own, *consents.issues(entry.resource)]
            if own:
                own = [entry.at(issue) for issue in own]
                entry.warnings = [issue for issue in own if issue.severity in {"warning", "information"}]
                issues += own
            if entry.type == subscriptions.TYPE and not any(map(_is_error, own)):
                issues += [entry.at(issue) for issue in subscriptions.issues(entry, caller, to)]
    return issues


def _is_error(issue: Issue) -> bool:
    return issue.severity in {"fatal", "error"}
