"""The syntax tree of FHIRPath: what was written, nothing decided yet. https://hl7.org/fhirpath/N1/grammar.html

Every node knows the characters it came from: `text[node.start:node.end]`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from gateway.fhir.frozen import frozen
from gateway.fhirpath.values import System

__all__ = [
    "Binary",
    "Call",
    "Constant",
    "Empty",
    "Identifier",
    "Index",
    "Literal",
    "Member",
    "Node",
    "SourcePath",
    "SourceStep",
    "Special",
    "TypeTest",
    "Unary",
    "walk",
]


@frozen(kw_only=True)
class Node:
    """Any node; `start` and `end` are offsets in the expression."""

    start: int = 0
    end: int = 0


@frozen()
class Literal(Node):
    """`'text'`, `12`, `1.50`, `true`, `@2026-01`, `@T10:30`, `4 days`, `10 'mg'`."""

    value: System


@frozen()
class Empty(Node):
    """`{}`."""


@frozen()
class Identifier(Node):
    """A name at the start of a path: an element of the context, a type, or a name the embedding knows."""

    name: str


@frozen()
class Constant(Node):
    """`%name`, `` %`vs-name` ``, `%'name'`."""

    name: str


@frozen()
class Special(Node):
    """`$this`, `$index` or `$total`; `name` is written without the dollar."""

    name: str


@frozen()
class Member(Node):
    """`base.name`; the name stands at offset `at`."""

    base: Node
    name: str
    at: int = 0


@frozen()
class Call(Node):
    """`base.name(arguments)`, or `name(arguments)` on the context when `base` is None; the name stands at `at`."""

    base: Node | None
    name: str
    arguments: tuple[Node, ...] = ()
    at: int = 0


@frozen()
class Index(Node):
    """`base[index]`, counting from 0; a text as index is the access by name of a column or property."""

    base: Node
    index: Node


@frozen()
class Unary(Node):
    """`-operand` or `+operand`."""

    operator: str
    operand: Node


@frozen()
class Binary(Node):
    """`left operator right`."""

    operator: str
    left: Node
    right: Node


@frozen()
class TypeTest(Node):
    """`operand is type` or `operand as type`; `type` is as written, `System.` or `FHIR.` included."""

    operator: str
    operand: Node
    type: str


@frozen()
class SourcePath(Node):
    """A path into a source message: `PID-3[2].1`, `OBX[3]-5`, `NAD(HP)-2.1`, `record['Per wanneer']`.

    Numbers count from 1, as HL7 does; what was not written is None. Only read with `source_paths`.
    """

    base: str
    occurrence: int | None = None
    field: int | None = None
    repetition: int | None = None
    component: int | None = None
    subcomponent: int | None = None
    column: str | None = None
    qualifier: str | None = None


@frozen()
class SourceStep(Node):
    """A step from a piece of a source: `$this.4.1`, `$this.3[2].1`, `$this['Per wanneer']`.

    `numbers` count from 1; `repetition` belongs to the first of them. Only read with `source_paths`.
    """

    base: Node
    numbers: tuple[int, ...] = ()
    repetition: int | None = None
    column: str | None = None


_BELOW: Mapping[type[Node], Callable[[Any], Sequence[Node | None]]] = MappingProxyType(
    {
        Member: lambda node: (node.base,),
        Call: lambda node: (*reversed(node.arguments), node.base),
        Index: lambda node: (node.index, node.base),
        Unary: lambda node: (node.operand,),
        Binary: lambda node: (node.right, node.left),
        TypeTest: lambda node: (node.operand,),
        SourceStep: lambda node: (node.base,),
    }
)
"""The nodes directly below those of each kind, the last first."""


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and everything below it, in the order written."""
    waiting: list[Node | None] = [node]
    while waiting:
        one = waiting.pop()
        if one is not None:
            yield one
            below = _BELOW.get(type(one))
            if below is not None:
                waiting += below(one)
