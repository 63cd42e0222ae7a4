"""What the policy lets a caller do with each resource: the writer looks, for itself, at what is there.

https://hl7.org/fhir/R4/security.html#access-denied
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from gateway.access.policy import visible
from gateway.errors import Forbidden, Issue
from gateway.fhir import reference
from gateway.fhir.frozen import frozen
from gateway.fhir.json import decode
from gateway.fhir.owner import owner_in
from gateway.store import Identity
from gateway.store.bodies import said_of
from gateway.store.records import microseconds
from gateway.store.search import Scope
from gateway.transact.operations import Put
from gateway.transact.parts import part_of

if TYPE_CHECKING:
    from gateway.access.policy import Caller
    from gateway.access.rules import Letter
    from gateway.access.rules.grants import Change, Grants, Reduced
    from gateway.fhir.search import Condition
    from gateway.fhir.types import Resource
    from gateway.services import Services
    from gateway.store import Current, Sight
    from gateway.transact.entries import Entry

_NOT_GIVEN = "the policy does not let this caller do this with this resource"
_ELEMENTS = "the policy lets this caller change {elements} here, and nothing else"
_REDUCED = (
    "this caller sees a reduced form of this resource: a PUT would erase what it does not see; what it may change, it"
    " changes by PATCH"
)
_UNSEEN = "this caller does not see what is named here, and the policy wants that of who writes it"


@frozen()
class Meeting:
    """The predicate of what meets a condition, of one type."""

    what: Condition
    at: int
    letter: str
    memory: MutableMapping[Any, Any] | None = None
    types: frozenset[str] | None = None

    def admits(self, resource_type: str) -> bool:  # noqa: ARG002 - the interface of Visible
        """Return that nothing else is asked."""
        return True

    def condition(self, resource_type: str) -> Condition | None:  # noqa: ARG002 - as above
        """Return the condition, which is of the one type that is looked at."""
        return self.what

    def reduced(self, resource_type: str) -> Reduced | None:  # noqa: ARG002 - as above
        """Return that nothing is told here, so in no form."""
        return None


def check(
    entries: Iterable[Entry],
    currents: Mapping[Identity, Current],
    present: set[Identity],
    caller: Caller,
    sight: Sight,
    to: Services,
) -> None:
    """Raise Forbidden, with every such entry, for what no rule of the policy gives a caller.

    `present` are the targets of references that the caller sees.
    """
    assert caller.grants is not None
    asked: dict[tuple[Letter, str], list[Entry]] = {}
    written = [entry for entry in entries if entry.identity is not None and not entry.satisfied]
    for entry in written:
        if (letter := _letter(entry, currents[_identity(entry)])) is not None:
            asked.setdefault((letter, entry.type), []).append(entry)
    looking = _Looking(caller, caller.grants, currents, sight, to)
    partly = [entry for (letter, _), several in asked.items() if letter == "u" for entry in looking.partly(several)]
    refused = [entry.request("forbidden", _REDUCED) for entry in partly]
    for (letter, _), several in asked.items():  # what is seen in part is compared with nothing: that would tell of it
        refused += looking.refused(letter, [entry for entry in several if entry not in partly])
    own = {_identity(entry) for entry in written if entry.resource is not None}
    refused += [i for entry in written if entry not in partly for i in looking.unseen(entry, present | own)]
    if refused:
        raise Forbidden(refused)


@frozen()
class _Looking:
    """What decides on entries: what the policy gives, and what is there."""

    caller: Caller
    grants: Grants
    currents: Mapping[Identity, Current]
    sight: Sight
    to: Services

    def refused(self, letter: Letter, entries: Sequence[Entry]) -> Iterator[Issue]:
        """Yield an issue about each of some entries, of one type, with which this may not be done."""
        if letter == "c":
            yield from (issue for entry in entries if (issue := self._not_made(entry)) is not None)
            return
        if not entries:
            return
        changes = self.grants.changes(letter, entries[0].type)
        owners = self.grants.owners(letter, entries[0].type)
        rest = [entry for entry in entries if owner_in(self.currents[_identity(entry)].body) not in owners]
        for change in changes:
            met = self._met(change, rest)
            rest = [entry for entry in rest if _identity(entry) not in met or self._others(entry, change)]
        for entry in rest:
            yield self._why_not(entry, changes)

    def partly(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return which entries of a type put a whole where their writer sees a reduced form, whatever they say."""
        part = visible(self.caller).reduced(entries[0].type)
        if part is None:
            return []
        asked = {
            _identity(entry): entry
            for entry in entries
            if not getattr(entry.op, "patched", False)
            and owner_in(self.currents[_identity(entry)].body) not in part.owners
        }
        scope = Scope(self.to.settings.base_url, visible(self.caller), with_reduced=True)
        told = self.sight.seen(asked, scope) if asked else set()
        whole = self.sight.seen(told, scope.whole()) if told else set()
        return [asked[identity] for identity in told - whole]

    def unseen(self, entry: Entry, seen: set[Identity]) -> Iterator[Issue]:
        """Yield an issue about each element that names what must be seen and is not, unless it was there before."""
        elements = self.grants.must_be_seen(entry.type) if entry.resource is not None else ()
        if not elements:
            return
        before = self._before(entry)
        for element in elements:
            value = (entry.resource or {}).get(element)
            if value != before.get(element) and self._is_unseen(_targets(value, self.to.settings.base_url) - seen):
                yield entry.at(Issue("forbidden", _UNSEEN, expression=f"{entry.type}.{element}"))

    def _is_unseen(self, others: set[Identity]) -> bool:
        """Return whether one of some resources, which were not looked at yet, is not seen."""
        return bool(others - self.sight.seen(others, Scope(self.to.settings.base_url, visible(self.caller))))

    def _not_made(self, entry: Entry) -> Issue | None:
        """Return why a resource may not be made. What was deleted is made again by its owner alone."""
        if entry.type not in self.grants.types("c"):
            return entry.request("forbidden", _NOT_GIVEN)
        current = self.currents[_identity(entry)]
        if not current.version:
            return None
        last = self.to.store.vread(_identity(entry), current.version - 1)
        owner = owner_in(last.body) if last is not None else None
        return None if owner in self.grants.own else entry.request("forbidden", _NOT_GIVEN)

    def _met(self, change: Change, entries: Sequence[Entry]) -> set[Identity]:
        """Return which of some resources are those that a rule is about."""
        identities = {_identity(entry) for entry in entries}
        if change.condition is None or not identities:
            return identities
        meeting = Meeting(change.condition, microseconds(self.to.clock()), change.by, self.grants.memory)
        return self.sight.seen(identities, Scope(self.to.settings.base_url, meeting))

    def _others(self, entry: Entry, change: Change) -> bool:
        """Return whether an entry changes others than the elements that a rule lets be changed."""
        part = part_of(entry)  # by what stands there it would be told what it is that is not seen
        if not change.elements:
            return part is not None and "meta" in part.changed
        changed = part.changed if part is not None else _changed(self._before(entry), entry.resource or {})
        return not changed <= change.elements

    def _before(self, entry: Entry) -> Resource:
        found = self.currents[_identity(entry)]
        before: Resource = decode(found.body) if found.body and not found.deleted else {}
        return before

    def _why_not(self, entry: Entry, changes: Iterable[Change]) -> Issue:
        met = [change for change in changes if change.elements and self._met(change, [entry])]
        elements = sorted({element for change in met for element in change.elements})
        return entry.request("forbidden", _ELEMENTS.format(elements=", ".join(elements)) if elements else _NOT_GIVEN)


def _identity(entry: Entry) -> Identity:
    assert entry.identity is not None
    return entry.identity


def _letter(entry: Entry, current: Current) -> Letter | None:
    """Return what is done by an entry; None where nothing is."""
    is_there = current.version > 0 and not current.deleted
    if entry.resource is None:
        return "d" if is_there else None
    if not is_there:
        return "c"
    return "h" if isinstance(entry.op, Put) and entry.op.holds else "u"


def _changed(before: Resource, after: Resource) -> set[str]:
    """Return the elements in which two versions differ."""
    old, new = ({**one, "meta": said_of(one.get("meta"))} for one in (before, after))
    return {name.removeprefix("_") for name in {*old, *new} if old.get(name) != new.get(name)}


def _targets(value: object, base: str) -> set[Identity]:
    """Return what the references of an element name here; a reference to elsewhere names nothing that is seen here."""
    texts = [str(holder["reference"]) for holder in reference.holders({"element": value})]
    meant = [reference.parse(text.removeprefix(f"{base}/")) for text in texts]
    return {Identity(one.type, one.id) for one in meant if one.kind == "relative" and one.type and one.id}
