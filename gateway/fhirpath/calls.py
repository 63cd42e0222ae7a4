"""How the functions of FHIRPath are written: a registry, and what one call offers to the function that compiles it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import field
from typing import Protocol

from gateway.fhir.frozen import frozen
from gateway.fhirpath import ast
from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.flow import EMPTY, Flow, Mode, items, of_list, one
from gateway.fhirpath.scope import Elements

__all__ = ["FUNCTIONS", "Call", "Compiler", "Focus", "Writer", "function"]


@frozen()
class Focus:
    """What the names without a dollar, and those with one, refer to at a place in the expression."""

    this: Flow | None
    index: Flow | None = None
    total: Flow | None = None
    root: bool = False
    variables: Mapping[str, tuple[Flow, ast.Node]] = field(default_factory=dict)


class Compiler(Protocol):
    """What functions and operators ask of the generator."""

    focus: Focus
    strict: bool

    def flow(self, node: ast.Node, mode: Mode = "value") -> Flow:
        """Return the flow of a node, a choice element still undecided."""

    def settled(self, node: ast.Node, mode: Mode = "value") -> Flow:
        """Return the flow of a node with every choice decided or carried as a typed value."""

    def within(self, focus: Focus) -> AbstractContextManager[None]:
        """Compile in another focus."""

    def name(self, hint: str) -> str:
        """Return a variable name not used before."""

    def constant(self, source: str, hint: str) -> str:
        """Return the name of a constant made once by `source`."""

    def elements(self, name: str) -> Elements:
        """Return how a step by name from a value of unknown type is written."""

    def variables(self) -> str:
        """Return the text of the dict of `%variables`."""

    def now(self) -> str:
        """Return the text of the moment that now() gives."""

    def resource(self) -> str:
        """Return the text of `%resource`."""

    def wrong(self, what: str, node: ast.Node, suggestion: str | None = None) -> FhirPathError:
        """Return the error of a node."""


@frozen()
class Call:
    """One call being compiled."""

    compiler: Compiler
    node: ast.Call
    mode: Mode

    def input(self, mode: Mode | None = None) -> Flow:
        """Return what stands before the dot (or `$this`), choices decided."""
        return self.compiler.settled(self._base(), mode or self._passed())

    def raw(self, mode: Mode = "value") -> Flow:
        """Return what stands before the dot, choices still open."""
        return self.compiler.flow(self._base(), mode)

    def _passed(self) -> Mode:
        return "element" if self.mode == "element" else "value"

    def _base(self) -> ast.Node:
        return self.node.base or ast.Special("this", start=self.node.start, end=self.node.start)

    def has(self, position: int) -> bool:
        """Return whether that argument was written."""
        return len(self.node.arguments) > position

    def argument(self, position: int) -> Flow:
        """Return an argument, compiled where the call stands; empty when it was not written."""
        return self.compiler.settled(self.node.arguments[position]) if self.has(position) else EMPTY

    def single(self, position: int) -> str:
        """Return the text of an argument that must be one value or none."""
        return only(self.argument(position))

    def wants_elements(self, *positions: int) -> bool:
        """Return whether arguments ask for ids, extensions or values of primitives."""
        return any(_ASKING & _names(self.node.arguments[i]) for i in positions if self.has(i))

    def uses(self, special: str, *positions: int) -> bool:
        """Return whether arguments mention `$index` or `$total`."""
        return any(
            isinstance(n, ast.Special) and n.name == special
            for i in positions
            if self.has(i)
            for n in ast.walk(self.node.arguments[i])
        )

    def bound(self, *positions: int, mode: Mode | None = None) -> tuple[Flow, Focus]:
        """Return the input with each item under a name, and the focus in which arguments see that item."""
        wanted: Mode = "element" if self.wants_elements(*positions) else (mode or self._passed())
        source = self.input(wanted)
        if source.empty:
            return source, Focus(source, Flow("0", "System.Integer", present=True))
        if self.uses("index", *positions):
            return self._indexed(source)
        source = named(self.compiler, source)
        return source, self._focus(source, Flow("0", "System.Integer", present=True))

    def _indexed(self, source: Flow) -> tuple[Flow, Focus]:
        index, item = self.compiler.name("index"), self.compiler.name("item")
        clause = f"for {index}, {item} in enumerate({items(source)})"
        flow = Flow(item, source.type, source.many, (clause,), present=True, ordered=source.ordered)
        return flow, self._focus(flow, Flow(index, "System.Integer", present=True))

    def _focus(self, source: Flow, index: Flow) -> Focus:
        this = Flow(source.item, source.type, present=True)
        return Focus(this, index, self.compiler.focus.total, variables=self.compiler.focus.variables)

    def inside(self, position: int, focus: Focus, mode: Mode = "value") -> Flow:
        """Return an argument compiled with another `$this`."""
        with self.compiler.within(focus):
            return self.compiler.settled(self.node.arguments[position], mode)

    def wrong(self, what: str, suggestion: str | None = None) -> FhirPathError:
        """Return an error at this call."""
        return self.compiler.wrong(what, self.node, suggestion)


_ASKING = frozenset({"hasValue", "getValue", "extension", "children", "descendants", "id", "type", "repeat"})


def _names(node: ast.Node) -> set[str]:
    return {n.name for n in ast.walk(node) if isinstance(n, ast.Call | ast.Member | ast.Identifier)}


def named(compiler: Compiler, flow: Flow) -> Flow:
    """Return a flow whose item is a name and never None."""
    if flow.present and flow.item.isidentifier():
        return flow
    if flow.whole:
        return of_list(flow.whole, flow.type, compiler.name("item"), ordered=flow.ordered)
    name = compiler.name("item")
    clauses = (f"for {name} in ({flow.item},)",) + (() if flow.present else (f"if {name} is not None",))
    return Flow(name, flow.type, flow.many, flow.clauses + clauses, present=True, ordered=flow.ordered)


def only(flow: Flow) -> str:
    """Return the text of a flow as one value or None; more than one is an error while it runs."""
    return f"fp_single({items(flow)})" if flow.many else one(flow)


Writer = Callable[[Call], Flow]


@frozen()
class Definition:
    """A function: how many arguments it takes and what writes its calls."""

    least: int
    most: int
    write: Writer


FUNCTIONS: dict[str, Definition] = {}


def function(name: str, least: int = 0, most: int | None = None) -> Callable[[Writer], Writer]:
    """Register what writes the calls of a function that takes `least` to `most` arguments."""

    def register(write: Writer) -> Writer:
        FUNCTIONS[name] = Definition(least, least if most is None else most, write)
        return write

    return register
