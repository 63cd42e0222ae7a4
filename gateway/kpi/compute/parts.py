"""What all formulas share: of what they are asked, how facts are split into cells, and numbers made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

from gateway.kpi.definitions import Definition
from gateway.kpi.facts import MINUTE, Facts, Span
from gateway.kpi.results import Cell, Computed, Figure, Number

T = TypeVar("T")
Labels = Mapping[str, str]
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a formula is asked: an indicator of a span and a region ('': all), with what happened up to `until`.

    `reasons` collects why the answer may be less than good.
    """

    definition: Definition
    facts: Facts
    span: Span
    until: int
    region: str = ""
    reasons: Counter[str] = field(default_factory=Counter)

    def within(self, region: str) -> bool:
        """Return whether a region is the one that is asked for, or a part of it."""
        return not self.region or region == self.region or region.startswith(f"{self.region}/")

    def during(self, at: int) -> bool:
        """Return whether a moment lies in the span."""
        return self.span[0] <= at < self.span[1]

    def flawed(self, *codes: str) -> None:
        """Take over what the facts say is missing of these kinds."""
        for code in codes:
            if self.facts.flaws.get(code):
                self.reasons[code] += self.facts.flaws[code]

    def parameter(self, name: str) -> int:
        """Return a number that the definition gives."""
        return int(self.definition.parameters[name])

    def words(self, name: str) -> tuple[str, ...]:
        """Return codes that the definition gives."""
        return tuple(self.definition.parameters[name])


Made = tuple[Sequence[Figure], int, Iterable[str]]
"""Figures of a part, of how many, and of which providers."""


def answer(
    asked: Asked, facts: Sequence[T], labels: Callable[[T], Labels], make: Callable[[Sequence[T]], Made]
) -> Computed:
    """Return the cells of some facts, the whole first and then each split, and the reasons that were collected."""
    cells = [_cell((), make(facts))]
    for split in asked.definition.splits:
        parts: dict[tuple[tuple[str, str], ...], list[T]] = {}
        for fact in facts:
            said = labels(fact)
            parts.setdefault(tuple((name, said.get(name) or UNKNOWN) for name in split), []).append(fact)
        cells += [_cell(about, make(parts[about])) for about in sorted(parts)]
    if not cells[0].n:
        asked.reasons["no-data"] += 1
    return Computed(tuple(cells), {code: number for code, number in asked.reasons.items() if number})


def share(part: int, of: int) -> Fraction | None:
    """Return a share, None of nothing."""
    return Fraction(part, of) if of else None


def shared(code: str, part: int, of: int) -> Figure:
    """Return a figure that is a share, with what it is made of."""
    return Figure(code, share(part, of), of, part)


def minutes(microseconds: Number | None) -> Fraction | None:
    """Return a time in minutes."""
    return None if microseconds is None else Fraction(microseconds) / MINUTE


def mean(values: Sequence[float]) -> Fraction | None:
    """Return the mean, None of nothing."""
    return Fraction(sum(map(Fraction, values)), len(values)) if values else None


def _cell(about: tuple[tuple[str, str], ...], made: Made) -> Cell:
    figures, n, providers = made
    named = frozenset(providers) - {""}
    return Cell(about, n, len(named), tuple(figures), named)
