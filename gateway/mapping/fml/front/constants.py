"""The constants of a map: names for expressions, put in where they are used, and for the urls of ConceptMaps."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gateway.fhirpath import FhirPathError, ast, parse
from gateway.mapping.fml.model import CONSTANT, Model
from gateway.mapping.spans import Problems


class Constants:
    """The constants that one map declares."""

    def __init__(self, model: Model, problems: Problems) -> None:
        self.model = model
        self.problems = problems
        self.urls = dict(_urls(model.resource))
        self._nodes: dict[str, ast.Node] | None = None

    def nodes(self, hidden: frozenset[str]) -> dict[str, ast.Node]:
        """Return what the constants stand for that no variable hides."""
        if self._nodes is None:
            self._nodes = {}
            for name, text in _declared(self.model.resource):
                try:
                    self._nodes[name] = with_constants(parse(text), self._nodes)
                except FhirPathError as error:
                    self.problems.add(
                        self.model.start, f"the constant '{name}' is no expression: {error.issues[0].diagnostics}"
                    )
        return {name: node for name, node in self._nodes.items() if name not in hidden and not self.urls.get(name)}


def with_constants(node: ast.Node, known: dict[str, ast.Node]) -> ast.Node:
    """Return an expression with the map's constants put in."""
    if not known:
        return node
    if isinstance(node, ast.Identifier | ast.Constant) and node.name in known:
        return replace(known[node.name], start=node.start, end=node.end)
    changed: dict[str, Any] = {}
    for name in node.__dataclass_fields__:
        value = getattr(node, name)
        if isinstance(value, ast.Node):
            changed[name] = with_constants(value, known)
        elif isinstance(value, tuple):
            changed[name] = tuple(with_constants(v, known) if isinstance(v, ast.Node) else v for v in value)
    return replace(node, **changed) if changed else node


def _urls(map_: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Yield the constants of a map: name, and the url where it is that of a ConceptMap."""
    for name, text in _declared(map_):
        bare = text.strip()
        quoted = len(bare) > 1 and bare[0] == bare[-1] == "'" and "/ConceptMap/" in bare
        yield name, bare[1:-1] if quoted else None


def _declared(map_: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for one in map_.get("extension", ()):
        if one.get("url") == CONSTANT:
            parts = {part.get("url"): part for part in one.get("extension", ())}
            yield str(parts.get("name", {}).get("valueId", "")), str(parts.get("value", {}).get("valueString", ""))
    for one in map_.get("const", ()):  # R5
        yield str(one.get("name", "")), str(one.get("value", ""))
