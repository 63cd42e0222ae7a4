"""What scopes with a query let a caller write: what a resource becomes is of the scope, and what it was.

A scope gives some resources alone, so nothing is moved into it or out of it. The writer looks for itself: what is there
is asked of the store, and what is not yet of the same search engine beside it.
https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gateway.access.policy import written
from gateway.access.scopes import giving
from gateway.errors import Forbidden, Issue
from gateway.fhir.datetime import format_instant
from gateway.fhir.owner import labelled, owner_in
from gateway.fhir.search import SearchRequest
from gateway.store.beside import Subject
from gateway.store.bodies import body, rest_of
from gateway.store.records import microseconds
from gateway.store.search import Scope
from gateway.transact.entries import right
from gateway.transact.permitted import Meeting

if TYPE_CHECKING:
    from gateway.access.policy import Caller
    from gateway.access.scopes import Right
    from gateway.fhir.search import Condition
    from gateway.services import Services
    from gateway.store import Current, Identity, Sight
    from gateway.transact.entries import Entry

_AS_WRITTEN = "{scopes} is what this caller may do with this type, and this resource is not of it as it is written"
_AS_IT_IS = "{scopes} is what this caller may do with this type, and this resource is not of it as it is now"


def check(
    entries: Iterable[Entry],
    currents: Mapping[Identity, Current],
    owner: str | None,
    caller: Caller,
    sight: Sight,
    to: Services,
) -> None:
    """Raise Forbidden, with each such entry and the scope, for what no scope of a caller is of.

    `owner` is whose becomes what is made.
    """
    asked: dict[tuple[Right, str], list[Entry]] = {}
    for entry in entries:
        if entry.identity is not None and not entry.satisfied:
            asked.setdefault((right(entry), entry.type), []).append(entry)
    refused: list[Issue] = []
    for (letter, type_), several in asked.items():
        condition = written(caller, letter, type_)
        if condition is not None:
            scopes = " or ".join(giving(caller.scopes, letter, type_))
            there = _not_of_it(_there(several, currents), condition, sight, to)
            others = _others(several, currents, condition, owner, to)
            refused += [entry.request("forbidden", _AS_IT_IS.format(scopes=scopes)) for entry in there]
            refused += [entry.request("forbidden", _AS_WRITTEN.format(scopes=scopes)) for entry in others]
    if refused:
        raise Forbidden(refused)


def _there(entries: Iterable[Entry], currents: Mapping[Identity, Current]) -> Iterator[Entry]:
    """Yield the entries that are about something that is there."""
    for entry in entries:
        current = currents[entry.identity] if entry.identity else None
        if current is not None and current.version and not current.deleted:
            yield entry


def _not_of_it(entries: Iterable[Entry], condition: Condition, sight: Sight, to: Services) -> list[Entry]:
    """Return the entries about something that does not meet a condition as it is now."""
    there = list(entries)
    identities = {entry.identity for entry in there if entry.identity}
    meeting = Meeting(condition, microseconds(to.clock()), "scope")
    met = sight.seen(identities, Scope(to.settings.base_url, meeting)) if identities else set()
    return [entry for entry in there if entry.identity not in met]


def _others(
    entries: Sequence[Entry],
    currents: Mapping[Identity, Current],
    condition: Condition,
    owner: str | None,
    to: Services,
) -> list[Entry]:
    """Return the entries that write something that does not meet a condition."""
    writing = [entry for entry in entries if entry.resource is not None]
    if not writing:
        return []
    subjects = [_subject(entry, currents, owner, to) for entry in writing]
    met = to.beside.found_anew(SearchRequest(entries[0].type, (condition,)), subjects)
    return [entry for entry in writing if entry.identity not in met]


def _subject(entry: Entry, currents: Mapping[Identity, Current], owner: str | None, to: Services) -> Subject:
    """Return what an entry writes, as it would be stored."""
    assert entry.identity is not None
    assert entry.resource is not None
    current, now = currents[entry.identity], to.clock()
    owned = labelled(entry.resource, owner_in(current.body) or owner)
    content = body(entry.identity, owned.get("meta"), rest_of(owned), current.version + 1, format_instant(now))
    return Subject(entry.identity, microseconds(now), content)
