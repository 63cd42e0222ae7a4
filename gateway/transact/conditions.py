"""What the conditions of a transaction find, and what that makes of its operations.

https://hl7.org/fhir/R4/http.html#ccreate and https://hl7.org/fhir/R4/http.html#cond-update
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence

from gateway.errors import BadRequest, Issue, MultipleMatches
from gateway.fhir.search import SearchRequest
from gateway.store import Identity, Sight
from gateway.store.search.scope import Scope
from gateway.transact.entries import Entry, criteria
from gateway.transact.links import Links
from gateway.transact.operations import ConditionalCreate, ConditionalDelete, ConditionalPut, Delete
from gateway.transact.turns import turns

Found = dict[object, list[Identity]]


def look_up(entries: Sequence[Entry], links: Links, sight: Sight, scope: Scope) -> Found:
    """Return for the criteria of each condition what it matches, without what this transaction deletes."""
    wanted: dict[object, SearchRequest] = {
        criteria(condition): condition
        for condition in (
            *(entry.condition for entry in entries if entry.condition is not None),
            *(condition for _, condition in links.by_condition),
        )
    }
    deleted = {entry.identity for entry in entries if isinstance(entry.op, Delete)}
    ending = {
        criteria(entry.condition)
        for entry in entries
        if entry.condition is not None and isinstance(entry.op, ConditionalDelete)
    }
    limit, taken = 2 + len(deleted) + len(ending), turns(entries, (condition for _, condition in links.by_condition))
    matches = sight.matches(list(wanted.values()), scope, limit=limit, turns=taken)
    found = {key: _without(identities, deleted) for key, identities in zip(wanted, matches, strict=True)}
    ended = {identity for key in ending for identity in found[key]}
    return {key: one if key in ending else _without(one, ended) for key, one in found.items()} if ended else found


def _without(identities: Iterable[Identity], gone: Container[Identity | None]) -> list[Identity]:
    return [identity for identity in identities if identity not in gone]


def decide(entries: Iterable[Entry], found: Found, new_id: Callable[[], str]) -> None:
    """Give each conditional entry the identity it is about.

    Raises MultipleMatches for the conditions that match more than one, BadRequest for a resource whose id is not
    the one that its condition found.
    """
    conditional = [(entry, found[criteria(entry.condition)]) for entry in entries if entry.condition is not None]
    many = [
        entry.request("multiple-matches", "the condition matches more than one resource")
        for entry, matches in conditional
        if len(matches) > 1
    ]
    if many:
        raise MultipleMatches(many)
    for entry, matches in conditional:
        _identify(entry, matches[0] if matches else None, new_id)
    _check_ids([entry for entry, _ in conditional])


def _identify(entry: Entry, match: Identity | None, new_id: Callable[[], str]) -> None:
    given = entry.op.resource.get("id") or entry.op.new_id if isinstance(entry.op, ConditionalPut) else None
    entry.identity = match or Identity(entry.type, given or new_id())
    entry.found = match
    entry.satisfied = match is not None and isinstance(entry.op, ConditionalCreate)


def _check_ids(entries: Iterable[Entry]) -> None:
    wrong: list[Issue] = [
        entry.request("bad-request", "the resource has another id than the one that the condition finds")
        for entry in entries
        if isinstance(entry.op, ConditionalPut)
        and entry.identity is not None
        and entry.op.resource.get("id", entry.identity.id) != entry.identity.id
    ]
    if wrong:
        raise BadRequest(wrong)
