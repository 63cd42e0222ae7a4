"""The intermediate form: what a mapping is, whichever language it was written in.

A front end (YAML today; FML and StructureMap speak of the same things: sources, condition, check,
target, transform, children) makes it; checks, code generation, trace and coverage know only this.
Every part keeps its place in the map file.
"""

from collections.abc import Iterator
from dataclasses import field
from decimal import Decimal
from typing import Literal as OneOf
from typing import TypeAlias

from gateway.fhir.frozen import frozen
from gateway.fhirpath import Node
from gateway.mapping.spans import Span

Policy: TypeAlias = OneOf["fail", "quarantine", "drop-resource", "drop-element"]
POLICIES: tuple[Policy, ...] = ("fail", "quarantine", "drop-resource", "drop-element")


SEGMENTED = frozenset({"hl7v2", "edifact"})
"""Formats whose messages are segments with numbered fields, so that `PID-3.1` and `NAD-2.1` are paths into them."""
TREES = frozenset({"json", "ndjson", "xml", "fhir"})
"""The formats whose sources are trees: a leading name is an element of the message."""


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


@frozen(eq=False)
class Require:
    """What must be true before anything is emitted; or, when it only `warns`, what is told when it is not.

    `say` is English, `dutch` the same in Dutch; `expected` is what should stand there, in English and Dutch.
    """

    that: Expression
    say: str
    code: str
    span: Span
    warns: bool = False
    dutch: str | None = None
    expected: tuple[str, str] | None = None


@frozen()
class Use:
    """An alias of a ConceptMap or a fragment file."""

    alias: str
    target: str
    span: Span

    @property
    def concept_map(self) -> str | None:
        """Return the id of the ConceptMap it names, or None when it names a file."""
        return self.target.removeprefix("ConceptMap/") if self.target.startswith("ConceptMap/") else None


@frozen(eq=False)
class TreeSource:
    """What is said of a source that is a tree.

    `root` and `namespace` are of the root element of XML, `prefixes` the names of other namespaces in expressions.
    `array`: a JSON array of such messages is taken too. `control` is the id of a message, `event_time` its moment;
    `each` are the values that it is mapped by, each by itself.
    """

    root: str = ""
    namespace: str = ""
    prefixes: tuple[tuple[str, str], ...] = ()
    array: bool = False
    control: Expression | None = None
    event_time: Expression | None = None
    each: Expression | None = None


@frozen(eq=False)
class Source:
    """What a mapping reads, and which messages of that format it accepts."""

    format: str
    span: Span
    when: Expression | None = None
    columns: tuple[str, ...] = ()
    layout: "tuple[tuple[str, object], ...]" = ()
    tree: "TreeSource | None" = None
    named: bool = False  # used where it is asked for by name, and not because of what a message is


@frozen(eq=False)
class Unit:
    """What a mapping and a fragment have in common."""

    name: str
    file: str
    version: str
    span: Span
    uses: tuple[Use, ...] = ()
    lets: tuple[Binding, ...] = ()
    emit: tuple[Template, ...] = ()


@frozen(eq=False)
class Mapping(Unit):
    """One message in, resources out. `name` is its folder: `hl7v2/adt_a20_bed`."""

    url: str = ""
    title: str | None = None
    source: Source = field(default_factory=lambda: Source("", Span("")))
    requires: tuple[Require, ...] = ()
    each: str | None = None
    policy: Policy = "fail"
    groups: "tuple[Group, ...]" = ()  # of a map in FML; `emit` is then empty
    models: tuple[tuple[str, str], ...] = ()  # the structures it uses: alias, url


@frozen(eq=False)
class Fragment(Unit):
    """A datatype (or a set of resources) made from its parameters. `single`: it makes one, not a list."""

    type: str = ""
    parameters: tuple[str, ...] = ()
    single: bool = True


@frozen(eq=False)
class RuleSource:
    """What a rule of a group reads. `items` None: the variable `context` itself, whole.

    `variable` is the name of each item. `default` is used where there is none; `check` must hold, else `say` is said
    (`dutch`: in Dutch).
    """

    context: str
    items: Expression | None
    variable: str | None
    span: Span
    type: str | None = None
    least: int = 0
    most: str = "*"
    mode: str | None = None
    default: Expression | None = None
    condition: Expression | None = None
    check: Expression | None = None
    code: str = "required-missing"
    say: str | None = None
    warns: bool = False
    dutch: str | None = None


@frozen(eq=False)
class RuleTarget:
    """What a rule of a group makes: `context.element = transform(parameters) as variable`, parts left out None."""

    context: str | None
    element: str | None
    variable: str | None
    transform: str | None
    parameters: "tuple[Literal | Expression, ...]"
    span: Span
    modes: tuple[str, ...] = ()
    shared: str | None = None


@frozen(eq=False)
class GroupCall:
    """The call of a group, with the names it is given."""

    name: str
    arguments: tuple[str, ...]
    span: Span


@frozen(eq=False)
class Rule:
    """Sources, condition and check (in the sources), targets and transforms (in the targets), children."""

    name: str
    sources: tuple[RuleSource, ...]
    targets: tuple[RuleTarget, ...]
    span: Span
    rules: "tuple[Rule, ...]" = ()
    calls: tuple[GroupCall, ...] = ()
    simple: bool = False
    policy: Policy | None = None


@frozen()
class Parameter:
    """A parameter of a group; `kind` is `message` for a whole message, `record` for the row of a table, else empty."""

    name: str
    mode: OneOf["source", "target"]
    type: str | None
    span: Span
    kind: str = ""


@frozen(eq=False)
class Group(Fragment):
    """Rules under a name. `parameters` are its sources alone; called as a function it gives what its target became."""

    takes: tuple[Parameter, ...] = ()
    rules: tuple[Rule, ...] = ()
    extends: str | None = None
    policy: Policy | None = None  # of the resource that it makes
    mode: OneOf["none", "types", "type-and-types"] = "none"


def rules_of(rules: "tuple[Rule, ...]") -> "Iterator[Rule]":
    """Yield rules and the rules in them, at any depth."""
    for rule in rules:
        yield rule
        yield from rules_of(rule.rules)


def rule_expressions(rule: Rule) -> "Iterator[Expression]":
    """Yield every expression of one rule, not those of the rules in it."""
    for source in rule.sources:
        yield from (e for e in (source.items, source.default, source.condition, source.check) if e is not None)
    for target in rule.targets:
        yield from (parameter for parameter in target.parameters if isinstance(parameter, Expression))


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
