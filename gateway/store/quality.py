"""How well the messages of each provider arrive, counted from the inbox: never from what stands in them.

A message arrived as it should when it was taken and nothing was found in it that is worse than a note. A table counts
as one message, in however many parts it was stored; each of its rows counts as well. A refused message that was taken
later counts as what it became then. What clients of the FHIR API sent is no message. `docs/operating.md` has the
formula and an example.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gateway.fhir.json import decode
from gateway.store.records import microseconds

if TYPE_CHECKING:
    from gateway.store.interface import Store

_PAGE = 1000
_ROWS = """
select id, provider, format, state, control_id, received_at, issues, answer from inbox
where id > ? and received_at >= ? and received_at < ?
    and format <> 'fhir-api' and not (state = 'refused' and replaced_by is not null)"""
_OF_PROVIDER = " and provider = ?"
_ORDER = " order by id limit ?"
_LAST = 2**63 - 1
_WORSE = frozenset({"fatal", "error", "warning"})


@dataclass(slots=True)
class Quality:
    """What arrived of one provider in one format. `codes` counts the findings that are worse than a note."""

    provider: str
    format: str
    messages: int = 0
    taken: int = 0
    right: int = 0
    rows: int = 0
    rows_apart: int = 0
    codes: Counter[str] = field(default_factory=Counter)

    def count(self, *, taken: bool, right: bool) -> None:
        """Count one message."""
        self.messages += 1
        self.taken += taken
        self.right += right

    @property
    def message_share(self) -> float | None:
        """Return the share of messages that arrived as they should, None when there are none."""
        return self.right / self.messages if self.messages else None

    @property
    def row_share(self) -> float | None:
        """Return the share of rows that were taken, None when there are none."""
        every = self.rows + self.rows_apart
        return self.rows / every if every else None


@dataclass(slots=True)
class _Table:
    """What is known so far of a table, whose parts are rows of the inbox."""

    taken: bool = False
    right: bool = True


def quality(
    store: Store, *, provider: str | None = None, since: datetime | None = None, until: datetime | None = None
) -> list[Quality]:
    """Return how well messages arrived, by provider and format: those received from `since` on, before `until`."""
    found: dict[tuple[str, str], Quality] = {}
    tables: dict[tuple[Any, ...], _Table] = {}
    for id_, name, format_, state, control_id, received_at, issues, answer in _rows(store, provider, since, until):
        of = found.setdefault((name, format_), Quality(name, format_))
        findings = [str(one["code"]) for one in decode(issues) if one["severity"] in _WORSE]
        of.codes.update(findings)
        taken = state == "accepted"
        if format_ != "csv":
            of.count(taken=taken, right=taken and not findings)
            continue
        of.rows += int(decode(bytes(answer))["rows"]) if answer and taken else 0
        of.rows_apart += findings.count("row-quarantined")
        table = tables.setdefault((name, control_id or id_, received_at), _Table())
        table.taken, table.right = table.taken or taken, table.right and taken and not findings
    for (name, *_), table in tables.items():
        found[name, "csv"].count(taken=table.taken, right=table.right)
    return [found[key] for key in sorted(found)]


def _rows(
    store: Store, provider: str | None, since: datetime | None, until: datetime | None
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a period, a page at a time: an inbox may hold millions."""
    first, end = microseconds(since) if since else 0, microseconds(until) if until else _LAST
    own, named = (_OF_PROVIDER, (provider,)) if provider is not None else ("", ())
    after = 0
    while True:
        with store.reading(snapshot=False) as db:
            page = db.rows(_ROWS + own + _ORDER, (after, first, end, *named, _PAGE))
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1][0]
