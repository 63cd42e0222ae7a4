"""Names that a mapping of a tree reads and that no message of its cases has: mostly slips, for any name may be asked.

Followed is what comes from the message: leading names, steps from those, and names of `let`, `assign`, `for` and
parameters that stand for such values. A step from what a function made (a Coding, say) is not looked at.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError
from gateway.fhir.types import resource_types
from gateway.fhirpath import ast
from gateway.formats import fhirjson, fhirxml, jsontree, xmltree
from gateway.mapping import ir
from gateway.mapping.compiler.sources import Units
from gateway.mapping.spans import Problems, Span, suggestion

_SAME = frozenset({"where", "first", "last", "tail", "skip", "take", "single", "distinct", "children", "descendants",
                   "ofType", "trace", "extension"})  # fmt: skip
_MADE_BY_READER = frozenset({"xmlText", "resourceType"})
_THIS = "$this"
_NEAR = 0.75  # so alike that it is probably a slip

Scope = Mapping[str, bool]
"""The names that are given, each with whether what it stands for comes from the message."""


def names_in(messages: Iterable[Path], format_: str) -> frozenset[str]:
    """Return the names of all elements, attributes and properties in some messages; what cannot be read has none."""
    found: set[str] = set()
    for path in messages:
        data = path.read_bytes()
        for part in data.splitlines() if format_ == "ndjson" else (data,):
            try:
                found |= _names(part, format_)
            except GatewayError:
                continue
    return frozenset(found)


def check_absent(mapping: ir.Mapping, units: Units, present: frozenset[str], problems: Problems) -> None:
    """Report each name a mapping reads that is not among those present: a warning where one is nearly so called."""
    finder = _Finder(units, mapping.source.format)
    tree = mapping.source.tree
    for one in (mapping.source.when, *((tree.control, tree.event_time, tree.each) if tree else ())):
        if one is not None:
            finder.expression(one, {})
    scope = finder.unit(mapping, {})
    for rule in mapping.requires:
        finder.expression(rule.that, scope)
    for name, span in finder.found.items():
        if name not in present and not any(_is_choice(name, known) for known in present):
            hint = suggestion(name, sorted(one for one in present if not _is_numbered(name, one)), at_least=_NEAR)
            text = f"no message of the cases has a '{name}'{hint}"
            problems.add(span, text, severity="warning" if hint else "information")


def _is_choice(name: str, known: str) -> bool:
    """Return whether a name is that of a choice of FHIR: `value` of `valueQuantity`."""
    return known.startswith(name) and known[len(name) : len(name) + 1].isupper()


def _is_numbered(name: str, known: str) -> bool:
    """Return whether two names differ by their number alone, as `component5` and `component` of HL7 v3 do."""
    return name.rstrip("0123456789") == known.rstrip("0123456789")


def _names(data: bytes, format_: str) -> set[str]:
    if format_ == "xml":
        return xmltree.parse(data).all_names()
    if format_ == "fhir":
        return _keys((fhirxml.parse(data) if data.lstrip()[:1] == b"<" else fhirjson.parse(data)).resource)
    return _keys(jsontree.parse(data).root) if data.strip() else set()


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(_keys, value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


class _Finder:
    """Follows what comes from the message; `found` are the names that are read of it, with where first."""

    def __init__(self, units: Units, format_: str) -> None:
        self.units = units
        self.found: dict[str, Span] = {}
        self._types = resource_types() if format_ == "fhir" else frozenset()
        self._seen: set[tuple[str, tuple[bool, ...]]] = set()
        self._uses: dict[str, ir.Use] = {}
        self._at = Span("")

    def unit(self, unit: ir.Unit, scope: Scope) -> Scope:
        """Follow all expressions of a unit, and return the names it gives."""
        before, self._uses = self._uses, {use.alias: use for use in unit.uses}
        for binding in unit.lets:
            scope = {**scope, binding.name: self.expression(binding.value, scope)}
        for template in unit.emit:
            self._template(template, scope)
        if not isinstance(unit, ir.Mapping):
            self._uses = before
        return scope

    def expression(self, value: ir.Expression, scope: Scope) -> bool:
        """Follow an expression, and return whether its value comes from the message."""
        before, self._at = self._at, value.span
        try:
            return self._node(value.node, scope)
        finally:
            self._at = before

    def _template(self, template: Any, scope: Scope) -> None:
        if isinstance(template, ir.Expression):
            self.expression(template, scope)
        elif isinstance(template, ir.Loop):
            scope = {**scope, template.variable: self.expression(template.source, scope)}
            self._template(template.body, {**scope, template.index: False} if template.index else scope)
        elif isinstance(template, ir.Object):
            self._object(template, scope)
        else:
            for branch in template.branches if isinstance(template, ir.Choice) else ():
                if branch.condition is not None:
                    self.expression(branch.condition, scope)
            for part in ir.inside(template):
                self._template(part, scope)

    def _object(self, template: ir.Object, scope: Scope) -> None:
        for member in template.members:
            if isinstance(member, ir.Assign):
                for binding in member.bindings:
                    scope = {**scope, binding.name: self.expression(binding.value, scope)}
            elif isinstance(member, ir.Field):
                self._template(member.value, scope)
            elif isinstance(member, ir.Merge):
                for part in member.parts:
                    self._template(part, scope)
            else:
                self._template(member, scope)

    # ---- expressions: in iterations `$this` is one of the names of the scope

    def _node(self, node: ast.Node, scope: Scope) -> bool:
        match node:
            case ast.Index():
                self._node(node.index, scope)
                return self._node(node.base, scope)
            case ast.Call():
                return self._call(node, scope)
            case ast.Binary():
                sides = self._node(node.left, scope), self._node(node.right, scope)
                return node.operator == "|" and any(sides)
            case ast.Unary() | ast.TypeTest():
                self._node(node.operand, scope)
                return False
        return self._path(node, scope)

    def _path(self, node: ast.Node, scope: Scope) -> bool:
        match node:
            case ast.Identifier():
                return self._leading(node.name, node, scope)
            case ast.SourcePath():
                return self._leading(node.base, node, scope) and self._step(node.column, node)
            case ast.SourceStep():
                return self._node(node.base, scope) and self._step(node.column, node)
            case ast.Member():
                return self._node(node.base, scope) and self._step(node.name, node)
            case ast.Constant():
                return node.name == "message"
        return isinstance(node, ast.Special) and scope.get(_THIS, False)

    def _leading(self, name: str, node: ast.Node, scope: Scope) -> bool:
        if name in scope:
            return scope[name]
        if name == _THIS or name in self._uses or scope.get(_THIS) is False:
            return False
        return name in self._types or self._step(name, node)

    def _step(self, name: str | None, node: ast.Node) -> bool:
        if name is not None:
            local = name.removeprefix("@").rpartition(":")[2].rpartition("}")[2]
            if local not in _MADE_BY_READER:
                self.found.setdefault(local, self._at.shifted(node.start))
        return True

    def _call(self, node: ast.Call, scope: Scope) -> bool:
        if node.base is None:
            given = tuple(self._node(argument, scope) for argument in node.arguments)
            self._fragment(node.name, given)
            return node.name == "iif" and any(given[1:])
        base = self._node(node.base, scope)
        made = [self._node(argument, {**scope, _THIS: base}) for argument in node.arguments]
        return (base and node.name in _SAME) or (node.name == "select" and any(made))

    def _fragment(self, alias: str, given: tuple[bool, ...]) -> None:
        use = self._uses.get(alias)
        fragment = self.units.fragment(use) if use and use.concept_map is None else None
        if fragment is not None and (fragment.file, given) not in self._seen:
            self._seen.add((fragment.file, given))
            self.unit(fragment, dict(zip(fragment.parameters, given, strict=False)))
