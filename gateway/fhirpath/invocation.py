"""Calls of the functions that an embedding supplies."""

from gateway.fhir.frozen import frozen
from gateway.fhirpath import ast
from gateway.fhirpath.calls import Compiler
from gateway.fhirpath.flow import Flow
from gateway.fhirpath.scope import Argument, Code, Function
from gateway.fhirpath.shapes import is_json

__all__ = ["as_json", "invoke"]


def as_json(flow: Flow) -> Code:
    """Return a flow as an expression that gives plain JSON values."""
    code = flow.code()
    if is_json(flow):
        return code
    return Code(f"{'fp_plain_list' if flow.many else 'fp_plain'}({code.text})", flow.many, _JSON.get(flow.type or ""))


_JSON = {
    "System.Date": "date",
    "System.DateTime": "dateTime",
    "System.Time": "time",
    "System.Quantity": "Quantity",
}


@frozen()
class _Argument:
    compiler: Compiler
    node: ast.Node

    def code(self) -> Code:
        return as_json(self.compiler.settled(self.node, "json"))


@frozen()
class _Invocation:
    compiler: Compiler
    node: ast.Call
    arguments: tuple[Argument, ...]

    def receiver(self) -> Code | None:
        return None if self.node.base is None else as_json(self.compiler.settled(self.node.base, "json"))


def invoke(compiler: Compiler, write: Function, node: ast.Call) -> Code:
    """Return what a function of the embedding writes for one call."""
    arguments = tuple(_Argument(compiler, argument) for argument in node.arguments)
    return write(_Invocation(compiler, node, arguments))
