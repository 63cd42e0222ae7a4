"""The intermediate form: what a mapping is, whichever language it was written in.

A front end (YAML today; FML and StructureMap speak of the same things: sources, condition, check,
target, transform, children) makes it; checks, code generation, trace and coverage know only this.
Every part keeps its place in the map file.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal as OneOf
from typing import TypeAlias

from gateway.fhirpath import Node
from gateway.mapping.spans import Span

Policy: TypeAlias = OneOf["fail", "quarantine", "drop-resource", "drop-element"]
POLICIES: tuple[Policy, ...] = ("fail", "quarantine", "drop-resource", "drop-element")


SEGMENTED = frozenset({"hl7v2", "edifact"})
"""Formats whose messages are segments with numbered fields, so that `PID-3.1` and `NAD-2.1` are paths into them."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A fixed value."""

    value: str | int | Decimal | bool
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A FHIRPath expression; `many` asks for all values instead of the first."""

    text: str
    node: Node
    span: Span  # where its text begins
    many: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Concat:
    """Text around values; empty when one of them is."""

    parts: "tuple[Literal | Expression, ...]"
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One element of an object and how its value is made: a rule."""

    name: str
    value: "Template"
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """A name for a value, visible in what follows it."""

    name: str
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Assign:
    """Names that are visible in the rest of the object."""

    bindings: tuple[Binding, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """One way of a choice; `condition` None is the last resort."""

    condition: Expression | None
    value: "Template"
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The first branch whose condition is true; among the elements of an object its elements join in."""

    branches: tuple[Branch, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """One value for each item of a source."""

    variable: str
    index: str | None
    source: Expression
    body: "Template"
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Merge:
    """Objects whose elements join the one they stand in; a later element wins."""

    parts: "tuple[Template, ...]"
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """A resource, a datatype or a backbone; `members` in the order they are applied."""

    members: "tuple[Field | Assign | Choice | Merge, ...]"
    span: Span
    policy: Policy | None = None

    @property
    def fields(self) -> "tuple[Field, ...]":
        """Return its plain elements."""
        return tuple(member for member in self.members if isinstance(member, Field))

    @property
    def resource_type(self) -> str | None:
        """Return the literal `resourceType`, if it has one."""
        for member in self.fields:
            if member.name == "resourceType" and isinstance(member.value, Literal):
                return str(member.value.value)
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """A list; an item that makes many is spliced in."""

    items: "tuple[Template, ...]"
    span: Span


Template: TypeAlias = Literal | Expression | Concat | Object | Items | Choice | Loop


@dataclass(frozen=True, slots=True, eq=False)
class Require:
    """What must be true before anything is emitted."""

    that: Expression
    say: str
    code: str
    span: Span


@dataclass(frozen=True, slots=True)
class Use:
    """An alias of a ConceptMap or a fragment file."""

    alias: str
    target: str
    span: Span

    @property
    def concept_map(self) -> str | None:
        """Return the id of the ConceptMap it names, or None when it names a file."""
        return self.target.removeprefix("ConceptMap/") if self.target.startswith("ConceptMap/") else None


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What a mapping reads, and which messages of that format it accepts."""

    format: str
    span: Span
    when: Expression | None = None
    columns: tuple[str, ...] = ()
    layout: "tuple[tuple[str, object], ...]" = ()


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """What a mapping and a fragment have in common."""

    name: str
    file: str
    version: str
    span: Span
    uses: tuple[Use, ...] = ()
    lets: tuple[Binding, ...] = ()
    emit: tuple[Template, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Mapping(Unit):
    """One message in, resources out. `name` is its folder: `hl7v2/adt_a20_bed`."""

    url: str = ""
    title: str | None = None
    source: Source = field(default_factory=lambda: Source("", Span("")))
    requires: tuple[Require, ...] = ()
    each: str | None = None
    policy: Policy = "fail"


@dataclass(frozen=True, slots=True, eq=False)
class Fragment(Unit):
    """A datatype (or a set of resources) made from its parameters. `single`: it makes one, not a list."""

    type: str = ""
    parameters: tuple[str, ...] = ()
    single: bool = True


def inside(template: Template) -> "Iterator[Template]":
    """Yield the templates directly inside one."""
    if isinstance(template, Concat):
        yield from template.parts
    elif isinstance(template, Items):
        yield from template.items
    elif isinstance(template, Choice):
        yield from (branch.value for branch in template.branches)
    elif isinstance(template, Loop):
        yield template.body
    elif isinstance(template, Object):
        for member in template.members:
            yield from _member(member)


def _member(member: "Field | Assign | Choice | Merge") -> "Iterator[Template]":
    if isinstance(member, Field):
        yield member.value
    elif isinstance(member, Merge):
        yield from member.parts
    elif isinstance(member, Choice):
        yield member


def expressions(template: Template) -> "Iterator[Expression]":
    """Yield every expression in a template, conditions and loop sources included."""
    if isinstance(template, Expression):
        yield template
    elif isinstance(template, Loop):
        yield template.source
    elif isinstance(template, Choice):
        yield from (branch.condition for branch in template.branches if branch.condition)
    elif isinstance(template, Object):
        for member in template.members:
            if isinstance(member, Assign):
                yield from (binding.value for binding in member.bindings)
    for part in inside(template):
        yield from expressions(part)


def bindings(template: Template) -> "Iterator[Binding]":
    """Yield every name given in a template, at any depth."""
    if isinstance(template, Object):
        for member in template.members:
            if isinstance(member, Assign):
                yield from member.bindings
    for part in inside(template):
        yield from bindings(part)


def loops(template: Template) -> "Iterator[Loop]":
    """Yield every loop in a template, at any depth."""
    if isinstance(template, Loop):
        yield template
    for part in inside(template):
        yield from loops(part)
