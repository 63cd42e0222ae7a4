"""Tells apart what is seen whole and what in its reduced form, and gives the latter that form: the one place where.

Every statement that may find what is not seen whole (`Scope.with_reduced`) has its answer go through here, before
anything is made of a body. Which of them are seen whole is asked of those alone that are not so by their owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.fhir.owner import owner_in
from gateway.fhir.reduced import reduced_body
from gateway.store.records import Identity
from gateway.store.sealed import RESOURCE, opened
from gateway.store.search.seen import seen

if TYPE_CHECKING:
    from gateway.store.records import Stored
    from gateway.store.search.scope import Database, Scope

Row = tuple[Any, ...]
"""Key, type, id, version and body, as it stands in the store."""


class Found(NamedTuple):
    """One resource that was found, as it is told; `reduced`: in its reduced form."""

    key: int
    type: str
    id: str
    body: bytes
    reduced: bool = False


def whole(db: Database, row: Row) -> Found:
    """Return what was found by a statement that finds only what is seen whole. BadSettings when it cannot be opened."""
    key, type_, id_, version, body = row
    return Found(key, type_, id_, opened(db, body, RESOURCE, key, version))


def found(db: Database, rows: Iterable[Row], scope: Scope) -> list[Found]:
    """Return what was found. BadSettings when it cannot be opened."""
    several = [whole(db, row) for row in rows]
    parts = _parts(db, several, scope) if scope.with_reduced else ()
    return [_reduced(one, scope) if Identity(one.type, one.id) in parts else one for one in several]


def versions(db: Database, several: Sequence[Stored], scope: Scope) -> list[Stored]:
    """Return versions of what is seen, each as it is told."""
    parts = _parts(db, several, scope) if scope.with_reduced else ()
    return [_part_of(one, scope) if Identity(one.type, one.id) in parts else one for one in several]


def _parts(db: Database, several: Sequence[Found] | Sequence[Stored], scope: Scope) -> set[Identity]:
    """Return which of some resources that are seen are not seen whole."""
    asked = set(_not_by_owner(several, scope))
    return asked - seen(db, asked, scope.whole()) if asked else set()


def _not_by_owner(several: Sequence[Found] | Sequence[Stored], scope: Scope) -> Iterator[Identity]:
    forms = {type_: scope.reduced(type_) for type_ in {one.type for one in several}}
    for one in several:
        part = forms[one.type]
        if part is not None and owner_in(one.body) not in part.owners:
            yield Identity(one.type, one.id)


def _reduced(one: Found, scope: Scope) -> Found:
    return one._replace(body=_body(one.type, one.body, scope), reduced=True)


def _part_of(one: Stored, scope: Scope) -> Stored:
    return replace(one, body=_body(one.type, one.body, scope), reduced=True, varies=True)


def _body(resource_type: str, body: bytes, scope: Scope) -> bytes:
    part = scope.reduced(resource_type)
    return reduced_body(body, part.form, scope.base) if part is not None else b""
