"""What one condition of a search is in SQL."""

from __future__ import annotations

from collections.abc import Callable

from gateway.fhir.frozen import frozen
from gateway.store.records import Engine
from gateway.store.search.sql import FALSE, TRUE, Sql, either, every, joined, sql


@frozen()
class Match:
    """A condition in both directions: all keys that match, and whether one key does.

    `keys` is a select of the column `key`, which may give a key twice; None where only probing makes sense (`:not`).
    `ordered`: it gives each key once, in order of key, straight from an index. `few`: it gives a handful at most.
    `is_rule`: it is what a caller may see, which is cheaper to look up for each of some than to list.
    """

    probe: Callable[[str], Sql]
    keys: Sql | None = None
    ordered: bool = False
    few: bool = False
    is_rule: bool = False


def any_of(matches: list[Match]) -> Match:
    """Return what matches when one of `matches` does."""
    if len(matches) == 1:
        return matches[0]
    if not matches:
        return constant(FALSE)
    selects = [match.keys for match in matches if match.keys is not None]
    return Match(
        probe=lambda key: either([match.probe(key) for match in matches]),
        keys=joined(" union all ", selects) if len(selects) == len(matches) else None,
        few=all(match.few for match in matches),
    )


def all_of(matches: list[Match], engine: Engine) -> Match:
    """Return what matches when all of `matches` do; the keys of the first that can be listed are the way in."""
    if len(matches) == 1:
        return matches[0]
    return Match(probe=lambda key: every(match.probe(key) for match in matches), keys=_keys_of_all(matches, engine))


def _keys_of_all(matches: list[Match], engine: Engine) -> Sql | None:
    for first in matches:
        if first.keys is not None:
            others = [match.probe("k.key") for match in matches if match is not first]
            return those(first.keys, every(others), engine)
    return None


def those(keys: Sql, condition: Sql, engine: Engine) -> Sql:
    """Return a select of those of some keys for which a condition on `k.key` holds.

    Each is asked about once: PostgreSQL, where its statistics are old and it takes all for few, would draw a dear
    condition into the joins the keys come from, or go to, and ask it again for each row of the other side. SQLite joins
    as it is written, and parses no statement as deep as that.
    """
    if condition == TRUE:
        return keys
    if engine == "sqlite":
        return sql("select k.key from ({}) k where {}", keys, condition)
    chosen = (
        "select k.key from ("
        "with s as materialized ({}), n as materialized (select k.key from s k where {}) select n.key from n"
        ") k"
    )
    return sql(chosen, keys, condition)


def none_of(match: Match) -> Match:
    """Return what matches when another one does not."""
    return Match(probe=lambda key: sql("not ({})", match.probe(key)))


def constant(condition: Sql) -> Match:
    """Return what matches everything or nothing."""
    nothing = Sql("select 0 as key where false")
    return Match(probe=lambda _: condition, keys=nothing if condition == FALSE else None, few=condition == FALSE)
