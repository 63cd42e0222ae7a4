"""A search as values: what is asked, with every name resolved and every value read.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.errors import Issue
from gateway.fhir.parameters import SearchParameter

Prefix = Literal["eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap"]
Total = Literal["none", "estimate", "accurate"]


@dataclass(frozen=True, slots=True)
class Text:
    """A value of a string or uri parameter, as written."""

    text: str


@dataclass(frozen=True, slots=True)
class Token:
    """`system|code`. System None stands for any, '' for none; code None for any."""

    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class DateRange:
    """A date with its prefix; by its precision it covers [low, high) in UTC microseconds."""

    prefix: Prefix
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class NumberRange:
    """A number with its prefix; `eq` and `ne` go by the range [low, high) of its precision, the others by `value`."""

    prefix: Prefix
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class QuantityRange:
    """A number with a unit. System None stands for any, code None too; with system None the code may be a unit."""

    number: NumberRange
    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Target:
    """What a reference points at. Types empty: any. A reference to elsewhere is the type '' and its URL as id."""

    types: tuple[str, ...]
    id: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The value of `:missing`."""

    missing: bool


Value = Text | Token | DateRange | NumberRange | QuantityRange | Target | Missing


@dataclass(frozen=True, slots=True)
class Filter:
    """One parameter with its values; a resource matches when any value does (with `not`: when none does)."""

    parameter: SearchParameter
    modifier: str | None
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """What the reference points at must match: one condition for each type it may point at, of which any may hold."""

    parameter: SearchParameter
    targets: tuple[tuple[str, Condition], ...]


@dataclass(frozen=True, slots=True)
class Has:
    """A resource of type `source` points here by `parameter` and matches `then`."""

    source: str
    parameter: SearchParameter
    then: Condition


Condition = Filter | Chain | Has


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of the order; `parameter` may be `_id` or `_lastUpdated`."""

    parameter: SearchParameter
    descending: bool


@dataclass(frozen=True, slots=True)
class Include:
    """`_include` (forward) or `_revinclude`; target '' stands for any type, parameters are those of `source`."""

    source: str
    parameters: tuple[SearchParameter, ...]
    target: str
    reverse: bool
    iterate: bool


@dataclass(frozen=True)
class SearchRequest:
    """A whole search. `applied` are the pairs that are in force, in canonical spelling: the self link is made of them.

    `issues` are the warnings of lenient handling. `page` is the token of a page link, of which the rest is read.
    """

    resource_type: str
    conditions: tuple[Condition, ...] = ()
    sort: tuple[SortKey, ...] = ()
    count: int = 50
    includes: tuple[Include, ...] = ()
    total: Total | None = None
    only_count: bool = False
    elements: tuple[str, ...] = ()
    page: str | None = None
    applied: tuple[tuple[str, str], ...] = ()
    issues: tuple[Issue, ...] = ()
