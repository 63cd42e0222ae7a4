"""What an organisation is told of an access by another one: that it was, by whom, and to what of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from gateway.fhir.owner import owner_in
from gateway.store import Identity
from gateway.store.audited import about
from gateway.store.auditing.index import reference

if TYPE_CHECKING:
    from gateway.store import Store, Stored
    from gateway.store.audited import Row


def as_told_to(organisation: str, row: Row, store: Store) -> Row:
    """Return a row without what is not about what is `organisation`'s: other resources and patients, what was searched
    by, by which certificate or token, from where, and the ids of the request. Raises Unavailable.
    """
    own = {entity: found for entity in row.entities if (found := _own(organisation, entity, store))}
    return structs.replace(
        row,
        entities=tuple(own),
        patients=tuple(about(own.values()).get("patients", ())),
        by="", address="", request="", correlation="", aorta="", trace_id="",
        parameters=(), inbox=(), partners=(), owners=(organisation,),
    )  # fmt: skip


def _own(organisation: str, entity: str, store: Store) -> Stored | None:
    """Return the resource that an entity is, if it is its own."""
    found = _stored(entity, store)
    return found if found is not None and owner_in(found.body) == organisation else None


def as_told_of(patients: frozenset[str], row: Row, store: Store) -> Row:
    """Return a row without what is about other patients than these. Raises Unavailable."""
    if patients.issuperset(row.patients):
        return row
    kept = tuple(entity for entity in row.entities if _is_about(patients, entity, store))
    return structs.replace(row, entities=kept, patients=tuple(one for one in row.patients if one in patients))


def _is_about(patients: frozenset[str], entity: str, store: Store) -> bool:
    found = _stored(entity, store)
    return found is not None and not patients.isdisjoint(about([found]).get("patients", ()))


def _stored(entity: str, store: Store) -> Stored | None:
    """Return the resource that an entity is; of what was deleted, as it was before."""
    type_, _, id_ = reference(entity).partition("/")
    found = store.read(Identity(type_, id_))
    if found is not None and found.deleted and found.version > 1:
        return store.vread(Identity(type_, id_), found.version - 1)
    return found
