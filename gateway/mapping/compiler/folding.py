"""What an expression says before any message is seen: constants are worked out, and what is surely there is known.

A provider's settings and the literal arguments of a fragment are constants of a program, so most
conditions on them (`%provider.share = 'clinical'`, `over.exists()`) vanish from its code.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from gateway.fhirpath import ast
from gateway.mapping.compiler.frame import Name

Fixed = ast.Literal | ast.Empty


def folded(node: ast.Node) -> ast.Node:
    """Return the node, or the literal it comes to; its parts are folded already."""
    fold = _FOLDS.get(type(node))
    made = fold(node) if fold else None
    return replace(made, start=node.start, end=node.end) if made is not None else node


def _call(node: ast.Node) -> ast.Node | None:
    assert isinstance(node, ast.Call)
    if node.name == "iif" and node.base is None and 2 <= len(node.arguments) <= 3:
        return _iif(node)
    if node.arguments or not isinstance(node.base, Fixed):
        return None
    there = isinstance(node.base, ast.Literal)
    if node.name in {"exists", "empty"}:
        return ast.Literal(there == (node.name == "exists"))
    if node.name == "not" and isinstance(node.base, ast.Literal) and isinstance(node.base.value, bool):
        return ast.Literal(not node.base.value)
    return None


def _iif(node: ast.Call) -> ast.Node | None:
    condition = node.arguments[0]
    if not isinstance(condition, Fixed) or (
        isinstance(condition, ast.Literal) and not isinstance(condition.value, bool)
    ):
        return None
    if isinstance(condition, ast.Literal) and condition.value is True:
        return node.arguments[1]
    return node.arguments[2] if len(node.arguments) == 3 else ast.Empty()


def _binary(node: ast.Node) -> ast.Node | None:
    assert isinstance(node, ast.Binary)
    left, right = node.left, node.right
    if node.operator in {"and", "or"}:
        return _logic(node.operator, left, right)
    if not isinstance(left, ast.Literal) or not isinstance(right, ast.Literal):
        return (
            ast.Empty()
            if node.operator in {"=", "!="} and (isinstance(left, ast.Empty) or isinstance(right, ast.Empty))
            else None
        )
    if not isinstance(left.value, str) or not isinstance(right.value, str):
        return None
    texts: dict[str, Callable[[], str | bool]] = {
        "=": lambda: left.value == right.value,
        "!=": lambda: left.value != right.value,
        "&": lambda: str(left.value) + str(right.value),
    }
    return ast.Literal(texts[node.operator]()) if node.operator in texts else None


def _logic(operator: str, left: ast.Node, right: ast.Node) -> ast.Node | None:
    """`false and x` is false and `true or x` is true, whatever x is."""
    decisive = operator == "or"
    for side in (left, right):
        if isinstance(side, ast.Literal) and side.value is decisive:
            return side
    for side, other in ((left, right), (right, left)):
        if isinstance(side, ast.Literal) and side.value is (not decisive) and _boolean(other):
            return other
    return None


def _boolean(node: ast.Node) -> bool:
    if isinstance(node, ast.Call):
        return node.name in {"exists", "empty", "not", "matches", "startsWith", "endsWith", "contains"}
    return isinstance(node, ast.Binary) and node.operator in {"=", "!=", "and", "or", "<", ">", "<=", ">="}


_FOLDS: Mapping[type, Callable[[ast.Node], ast.Node | None]] = {ast.Call: _call, ast.Binary: _binary}


def solid(node: ast.Node, names: Mapping[str, Name]) -> bool:
    """Return whether a value is surely a text that is not blank: something joined to a literal, an id."""
    if isinstance(node, ast.Literal):
        return isinstance(node.value, str) and node.value.strip() != ""
    if isinstance(node, ast.Identifier):
        return node.name in names and names[node.name].solid
    if isinstance(node, ast.Binary):
        return node.operator == "&" and (solid(node.left, names) or solid(node.right, names))
    if isinstance(node, ast.Call) and node.base is None and node.name == "iif" and len(node.arguments) == 3:
        return all(solid(argument, names) for argument in node.arguments[1:])
    return isinstance(node, ast.Call) and node.name == "id" and any(solid(a, names) for a in node.arguments[1:])


def present_names(node: ast.Node | None) -> frozenset[str]:
    """Return the names that must hold something for a condition to be true."""
    if isinstance(node, ast.Binary) and node.operator == "and":
        return present_names(node.left) | present_names(node.right)
    if (
        isinstance(node, ast.Call)
        and node.name == "exists"
        and not node.arguments
        and isinstance(node.base, ast.Identifier)
    ):
        return frozenset({node.base.name})
    return frozenset()
