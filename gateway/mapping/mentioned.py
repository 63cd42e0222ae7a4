"""Which names of its source a mapping mentions: columns, elements, attributes. Worked out from its text, once."""

from collections.abc import Iterator

from gateway.fhirpath import ast
from gateway.mapping import ir
from gateway.mapping.compiler.sources import Units, all_expressions


def mentioned(mapping: ir.Mapping, units: Units) -> frozenset[str]:
    """Return the names that the expressions of a mapping, and of the fragments and groups it uses, may step by."""
    source = mapping.source
    tree = source.tree
    asked = (source.when, tree.control, tree.event_time, tree.each) if tree else (source.when,)
    found = {name for one in asked if one is not None for name in _names(one.node)}
    for unit in units_of(mapping, units):
        found.update(name for value in all_expressions(unit) for name in _names(value.node))
    found |= {name.removeprefix("@").rpartition(":")[2] for name in found}  # `@code` and `sdtc:raceCode` of XML
    return frozenset(found | set(source.columns))


def units_of(mapping: ir.Mapping, units: Units) -> Iterator[ir.Unit]:
    """Yield a mapping, its groups, and every fragment that is used by any of them, once."""
    todo: list[ir.Unit] = [mapping, *mapping.groups]
    seen: set[str] = set()
    while todo:
        unit = todo.pop()
        if unit.file in seen:
            continue
        seen.add(unit.file)
        yield unit
        used = (units.fragment(use) for use in unit.uses if use.concept_map is None)
        todo += [fragment for fragment in used if fragment is not None]


def _names(node: ast.Node) -> Iterator[str]:
    for below in ast.walk(node):
        if isinstance(below, ast.Identifier | ast.Member):
            yield below.name
        elif isinstance(below, ast.SourcePath):
            yield below.column or below.base
        elif isinstance(below, ast.SourceStep) and below.column is not None:
            yield below.column
