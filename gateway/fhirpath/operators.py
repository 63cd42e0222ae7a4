"""Operators. https://hl7.org/fhirpath/N1/#operations"""

from collections.abc import Callable

from gateway.fhirpath import ast
from gateway.fhirpath.calls import Compiler, only
from gateway.fhirpath.equality import choice_equality, equal, equivalent, not_equivalent, unequal
from gateway.fhirpath.flow import EMPTY, Flow, Mode, false, three, truth
from gateway.fhirpath.navigation import settle
from gateway.fhirpath.sets import contains, member_of, union
from gateway.fhirpath.shapes import comparable, system

__all__ = ["write"]


def write(compiler: Compiler, node: ast.Node, mode: Mode) -> Flow:
    """Return the flow of an operator node."""
    if isinstance(node, ast.Unary):
        return _unary(compiler, node)
    assert isinstance(node, ast.Binary)
    wanted: Mode = "json" if node.operator == "|" and mode == "json" else "value"
    left, right = compiler.flow(node.left, wanted), compiler.flow(node.right, wanted)
    found = choice_equality(compiler, node.operator, left, right)
    if found is not None:
        return found
    left, right = settle(compiler, left, wanted), settle(compiler, right, wanted)
    if node.operator == "|":
        return union(compiler, left, right, mode)
    return _WRITERS[node.operator](compiler, node, left, right)


def _unary(compiler: Compiler, node: ast.Unary) -> Flow:
    operand = system(compiler.settled(node.operand))
    if isinstance(operand.value, int) and not isinstance(operand.value, bool):
        signed = -operand.value if node.operator == "-" else operand.value
        return Flow(f"({signed})", operand.type, present=True, value=signed)
    if operand.kind in {"text", "boolean", "complex", "moment"}:
        raise compiler.wrong("only a number or quantity has a sign", node)
    if node.operator == "+":
        return operand
    return Flow(f"fp_negate({only(operand)})", operand.type, present=operand.sure)


# ---- comparison and arithmetic


def _mixed(left: Flow, right: Flow) -> bool:
    """Return whether two flows are known to be of kinds that no operator takes together."""
    families = [_FAMILIES.get(flow.kind) for flow in (left, right)]
    return None not in families and families[0] != families[1]


_FAMILIES = {"text": "text", "boolean": "boolean", "integer": "number", "decimal": "number", "moment": "moment"}


def _compare(name: str, symbol: str) -> "Writer":
    def write_comparison(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
        if left.empty or right.empty:
            return Flow("None", "System.Boolean")
        left, right = system(left), system(right)
        if _mixed(left, right) or "boolean" in {left.kind, right.kind}:
            raise compiler.wrong(f"{symbol} is not defined between {left.type} and {right.type}", node)
        a, b = only(left), only(right)
        if left.sure and right.sure and comparable(left, right):
            return Flow(f"({a} {symbol} {b})", "System.Boolean", present=True)
        return Flow(f"fp_{name}({a}, {b})", "System.Boolean")

    return write_comparison


def _arithmetic(name: str) -> "Writer":
    def write_arithmetic(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
        if left.empty or right.empty:
            return EMPTY
        left, right = system(left), system(right)
        if _impossible(node.operator, left, right):
            raise compiler.wrong(f"{node.operator} is not defined between {left.type} and {right.type}", node)
        return Flow(f"fp_{name}({only(left)}, {only(right)})", _result(node.operator, left, right))

    return write_arithmetic


def _impossible(operator: str, left: Flow, right: Flow) -> bool:
    kinds = (left.kind, right.kind)
    if "boolean" in kinds or "complex" in kinds:
        return True
    if "text" in kinds and (operator != "+" or any(k not in {"text", "any"} for k in kinds)):
        return True
    return "moment" in kinds and (operator not in {"+", "-"} or kinds[1] not in {"quantity", "any"})


def _result(operator: str, left: Flow, right: Flow) -> str | None:
    kinds = {left.kind, right.kind}
    if "any" in kinds:
        return None
    if "moment" in kinds:
        return left.type
    if "quantity" in kinds:
        return "System.Quantity"
    if kinds == {"text"}:
        return "System.String"
    if operator == "div":
        return "System.Integer"
    return "System.Integer" if kinds == {"integer"} and operator != "/" else "System.Decimal"


def _concatenate(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    for side in (left, right):
        if not side.empty and side.kind not in {"text", "any"}:
            raise compiler.wrong("& joins texts only; toString() makes a text", node)
    if all(side.kind == "text" or side.empty for side in (left, right)):
        return Flow(f"({_part(left)} + {_part(right)})", "System.String", present=True)
    return Flow(f"fp_concatenate({only(left)}, {only(right)})", "System.String", present=True)


def _part(flow: Flow) -> str:
    if flow.empty:
        return "''"
    return only(flow) if flow.sure else f"({only(flow)} or '')"


# ---- logic


def _and(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    del compiler, node
    yes, no = f"({truth(left)} and {truth(right)})", f"({false(left)} or {false(right)})"
    if _certain(left):
        value = f"({three(right)} if {truth(left)} else False)"
        return Flow(value, "System.Boolean", present=_certain(right), truth=yes, false=no)
    return Flow(f"fp_and_({three(left)}, {three(right)})", "System.Boolean", truth=yes, false=no)


def _or(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    del compiler, node
    yes, no = f"({truth(left)} or {truth(right)})", f"({false(left)} and {false(right)})"
    if _certain(left):
        value = f"(True if {truth(left)} else {three(right)})"
        return Flow(value, "System.Boolean", present=_certain(right), truth=yes, false=no)
    return Flow(f"fp_or_({three(left)}, {three(right)})", "System.Boolean", truth=yes, false=no)


def _implies(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    del compiler, node
    yes, no = f"({false(left)} or {truth(right)})", f"({truth(left)} and {false(right)})"
    if _certain(left):
        value = f"({three(right)} if {truth(left)} else True)"
        return Flow(value, "System.Boolean", present=_certain(right), truth=yes, false=no)
    return Flow(f"fp_implies({three(left)}, {three(right)})", "System.Boolean", truth=yes, false=no)


def _xor(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    del compiler, node
    return Flow(f"fp_xor({three(left)}, {three(right)})", "System.Boolean")


def _certain(flow: Flow) -> bool:
    """Return whether a flow is a Boolean and never empty, so that Python's own logic will do."""
    return flow.sure and flow.kind == "boolean"


Writer = Callable[[Compiler, ast.Binary, Flow, Flow], Flow]
_WRITERS: dict[str, Writer] = {
    "=": equal,
    "!=": unequal,
    "~": equivalent,
    "!~": not_equivalent,
    "<": _compare("less", "<"),
    ">": _compare("greater", ">"),
    "<=": _compare("less_or_equal", "<="),
    ">=": _compare("greater_or_equal", ">="),
    "+": _arithmetic("add"),
    "-": _arithmetic("subtract"),
    "*": _arithmetic("multiply"),
    "/": _arithmetic("divide"),
    "div": _arithmetic("whole_divide"),
    "mod": _arithmetic("modulo"),
    "&": _concatenate,
    "and": _and,
    "or": _or,
    "xor": _xor,
    "implies": _implies,
    "in": member_of,
    "contains": contains,
}
