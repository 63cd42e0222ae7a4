"""What one commit writes: decided inside the store's transaction, from what is seen there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.access.policy import Caller, visible
from gateway.errors import InvalidResource, Issue
from gateway.store import Batch, Current, Identity, Sight, Version
from gateway.store.bodies import rest_of
from gateway.store.records import Message, moment
from gateway.store.search.scope import Scope
from gateway.transact import conditions, links
from gateway.transact.audit import audit_row
from gateway.transact.content import Content, content
from gateway.transact.entries import Entry, check_distinct
from gateway.transact.links import Links
from gateway.transact.operations import Outcome, Status
from gateway.transact.versions import Times, check_versions, next_version

if TYPE_CHECKING:
    from gateway.services import Services


@dataclass(slots=True)
class Commit:
    """A transaction that has been read, authorised and validated. Calling it decides what to write."""

    entries: Sequence[Entry]
    links: Links
    caller: Caller
    to: Services
    now: datetime
    message: Message | None

    def prepare(self) -> None:
        """Do what needs no look into the store before the transaction begins."""
        unsettled = self.links.unsettled()
        for entry in self.entries:
            if entry.resource is not None and entry.identity is not None and id(entry) not in unsettled:
                entry.content = self._content(entry)

    def __call__(self, sight: Sight) -> tuple[Batch, list[Outcome]]:
        """Return what to write and what became of each operation. Raises what `transact` raises of what is stored."""
        self._resolve(sight)
        identities = dict.fromkeys(entry.identity for entry in self.entries if entry.identity)
        targets = self.links.stored.difference(identities)
        currents, present, *_ = sight.current(list(identities), targets)
        self._check_references(targets, present)
        check_versions(self.entries, currents)
        return self._batch(currents)

    def _resolve(self, sight: Sight) -> None:
        if not self.links.by_condition and not any(entry.condition for entry in self.entries):
            return
        scope = Scope(base=self.to.settings.base_url, visible=visible(self.caller))
        found = conditions.look_up(self.entries, self.links, sight, scope)
        conditions.decide(self.entries, found, self.to.new_id)
        check_distinct(self.entries)
        self.links.point_at_entries()
        links.resolve(self.links, found)

    def _check_references(self, targets: set[Identity], present: set[Identity]) -> None:
        strict = self.to.settings.references == "strict"
        none = targets <= present and all(entry.resource is not None for entry in self.entries)  # as nearly always
        absent = [] if none else links.missing(self.links, self.entries, present)
        problems = links.issues(absent, "the reference names a resource that is not here", warning=not strict)
        by_entry: dict[int, list[Issue]] = {}
        for link, issue in zip(absent, problems, strict=True):
            by_entry.setdefault(id(link.entry), []).append(issue)
        for entry in self.entries:
            entry.missing = by_entry.get(id(entry), ())
        if strict and problems:
            raise InvalidResource(problems)

    def _batch(self, currents: dict[Identity, Current]) -> tuple[Batch, list[Outcome]]:
        outcomes: list[Outcome] = []
        batch, times = Batch(b"", message=self.message), Times(self.now)
        for entry in self.entries:
            assert entry.identity is not None
            current = currents[entry.identity]
            version = next_version(entry, current, times, entry.content or self._content(entry))
            if version is not None:
                batch.versions.append(version)
            elif current.version:
                batch.confirmed.append((current.key, current.version))
            outcomes.append(_outcome(entry, current, version, times))
        batch.audit = audit_row(self.caller, times.text, outcomes, self.message)
        return batch, outcomes

    def _content(self, entry: Entry) -> Content | None:
        if entry.resource is None:
            return None
        return content(entry.resource, entry.rest or rest_of(entry.resource), self.to.settings.base_url)


def _outcome(entry: Entry, current: Current, version: Version | None, times: Times) -> Outcome:
    assert entry.identity is not None
    warnings = (*entry.warnings, *entry.missing) if entry.warnings or entry.missing else ()
    if version is None:
        at = moment(current.last_updated)
        return Outcome("unchanged", *entry.identity, current.version, at, current.body or None, warnings)
    status: Status = (
        "deleted" if version.deleted else "updated" if current.version and not current.deleted else "created"
    )
    at = times.moment(version.last_updated)
    return Outcome(status, *entry.identity, version.version, at, version.body or None, warnings)
