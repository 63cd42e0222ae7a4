"""What one commit writes: decided inside the store's transaction, from what is seen there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import structs

from gateway.access.policy import Caller, is_limited, is_narrowed, visible
from gateway.access.rules import Letter
from gateway.errors import InvalidResource, Issue
from gateway.fhir.freshness import TYPES
from gateway.fhir.owner import labelled, owner_in
from gateway.fhir.types import Resource
from gateway.store import Batch, Current, Identity, Sight, Version
from gateway.store.bodies import body, rest_of, says_the_same
from gateway.store.records import Late, Seen, microseconds, moment
from gateway.store.search.scope import Scope
from gateway.transact import conditions, consents, links, permitted, reserved, scoped, sighted, speakers, subscriptions
from gateway.transact.absent import PARTLY, Absent, Kept
from gateway.transact.appointments import Appointments
from gateway.transact.audit import about, audit_row
from gateway.transact.content import Content, content
from gateway.transact.entries import Entry, check_distinct
from gateway.transact.figures import Figures
from gateway.transact.held import Settling, Unheld
from gateway.transact.links import Links
from gateway.transact.messages import message, parcels
from gateway.transact.occupancy import OLDER, Occupancy, Settled
from gateway.transact.once import check as check_once
from gateway.transact.operations import Outcome, Received, Status
from gateway.transact.order import is_newer, is_older, renews
from gateway.transact.parts import as_seen, as_told
from gateway.transact.senders import Senders
from gateway.transact.speakers import Speaker
from gateway.transact.versions import Times, check_versions, next_version
from gateway.transact.withdrawals import Withdrawals, is_withdrawn

if TYPE_CHECKING:
    from gateway.services import Services


_OLDER = "older-than-known"
_TOO_LATE = {
    "system": "https://msb-gateway.example/fhir/CodeSystem/gateway-issue",
    "code": _OLDER,
    "display": "Something newer is known of this",
}


_NOTHING_OF_BEDS = Settled()


@dataclass(slots=True)
class Commit:
    """A transaction that has been read, authorised and validated. Calling it decides what to write."""

    entries: Sequence[Entry]
    links: Links
    caller: Caller
    to: Services
    now: datetime
    received: Received | None
    occupancy: Occupancy | Senders | Appointments | None = None
    absent: Absent | None = None
    found: Sequence[Issue] = ()  # about the moments of the message
    by_gateway: bool = False  # what it writes says itself whose it is, and may be what nobody else writes
    owner: str | None = None  # whose what is made here becomes
    speaker: Speaker | None = None  # None: in whose name it is written is not looked at
    unsettled: set[int] = field(init=False)
    figures: Figures = field(init=False)

    def __post_init__(self) -> None:
        self.unsettled = self.links.unsettled()  # before a condition is looked up, whose answer may differ next time
        self.figures = Figures(self.to, microseconds(self.now), self.received)

    def prepare(self) -> None:
        """Do what needs no look into the store, once."""
        for entry in self.entries:
            if entry.resource is not None and entry.content is None and id(entry) not in self.unsettled:
                entry.content = self._content(entry)

    def __call__(self, sight: Sight) -> tuple[Batch, tuple[list[Outcome], Sequence[Issue]]]:
        """Return what to write, what became of each operation, and findings on the message as a whole.

        Raises what `transact` raises of what is stored, and AnsweredBefore.
        """
        sight = Unheld(sight)
        self._resolve(sight)
        if not self.by_gateway:
            reserved.check(self.entries)
        if isinstance(self.occupancy, Senders | Appointments):
            self.occupancy.look_first(sight)
        withdrawals = Withdrawals(self.entries)
        withdrawals.look_first(sight)
        identities = dict.fromkeys([entry.identity for entry in self.entries if entry.identity])
        targets = self.links.stored.difference(identities)
        subjects = self.occupancy.subjects if self.occupancy else []
        if self.absent is not None:
            subjects = subjects + self.absent.subjects
        seen = sight.current(
            [*identities, *withdrawals.looked_at],
            targets,
            subjects=subjects,
            once=self.received.once if self.received else None,
        )
        check_once(self.received, seen.answered)
        self._check_references(targets, self._seen(seen, targets, sight))
        consents.check(self.entries, seen.currents, self.owner, sight, self.to.settings.base_url)
        check_versions(self.entries, seen.currents)
        if self.speaker is not None:
            speakers.check(self.entries, seen.currents, self.speaker, sight)
        withdrawals.check(seen)
        settled = self.occupancy.settle(seen, sight) if self.occupancy is not None else _NOTHING_OF_BEDS
        seen = seen._replace(currents=seen.currents | settled.currents) if settled.currents else seen
        ended = {"/".join(_identity(one)) for one in withdrawals.ending if self._is_withdrawn(one, seen, settled)}
        settled = withdrawals.settled(ended, seen, settled, sight) if ended else settled
        return self._batch(seen, settled, Settling(sight, microseconds(self.now), self.caller.organisation, ended))

    def _is_withdrawn(self, entry: Entry, seen: Seen, settled: Settled) -> bool:
        """Return whether a request needs no place any more once all of this is stored."""
        current = seen.currents[_identity(entry)]
        if self.absent is not None and (kept := self.absent.kept(entry, current, seen)) is not None:
            return (kept.changed or not kept.outdone) and is_withdrawn(kept.entry.resource)
        if entry.fact is not None and _passed_over(entry, current, settled):
            return False
        return entry.resource is not None or (current.version > 0 and not current.deleted)

    def _resolve(self, sight: Sight) -> None:
        if not self.links.by_condition and not any(entry.condition for entry in self.entries):
            return
        found = conditions.look_up(self.entries, self.links, sight, self._scope("s"))
        conditions.decide(self.entries, found, self.to.new_id)
        check_distinct(self.entries)
        self.links.point_at_entries()
        links.resolve(self.links, found)

    def _seen(self, found: Seen, targets: set[Identity], sight: Sight) -> set[Identity]:
        """Return what of the targets is there for the caller. Forbidden for a change that it may not make."""
        if not (self.caller.conditions or is_limited(self.caller) or is_narrowed(self.caller)):
            return found.present
        scope = self._scope()
        told = replace(scope, with_reduced=True)
        sighted.hide(self.entries, found.currents, sight, (told, self._scope("d")))
        if self.caller.conditions:
            sighted.check(self.entries, found.currents, sight, told)
        present = found.present & sight.seen(targets, scope)  # at the same price for what is there and what is not
        if is_limited(self.caller):
            permitted.check(self.entries, found.currents, present, self.caller, sight, self.to)
        if is_narrowed(self.caller):
            scoped.check(self.entries, found.currents, self.owner, self.caller, sight, self.to)
        return present

    def _scope(self, letter: Letter = "r") -> Scope:
        return Scope(self.to.settings.base_url, visible(self.caller, letter), now=microseconds(self.now))

    def _check_references(self, targets: set[Identity], present: set[Identity]) -> None:
        if targets <= present and not any(entry.resource is None or entry.missing for entry in self.entries):
            return  # as nearly always
        strict = self.to.settings.references == "strict"
        absent = links.missing(self.links, self.entries, present)
        problems = links.issues(absent, "the reference names a resource that is not here", warning=not strict)
        by_entry: dict[int, list[Issue]] = {}
        for link, issue in zip(absent, problems, strict=True):
            by_entry.setdefault(id(link.entry), []).append(issue)
        for entry in self.entries:
            entry.missing = by_entry.get(id(entry), ())
        if strict and problems:
            raise InvalidResource(problems)

    def _batch(
        self, seen: Seen, settled: Settled, settling: Settling
    ) -> tuple[Batch, tuple[list[Outcome], Sequence[Issue]]]:
        batch, times = Batch(b"", ledger=settled.ledger, trace=self.caller.trace), Times(self.now)
        outcomes: list[Outcome] = []
        for said in (*self.entries, *settled.others):
            entry = settled.instead.get(id(said), said)
            assert entry.identity is not None
            current = seen.currents[entry.identity]
            if self.absent is not None and (kept := self.absent.kept(entry, current, seen)) is not None:
                outcomes.append(self._kept(entry, kept, current, batch, times, settling))
                batch.ledger += kept.notes(seen, outcomes[-1].version)
            elif entry.fact is not None and (issue := _passed_over(entry, current, settled)):
                outcomes.append(self._late(entry, current, issue, batch, times))
            else:
                outcomes.append(self._next(*settling.settled(entry, current), batch, times))
        letters = [self._next(*letter, batch, times) for letter in settling.letters(self.to.new_id)]
        issues = [*self.found, *settled.issues]
        is_message = self.received is not None and not self.received.by_client
        told = outcomes if is_message else outcomes[: len(self.entries)]  # a client is told of what it asked
        batch.message = message(self.received, told, issues, self.to.keys) if self.received else None
        every, node = [*outcomes, *letters], self.to.settings.node
        whose = about(every, as_seen(self.entries, seen.currents))
        batch.audit = audit_row(self.caller, times.text, every, batch.message, node=node, about=whose)
        batch.parcels = parcels(self.received, told, issues, self.now)
        return batch, (told, issues)

    def _next(self, entry: Entry, current: Current, batch: Batch, times: Times) -> Outcome:
        """Make what an entry says the present."""
        version = next_version(entry, current, times, self._labelled(entry, current))
        if entry.type == subscriptions.TYPE:
            batch.subscribers += subscriptions.subscribers(entry, version, self.to.keys)
        if version is not None:
            batch.versions.append(version)
        elif current.version:
            batch.confirmed.append((current.key, current.version))
            if entry.fact and renews(entry) and is_newer(entry.fact, current):
                batch.raised.append((current.key, entry.fact.at, entry.fact.number))
        return as_told(entry, _outcome(entry, current, version, times))

    def _kept(
        self, entry: Entry, kept: Kept, current: Current, batch: Batch, times: Times, settling: Settling
    ) -> Outcome:
        """Make what follows from an entry and from what is known the present."""
        where = entry.where or entry.type
        if not kept.changed and kept.outdone:
            return self._late(entry, current, Issue(_OLDER, OLDER, "information", expression=where), batch, times)
        outcome = self._next(*settling.settled(kept.entry, current), batch, times)
        if not kept.outdone:
            return outcome
        self._history(entry, current, outcome.version, batch, times)
        issue = Issue(_OLDER, PARTLY, "information", expression=where)
        return structs.replace(outcome, issues=(*outcome.issues, issue))

    def _late(self, entry: Entry, current: Current, issue: Issue, batch: Batch, times: Times) -> Outcome:
        """Keep what an entry says as history of a resource whose present is another one."""
        assert entry.identity is not None
        type_, id_ = entry.identity
        if entry.resource is not None and entry.fact is not None:
            self._history(entry, current, current.version, batch, times)
            batch.confirmed.append((current.key, current.version))
        warnings = (*entry.warnings, *entry.missing, issue)
        return Outcome("superseded", type_, id_, current.version, moment(current.last_updated), None, warnings)

    def _history(self, entry: Entry, current: Current, version: int, batch: Batch, times: Times) -> None:
        """Keep what an entry says below the version that is the present now."""
        assert entry.identity is not None
        assert entry.resource is not None
        assert entry.fact is not None
        owned = labelled(entry.resource, owner_in(current.body) or self.owner)
        meta = {**(owned.get("meta") or {}), "tag": [*_tags(owned), _TOO_LATE]}
        kept = body(entry.identity, meta, entry.rest or rest_of(entry.resource), version, times.text)
        batch.late.append(Late(current.key, version, entry.fact.at, microseconds(self.now), kept))

    def _labelled(self, entry: Entry, current: Current) -> Content | None:
        """Return the content of the next version, whose owner is that of the one before, if it has any."""
        content = entry.content if entry.content is not None else self._content(entry)
        owner = owner_in(current.body) if current.body else None
        return content if owner is None or owner == self.owner else self._content(entry, owner)

    def _content(self, entry: Entry, owner: str | None = None) -> Content | None:
        if entry.resource is None:
            return None
        said = self.figures.laid(entry.resource, entry.known) if entry.type in TYPES else entry.resource
        rest = (entry.rest or rest_of(said)) if said is entry.resource else rest_of(said)
        resource = said if self.by_gateway else labelled(said, owner or self.owner)
        return content(resource, rest, self.to.settings.base_url, self.to.store.seals)


def _identity(entry: Entry) -> Identity:
    assert entry.identity is not None
    return entry.identity


def _passed_over(entry: Entry, current: Current, settled: Settled) -> Issue | None:
    """Return why what a message says does not become the present, None if it does."""
    if (issue := settled.passed_over.get(id(entry))) is not None:
        return issue
    if id(entry) in settled.final or not is_older(entry, current) or _is_repeated(entry, current):
        return None
    return Issue(_OLDER, OLDER, "information", expression=entry.where or entry.type)


def _is_repeated(entry: Entry, current: Current) -> bool:
    """Return whether the newest version says the same: then it does not matter that an entry is older."""
    if entry.resource is None or current.deleted:
        return entry.resource is None and current.deleted
    return says_the_same(entry.resource, entry.rest or rest_of(entry.resource), current.body)


def _tags(resource: Resource) -> list[Any]:
    return list((resource.get("meta") or {}).get("tag", ()))


def _outcome(entry: Entry, current: Current, version: Version | None, times: Times) -> Outcome:
    assert entry.identity is not None
    type_, id_ = entry.identity
    warnings = (*entry.warnings, *entry.missing) if entry.warnings or entry.missing else ()
    if version is None:
        at = moment(current.last_updated)
        return Outcome("unchanged", type_, id_, current.version, at, current.body or None, warnings)
    status: Status = (
        "deleted" if version.deleted else "updated" if current.version and not current.deleted else "created"
    )
    at = times.moment(version.last_updated)
    return Outcome(status, type_, id_, version.version, at, version.body or None, warnings)
