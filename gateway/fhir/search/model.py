"""A search as values: what is asked, with every name resolved and every value read.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from typing import Literal

from gateway.errors import Issue
from gateway.fhir.frozen import frozen
from gateway.fhir.parameters import SearchParameter
from gateway.fhir.search.paging import Page
from gateway.fhir.subsets import Summary

Prefix = Literal["eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap"]
Total = Literal["none", "estimate", "accurate"]


@frozen()
class Text:
    """A value of a string or uri parameter, as written."""

    text: str


@frozen()
class Token:
    """`system|code`. System None stands for any, '' for none; code None for any."""

    system: str | None
    code: str | None


@frozen()
class DateRange:
    """A date with its prefix; by its precision it covers [low, high) in UTC microseconds."""

    prefix: Prefix
    low: int
    high: int


@frozen()
class NumberRange:
    """A number with its prefix; `eq` and `ne` go by the range [low, high) of its precision, the others by `value`.

    For `ap` the range is a tenth of the value on either side, or that of its precision where that is wider.
    """

    prefix: Prefix
    value: float
    low: float
    high: float


@frozen()
class QuantityRange:
    """A number with a unit. System None stands for any, code None too; with system None the code may be a unit."""

    number: NumberRange
    system: str | None
    code: str | None


@frozen()
class Target:
    """What a reference points at. Types empty: any. A reference to elsewhere is the type '' and its URL as id.

    With a version it is a reference to that version which is asked for; '' stands for a reference with or without one.
    """

    types: tuple[str, ...]
    id: str
    version: str = ""


@frozen()
class Words:
    """Words of a text, folded, each of which must be there; with `*` at its end, as the beginning of one."""

    words: tuple[str, ...]


@frozen()
class Composite:
    """The two values of a composite parameter, in the order in which they are written."""

    parts: tuple[Value, Value]


@frozen()
class Near:
    """A place in degrees, and how far around it: `low` <= the square of the chord between the places < `high`.

    `unit` is that in which the distance was asked, `ucum` its code; `text` is all of it, nothing left out.
    """

    latitude: float
    longitude: float
    unit: str
    ucum: str
    text: str
    low: float
    high: float


@frozen()
class Missing:
    """The value of `:missing`."""

    missing: bool


Value = Text | Token | DateRange | NumberRange | QuantityRange | Target | Words | Composite | Near | Missing


@frozen()
class Filter:
    """One parameter with its values; a resource matches when any value does (with `not`: when none does).

    The codes of `:in`, `:not-in`, `:above` and `:below` stand here already: such a filter is one by codes, or `not`.
    """

    parameter: SearchParameter
    modifier: str | None
    values: tuple[Value, ...]


@frozen()
class Chain:
    """What the reference points at must match: one condition for each type it may point at, of which any may hold.

    `alike` is the system of a security label of which both have the same code, as a rule may ask; '' where none is.
    """

    parameter: SearchParameter
    targets: tuple[tuple[str, Condition], ...]
    alike: str = ""


@frozen()
class Has:
    """A resource of type `source` points here by `parameter` and matches `then`; `alike` is as that of a Chain."""

    source: str
    parameter: SearchParameter
    then: Condition
    alike: str = ""


@frozen()
class AnyOf:
    """One of several conditions holds, as in a compartment: the resource is about, or by, one and the same."""

    conditions: tuple[Condition, ...]


@frozen()
class AllOf:
    """Several conditions hold of one and the same resource: what a rule may ask of what points here, and no search."""

    conditions: tuple[Condition, ...]


@frozen()
class Not:
    """A condition does not hold of the resource: what a rule may ask, and no search."""

    condition: Condition


@frozen()
class Says:
    """A Consent says now who may see: it permits, or denies, one of some actors one of some kinds of content.

    What a rule may ask of a Consent, and no search; see `gateway.fhir.consents`.
    """

    denies: bool
    actors: tuple[str, ...]
    contents: tuple[str, ...]


Condition = Filter | Chain | Has | AnyOf | AllOf | Not | Says


@frozen()
class SortKey:
    """One key of the order; `parameter` may be `_id` or `_lastUpdated`."""

    parameter: SearchParameter
    descending: bool


@frozen()
class Include:
    """`_include` (forward) or `_revinclude`; target '' stands for any type, parameters are those of `source`."""

    source: str
    parameters: tuple[SearchParameter, ...]
    target: str
    reverse: bool
    iterate: bool


@frozen()
class SearchRequest:
    """A whole search. `applied` are the pairs that are in force, in canonical spelling: the self link is made of them.

    `issues` are the warnings of lenient handling. `page` is what a page link asks, of which the rest is read.
    `compartment` is that which is searched, as in `Patient/123`; '' for no compartment.
    """

    resource_type: str
    conditions: tuple[Condition, ...] = ()
    sort: tuple[SortKey, ...] = ()
    count: int = 50
    includes: tuple[Include, ...] = ()
    total: Total | None = None
    only_count: bool = False
    elements: tuple[str, ...] = ()
    summary: Summary | None = None
    page: Page | None = None
    applied: tuple[tuple[str, str], ...] = ()
    issues: tuple[Issue, ...] = ()
    compartment: str = ""

    @property
    def address(self) -> str:
        """Return where it is asked, relative to the FHIR base."""
        return f"{self.compartment}/{self.resource_type}" if self.compartment else self.resource_type
