"""Fills an empty store with Slots by its own tables, in SQL: 10^6 of them take a minute.

Slot i is the (i % 100)th of its Schedule: one every 22 hours from the first of January, half of them free. Each
HealthcareService has 10 Schedules, and each Schedule a Location of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.places import place
from gateway.fhir.freshness import URL, instant
from gateway.store import Store
from gateway.store.index.definitions import fingerprint
from gateway.store.index.model import OFFERED, OPEN_HIGH

SLOTS_A_SCHEDULE, SCHEDULES_A_SERVICE = 100, 10
_MINUTE_US, _HOUR_US = 60_000_000, 3_600_000_000
_FIRST = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_START = f"({_FIRST} + (i % {SLOTS_A_SCHEDULE}) * {22 * _HOUR_US} + (i / {SLOTS_A_SCHEDULE} % 97) * {_MINUTE_US})"
_STATUS = "(case when (i * 7919) % 100 < 50 then 'free' else 'busy' end)"
_STALE_AT = _FIRST + 100 * 365 * 24 * _HOUR_US  # what is searched is fresh
_KIND = f"(case when (i / {SLOTS_A_SCHEDULE}) % 20 = 0 then 'icu' else 'ward' end)"


@dataclass(frozen=True)
class Dialect:
    """Where the two engines' SQL differs."""

    numbers: str  # a table of i from 0 up to a count
    instant: str  # the FHIR instant of a number of microseconds
    bytes: str  # the bytes of a text
    false: str
    settle: str  # what the database does by itself, sooner or later


DIALECTS = {
    "sqlite": Dialect(
        "(with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < {}) select i from n) n",
        "strftime('%Y-%m-%dT%H:%M:%S', ({}) / 1000000, 'unixepoch') || 'Z'",
        "cast({} as blob)",
        "0",
        "pragma wal_checkpoint(truncate)",
    ),
    "postgresql": Dialect(
        "(select generate_series(0, {} - 1)::bigint as i) n",
        """to_char(to_timestamp(({}) / 1000000) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')""",
        "convert_to({}, 'UTF8')",
        "false",
        "vacuum analyze",
    ),
}


@dataclass(frozen=True)
class Kind:
    """The resources of one type: how many, the name that their ids begin with, the key of the one before the first."""

    type: str
    name: str
    count: int
    before: int

    @property
    def key(self) -> str:
        return f"i + {self.before + 1}"


def fill(store: Store, slots: int) -> None:
    """Put `slots` Slots into an empty store, with their Schedules, HealthcareServices and Locations."""
    dialect = DIALECTS[store.engine]
    schedules = slots // SLOTS_A_SCHEDULE
    services = max(1, schedules // SCHEDULES_A_SERVICE)
    location = Kind("Location", "location", schedules, services + schedules + slots)
    execute(store, _statements(dialect, slots, schedules, services, location))
    place(store, location.count, location.before)
    execute(store, [dialect.settle])


def execute(store: Store, statements: Iterable[str]) -> None:
    """Run statements that are written for one engine."""
    with store.reading(snapshot=False) as db:
        for statement in statements:
            db.connection.execute(statement)  # type: ignore[attr-defined]  # both engines have one


def _statements(dialect: Dialect, slots: int, schedules: int, services: int, location: Kind) -> Iterator[str]:
    service = Kind("HealthcareService", "service", services, 0)
    schedule = Kind("Schedule", "schedule", schedules, services)
    slot = Kind("Slot", "slot", slots, services + schedules)
    yield from resources(dialect, service, _SERVICE)
    yield from resources(dialect, schedule, _SCHEDULE)
    yield from resources(dialect, slot, _slot_body(dialect))
    yield from resources(dialect, location, LOCATION)
    yield _reference(dialect, schedule, "actor", service, SCHEDULES_A_SERVICE)
    yield _reference(dialect, schedule, "actor", location, 1)
    yield _reference(dialect, slot, "schedule", schedule, SLOTS_A_SCHEDULE)
    yield from _index(dialect, slot)


def resources(dialect: Dialect, kind: Kind, body: str) -> Iterator[str]:
    """Yield the statements that make the resources of a kind, without index rows; `body` is SQL over `i`."""
    numbers, nothing = dialect.numbers.format(kind.count), dialect.bytes.format("''")
    yield (
        "insert into current (key, type, id, version, last_updated, deleted, indexed, indexed_as)"
        f" select {kind.key}, '{kind.type}', '{kind.name}-' || i, 1, {_FIRST}, {dialect.false}, {nothing},"
        f" {fingerprint(kind.type)} from {numbers}"
    )
    yield (
        "insert into resource (key, version, last_updated, deleted, body, type)"
        f" select {kind.key}, 1, {_FIRST}, {dialect.false}, {dialect.bytes.format(body)}, '{kind.type}' from {numbers}"
    )


def _reference(dialect: Dialect, kind: Kind, param: str, target: Kind, each: int) -> str:
    target_id = f"'{target.name}-' || (i / {each})"
    return (
        f"insert into index_reference select '{kind.type}', '{param}', '{target.type}', {target_id}, {kind.key}"
        f" from {dialect.numbers.format(kind.count)} order by {target_id}, i"
    )


def _index(dialect: Dialect, slot: Kind) -> Iterator[str]:
    """Yield what makes the rows that `gateway.store.index` would make, each table in the order of its key."""
    numbers, number = dialect.numbers.format(slot.count), "cast(i as text)"
    tokens = (
        ("status", "", _STATUS),
        ("service-type", "http://example.org/bed", _KIND),
        ("identifier", "http://example.org/slot", number),
    )
    for param, system, code in tokens:
        row = f"'Slot', '{param}', '{system}', {code}, {slot.key}"
        yield f"insert into index_token select {row} from {numbers} order by {code}, i"
    row = f"'Slot', 'start', {_START}, {_START} + 1000000, {slot.key}"
    yield f"insert into index_date select {row} from {numbers} order by 3"
    capacity = f"{_STATUS} || ' service-type http://example.org/bed|' || {_KIND}"
    row = f"'Slot', {capacity}, {_START}, {_START} + {_HOUR_US}, {slot.key}"
    yield f"insert into index_date select {row} from {numbers} order by 2, 3"
    row = f"'Slot', '{OFFERED}', {_STALE_AT}, {OPEN_HIGH}, {slot.key}"
    yield f"insert into index_date select {row} from {numbers} where {_STATUS} = 'free' order by i"
    row = f"{slot.key}, {_STATUS}, {_START}, {_START} + {_HOUR_US}, 'schedule-' || (i / {SLOTS_A_SCHEDULE})"
    yield f"insert into slot (key, status, start, end_, schedule) select {row} from {numbers}"


_SERVICE = """'{"resourceType":"HealthcareService","id":"service-' || i || '","active":true}'"""
LOCATION = """'{"resourceType":"Location","id":"location-' || i || '","status":"active"}'"""
_SCHEDULE = (
    """'{"resourceType":"Schedule","id":"schedule-' || i || '","actor":[{"reference":"HealthcareService/service-' || """
    f"""(i / {SCHEDULES_A_SERVICE}) || '"}},{{"reference":"Location/location-' || i || '"}}]}}'"""
)


def _slot_body(dialect: Dialect) -> str:
    parts = (
        """'{"resourceType":"Slot","id":"slot-'""",
        "i",
        """'","identifier":[{"system":"http://example.org/slot","value":"'""",
        "i",
        """'"}],"serviceType":[{"coding":[{"system":"http://example.org/bed","code":"'""",
        _KIND,
        """'"}]}],"schedule":{"reference":"Schedule/schedule-'""",
        f"(i / {SLOTS_A_SCHEDULE})",
        """'"},"status":"'""",
        _STATUS,
        """'","start":"'""",
        dialect.instant.format(_START),
        """'","end":"'""",
        dialect.instant.format(f"{_START} + {_HOUR_US}"),
        f"""'","extension":[{{"url":"{URL}","extension":[{{"url":"staleAt","valueInstant":"{instant(_STALE_AT)}"}},'""",
        f"""'{{"url":"freshUntil","valueInstant":"{instant(_STALE_AT)}"}},{{"url":"kind","valueCode":"manual"}},'""",
        """'{"url":"basis","valueCode":"source"}]}]}'""",
    )
    return " || ".join(parts)
