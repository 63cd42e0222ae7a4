"""What is emitted: values, elements and what chooses and repeats them."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal as OneOf
from typing import TypeAlias

from gateway.fhir.frozen import frozen
from gateway.fhirpath import Node
from gateway.mapping.spans import Span

Policy: TypeAlias = OneOf["fail", "quarantine", "drop-resource", "drop-element"]
POLICIES: tuple[Policy, ...] = ("fail", "quarantine", "drop-resource", "drop-element")


@frozen()
class Literal:
    """A fixed value."""

    value: str | int | Decimal | bool
    span: Span


@frozen(eq=False)
class Expression:
    """A FHIRPath expression; `many` asks for all values instead of the first."""

    text: str
    node: Node
    span: Span  # where its text begins
    many: bool = False


@frozen(eq=False)
class Concat:
    """Text around values; empty when one of them is."""

    parts: "tuple[Literal | Expression, ...]"
    span: Span


@frozen(eq=False)
class Field:
    """One element of an object and how its value is made: a rule."""

    name: str
    value: "Template"
    span: Span


@frozen()
class Absent:
    """One thing that is said of an element that may be absent: the word, the element, how its items are told apart."""

    word: str
    path: str
    mode: str
    span: Span


@frozen(eq=False)
class AbsentField(Field):
    """The element that says what becomes of absent ones (`gateway.mapping.keeping`), and everything it says."""

    said: tuple[Absent, ...] = ()


@frozen(eq=False)
class Binding:
    """A name for a value, visible in what follows it."""

    name: str
    value: Expression
    span: Span


@frozen(eq=False)
class Assign:
    """Names that are visible in the rest of the object."""

    bindings: tuple[Binding, ...]
    span: Span


@frozen(eq=False)
class Branch:
    """One way of a choice; `condition` None is the last resort."""

    condition: Expression | None
    value: "Template"
    span: Span


@frozen(eq=False)
class Choice:
    """The first branch whose condition is true; among the elements of an object its elements join in."""

    branches: tuple[Branch, ...]
    span: Span


@frozen(eq=False)
class Loop:
    """One value for each item of a source."""

    variable: str
    index: str | None
    source: Expression
    body: "Template"
    span: Span


@frozen(eq=False)
class Merge:
    """Objects whose elements join the one they stand in; a later element wins."""

    parts: "tuple[Template, ...]"
    span: Span


@frozen(eq=False)
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


@frozen(eq=False)
class Items:
    """A list; an item that makes many is spliced in."""

    items: "tuple[Template, ...]"
    span: Span


Template: TypeAlias = Literal | Expression | Concat | Object | Items | Choice | Loop


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
