"""What every writer of a part of a rule has: the program it writes for, the function body, and the group."""

from typing import Protocol

from gateway.mapping import ir
from gateway.mapping.compiler.body import Body
from gateway.mapping.compiler.frame import Name
from gateway.mapping.compiler.rules import Rules
from gateway.mapping.compiler.shared import Expressions
from gateway.mapping.fml.scope import Target
from gateway.mapping.fml.slots import Slot, missing, slot
from gateway.mapping.fml.values import Values
from gateway.mapping.spans import Problems, Span


class Builder(Protocol):
    """What the rules ask of the program they become part of."""

    problems: Problems
    rules: Rules
    expressions: Expressions
    mapping: ir.Mapping
    groups: dict[str, ir.Group]

    def constant(self, value: object, hint: str) -> str:
        """Return the name under which generated code sees a value."""

    def group(self, name: str, span: Span) -> ir.Group | None:
        """Return a group; none is a problem."""

    def function(self, group: ir.Group, given: list[Name | Target | str]) -> str:
        """Return the function of a group for arguments of some kinds."""


class Part:
    """Writes one part of rules into one function body."""

    def __init__(self, builder: Builder, body: Body, group: ir.Group) -> None:
        self.builder = builder
        self.body = body
        self.group = group
        self.expressions = builder.expressions
        self.values = Values(builder)

    def number(self, rule: ir.Rule, span: Span, word: str = "", target: str | None = None) -> int:
        """Return the number of a rule, or of one target of it."""
        name = f"{self.group.name}.{rule.name}"
        return self.builder.rules.add(f"{name} {word}".rstrip(), span, target)

    def problems(self, span: Span, text: str) -> None:
        """Note a problem."""
        self.builder.problems.add(span, text)

    def slot(self, holder: Target, target: ir.RuleTarget) -> Slot | None:
        """Return where an element of a target stands; one that its type does not have is a problem."""
        assert target.element is not None
        if holder.plain and target.element == "value":
            return Slot("value", listed=False, types=(holder.type,) if holder.type else ())
        if holder.several:
            return Slot("value", listed=True, types=(holder.type,) if holder.type else ())
        found = slot(holder.type, target.element)
        if found is None and holder.type is not None:
            self.problems(target.span, missing(holder.type, target.element))
        return found


def below(holder: Target, element: str) -> str:
    """Return the path of an element; what holds a plain value, or each of many, is itself the element."""
    if holder.several or holder.plain:
        return holder.path
    return f"{holder.path}.{element}" if holder.path else element


def plain_name(name: str) -> str:
    """Return a name with only what a Python name may hold."""
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in name)
