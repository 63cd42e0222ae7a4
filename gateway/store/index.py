"""What a resource can be found by: its index rows, made by compiled search parameters.

`rows(resource)` is pure and the same for both engines; the store adds the surrogate key and the type.
The tables it fills (order of columns = order of the clustered key, `key` last makes matches come in key order):

    index_token     (type, param, system, code, key)        system '' = none
    index_string    (type, param, value, exact, key)        value: folded for search; exact: as written, for :exact
    index_date      (type, param, low, high, key)           UTC microseconds, [low, high); open ends are OPEN_LOW / OPEN_HIGH
    index_reference (type, param, target_type, target_id, key)
    index_uri       (type, param, value, key)
    index_number    (type, param, low, high, key)           float
    index_quantity  (type, param, system, code, low, high, key)   float; code is the unit where there is no code
    slot            (key, status, start, end_, schedule)          see SlotRow

Each index table also has an index (key, param): deletes, :missing, _sort and probes of one resource use it.
What only searching needs (further indexes, the key that seals page tokens) is in migration 0002_search.sql.
https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.fhir.types import Resource

OPEN_LOW, OPEN_HIGH = -(2**62), 2**62  # the ends of a Period without start or end


@dataclass(slots=True)
class SlotRow:
    """The capacity projection of one Slot: what the acute question asks for."""

    status: str
    start: int  # UTC microseconds, low end
    end: int  # UTC microseconds, high end
    schedule: str  # id of the Schedule, '' when it is not a reference to one


@dataclass(slots=True)
class IndexRows:
    """The rows of one resource, each tuple without type and key, in the column order of its table."""

    token: list[tuple[str, str, str]] = field(default_factory=list)  # param, system, code
    string: list[tuple[str, str, str]] = field(default_factory=list)  # param, value, exact
    date: list[tuple[str, int, int]] = field(default_factory=list)  # param, low, high
    reference: list[tuple[str, str, str]] = field(default_factory=list)  # param, target_type, target_id
    uri: list[tuple[str, str]] = field(default_factory=list)  # param, value
    number: list[tuple[str, float, float]] = field(default_factory=list)  # param, low, high
    quantity: list[tuple[str, str, str, float, float]] = field(default_factory=list)  # param, system, code, low, high
    slot: SlotRow | None = None


def rows(resource: Resource, *, base: str | None = None) -> IndexRows:
    """Return everything `resource` can be found by. Never raises on a valid resource.

    Absolute references that begin with `base` are indexed as the local ones they are.
    """
    raise NotImplementedError
