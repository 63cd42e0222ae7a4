"""Groups of rules, as FML and StructureMap say them."""

from collections.abc import Iterator
from typing import Literal as OneOf

from gateway.fhir.frozen import frozen
from gateway.mapping.ir.templates import Expression, Literal, Policy
from gateway.mapping.ir.units import Fragment
from gateway.mapping.spans import Span


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
