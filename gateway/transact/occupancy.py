"""What a message makes of beds: its facts are added to what is known of them, and each bed shows what follows from all
of it.

The ledger keeps what is known: of a bed who is in it or left it and what was stated of it, of a visit its events, of a
patient the beds. Visits and patients stand in it as keyed hashes. A message about a bed is so never compared with the
last message alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gateway.errors import Issue
from gateway.fhir.datetime import read
from gateway.fhir.types import Resource
from gateway.mapping import moments
from gateway.mapping.declared import KINDS, Stay
from gateway.mapping.findings import Finding
from gateway.store import Current, Identity, Sight
from gateway.store.bodies import rest_of
from gateway.store.records import Seen, microseconds
from gateway.transact import bed_facts, bed_findings, beds, persons
from gateway.transact.bed_facts import Statement
from gateway.transact.beds import Bed, Said, Shown
from gateway.transact.entries import Entry, Fact
from gateway.transact.known import Known
from gateway.transact.operations import Put, Received, Unlisted
from gateway.transact.order import counted
from gateway.transact.persons import Named
from gateway.transact.stays import Event, In, Out, Words, fold

if TYPE_CHECKING:
    from gateway.services import Services

OLDER = "something newer is known of this: what is said here is kept as history, and the present stays"
_OVERRULED = (
    "this bed stays in another state than this message gives it: somebody is known to be in it or to need it, "
    "or what this message says was cancelled"
)


@dataclass(slots=True)
class Settled:
    """What a message makes of beds: entries that do not become the present, others instead of them, and more."""

    passed_over: dict[int, Issue] = field(default_factory=dict)
    instead: dict[int, Entry] = field(default_factory=dict)
    others: list[Entry] = field(default_factory=list)
    currents: dict[Identity, Current] = field(default_factory=dict)
    final: set[int] = field(default_factory=set)
    issues: list[Issue] = field(default_factory=list)
    ledger: list[tuple[str, int, bytes]] = field(default_factory=list)


class Occupancy:
    """What a message says of beds."""

    def __init__(self, entries: Sequence[Entry], received: Received, to: Services) -> None:
        self.statements = bed_facts.statements(entries)
        self.to = to
        self.unlisted = received.unlisted
        about_beds = self.statements or received.stay or received.unlisted
        self.zone = to.library.provider(received.provider).timezone if about_beds else ""
        stay = received.stay
        self.named = persons.named(stay, received.provider, to.store) if stay else Named()
        is_event = stay is not None and stay.visit and not stay.was_patient and not stay.was_visit
        self.event = self._event(stay, received) if stay and is_event else None

    @property
    def subjects(self) -> list[str]:
        """Return what must be known of the ledger."""
        found = [f"bed/{bed}" for bed in (*self.statements, *(self.unlisted.beds if self.unlisted else ()))]
        return found + (self.named.subjects if self.event or self.named.was_patient or self.named.was_visit else [])

    def settle(self, seen: Seen, sight: Sight) -> Settled:
        """Return what the message makes of beds, by all that is known. It may look again, at beds that it does not
        name.
        """
        return _Settling(self, seen, sight).settled()

    def _event(self, stay: Stay, received: Received) -> Event:
        ids = {statement.path: id_ for id_, statement in self.statements.items()}
        bed, was = ids.get(stay.bed or "", ""), ids.get(stay.was or "", "")
        shown = next((self.statements[id_].shown for id_ in (bed, was) if id_), None)
        now = microseconds(received.received_at)
        at = shown.at if shown else counted(microseconds(received.event_time or received.received_at), now)
        recorded = _recorded(stay.recorded, self.zone, at)
        words = shown.words if shown else Words()
        return Event(at, recorded, KINDS.index(stay.kind), bed, was, stay.left, words)


def _inside(beds: dict[str, In | Out]) -> list[str]:
    return sorted(bed for bed, claim in beds.items() if isinstance(claim, In))


def _recorded(text: str | None, zone: str, at: int) -> int:
    """Return when an event was recorded, as HL7 v2 writes it; the event itself where nobody can tell."""
    try:
        moment = read(moments.instant(text, moments.zone(zone))) if text else None
    except Finding:
        return at
    return moment.low if moment else at


class _Settling:
    """One go at it, from one look; it changes nothing of the message, for there may be another go."""

    def __init__(self, occupancy: Occupancy, seen: Seen, sight: Sight) -> None:
        self.of = occupancy
        self.known = Known(seen, sight)
        self.beds = self.known.beds
        self.persons = self.known.persons
        self.visit = ""  # the one that the message is about, as it is known by now
        self.patient = ""
        self.result = Settled()

    def settled(self) -> Settled:
        affected = list(self.of.statements)
        self.known.load(affected)
        for id_, statement in self.of.statements.items():
            if statement.slot and statement.slot.identity:
                self.beds[id_].slot = statement.slot.identity.id
        affected += self._merge(self.of.named)
        if self.of.event:
            affected += self._take(self.of.event)
        else:
            for id_, statement in self.of.statements.items():
                self.beds[id_].state(statement.shown.state, Said(statement.shown.at, statement.shown.words))
        if self.of.unlisted:
            affected += self._close(self.of.unlisted)
        self.known.look_at(id_ for id_ in affected if id_ not in self.of.statements)
        for id_ in dict.fromkeys(affected):
            self._show(id_)
        self.result.ledger += self.known.notes()
        return self.result

    def _take(self, event: Event) -> list[str]:
        """Add an event to its visit, and return the beds of which it changes something."""
        self.visit, self.patient = self.persons.visit(self.of.named), self.persons.patient(self.of.named.patient)
        before = fold(self.persons.events(self.visit))
        after = fold(self.persons.happened(self.visit, event))
        changed = [bed for bed in {**before, **after} if before.get(bed) != after.get(bed)]
        linked = self._claim(changed, {self.visit: after})
        if self.patient:
            self.persons.is_in(self.patient, self.visit, _inside(after))
        self._report(event, changed, before, after)
        return [*changed, *linked]

    def _merge(self, of: Named) -> list[str]:
        """Have patients and visits that turn out to be one be so, and return the beds that this may change."""
        same = self.persons.merge(of.patient, of.was_patient) if of.patient and of.was_patient else []
        if of.visit and of.was_visit:
            same.append((of.visit, of.was_visit))
        affected: list[str] = []
        for stays, goes in same:
            affected += self._join(self.persons.now(stays), self.persons.now(goes))
        if of.was_patient:
            self.patient = self.persons.patient(of.patient)
            self._report_beds(list(self.persons.person(self.patient).inside.items()))
        return affected

    def _join(self, stays: str, goes: str) -> list[str]:
        """Have two visits be one; its beds are what follows from the events of both."""
        if stays == goes:
            return []
        before = {**fold(self.persons.events(stays)), **fold(self.persons.events(goes))}
        after = fold(self.persons.join(stays, goes))
        linked = self._claim(list({**before, **after}), {goes: {}, stays: after})
        if patient := self.persons.patient(self.of.named.patient):
            self.persons.is_in(patient, goes, [])
            self.persons.is_in(patient, stays, _inside(after))
        return [*before, *after, *linked]

    def _claim(self, changed: list[str], claims: dict[str, dict[str, In | Out]]) -> list[str]:
        """Have beds know of visits whether these are in them, and return the beds that were left for these beds."""
        self.known.load(changed)
        linked = {claim.origin for bed in changed for claim in self.beds[bed].inside.values()}
        for bed in changed:
            for visit, where in claims.items():
                self.beds[bed].visit(visit, where.get(bed))
        linked |= {claim.origin for bed in changed for claim in self.beds[bed].inside.values()}
        linked.discard("")
        self.known.load(sorted(linked))
        return sorted(linked)

    def _close(self, unlisted: Unlisted) -> list[str]:
        """Close the beds that are listed no longer, and return which these are; the word of the source stays."""
        self.known.load(unlisted.beds)
        affected = [id_ for id_ in unlisted.beds if not self.beds[id_].is_closed]
        for id_ in affected:
            known = self.beds[id_].known
            word = known.words.word if known else ""
            self.beds[id_].state(beds.CLOSED, Said(unlisted.at, Words(word=word)))
        if affected:
            self._warn(bed_findings.not_listed, affected)
        return affected

    # ---- what the sender should know

    def _report(
        self, event: Event, changed: list[str], before: dict[str, In | Out], after: dict[str, In | Out]
    ) -> None:
        moved = KINDS[event.rank] == "transfer" and not event.was
        if moved and not any(isinstance(after[bed], Out) for bed in after) and set(before) <= {event.bed}:
            self.result.issues.append(bed_findings.prior_bed_unknown())
        for bed in changed:
            if len(self.beds[bed].occupants) > 1:
                self._warn(bed_findings.occupied_twice, [bed])
        inside = self.persons.person(self.patient).inside if self.patient else {self.visit: _inside(after)}
        self._report_beds(list({**inside, self.visit: _inside(after)}.items()))

    def _report_beds(self, inside: list[tuple[str, list[str]]]) -> None:
        """Tell when the visits of one patient are in more than one bed."""
        others = [(bed, visit) for visit, some in inside for bed in some]
        if len({bed for bed, _ in others}) > 1:
            self.known.load(bed for bed, _ in others)
            real = sorted({bed for bed, visit in others if visit in self.beds[bed].occupants})
            if len(real) > 1:
                self._warn(bed_findings.in_two_beds, real)

    def _warn(self, found: Callable[[bed_findings.Labels], Issue], ids: Sequence[str]) -> None:
        """Tell something of beds, by the names that their source gives them."""
        statements = self.of.statements
        self.known.look_at(id_ for id_ in ids if id_ not in statements)
        resources = {id_: statements[id_].location.resource for id_ in ids if id_ in statements}
        resources |= {id_: self.known.stored(Identity("Location", id_)) for id_ in ids if id_ not in statements}
        self.result.issues.append(found({id_: bed_facts.label(resource, id_) for id_, resource in resources.items()}))

    # ---- what each bed shows

    def _show(self, id_: str) -> None:
        bed = self.beds[id_]
        visit, other = bed.waits_for
        if other:
            self.known.load([other])
        shown = bed.now(held=bool(other) and self.beds[other].is_shared_by(visit))
        statement = self.of.statements.get(id_)
        current = self.known.current(Identity("Location", id_))
        if shown is None or (statement is None and not current.version):
            return  # nothing is known of it any more, or nothing was ever made of it
        if _is_set_by_another(bed, current, shown):
            self._pass_over(statement, older=True)
        elif statement and statement.shown == shown:
            self._keep(statement)
            bed.shown = shown
        elif shown == bed.shown and current.version and not current.deleted:
            self._pass_over(statement, older=statement is not None and statement.shown.at < shown.at)
        else:
            bed.shown = shown
            self._restate(id_, bed, statement)

    def _keep(self, statement: Statement) -> None:
        self.result.final |= {id(entry) for entry in statement.entries}

    def _pass_over(self, statement: Statement | None, *, older: bool) -> None:
        if statement is None:
            return
        code, text = ("older-than-known", OLDER) if older else ("bed-overruled", _OVERRULED)
        told = Issue(code, text, "information", about=(statement.label,))
        for entry in statement.entries:
            self.result.passed_over[id(entry)] = replace(told, expression=entry.where or entry.type)

    def _restate(self, id_: str, bed: Bed, statement: Statement | None) -> None:
        """Have the resources of a bed show what it is now, whatever the message says of it."""
        shown, library, zone = bed.shown, self.of.to.library, self.of.zone
        assert shown is not None
        for identity, entry, make in (
            (Identity("Location", id_), statement and statement.location, bed_facts.location),
            (Identity("Slot", bed.slot), statement and statement.slot, bed_facts.slot),
        ):
            resource = entry.resource if entry else self.known.stored(identity)
            if resource is not None:
                self._put(identity, entry, make(resource, shown, library, zone), shown.at)
        if statement:
            older = statement.shown.at < shown.at
            code, text = ("older-than-known", OLDER) if older else ("bed-overruled", _OVERRULED)
            self.result.issues.append(Issue(code, text, "information", about=(statement.label,)))

    def _put(self, identity: Identity, entry: Entry | None, resource: Resource, at: int) -> None:
        made = Entry(Put(resource), entry.number if entry else None, identity.type, resource)
        made.identity, made.rest, made.fact = identity, rest_of(resource), Fact(at, None, own=True)
        self.result.final.add(id(made))
        if entry:
            self.result.instead[id(entry)] = made
        else:
            self.result.others.append(made)
            self.result.currents[identity] = self.known.current(identity)


def _is_set_by_another(bed: Bed, current: Current, shown: Shown) -> bool:
    """Return whether a client has set the present of a bed since, and nothing newer than that is known."""
    if not current.version or current.event_time is None:
        return False
    ours = bed.shown.at if bed.shown else None
    return current.event_time != ours and shown.at <= current.event_time
