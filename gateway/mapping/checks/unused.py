"""Names nobody uses: a `let` or `use` that was forgotten, or its user was."""

from collections.abc import Iterator

from gateway.fhirpath import ast
from gateway.mapping import ir
from gateway.mapping.compiler.sources import all_bindings, all_nodes
from gateway.mapping.spans import Problems


def check_unused(unit: ir.Unit, problems: Problems) -> None:
    """Warn of names and aliases that no expression mentions, and of parameters that a fragment ignores."""
    said = {name for node in _all(unit) for name in _names(node)}
    for binding in all_bindings(unit):
        if binding.name not in said:
            problems.add(binding.span, f"nothing uses the name '{binding.name}'", severity="warning")
    for use in unit.uses:
        if use.alias not in said:
            problems.add(use.span, f"nothing uses the alias '{use.alias}'", severity="warning")
    for parameter in unit.parameters if isinstance(unit, ir.Fragment) else ():
        if parameter not in said:
            problems.add(unit.span, f"nothing uses the parameter '{parameter}'", severity="warning")


def _all(unit: ir.Unit) -> Iterator[ast.Node]:
    if isinstance(unit, ir.Mapping) and unit.source.when:
        yield from ast.walk(unit.source.when.node)
    yield from (node for _, node in all_nodes(unit))


def _names(node: ast.Node) -> tuple[str, ...]:
    if isinstance(node, ast.Identifier):
        return (node.name,)
    if isinstance(node, ast.SourcePath):
        return (node.base,)
    return (node.name,) if isinstance(node, ast.Call) and node.base is None else ()
