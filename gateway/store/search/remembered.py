"""What a predicate is in SQL, remembered with it: it is the same for every statement but for the moment.

A rule over several references is some thousand characters of SQL; to make them takes longer than to run them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, MutableMapping

from gateway.store.search.match import Match
from gateway.store.search.sql import Sql

Memory = MutableMapping[Hashable, Match]
"""What is remembered, by what it depends on; whoever makes a predicate keeps it as long as its rules are the same."""


class _Moment(int):
    """Stands in what is remembered for the moment at which it is asked."""


MOMENT = _Moment(1)


def remembered(memory: Memory, key: Hashable, at: int, make: Callable[[], Match]) -> Match:
    """Return what `make` makes for the moment MOMENT, of a moment; it is made once."""
    found = memory.get(key)
    if found is None:
        found = memory[key] = _once(make())
    probe = found.probe
    return Match(lambda of: _at(probe(of), at), found.keys and _at(found.keys, at), found.ordered, found.few)


def _once(match: Match) -> Match:
    """Return a Match that makes the probe of each key once."""
    probes: dict[str, Sql] = {}

    def probe(key: str) -> Sql:
        found = probes.get(key)
        if found is None:
            found = probes[key] = match.probe(key)
        return found

    return Match(probe, match.keys, match.ordered, match.few)


def _at(made: Sql, at: int) -> Sql:
    if not any(one is MOMENT for one in made.parameters):
        return made
    return Sql(made.text, tuple([at if one is MOMENT else one for one in made.parameters]))
