"""What belongs to one resource, gathered a page at a time: its compartment, or what hangs below a place.

Each branch is a range of one index; a page goes on after the key of the last one, so nothing is remembered between
pages. https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.fhir.frozen import frozen
from gateway.store.search.apart import Found, whole
from gateway.store.search.sql import TRUE, Sql, either, every, fails, holds, joined, one_of, sql

if TYPE_CHECKING:
    from gateway.store.interface import Database
    from gateway.store.records import Identity

MAX_REFERRED = 1000
"""So many resources that a page refers to come with it."""

# When something was so, for care: by these a span of time chooses. Of a type that is not here, all is told.
# https://hl7.org/fhir/R4/patient-operation-everything.html
_CARE_DATES: Mapping[str, tuple[str, ...]] = {
    "AllergyIntolerance": ("onset", "date"),
    "Appointment": ("date",),
    "CarePlan": ("date",),
    "CareTeam": ("date",),
    "Communication": ("sent",),
    "CommunicationRequest": ("occurrence", "authored"),
    "Composition": ("period", "date"),
    "Condition": ("onset-date", "recorded-date"),
    "DocumentReference": ("period", "date"),
    "Encounter": ("date",),
    "EpisodeOfCare": ("date",),
    "Flag": ("date",),
    "Immunization": ("date",),
    "List": ("date",),
    "MeasureReport": ("period", "date"),
    "MedicationRequest": ("date", "authoredon"),
    "MedicationStatement": ("effective",),
    "Observation": ("date",),
    "Procedure": ("date",),
    "QuestionnaireResponse": ("authored",),
    "ServiceRequest": ("occurrence", "authored"),
    "Slot": ("start",),
    "Task": ("period", "authored-on"),
}

# What hangs below a place: the places in it, what is offered there, when that can be had, and how much there is of it.
_NONE = "select c.id from current c where c.key = -1"
_ITSELF = "select c.id from current c where c.type = {} and c.id = {}"
_PLACES = """
place(id) as (
    {} union select (select c.id from current c where c.key = r.key and not c.deleted and {}) from place p
    cross join index_reference r where r.type = 'Location' and r.param = 'partof' and r.target_type = 'Location'
    and r.target_id = p.id
)"""
_SERVICES = """
service(id) as (
    {} union select (select c.id from current c where c.key = r.key and not c.deleted and {}) from place p
    cross join index_reference r where r.type = 'HealthcareService' and r.param = 'location'
    and r.target_type = 'Location' and r.target_id = p.id
)"""
_SCHEDULES = """
agenda(id) as (
    select (select c.id from current c where c.key = r.key and not c.deleted and {}) from place p
    cross join index_reference r where r.type = 'Schedule' and r.param = 'actor' and r.target_type = 'Location'
    and r.target_id = p.id
    union select (select c.id from current c where c.key = r.key and not c.deleted and {}) from service s
    cross join index_reference r where r.type = 'Schedule' and r.param = 'actor'
    and r.target_type = 'HealthcareService' and r.target_id = s.id
)"""
_OF_TYPE = "select (select c.key from current c where c.type = {} and c.id = b.id) as key from {t} b"
# Scalar subqueries: each row is looked up by itself, and no plan can read a table to join it.
_WHOLE = """
select p.key, (select c.type from current c where c.key = p.key), (select c.id from current c where c.key = p.key),
(select c.version from current c where c.key = p.key),
(select r.body from current c join resource r on r.key = c.key and r.version = c.version where c.key = p.key)
from p order by p.key"""
_REFERENCES = """
select (select c.key from current c where c.type = r.target_type and c.id = r.target_id and not c.deleted and {}) as key
from index_reference r where {} and {}"""
_BINARIES = """
select (select c.key from current c where c.type = 'Binary' and c.id = substr(r.value, 8) and not c.deleted and {})
as key from index_uri r where {} and r.param = 'location' and r.value like 'Binary/%'"""
_BELOW = {"Location": "place", "HealthcareService": "service", "Schedule": "agenda"}
_POINTING = (("Slot", "schedule", "Schedule"), ("MeasureReport", "subject", "Location"))


@frozen()
class Wanted:
    """Which part of it is wanted: types, so many after a key, changed since (µs), and of a span of care (µs).

    `is_first`: of the first page, which tells what the resource itself refers to as well. `sees` is the condition on
    `c.type` and `c.key` under which a resource is told of.
    """

    types: frozenset[str]
    count: int
    after: int = 0
    since: int = 0
    span: tuple[int, int] | None = None
    is_first: bool = True
    sees: Sql = TRUE


@dataclass(frozen=True, slots=True)
class Gathered:
    """A page: what belongs to the resource, what that refers to, whether all of that is here, and where it goes on."""

    found: list[Found]
    referred: list[Found]
    all_referred: bool
    next: int | None


def compartment(db: Database, of: Identity, codes: Mapping[str, Sequence[str]], wanted: Wanted) -> Gathered:
    """Return what points at a resource by one of the parameters of its type (`codes`)."""
    branches = [
        sql(
            "select r.key from index_reference r where r.type = {} and {} and r.target_type = {} and r.target_id = {}",
            type_,
            one_of("r.param", list(params)),
            *of,
        )
        for type_, params in codes.items()
        if type_ in wanted.types
    ]
    return _page(db, of, Sql(""), branches, wanted)


def below(db: Database, of: Identity, wanted: Wanted) -> Gathered:
    """Return what hangs below a Location or a HealthcareService."""
    is_place = of.type == "Location"
    itself, nothing = sql(_ITSELF, *of), Sql(_NONE)
    places, services = (itself, nothing) if is_place else (nothing, itself)
    sees = wanted.sees  # what may not be seen leads nowhere either
    parts = [sql(_PLACES, places, sees), sql(_SERVICES, services, sees), sql(_SCHEDULES, sees, sees)]
    tables = sql("recursive {}, ", joined(", ", parts))
    branches = [sql(_OF_TYPE, type_, t=table) for type_, table in _BELOW.items() if type_ in wanted.types]
    branches += [
        sql(
            "select r.key from {t} b cross join index_reference r where r.type = {} and r.param = {}"
            " and r.target_type = {} and r.target_id = b.id",
            type_,
            param,
            target,
            t=_BELOW[target],
        )
        for type_, param, target in _POINTING
        if type_ in wanted.types
    ]
    return _page(db, of, tables, branches, wanted)


def _page(db: Database, of: Identity, tables: Sql, branches: Sequence[Sql], wanted: Wanted) -> Gathered:
    rows = db.rows(*_statement(of, tables, branches, wanted)) if branches else []
    found = [whole(db, row) for row in rows[: wanted.count]]
    last = found[-1].key if found else wanted.after
    following = last if len(rows) > wanted.count else None

    def members(which: Sql) -> Sql:
        return sql("with {} w as (select key from ({}) u) select key from w where {}", tables, every_branch, which)

    every_branch = joined(" union ", branches) if branches else Sql("select 0 as key")
    referred, is_whole = _referred(db, of, found, wanted, members)
    return Gathered(found, referred, is_whole, following)


def _statement(of: Identity, tables: Sql, branches: Sequence[Sql], wanted: Wanted) -> Sql:
    """Return the select of a page; materialized, so that the branches are what is read first on either engine."""
    looked_up = sql(
        "select 1 from current c where c.key = w.key and not c.deleted and not (c.type = {} and c.id = {}) and {}",
        *of,
        every([wanted.sees, *_filters(wanted)]),
    )
    page = sql(
        "with {} w as materialized (select distinct key from ({}) u where key > {}),"
        " p as (select key from w where {} order by key limit {limit})",
        tables,
        joined(" union ", branches),
        wanted.after,
        holds(looked_up),
        limit=str(wanted.count + 1),
    )
    return sql("{} {}", page, Sql(_WHOLE))


def _filters(wanted: Wanted) -> Iterable[Sql]:
    if wanted.since:
        yield sql("c.last_updated >= {}", wanted.since)
    if wanted.span is None:
        return
    dated = [type_ for type_ in _CARE_DATES if type_ in wanted.types]
    for type_ in dated:
        row = sql("select 1 from index_date d where d.key = c.key and {}", one_of("d.param", _CARE_DATES[type_]))
        yield sql(
            "(c.type <> {} or ({} limit 1) is null or ({} and d.low < {} and d.high > {} limit 1) is not null)",
            type_,
            row,
            row,
            wanted.span[1],
            wanted.span[0],
        )


def _referred(
    db: Database, of: Identity, found: Sequence[Found], wanted: Wanted, members: Callable[[Sql], Sql]
) -> tuple[list[Found], bool]:
    """Return what the page and the resource itself refer to, without what is told as belonging to it anyway."""
    origins = [one_of("r.key", [row.key for row in found])] if found else []
    if wanted.is_first:
        origins.append(sql("r.key = (select c.key from current c where c.type = {} and c.id = {})", *of))
    if not origins:
        return [], True
    rows = db.rows(*_referred_statement(of, either(origins), wanted))
    belonging = {key for (key,) in db.rows(*members(one_of("key", [row[0] for row in rows])))} if rows else set()
    others = [whole(db, row) for row in rows if row[0] not in belonging]
    return others[:MAX_REFERRED], len(rows) <= MAX_REFERRED


def _referred_statement(of: Identity, origins: Sql, wanted: Wanted) -> Sql:
    named = sql(_REFERENCES, wanted.sees, origins, one_of("r.target_type", sorted(wanted.types)))
    itself = sql("select 1 from current c where c.key = u.key and c.type = {} and c.id = {}", *of)
    return sql(
        "with p as materialized (select distinct key from ({}) u where key is not null and {} limit {limit}) {}",
        joined(" union ", [named, *_files(origins, wanted)]),
        fails(itself),
        Sql(_WHOLE),
        limit=str(MAX_REFERRED + 1),
    )


def _files(origins: Sql, wanted: Wanted) -> Iterable[Sql]:
    """Yield the select of the files of documents, which are named by URL."""
    if "Binary" in wanted.types:
        yield sql(_BINARIES, wanted.sees, origins)
