"""What a predicate is in SQL, remembered with it: it is the same for every statement but for the moment.

A rule over several references is some thousand characters of SQL; to make them takes longer than to run them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, MutableMapping
from typing import NamedTuple

from gateway.store.search.match import Match
from gateway.store.search.sql import Sql

Memory = MutableMapping[Hashable, "Remembered"]
"""What is remembered, by what it depends on; whoever makes a predicate keeps it as long as its rules are the same."""


class _Moment(int):
    """Stands in what is remembered for the moment at which it is asked."""


MOMENT = _Moment(1)


class _Kept(NamedTuple):
    """A piece of SQL, and which of its parameters are the moment."""

    made: Sql
    moments: tuple[int, ...]

    def at(self, moment: int) -> Sql:
        """Return it as it is at a moment."""
        if not self.moments:
            return self.made
        parameters = list(self.made.parameters)
        for number in self.moments:
            parameters[number] = moment
        return Sql(self.made.text, tuple(parameters))


class Remembered:
    """A Match for the moment MOMENT: its keys, and the probe of each key, made once."""

    def __init__(self, match: Match) -> None:
        self._match = match
        self._keys = _kept(match.keys) if match.keys is not None else None
        self._probes: dict[str, _Kept] = {}

    def at(self, moment: int) -> Match:
        """Return it for a moment."""
        keys = self._keys.at(moment) if self._keys is not None else None
        return Match(lambda key: self._probe(key).at(moment), keys, self._match.ordered, self._match.few)

    def _probe(self, key: str) -> _Kept:
        found = self._probes.get(key)
        if found is None:
            found = self._probes[key] = _kept(self._match.probe(key))
        return found


def remembered(memory: Memory, key: Hashable, at: int, make: Callable[[], Match]) -> Match:
    """Return what `make` makes for the moment MOMENT, of a moment; it is made once."""
    found = memory.get(key)
    if found is None:
        found = memory[key] = Remembered(make())
    return found.at(at)


def _kept(made: Sql) -> _Kept:
    return _Kept(made, tuple(number for number, one in enumerate(made.parameters) if one is MOMENT))
