"""Rewrites a FHIRPath tree before it is compiled: aliases, provider values, and which paths mean a collection.

`PID-3` as a value is its first repetition; in `PID-3.where(…)`, `{% for x in PID-3 %}` or `cx(PID-3)` it is all of
them. Which one is meant shows in the tree alone, so it is decided here, once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from operator import is_
from typing import Any, TypeVar
from typing import Literal as OneOf

from gateway.fhir.frozen import frozen
from gateway.fhirpath import ast
from gateway.fhirpath.values import Quantity
from gateway.fhirpath.values.quantity import read_quantity
from gateway.mapping.compiler.folding import folded
from gateway.mapping.compiler.frame import Frame
from gateway.mapping.overlays import Overlay

N = TypeVar("N", bound=ast.Node)
Mark = OneOf["pieces", "present"]
LATER, EARLIER = " later", " earlier"
"""Names (that nobody can write) of moment plus and minus a duration that is known beforehand."""
_LENGTHS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
RECORD = "record"

_COLLECTION = frozenset(
    {
        *(
            "where",
            "select",
            "all",
            "first",
            "last",
            "tail",
            "skip",
            "take",
            "single",
            "count",
            "distinct",
            "isDistinct",
        ),
        *("repeat", "union", "combine", "intersect", "exclude", "aggregate", "allTrue", "anyTrue", "join"),
    }
)
_PASSING = frozenset({"union", "combine", "iif", "intersect", "exclude"})


@dataclass
class Prepared:
    """The tree to compile, and what its source paths are wanted for, by where they stand."""

    node: ast.Node
    marks: dict[tuple[int, int], Mark] = field(default_factory=dict)


@frozen()
class Arguments:
    """What a fragment wants of its arguments: which of them are pieces of the source."""

    sources: frozenset[int]


class Prepare:
    """Rewrites one expression in one frame. Without an overlay nothing is folded, unless `folding` says so: every part
    is then compiled.
    """

    def __init__(
        self,
        frame: Frame,
        overlay: Overlay | None,
        fragment: Callable[[str], Arguments | None],
        *,
        tree: bool = False,
        folding: bool = False,
    ) -> None:
        self.frame = frame
        self.folding = folding or overlay is not None
        self.tree = tree  # a name in brackets is then an element: `x['Per wanneer']`
        self.overlay = overlay
        self.fragment = fragment
        self.marks: dict[tuple[int, int], Mark] = {}

    def run(self, node: ast.Node, *, pieces: bool) -> Prepared:
        """Return the tree rewritten; `pieces`: its value is wanted as a collection of pieces."""
        return Prepared(self.node(node, pieces=pieces), self.marks)

    def node(self, node: ast.Node, *, pieces: bool = False) -> ast.Node:
        """Return a node rewritten."""
        if isinstance(node, ast.Identifier):
            return self.identifier(node, pieces=pieces)
        if isinstance(node, ast.SourcePath):
            return self.path(node, pieces=pieces)
        if isinstance(node, ast.SourceStep):
            return self.step(node, pieces=pieces)
        if isinstance(node, ast.Member | ast.Index):
            return self.member(node)
        if isinstance(node, ast.Call):
            return self._folded(self.call(node, pieces=pieces))
        if isinstance(node, ast.Binary):
            return self._folded(self.binary(node, pieces=pieces))
        if isinstance(node, ast.Unary | ast.TypeTest):
            return _with(node, operand=self.node(node.operand))
        return node

    def _folded(self, node: ast.Node) -> ast.Node:
        return folded(node) if self.folding else node

    def identifier(self, node: ast.Identifier, *, pieces: bool) -> ast.Node:
        """Return what a name stands for, where that is known."""
        name = self.frame.names.get(node.name)
        if name is None:
            return node
        if name.fixed is not None:
            return replace(name.fixed, start=node.start, end=node.end)
        if name.path is not None and name.path.base in self.frame.names:
            return node  # a step from another name: only who steps on from it goes on from the piece
        if name.path is not None and (pieces or name.path.field is None):
            return self.path(replace(name.path, start=node.start, end=node.end), pieces=pieces)
        return node

    def path(self, node: ast.SourcePath, *, pieces: bool) -> ast.Node:
        """Return a source path; from a name it is a step."""
        known = self.frame.names.get(node.base)
        if known is None and not (self.tree and node.column is not None):
            if pieces:
                self.marks[node.start, node.end] = "pieces"
            return node
        base = ast.Identifier(node.base, start=node.start, end=node.start + len(node.base))
        if node.column is not None:
            return self.member(ast.Member(base, node.column, start=node.start, end=node.end))
        numbers = tuple(n for n in (node.field, node.component, node.subcomponent) if n is not None)
        return self.step(ast.SourceStep(base, numbers, node.repetition, start=node.start, end=node.end), pieces=pieces)

    def step(self, node: ast.SourceStep, *, pieces: bool) -> ast.Node:
        """Return a step; from a name for a path it is a longer path."""
        whole = self._extended(node)
        if whole is not None:
            return self.path(whole, pieces=pieces)
        if self.tree and node.column is not None:
            return self.member(ast.Member(node.base, node.column, start=node.start, end=node.end))
        if pieces:
            self.marks[node.start, node.end] = "pieces"
        return _with(node, base=self.node(node.base, pieces=True))

    def _extended(self, node: ast.SourceStep) -> ast.SourcePath | None:
        """Return the whole path where the step starts from a name for a path: `pl.4.1` with pl: PV1-3."""
        name = self.frame.names.get(node.base.name) if isinstance(node.base, ast.Identifier) else None
        path = name.path if name else None
        if path is None or path.column is not None or node.column is not None:
            return None
        numbers = [n for n in (path.field, path.component, path.subcomponent) if n is not None] + list(node.numbers)
        if len(numbers) > 3:
            return None
        field_, component, subcomponent = (*numbers, None, None)[:3]
        repetition = node.repetition if path.field is None else path.repetition
        at = (path.base, path.occurrence, field_, repetition, component, subcomponent)
        return ast.SourcePath(*at, qualifier=path.qualifier, start=node.start, end=node.end)

    def member(self, node: ast.Member | ast.Index) -> ast.Node:
        """Return a member; of the provider it is what the overlay says."""
        steps = _provider_path(node)
        if steps is None:
            if isinstance(node, ast.Index):
                return _with(node, base=self.node(node.base, pieces=True), index=self.node(node.index))
            return _with(node, base=self.node(node.base))
        if self.overlay is None:
            return ast.Constant(".".join(("provider", *steps)), start=node.start, end=node.end)
        value = self.overlay.value(steps)
        if value is None:
            return ast.Empty(start=node.start, end=node.end)
        if isinstance(value, list | dict) or hasattr(value, "items"):
            return ast.Constant(".".join(("provider", *steps)), start=node.start, end=node.end)
        return ast.Literal(value, start=node.start, end=node.end)

    def call(self, node: ast.Call, *, pieces: bool) -> ast.Node:
        """Return a call, its arguments as it wants them."""
        fragment = self.fragment(node.name) if node.base is None else None
        if fragment is not None:
            given = [
                self._piece(argument) if index in fragment.sources else self.node(argument, pieces=index == 0)
                for index, argument in enumerate(node.arguments)
            ]
            return _with(node, arguments=tuple(given))
        passing = pieces and node.name in _PASSING
        arguments_ = tuple(
            self.node(a, pieces=passing and not (node.name == "iif" and i == 0)) for i, a in enumerate(node.arguments)
        )
        if node.base is None:
            return _with(node, arguments=arguments_)
        base = self.node(node.base, pieces=node.name in _COLLECTION)
        if node.name in {"exists", "empty"} and not node.arguments:
            self._present(base)
        elif node.name in {"exists", "all"}:
            base = self.node(node.base, pieces=True)
        return _with(node, base=base, arguments=arguments_)

    def _piece(self, node: ast.Node) -> ast.Node:
        """Return an argument that the fragment steps on from; a name for a step (`born: pid.7`) is then that step."""
        name = self.frame.names.get(node.name) if isinstance(node, ast.Identifier) else None
        if name is None or name.path is None or name.path.base not in self.frame.names:
            return self.node(node, pieces=True)
        return self.path(replace(name.path, start=node.start, end=node.end), pieces=True)

    def _present(self, base: ast.Node) -> None:
        """A field exists when any part of it holds something, not only its first."""
        whole = isinstance(base, ast.SourcePath) and base.field is not None and base.component is None
        if whole or (isinstance(base, ast.SourceStep) and len(base.numbers) == 1):
            self.marks.setdefault((base.start, base.end), "present")

    def binary(self, node: ast.Binary, *, pieces: bool) -> ast.Node:
        """Return an operation on two values."""
        passing = pieces and node.operator == "|"
        left, right = self.node(node.left, pieces=passing), self.node(node.right, pieces=passing)
        if node.operator in {"+", "-"}:
            left, right = _quantity(left, node.left), _quantity(right, node.right)
            if self._is_moment(left) and _seconds(right) is not None:
                arguments = (left, right, ast.Literal(_seconds(right) or 0))
                return ast.Call(
                    None, LATER if node.operator == "+" else EARLIER, arguments, start=node.start, end=node.end
                )
        return _with(node, left=left, right=right)

    def _is_moment(self, node: ast.Node) -> bool:
        """Return whether a value is surely a dateTime or an instant."""
        if isinstance(node, ast.Identifier):
            name = self.frame.names.get(node.name)
            return name is not None and not name.many and name.type in {"dateTime", "instant"}
        return isinstance(node, ast.Call) and node.name in {"toDateTime", "toInstant"}


def _with(node: N, **parts: Any) -> N:
    """Return the node with other parts, or itself where they are those it has."""
    for name, part in parts.items():
        before = getattr(node, name)
        if before is not part and not (isinstance(part, tuple) and all(map(is_, before, part))):
            return replace(node, **parts)
    return node


def _provider_path(node: ast.Node) -> tuple[str, ...] | None:
    """Return ('systems', 'bed') for `%provider.systems.bed`."""
    if isinstance(node, ast.Constant):
        return () if node.name == "provider" else None
    if isinstance(node, ast.Member):
        base = _provider_path(node.base)
        return None if base is None else (*base, node.name)
    return None


def _seconds(node: ast.Node) -> int | None:
    """Return how many seconds a literal duration takes, where the calendar has no say in it."""
    value = node.value if isinstance(node, ast.Literal) else None
    if not isinstance(value, Quantity) or not value.calendar or value.value != int(value.value):
        return None
    length = _LENGTHS.get(value.unit.removesuffix("s"))
    return int(value.value) * length if length else None


def _quantity(node: ast.Node, written: ast.Node) -> ast.Node:
    """Read what an overlay says as `24 hours` as a quantity, where a sum asks for one."""
    if written is node or not isinstance(node, ast.Literal) or not isinstance(node.value, str):
        return node
    quantity = read_quantity(node.value)
    return replace(node, value=quantity) if quantity is not None else node


def segment_name(name: str) -> bool:
    """Return whether a name is that of a segment: three capitals or digits, the first a letter."""
    return len(name) == 3 and name.isascii() and name.isalnum() and name.isupper() and name[0].isalpha()
