"""What of a mapping another engine of HL7's mapping language would not run: hints, not mistakes."""

from collections.abc import Iterator

from gateway.fhirpath import ast
from gateway.mapping import functions, ir
from gateway.mapping.compiler.sources import Units, all_expressions
from gateway.mapping.spans import Problems, Span

_OWN = frozenset({"provider", "receivedAt", "controlId"})


def portability(mapping: ir.Mapping, units: Units, problems: Problems) -> None:
    """Note, as informations, what a mapping and the fragments it uses have that is this gateway's own."""
    waiting: list[ir.Unit] = [*mapping.groups] or [mapping]
    seen: set[str] = set()
    while waiting:
        unit = waiting.pop(0)
        if unit.file in seen:
            continue
        seen.add(unit.file)
        for span, text in dict.fromkeys(_hints(unit)):
            problems.add(span, f"not portable: {text}", code="not-portable", severity="information")
        found = (units.fragment(use) for use in unit.uses if use.concept_map is None)
        waiting += [fragment for fragment in found if fragment is not None]


def _hints(unit: ir.Unit) -> Iterator[tuple[Span, str]]:
    fragments = {use.alias for use in unit.uses if use.concept_map is None}
    for value in all_expressions(unit):
        for node in ast.walk(value.node):
            text = _of(node, fragments)
            if text is not None:
                yield value.span, text
    for template in unit.emit:
        for loop in ir.loops(template):
            if loop.index:
                yield loop.span, f"the index '{loop.index}' of a loop"


def _of(node: ast.Node, fragments: set[str]) -> str | None:
    if isinstance(node, ast.Call) and node.name in functions.NAMES:
        return f"the function {node.name}()"
    if isinstance(node, ast.Call) and node.base is None and node.name in fragments:
        return f"{node.name}() calls a group in an expression"
    if isinstance(node, ast.Constant) and node.name.split(".")[0] in _OWN:
        return f"%{node.name} is what the gateway knows"
    return "a segment by its qualifier" if isinstance(node, ast.SourcePath) and node.qualifier else None
