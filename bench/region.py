"""Fills an empty store with a region by its own tables, in SQL: Patients with their Encounters, and Locations.

Of so many resources four tenths are Patients, five are Encounters, one is Locations. Encounter i is of Patient i % the
number of Patients and at Location i % theirs; they begin 7 minutes after each other, over and over within a year. The
Locations lie over a country.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from bench.places import place
from bench.slots import DIALECTS, Dialect, Kind, execute, resources
from gateway.store import Store

_FIRST = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_MINUTE_US, _YEAR_MINUTES = 60_000_000, 525_600
_START = f"({_FIRST} + (i * 7 % {_YEAR_MINUTES}) * {_MINUTE_US})"


def fill(store: Store, count: int) -> None:
    """Put `count` resources into an empty store."""
    dialect = DIALECTS[store.engine]
    kinds = _kinds(count)
    execute(store, _statements(dialect, *kinds))
    place(store, kinds[2].count, kinds[2].before)
    execute(store, [dialect.settle])


def middle(count: int) -> int:
    """Return a moment before and after which about as many Encounters begin."""
    return _FIRST + min(count * 5 // 10 * 7, _YEAR_MINUTES) // 2 * _MINUTE_US


def _kinds(count: int) -> tuple[Kind, Kind, Kind]:
    patients, encounters = count * 4 // 10, count * 5 // 10
    return (
        Kind("Patient", "patient", patients, 0),
        Kind("Encounter", "encounter", encounters, patients),
        Kind("Location", "location", count - patients - encounters, patients + encounters),
    )


def _statements(dialect: Dialect, patient: Kind, encounter: Kind, location: Kind) -> Iterator[str]:
    yield from resources(dialect, patient, _body(patient, '"active":true'))
    period = f'"period":{{"start":"\'||{dialect.instant.format(_START)}||\'"}},"status":"finished"'
    whose = f'"subject":{{"reference":"Patient/patient-\'||(i % {patient.count})||\'"}}'
    yield from resources(dialect, encounter, _body(encounter, f"{period},{whose}"))
    yield from resources(dialect, location, _body(location, '"status":"active"'))
    for kind, system in ((patient, "patient"), (encounter, "visit")):
        yield _rows(dialect, kind, "token", f"'identifier', 'http://example.org/{system}', cast(i as text)")
    yield _rows(dialect, encounter, "token", "'status', '', 'finished'")
    yield _rows(dialect, encounter, "date", f"'date', {_START}, {2**62}")
    yield _rows(dialect, encounter, "date", f"'date~~', {_START}, {2**62}")
    for param in ("patient", "subject"):
        yield _rows(dialect, encounter, "reference", f"'{param}', 'Patient', 'patient-' || (i % {patient.count})")
    yield _rows(dialect, encounter, "reference", f"'location', 'Location', 'location-' || (i % {location.count})")


def _body(kind: Kind, content: str) -> str:
    return f"""'{{"resourceType":"{kind.type}","id":"{kind.name}-'||i||'",{content}}}'"""


def _rows(dialect: Dialect, kind: Kind, table: str, columns: str) -> str:
    order = ", ".join(str(number) for number in range(2, columns.count(",") + 3))
    numbers = dialect.numbers.format(kind.count)
    return f"insert into index_{table} select '{kind.type}', {columns}, {kind.key} from {numbers} order by {order}"
