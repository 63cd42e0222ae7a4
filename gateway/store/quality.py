"""How well the messages of each provider arrive, counted from the inbox: never from what stands in them.

A message arrived as it should when it was taken and nothing was found in it that is worse than a note. A table counts
as one message, in however many parts it was stored; each of its rows counts as well. A refused message that came or
was taken again counts once, as what it became last. What clients of the FHIR API sent is no message. How many fields of
a message came as they should was counted when it came (`gateway.mapping.fields`). `docs/operating.md` has the formulas
and an example.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gateway.fhir.json import decode
from gateway.formats.fields import element_name, field_name
from gateway.store.records import microseconds

if TYPE_CHECKING:
    from gateway.store.interface import Store

_PAGE = 1000
_ROWS = """
select id, provider, format, state, control_id, received_at, issues, answer, mapping, fields_wanted, fields_right
from inbox i
where id > ? and received_at >= ? and received_at < ?
    and format <> 'fhir-api' and not (state = 'refused' and (replaced_by is not null or exists (
        select 1 from inbox later
        where later.provider = i.provider and later.control_id = i.control_id and later.format = i.format
            and later.digest = i.digest and later.received_at > i.received_at)))"""
_OF_PROVIDER = " and provider = ?"
_ORDER = " order by id limit ?"
_LAST = 2**63 - 1
_WORSE = frozenset({"fatal", "error", "warning"})


@dataclass(slots=True)
class Count:
    """What arrived. `codes` counts the findings that are worse than a note, `flaws` those by the field they are about.

    `right` are the messages that arrived as they should, `fields_right` the wanted fields that did.
    """

    messages: int = 0
    taken: int = 0
    right: int = 0
    rows: int = 0
    rows_apart: int = 0
    fields_wanted: int = 0
    fields_right: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    flaws: Counter[str] = field(default_factory=Counter)

    @property
    def message_share(self) -> float | None:
        """Return the share of messages that arrived as they should, None when there are none."""
        return self.right / self.messages if self.messages else None

    @property
    def row_share(self) -> float | None:
        """Return the share of rows that were taken, None when there are none."""
        every = self.rows + self.rows_apart
        return self.rows / every if every else None

    @property
    def field_share(self) -> float | None:
        """Return the share of wanted fields that arrived as they should, None when none were counted."""
        return self.fields_right / self.fields_wanted if self.fields_wanted else None

    def add(self, row: _Row) -> None:
        """Count the findings, fields and rows of one row of the inbox."""
        self.codes.update(str(one["code"]) for one in row.worse)
        self.flaws.update(filter(None, map(_field, row.worse)))
        self.fields_wanted += row.fields_wanted or 0
        self.fields_right += row.fields_right or 0
        if row.is_table:
            self.rows += int(decode(bytes(row.answer))["rows"]) if row.answer and row.is_taken else 0
            self.rows_apart += sum(one["code"] == "row-quarantined" for one in row.worse)

    def count(self, *, taken: bool, right: bool) -> None:
        """Count one message."""
        self.messages += 1
        self.taken += taken
        self.right += right


@dataclass(slots=True)
class Quality(Count):
    """What arrived of one provider in one format, of everything and by mapping ('' where none took the message)."""

    provider: str = ""
    format: str = ""
    mappings: dict[str, Count] = field(default_factory=dict)

    def of(self, mapping: str) -> tuple[Count, Count]:
        """Return where a message that a mapping took is counted."""
        return self, self.mappings.setdefault(mapping, Count())


class _Row:
    """One row of the inbox."""

    def __init__(self, columns: tuple[Any, ...]) -> None:
        (
            self.id, self.provider, self.format, self.state, self.control_id, self.received_at, issues, self.answer,
            mapping, self.fields_wanted, self.fields_right,
        ) = columns  # fmt: skip
        self.mapping: str = mapping or ""
        self.worse: list[dict[str, Any]] = [one for one in decode(issues) if one["severity"] in _WORSE]
        self.is_table = self.format == "csv"
        self.is_taken = self.state == "accepted"

    @property
    def is_right(self) -> bool:
        """Return whether it arrived as it should."""
        return self.is_taken and not self.worse


@dataclass(slots=True)
class _Table:
    """What is known so far of a table, whose parts are rows of the inbox."""

    counts: tuple[Count, ...]
    taken: bool = False
    right: bool = True


def quality(
    store: Store, *, provider: str | None = None, since: datetime | None = None, until: datetime | None = None
) -> list[Quality]:
    """Return how well messages arrived, by provider and format: those received from `since` on, before `until`."""
    found: dict[tuple[str, str], Quality] = {}
    tables: dict[tuple[Any, ...], _Table] = {}
    for row in _rows(store, provider, since, until):
        whole = found.setdefault((row.provider, row.format), Quality(provider=row.provider, format=row.format))
        counts = whole.of(row.mapping)
        for count in counts:
            count.add(row)
            if not row.is_table:
                count.count(taken=row.is_taken, right=row.is_right)
        if row.is_table:
            table = tables.setdefault((row.provider, row.control_id or row.id, row.received_at), _Table(counts))
            table.taken, table.right = table.taken or row.is_taken, table.right and row.is_right
    for table in tables.values():
        for count in table.counts:
            count.count(taken=table.taken, right=table.right)
    return [found[key] for key in sorted(found)]


def _field(issue: dict[str, Any]) -> str | None:
    """Return the field that a finding of the inbox is about: `PID-3 (line 4, byte 118)` is kept of a place."""
    place, expression = issue.get("place"), issue.get("expression")
    if place is not None:
        return field_name(str(place).rpartition(" (")[0] if str(place).endswith(")") else str(place))
    return element_name(str(expression)) if expression else None


def _rows(store: Store, provider: str | None, since: datetime | None, until: datetime | None) -> Iterator[_Row]:
    """Yield the rows of a period, a page at a time: an inbox may hold millions."""
    first, end = microseconds(since) if since else 0, microseconds(until) if until else _LAST
    own, named = (_OF_PROVIDER, (provider,)) if provider is not None else ("", ())
    after = 0
    while True:
        with store.reading(snapshot=False) as db:
            page = db.rows(_ROWS + own + _ORDER, (after, first, end, *named, _PAGE))
        yield from map(_Row, page)
        if len(page) < _PAGE:
            return
        after = page[-1][0]
