"""Expressions as a StructureMap carries them: source paths along HL7's logical models, the names of this map."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.fhirpath import ast
from gateway.mapping import ir

_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Texts:
    """Rewrites the expressions of one unit. `functions` and `maps` are what its aliases are called in this map."""

    format: str
    root: str
    functions: Mapping[str, str] = field(default_factory=dict)
    maps: Mapping[str, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    def having(self, *names: str) -> "Texts":
        """Return what rewrites where some names are there too."""
        return Texts(self.format, self.root, self.functions, self.maps, self.names | set(names))

    def text(self, value: ir.Expression) -> str:
        """Return an expression rewritten."""
        changes: list[tuple[int, int, str]] = []
        self._collect(value.node, changes)
        text = value.text
        for start, end, new in sorted(changes, reverse=True):
            text = text[:start] + new + text[end:]
        return " ".join(line.strip() for line in text.splitlines()) if "\n" in text else text

    def _collect(self, node: ast.Node, changes: list[tuple[int, int, str]]) -> None:
        if isinstance(node, ast.SourcePath):
            new = self._path(node)
            changes += [(node.start, node.end, new)] if new is not None else []
            return
        if isinstance(node, ast.SourceStep):
            changes.append((node.base.end, node.end, _steps(node.numbers, node.repetition, node.column)))
        elif isinstance(node, ast.Identifier):
            if self.format in ir.SEGMENTED and node.name not in self.names and _SEGMENT.fullmatch(node.name):
                changes.append((node.start, node.end, f"{self.root}.{node.name}"))
        elif isinstance(node, ast.Call):
            self._call(node, changes)
        for name in node.__dataclass_fields__:
            below = getattr(node, name)
            for one in below if isinstance(below, tuple) else (below,):
                if isinstance(one, ast.Node):
                    self._collect(one, changes)

    def _call(self, node: ast.Call, changes: list[tuple[int, int, str]]) -> None:
        if node.base is None and node.name in self.functions:
            changes.append((node.at, node.at + len(node.name), self.functions[node.name]))
        base = node.base
        if node.name == "translate" and isinstance(base, ast.Identifier) and base.name in self.maps:
            changes.append((base.start, base.end, self.maps[base.name]))

    def _path(self, node: ast.SourcePath) -> str | None:
        """Return a source path along the logical model; None for one that no model has (a qualifier)."""
        if node.qualifier is not None:
            return None
        if node.column is not None:
            return f"{node.base}.{_quoted(node.column)}"
        numbers = tuple(n for n in (node.field, node.component, node.subcomponent) if n is not None)
        steps = _steps(numbers, node.repetition, None)
        if node.base in self.names or node.base == "$this":
            return f"{node.base}{steps}"
        index = f"[{node.occurrence - 1}]" if node.occurrence else ""
        return f"{self.root}.{node.base}{index}{steps}"


def _steps(numbers: tuple[int, ...], repetition: int | None, column: str | None) -> str:
    if column is not None:
        return f".{_quoted(column)}"
    made = [f".`{number}`" for number in numbers]
    if made and repetition:
        made[0] += f"[{repetition - 1}]"
    return "".join(made)


def _quoted(name: str) -> str:
    return name if _NAME.fullmatch(name) else "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def literal(text: str) -> str:
    """Return a text as FHIRPath writes it: `it's` is `'it\\'s'`."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
