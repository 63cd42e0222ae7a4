"""Which names of a mapping or fragment must stay pieces of the source, because something steps on from them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from gateway.fhirpath import ast
from gateway.mapping import ir
from gateway.mapping.concept_maps import ConceptMap


class Units(Protocol):
    """Where a program finds what its mapping uses."""

    @property
    def stepped(self) -> dict[str, frozenset[str]]:
        """The names that must stay pieces, by file, once they are known."""

    def fragment(self, use: ir.Use) -> ir.Fragment | None:
        """Return the fragment that an alias means, or None."""

    def concept_map(self, use: ir.Use) -> ConceptMap | None:
        """Return the ConceptMap that an alias means, or None."""


def source_parameters(fragment: ir.Fragment, units: Units, seen: frozenset[str] = frozenset()) -> frozenset[int]:
    """Return which parameters of a fragment are used as pieces of the source, by position."""
    found = stepped_names(fragment, units, seen)
    return frozenset(index for index, name in enumerate(fragment.parameters) if name in found)


def stepped_names(unit: ir.Unit, units: Units, seen: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the names that a unit uses as pieces of the source: it steps on from them, or passes them on to who does.

    A name made of such names counts with them: in `best: iif(a.exists(), a.first(), b)`, `a` and `b` with `best`.
    """
    if unit.file in seen:
        return frozenset()
    if unit.file not in units.stepped:
        units.stepped[unit.file] = _stepped_names(unit, units, seen)
    return units.stepped[unit.file]


def _stepped_names(unit: ir.Unit, units: Units, seen: frozenset[str]) -> frozenset[str]:
    deeper = seen | {unit.file}
    uses = {use.alias: use for use in unit.uses}
    found: set[str] = set()
    for _, node in all_nodes(unit):
        found |= _stepped(node) | _passed_on(node, uses, units, deeper)
    for binding in reversed(all_bindings(unit)):
        if binding.name in found:
            found |= _names_in(binding.value.node)
    for template in unit.emit:
        for loop in ir.loops(template):
            if loop.variable in found:
                found |= _names_in(loop.source.node)
    return frozenset(found)


def _names_in(node: ast.Node) -> set[str]:
    return {below.name for below in ast.walk(node) if isinstance(below, ast.Identifier)}


def _stepped(node: ast.Node) -> set[str]:
    if isinstance(node, ast.SourceStep):
        return _names_in(node.base)
    if isinstance(node, ast.Call) and node.base is not None and _steps_from_this(node):
        return _names_in(node.base)
    return {node.base} if isinstance(node, ast.SourcePath) and node.column is None else set()


def _passed_on(node: ast.Node, uses: Mapping[str, ir.Use], units: Units, seen: frozenset[str]) -> set[str]:
    use = uses.get(node.name) if isinstance(node, ast.Call) and node.base is None else None
    inner = units.fragment(use) if use and use.concept_map is None else None
    if inner is None or not isinstance(node, ast.Call):
        return set()
    wanted = source_parameters(inner, units, seen)
    passed = [argument for index, argument in enumerate(node.arguments) if index in wanted]
    return {name for argument in passed for name in _names_in(argument)}


def _steps_from_this(node: ast.Call) -> bool:
    """Return whether a call steps on from `$this`: `locals.where($this.5 = 'PI')`."""
    below = (inner for argument in node.arguments for inner in ast.walk(argument))
    return any(
        (isinstance(inner, ast.SourceStep) and isinstance(inner.base, ast.Special))
        or (isinstance(inner, ast.SourcePath) and inner.base == "$this")
        for inner in below
    )


def all_bindings(unit: ir.Unit) -> list[ir.Binding]:
    """Return every name that a unit gives: of `let`, and of `assign` anywhere in it."""
    return [*unit.lets, *(binding for template in unit.emit for binding in ir.bindings(template))]


@lru_cache(maxsize=4)
def all_nodes(unit: ir.Unit) -> tuple[tuple[ir.Expression, ast.Node], ...]:
    """Return every node of every expression of a mapping or fragment; each check of a unit goes over them."""
    return tuple((value, node) for value in all_expressions(unit) for node in ast.walk(value.node))


def all_expressions(unit: ir.Unit) -> list[ir.Expression]:
    """Return every expression of a mapping or fragment."""
    found = [binding.value for binding in unit.lets]
    found += [value for template in unit.emit for value in ir.expressions(template)]
    if isinstance(unit, ir.Mapping):
        found += [rule.that for rule in unit.requires]
    if isinstance(unit, ir.Group):
        found += [value for rule in ir.rules_of(unit.rules) for value in ir.rule_expressions(rule)]
    return found
