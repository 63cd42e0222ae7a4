"""What a condition demands of a message: the texts of which one must stand at a path for it to be true."""

from collections.abc import Mapping
from dataclasses import replace

from gateway.fhirpath import ast

Demands = Mapping[ast.SourcePath, frozenset[str]]


def demands(node: ast.Node) -> Demands:
    """Return the texts that each path must hold one of: of `MSH-9.1 = 'ADT' and …` at least `{MSH-9.1: {'ADT'}}`."""
    if not isinstance(node, ast.Binary):
        return {}
    if node.operator == "=":
        return _equal(node.left, node.right) or _equal(node.right, node.left)
    if node.operator not in {"and", "or"}:
        return {}
    one, other = demands(node.left), demands(node.right)
    both = one.keys() & other.keys()
    if node.operator == "or":
        return {path: one[path] | other[path] for path in both}
    return {**one, **other, **{path: one[path] & other[path] for path in both}}


def exclusive(one: Demands, other: Demands) -> bool:
    """Return whether no message meets the demands of both: they want other texts at the same path."""
    return any(texts.isdisjoint(other[path]) for path, texts in one.items() if path in other)


def _equal(path: ast.Node, text: ast.Node) -> Demands:
    if not isinstance(path, ast.SourcePath) or path.field is None or path.column is not None:
        return {}
    if not isinstance(text, ast.Literal) or not isinstance(text.value, str):
        return {}
    return {replace(path, start=0, end=0): frozenset({text.value})}
