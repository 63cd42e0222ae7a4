"""What a decided transaction comes to: a commit, one with partners, or no more than knowing what it would have been.

https://hl7.org/fhir/R4/resource-operation-validate.html, "mode"
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from gateway.errors import Issue
from gateway.fhir.datetime import format_instant
from gateway.transact.audit import partners_row
from gateway.transact.operations import Outcome

if TYPE_CHECKING:
    from gateway.store import Batch, Sight
    from gateway.store.records import PartnerVersion
    from gateway.transact.commit import Commit

Result = tuple[list[Outcome], Sequence[Issue]]
Settle = Callable[["Commit"], Result]


class _Decided(Exception):
    """What was decided, on its way out of a transaction that is not to be."""

    def __init__(self, result: Result) -> None:
        super().__init__()
        self.result = result


def committed(commit: Commit) -> Result:
    """Return what became of each operation, once all of it is stored."""
    return commit.to.store.write(commit, commit.prepare)


def with_partners(commit: Commit, versions: Sequence[PartnerVersion]) -> Result:
    """Return what became of each operation, once it is stored together with versions of partners. Raises Conflict."""
    commit.by_gateway = True

    def decide(sight: Sight) -> tuple[Batch, Result]:
        batch, result = commit(sight)
        batch.partners = versions
        node = commit.to.settings.node
        batch.audit = partners_row(commit.caller, format_instant(commit.now), result[0], versions, node=node)
        return batch, result

    return commit.to.store.write(decide, commit.prepare)


def with_row(commit: Commit, row: Callable[[Sequence[Outcome]], bytes]) -> Result:
    """Return what became of each operation of the gateway's own, once it is stored with its row of the audit."""
    commit.by_gateway = True

    def decide(sight: Sight) -> tuple[Batch, Result]:
        batch, result = commit(sight)
        batch.audit = row(result[0])
        return batch, result

    return commit.to.store.write(decide, commit.prepare)


def rehearsed(commit: Commit) -> Result:
    """Return what would become of each operation; nothing is stored."""

    def decide(sight: Sight) -> NoReturn:
        raise _Decided(commit(sight)[1])

    try:
        commit.to.store.write(decide, commit.prepare)
    except _Decided as decided:
        return decided.result
    raise AssertionError  # a rehearsal never commits
