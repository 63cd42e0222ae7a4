"""What comes of an indicator: its figures with their n, period, version and quality, in cells; and what of it an
outsider sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from gateway.kpi.facts import Span

if TYPE_CHECKING:
    from gateway.kpi.definitions import Definition

Number = int | float | Fraction

FEWEST_REQUESTS, FEWEST_PROVIDERS = 5, 2
"""What a cell is about at least for others to see it."""

Hidden = Literal["", "small", "beside"]

BADGES = ("good", "limited", "provisional", "insufficient")
"""How far a result can be relied on, from the best down."""

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "not-settled": "provisional",
        "no-data": "insufficient",
        "too-few-providers": "insufficient",
        "no-baseline": "limited",
        "open-requests": "limited",
        "end-announced": "limited",
        "stop-goes-on": "limited",
        "stop-not-copied": "limited",
        "stale": "limited",
        "no-source-time": "limited",
        "clock-ahead": "limited",
        "no-open-count": "limited",
        "no-position": "limited",
        "reported-twice": "limited",
        "no-arrival": "limited",
        "no-region": "limited",
        "no-care-type": "limited",
        "no-patient": "limited",
        "no-ready-date": "limited",
        "no-ladder-step": "limited",
        "no-response-rate": "limited",
        "no-review-date": "limited",
        "not-probed": "limited",
        "no-reads": "limited",
        "reads-sampled": "limited",
    }
)
"""Why a result is no better than its badge says, with the badge that each makes at best."""


class Figure(NamedTuple):
    """One number of an indicator, None where it cannot be told; `n` of what it is made, `part` how many of those."""

    code: str
    value: Number | None
    n: int | None = None
    part: int | None = None


class Cell(NamedTuple):
    """The figures of a part: `about` names it (`care`: `elv-hoog`), nothing names the whole.

    `n` is what it is made of and `providers` how many providers. `hidden`: it is about too few for others to see it
    (`small`), or tells with the whole of one that is (`beside`).
    """

    about: tuple[tuple[str, str], ...]
    n: int
    providers: int
    figures: tuple[Figure, ...]
    owners: frozenset[str] = frozenset()
    hidden: Hidden = ""

    def figure(self, code: str) -> Figure:
        """Return a figure by its code. KeyError."""
        for one in self.figures:
            if one.code == code:
                return one
        raise KeyError(code)


class Computed(NamedTuple):
    """What the formula makes of facts: cells, the whole first, and why it may be less than good, with how often."""

    cells: tuple[Cell, ...]
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Result:
    """An indicator of a period. `known`: what came after that moment is not in it; `region` is '' for all of them."""

    definition: Definition
    span: Span
    region: str
    known: int
    computed_at: int
    cells: tuple[Cell, ...]
    reasons: tuple[tuple[str, int], ...] = ()

    @property
    def badge(self) -> str:
        """Return how far it can be relied on: as far as its worst reason lets it."""
        return max((REASONS[code] for code, _ in self.reasons), key=BADGES.index, default=BADGES[0])

    @property
    def whole(self) -> Cell:
        """Return the cell of everything."""
        return self.cells[0]


def for_outsiders(result: Result, own: Iterable[str] = ()) -> Result:
    """Return a result as others see it: cells of few requests or providers tell nothing but that they are small.

    Where one cell alone of a kind would be hidden the next smallest is too: what is left of the whole would tell it.
    `own` are the organisations of who looks: a cell that is about these alone is theirs to see.
    """
    mine = frozenset(own)
    others = [cell for cell in result.cells if not (cell.owners and cell.owners <= mine)]
    small = {cell.about for cell in others if is_small(cell)}
    kinds = {tuple(name for name, _ in cell.about) for cell in others}
    beside = {about for kind in kinds - {()} for about in _beside(kind, small, others)}
    found = (
        _hidden(one, "small") if one.about in small else _hidden(one, "beside") if one.about in beside else one
        for one in result.cells
    )
    return replace(result, cells=tuple(found))


def is_small(cell: Cell) -> bool:
    """Return whether a cell is about so few that it tells of somebody; one that is about nothing tells nothing."""
    return cell.n > 0 and (cell.n < FEWEST_REQUESTS or cell.providers < FEWEST_PROVIDERS)


def _beside(
    kind: tuple[str, ...], hidden: set[tuple[tuple[str, str], ...]], cells: Sequence[Cell]
) -> set[tuple[tuple[str, str], ...]]:
    alike = [one for one in cells if tuple(name for name, _ in one.about) == kind]
    shown = [one for one in alike if one.about not in hidden and one.n]
    if len([one for one in alike if one.about in hidden]) == 1 and shown:
        return {min(shown, key=lambda one: (one.n, one.about)).about}
    return set()


def _hidden(cell: Cell, why: Hidden) -> Cell:
    figures = tuple(Figure(one.code, None) for one in cell.figures)
    return cell._replace(n=0, providers=0, figures=figures, owners=frozenset(), hidden=why)
