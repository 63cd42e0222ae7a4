"""Which rules a mapping can come to at all, whatever a message or a provider says.

A fragment is written for many: a mapping that gives it nothing (`{}`) for a parameter never comes to the rules that ask
for that parameter, and no case of that mapping can fire them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gateway.fhirpath import ast
from gateway.mapping import ir
from gateway.mapping.compiler.frame import Frame, Name, outermost
from gateway.mapping.compiler.prepare import Arguments, Prepare
from gateway.mapping.compiler.rules import Rule
from gateway.mapping.compiler.sources import Units
from gateway.mapping.spans import Span

_SOMETHING = Name("")
_WANTED = Arguments(frozenset())
_FROM_NOTHING = frozenset(
    {
        *("exists", "empty", "count", "not", "all", "allTrue", "allFalse", "anyTrue", "anyFalse", "isDistinct"),
        *("subsetOf", "supersetOf", "union", "combine", "aggregate", "iif"),
    }
)
"""Functions that can make something of an empty collection."""
_COMPARING = frozenset({"=", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "div", "mod"})
"""Operators that make nothing when one side is empty."""


def beyond(mapping: ir.Mapping, units: Units, rules: Iterable[Rule]) -> set[Rule]:
    """Return those of some rules that a mapping in YAML, with the fragments it calls, can never come to."""
    walk = _Reach(units, tree=mapping.source.format in ir.TREES)
    walk.unit(mapping, outermost(mapping))
    return {rule for rule in rules if rule.span not in (walk.tests if rule.target is None else walk.spans)}


class _Reach:
    """Walks templates; each method says whether what it was given can make anything."""

    def __init__(self, units: Units, *, tree: bool) -> None:
        self.units = units
        self.tree = tree
        self.spans: set[Span] = set()  # of what makes something
        self.tests: set[Span] = set()  # of conditions, loops, names and requirements
        self.known: dict[tuple[object, ...], bool] = {}

    def unit(self, unit: ir.Unit, frame: Frame) -> bool:
        """Walk a mapping or fragment in the frame of its parameters."""
        frame = self.bound(unit.lets, frame)
        for rule in unit.requires if isinstance(unit, ir.Mapping) else ():
            self.tests.add(rule.span)
            self.folded(rule.that, frame)
        return self.any(unit.emit, frame)

    def bound(self, bindings: Sequence[ir.Binding], frame: Frame) -> Frame:
        """Return the frame in which names are visible."""
        for binding in bindings:
            self.tests.add(binding.span)
            frame = frame.having({binding.name: _named(self.folded(binding.value, frame))})
        return frame

    def any(self, templates: Sequence[ir.Template], frame: Frame) -> bool:
        """Walk them all."""
        made = [self.template(one, frame) for one in templates]  # every one, for what each calls
        return any(made)

    def template(self, template: ir.Template, frame: Frame) -> bool:
        """Walk a template; its place is noted when it can make something."""
        made = self.value(template, frame)
        if made:
            self.spans.add(template.span)
        return made

    def value(self, template: ir.Template, frame: Frame) -> bool:
        """Return whether a template can make something."""
        match template:
            case ir.Expression():
                return self.something(self.folded(template, frame), frame)
            case ir.Concat():
                parts = [part for part in template.parts if isinstance(part, ir.Expression)]
                given = [self.something(self.folded(part, frame), frame) for part in parts]
                return all(given)
            case ir.Object():
                return self.members(template, frame)
            case ir.Items():
                return self.any(template.items, frame)
            case ir.Choice():
                return self.choice(template, frame)
            case ir.Loop():
                inner = frame.having({name: _SOMETHING for name in (template.variable, template.index) if name})
                self.tests.add(template.span)
                source = self.something(self.folded(template.source, frame), frame)
                return source and self.template(template.body, inner)
        return True

    def members(self, template: ir.Object, frame: Frame) -> bool:
        """Walk the elements of an object."""
        made = False
        for member in template.members:
            if isinstance(member, ir.Assign):
                frame = self.bound(member.bindings, frame)
            elif isinstance(member, ir.Field):
                made |= self.template(member.value, frame)
            elif isinstance(member, ir.Choice):
                made |= self.choice(member, frame)
            else:
                made |= self.any(member.parts, frame)
        return made

    def choice(self, choice: ir.Choice, frame: Frame) -> bool:
        """Walk the branches that a message can take."""
        made = False
        for branch in choice.branches:
            if branch.condition is not None and not _possible(self.folded(branch.condition, frame)):
                continue
            self.tests.add(branch.span)
            made |= self.template(branch.value, frame)
        return made

    def folded(self, expression: ir.Expression, frame: Frame) -> ast.Node:
        """Return what is left of an expression once what the map alone says is worked out; walk what it calls."""

        def fragment(name: str) -> Arguments | None:
            return _WANTED if self.fragment(name, frame) else None

        node = Prepare(frame, None, fragment, tree=self.tree, folding=True).run(expression.node, pieces=False).node
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and call.base is None:
                self.called(call, frame)
        return node

    def something(self, node: ast.Node, frame: Frame) -> bool:
        """Return whether an expression that was folded can give anything."""
        if isinstance(node, ast.Call) and node.base is None and self.fragment(node.name, frame):
            return self.called(node, frame)
        return not _nothing(node)

    def called(self, call: ast.Call, frame: Frame) -> bool:
        """Walk a fragment with the arguments of a call; True for what is no fragment."""
        fragment = self.fragment(call.name, frame)
        if fragment is None:
            return True
        names = tuple(_named(argument) for argument in call.arguments)
        key = (fragment.file, fragment.name, *(name.signature for name in names))
        if key not in self.known:
            self.known[key] = True  # of one that calls itself, which is refused elsewhere
            given = dict(zip(fragment.parameters, names, strict=False))
            self.known[key] = self.unit(fragment, outermost(fragment).having(given))
        return self.known[key]

    def fragment(self, name: str, frame: Frame) -> ir.Fragment | None:
        """Return the fragment that an alias means here."""
        use = frame.uses.get(name)
        return self.units.fragment(use) if use and use.concept_map is None else None


def _named(node: ast.Node) -> Name:
    if _nothing(node):
        return replace(_SOMETHING, fixed=ast.Empty())
    return replace(_SOMETHING, fixed=node) if isinstance(node, ast.Literal) else _SOMETHING


def _nothing(node: ast.Node) -> bool:
    """Return whether an expression that was folded is surely empty: it is, or it goes on from what is."""
    if isinstance(node, ast.Call):
        return node.base is not None and node.name not in _FROM_NOTHING and _nothing(node.base)
    if isinstance(node, ast.Member | ast.Index | ast.SourceStep):
        return _nothing(node.base)
    if isinstance(node, ast.Binary):
        return node.operator in _COMPARING and (_nothing(node.left) or _nothing(node.right))
    return isinstance(node, ast.Empty)


def _possible(node: ast.Node) -> bool:
    """Return whether a condition that was folded can be true."""
    if isinstance(node, ast.Binary) and node.operator == "and":
        return _possible(node.left) and _possible(node.right)
    if isinstance(node, ast.Binary) and node.operator == "or":
        return _possible(node.left) or _possible(node.right)
    if isinstance(node, ast.Call) and node.name == "exists" and node.base is not None and not node.arguments:
        return not _nothing(node.base)
    if isinstance(node, ast.Literal):
        return node.value is not False
    return not _nothing(node)
