"""Codes that messages hold and no ConceptMap knows: which, how often, where they stood and which rule asked."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType

from gateway.errors import GatewayError, Issue
from gateway.mapping.concept_maps import ConceptMap, Row
from gateway.mapping.library import Library
from gateway.mapping.run import run

_NAMED = re.compile(r"ConceptMap/([A-Za-z0-9.-]+)")
_OCCURRENCE = re.compile(r"\[\d+\]|/\d+(?=/|$)|^row \d+ ")
_PLAIN = re.compile(r"(?!.*\d{6})[\w.+/*-]{1,20}")


def is_plain(code: str) -> bool:
    """Return whether a text looks like a code: short, one word, not a number of a person."""
    return _PLAIN.fullmatch(code) is not None


def masked(code: str) -> str:
    """Return a code, or for free text its length and a digest by which it can be told from others."""
    return code if is_plain(code) else f"(text of {len(code)} characters, {sha256(code.encode()).hexdigest()[:8]})"


def unnumbered(path: str) -> str:
    """Return a place without the numbers of segments, repetitions, items and rows."""
    return _OCCURRENCE.sub("", path)


@dataclass
class Seen:
    """One code without a row in one ConceptMap. `places` and `rules`: each with how often."""

    concept_map: str
    code: str
    count: int = 0
    places: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)

    @property
    def plain(self) -> bool:
        """Return whether it looks like a code: short, one word, not a number of a person. Anything else is masked."""
        return is_plain(self.code)

    @property
    def shown(self) -> str:
        """Return the code, or for free text its length and a digest by which it can be told from others."""
        return masked(self.code)


@dataclass(frozen=True)
class _Watched(ConceptMap):
    """A ConceptMap that keeps the codes it was asked for in vain: a mapping may write a code otherwise than it came."""

    missed: set[str] = field(default_factory=set)

    @staticmethod
    def of(found: ConceptMap) -> "_Watched":
        return _Watched(**{one.name: getattr(found, one.name) for one in fields(found)})

    def find(self, code: str) -> Row | None:
        row = super().find(code)
        if row is None:
            self.missed.add(code)
        return row


class Codes:
    """The unmapped codes of many messages."""

    def __init__(self, library: Library) -> None:
        self.maps = {id_: _Watched.of(found) for id_, found in library.concept_maps.items()}
        self.library = replace(library, concept_maps=MappingProxyType(self.maps))
        self._seen: dict[tuple[str, str], Seen] = {}

    def __iter__(self) -> Iterator[Seen]:
        """Yield them by ConceptMap, the most frequent first."""
        return iter(sorted(self._seen.values(), key=lambda one: (one.concept_map, -one.count, one.code)))

    def take(self, data: bytes, *, provider: str, received_at: datetime) -> None:
        """Map some messages and keep the codes that had no row; whatever else is wrong with them is not told."""
        try:
            rest = run(self.library, data, provider=provider, received_at=received_at, trace=False)
        except GatewayError as error:
            self.add(error.issues)
            return
        while True:
            try:
                self.add(next(rest).issues)
            except StopIteration:
                return
            except GatewayError as error:
                self.add(error.issues)

    def add(self, issues: Iterable[Issue]) -> None:
        """Keep the codes that some findings are about."""
        for issue in issues:
            named = _NAMED.search(issue.diagnostics)
            if issue.code == "unmapped-code" and issue.value and named:
                code = self._asked(named[1], issue.value)
                seen = self._seen.setdefault((named[1], code), Seen(named[1], code))
                seen.count += 1
                seen.places.update([unnumbered(issue.place.path)] if issue.place and issue.place.path else ())
                seen.rules.update([issue.rule] if issue.rule else ())

    def _asked(self, id_: str, value: str) -> str:
        """Return the code as the ConceptMap was asked for it, where that is the value but for capitals and blanks."""
        missed = self.maps[id_].missed if id_ in self.maps else ()
        bare = value.strip().casefold()
        return value if value in missed else next((code for code in missed if code.strip().casefold() == bare), value)
