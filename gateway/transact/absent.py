"""What a message makes of resources of which it says no more than it says: what it leaves out is as it was.

A mapping declares which these are (`gateway.mapping.keeping`). For each the ledger tells when every element was said,
so that the present is a function of the messages and not of the order in which they came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gateway.errors import InvalidResource, Issue
from gateway.fhir.json import decode
from gateway.fhir.types import Resource
from gateway.mapping.keeping import Keep
from gateway.store import Current, Identity
from gateway.store.bodies import rest_of, says_the_same
from gateway.store.records import Seen
from gateway.transact import said
from gateway.transact.entries import Entry, Fact
from gateway.transact.operations import Put, Received
from gateway.transact.said import Said, When

if TYPE_CHECKING:
    from gateway.services import Services

PARTLY = "something newer is known of part of this: that part is kept as history, and the rest is taken"
_FATAL = frozenset({"fatal", "error"})


class Kept(NamedTuple):
    """What follows for one resource: the entry to be stored, and whether something newer is known than the message."""

    entry: Entry
    changed: bool
    outdone: bool
    known: Said

    def notes(self, seen: Seen, version: int) -> list[tuple[str, int, bytes]]:
        """Return the row of the ledger for the version that is the newest now; none when it is there already."""
        assert self.entry.identity is not None
        if self.known.too_late:
            return []
        subject = _subject(self.entry.identity)
        row, packed = seen.ledger[subject], self.known.pack(version)
        return [(subject, row.revision + 1, packed)] if packed != row.content else []


class Absent:
    """The entries of a message that say only what they say."""

    def __init__(self, entries: Sequence[Entry], received: Received, to: Services) -> None:
        self.to = to
        self.keeps = {id(entry): keep for entry in entries if (keep := _keep(entry, received.keeps)) is not None}
        self.entries = [entry for entry in entries if id(entry) in self.keeps]

    @property
    def subjects(self) -> list[str]:
        """Return what must be known of the ledger."""
        return [_subject(entry.identity) for entry in self.entries if entry.identity]

    def kept(self, entry: Entry, current: Current, seen: Seen) -> Kept | None:
        """Return what follows from what is known and what an entry says; None when it says the whole.

        What cannot stand together is hidden: what was said first. Raises InvalidResource when that is of no use.
        """
        keep = self.keeps.get(id(entry))
        if keep is None or entry.resource is None or entry.fact is None or entry.identity is None:
            return None
        known = _known(current, seen.ledger[_subject(entry.identity)].content, keep)
        known.take(entry.resource, keep, When(entry.fact.number or 0, entry.fact.at))
        if known.too_late:
            return Kept(entry, changed=False, outdone=True, known=known)
        shown = known.shown(*entry.identity)
        if not _is_present(shown, current):
            shown = self._valid(entry, shown, known)
        changed = not _is_present(shown, current)
        return Kept(_of(entry, shown, current), changed=changed, outdone=known.outdone, known=known)

    def _valid(self, entry: Entry, shown: Resource, known: Said) -> Resource:
        """Return what can be shown of all that is known. A message is never refused for what others said before it."""
        assert entry.identity is not None
        if shown == entry.resource or not (found := self._errors(shown)):
            return shown  # what the message says by itself was validated
        for without in known.reduced():
            less = known.shown(*entry.identity, without)
            if not self._errors(less):
                return less
        raise InvalidResource([entry.at(issue) for issue in found])

    def _errors(self, resource: Resource) -> list[Issue]:
        return [issue for issue in self.to.validator.issues(resource) if issue.severity in _FATAL]


def _keep(entry: Entry, keeps: Mapping[str, Keep]) -> Keep | None:
    if not keeps or entry.identity is None or not isinstance(entry.op, Put):
        return None
    return keeps.get(f"{entry.identity.type}/{entry.identity.id}")


def _subject(identity: Identity) -> str:
    return f"said/{identity.type}/{identity.id}"


def _known(current: Current, content: bytes, keep: Keep) -> Said:
    """Return what is known of a resource; whoever set it since, or before there was a ledger, said all of it at once.

    What a client of the FHIR API set is the present from that moment on, and nothing older adds to it.
    """
    ledger = said.unpack(content)
    present = decode(current.body) if current.version and not current.deleted else None
    known = Said(ledger, present, keep.by)
    if current.version != ledger.version:
        at = current.event_time or 0
        known.set_by_another(at, floor=bool(content) or current.deleted or at == current.last_updated)
    return known


def _is_present(shown: Resource, current: Current) -> bool:
    if not current.version or current.deleted:
        return False
    return says_the_same(shown, rest_of(shown), current.body)


def _of(entry: Entry, resource: Resource, current: Current) -> Entry:
    """Return an entry that stores `resource` for another; its fact is the newest of all that it says."""
    assert entry.fact is not None
    at, number = max(entry.fact.at, current.event_time or 0), entry.fact.number
    if number is not None:
        number = max(number, current.event_number or 0)
    made = Entry(Put(resource), entry.number, entry.type, resource)
    made.identity, made.warnings, made.missing = entry.identity, entry.warnings, entry.missing
    made.fact = Fact(at, number, entry.fact.own)
    if resource == entry.resource:
        made.rest, made.content = entry.rest, entry.content
    else:
        made.rest = rest_of(resource)
    return made
