"""Unions whose members are counted or mapped one by one: `|` takes two that are alike once, `combine()` takes both.

Alike are numbers and texts that are equal, objects that say the same, and elements of XML with the same text in them.
https://hl7.org/fhirpath/N1/#combining
"""

from collections.abc import Iterator

from gateway.fhirpath import ast
from gateway.mapping import ir
from gateway.mapping.compiler.sources import all_nodes
from gateway.mapping.spans import Problems

_PASSING = frozenset({"where", "select", "children", "descendants"})
_ADVICE = "takes two that are alike once: combine() takes both"


def check_unions(unit: ir.Unit, problems: Problems) -> None:
    """Warn of a union that is counted, and of one whose items are mapped each by itself."""
    for value, node in all_nodes(unit):
        if isinstance(node, ast.Call) and node.name == "count" and node.base is not None and _is_union(node.base):
            problems.add(value.span.shifted(node.start), f"the union that is counted {_ADVICE}", severity="warning")
    for value in _mapped_one_by_one(unit):
        if _is_union(value.node):
            problems.add(value.span, f"the union of what is mapped {_ADVICE}", severity="warning")


def _mapped_one_by_one(unit: ir.Unit) -> Iterator[ir.Expression]:
    if isinstance(unit, ir.Mapping) and unit.source.tree is not None and unit.source.tree.each is not None:
        yield unit.source.tree.each
    yield from (loop.source for template in unit.emit for loop in ir.loops(template))


def _is_union(node: ast.Node) -> bool:
    """Return whether a value is a union, or what some function keeps of one."""
    if isinstance(node, ast.Call) and node.base is not None:
        return node.name == "union" or (node.name in _PASSING and _is_union(node.base))
    return isinstance(node, ast.Binary) and node.operator == "|"
