"""What is searched in the columns of `current`, and in no index: `_id` and `_lastUpdated`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.fhir.search import DateRange, Filter, Missing, Token
from gateway.store.search.match import Match, constant
from gateway.store.search.ranges import points
from gateway.store.search.sql import FALSE, TRUE, Sql, either, every, fails, holds, joined, one_of, sql


def id_match(resource_type: str, asked: Filter) -> Match:
    """Return the Match of `_id`."""
    if asked.modifier == "missing":
        return _never_missing(asked)
    ids = [token.code for token in asked.values if isinstance(token, Token) and not token.system and token.code]
    condition = one_of("i.id", ids)
    probe = "select 1 from current i where i.key = {} and {}"
    if asked.modifier == "not":
        return Match(probe=lambda key: fails(sql(probe, Sql(key), condition)))
    return Match(
        probe=lambda key: holds(sql(probe, Sql(key), condition)),
        keys=sql("select i.key from current i where i.type = {} and {} and not i.deleted", resource_type, condition),
        few=True,
    )


def last_updated_match(resource_type: str, filters: Sequence[Filter]) -> Match:
    """Return the Match of one or more ranges of `_lastUpdated` together."""
    if filters[0].modifier == "missing":
        return _never_missing(filters[0])
    ranges = [list(_points(asked)) for asked in filters]
    condition = every(map(either, ranges))
    select = "select i.key from current i where i.type = {} and {} and not i.deleted"
    selects = [sql(select, resource_type, each) for each in (ranges[0] if len(ranges) == 1 else [condition])]
    return Match(
        probe=lambda key: holds(sql("select 1 from current i where i.key = {} and {}", Sql(key), condition)),
        keys=joined(" union all ", selects),
    )


def _points(asked: Filter) -> Iterator[Sql]:
    for value in asked.values:
        if isinstance(value, DateRange):
            yield from points("i.last_updated", value)


def _never_missing(asked: Filter) -> Match:
    (value,) = asked.values
    return constant(FALSE if isinstance(value, Missing) and value.missing else TRUE)
