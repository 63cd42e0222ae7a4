"""Rules that can never apply: a condition that is never true, or comes after one that always is."""

from gateway.fhirpath import ast
from gateway.mapping import ir
from gateway.mapping.checks.expressions import provider_path
from gateway.mapping.checks.installed import Installed
from gateway.mapping.compiler.folding import folded
from gateway.mapping.overlays import SHARES
from gateway.mapping.spans import Problems, suggestion


def check_reach(unit: ir.Unit, library: Installed, problems: Problems) -> None:
    """Report branches that are never taken, and resources that are written twice the same."""
    del library
    for template in unit.emit:
        for choice in _choices(template):
            _choice(choice, problems)


def _choices(template: ir.Template) -> "list[ir.Choice]":
    own = [template] if isinstance(template, ir.Choice) else []
    return own + [choice for part in ir.inside(template) for choice in _choices(part)]


def _choice(choice: ir.Choice, problems: Problems) -> None:
    before: list[str] = []
    decided = False
    for branch in choice.branches:
        if decided:
            problems.add(branch.span, "this is never reached: a condition before it is always true")
        if branch.condition is None:
            continue
        text = " ".join(branch.condition.text.split())
        if text in before:
            problems.add(branch.span, "this is never reached: the same condition stands before it")
        before.append(text)
        node = _constant(branch.condition.node)
        if isinstance(node, ast.Empty) or (isinstance(node, ast.Literal) and node.value is False):
            problems.add(branch.condition.span, "this is never reached: the condition is never true")
        decided = decided or (isinstance(node, ast.Literal) and node.value is True)
        _share(branch.condition, problems)


def _constant(node: ast.Node) -> ast.Node:
    """Return what a condition comes to without a message and without a provider."""
    if isinstance(node, ast.Binary):
        return folded(ast.Binary(node.operator, _constant(node.left), _constant(node.right)))
    if isinstance(node, ast.Call) and node.base is not None:
        return folded(ast.Call(_constant(node.base), node.name, node.arguments))
    return node


def _share(condition: ir.Expression, problems: Problems) -> None:
    """`%provider.share` has two values; another one is never true."""
    for node in ast.walk(condition.node):
        if not isinstance(node, ast.Binary) or node.operator != "=":
            continue
        for side, other in ((node.left, node.right), (node.right, node.left)):
            value = other.value if isinstance(other, ast.Literal) else None
            if provider_path(side) == ("share",) and isinstance(value, str) and value not in SHARES:
                at = condition.span.shifted(other.start)
                problems.add(
                    at, f"this is never reached: %provider.share is never '{value}'{suggestion(value, SHARES)}"
                )
