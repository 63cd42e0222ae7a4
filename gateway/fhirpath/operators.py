"""Operators. https://hl7.org/fhirpath/N1/#operations"""

from collections.abc import Callable

from gateway.fhirpath import ast
from gateway.fhirpath.calls import Compiler, only
from gateway.fhirpath.flow import EMPTY, Flow, Mode, false, items, of_list, one, three, truth

__all__ = ["system", "write"]

_NUMBERS = {"integer", "decimal"}
_PLAIN = {"text", "boolean", *_NUMBERS}


def write(compiler: Compiler, node: ast.Node, mode: Mode) -> Flow:
    """Return the flow of an operator node."""
    if isinstance(node, ast.Unary):
        return _unary(compiler, node)
    assert isinstance(node, ast.Binary)
    wanted: Mode = "json" if node.operator == "|" and mode == "json" else "value"
    left, right = compiler.settled(node.left, wanted), compiler.settled(node.right, wanted)
    if node.operator == "|":
        return union(compiler, left, right, mode)
    return _WRITERS[node.operator](compiler, node, left, right)


def system(flow: Flow) -> Flow:
    """Return a flow of JSON dates, times or Quantities as one of values that can be compared and reckoned with."""
    reader = _READERS.get(flow.kind)
    if reader is None:
        return flow
    name, type_ = reader
    return flow.to(f"{name}({flow.item})", type_)


_READERS = {
    "date": ("fp_date", "System.Date"),
    "dateTime": ("fp_date_time", "System.DateTime"),
    "time": ("fp_time", "System.Time"),
    "Quantity": ("fp_quantity", "System.Quantity"),
}


def _unary(compiler: Compiler, node: ast.Unary) -> Flow:
    operand = system(compiler.settled(node.operand))
    if isinstance(operand.value, int) and not isinstance(operand.value, bool):
        signed = -operand.value if node.operator == "-" else operand.value
        return Flow(f"({signed})", operand.type, present=True, value=signed)
    if operand.kind in {"text", "boolean", "complex", "moment"}:
        raise compiler.wrong("only a number or quantity has a sign", node)
    if node.operator == "+":
        return operand
    return Flow(f"fp_negate({only(operand)})", operand.type, present=operand.present and not operand.many)


# ---- equality


def _comparable(left: Flow, right: Flow) -> bool:
    """Return whether Python's own == answers as FHIRPath's does."""
    if left.kind in _NUMBERS and right.kind in _NUMBERS:
        return True
    return left.kind == right.kind and left.kind in {"text", "boolean"}


def _equal(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    del compiler, node
    return _equality(left, right, "fp_equal")


def _equality(left: Flow, right: Flow, name: str) -> Flow:
    """Return whether two flows are equal; `name` is the function that answers where Python's == does not."""
    if left.empty or right.empty:
        return Flow("None", "System.Boolean")
    left, right = system(left), system(right)
    if left.many or right.many:
        return _equal_lists(left, right, name)
    a, b = one(left), one(right)
    general = f"{name}({a}, {b})"
    if not _comparable(left, right):
        return Flow(general, "System.Boolean")
    if left.present and right.present:
        return Flow(f"({a} == {b})", "System.Boolean", present=True, false=f"({a} != {b})")
    if left.present or right.present:
        given, other = (a, b) if left.present else (b, a)
        return Flow(general, "System.Boolean", truth=f"({a} == {b})", false=f"({other} not in (None, {given}))")
    return Flow(general, "System.Boolean")


def _equal_lists(left: Flow, right: Flow, name: str) -> Flow:
    a, b = items(left), items(right)
    general = f"{name}_lists({a}, {b})"
    certain = (left.present and not left.many) or (right.present and not right.many)
    if certain and _comparable(left, right):
        return Flow(general, "System.Boolean", truth=f"({a} == {b})")
    return Flow(general, "System.Boolean")


def _unequal(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    del compiler, node
    found = _equality(left, right, "fp_unequal")
    if found.present:
        return Flow(found.false or "", "System.Boolean", present=True, false=found.item)
    if found.truth is None:
        return found
    return Flow(found.item, "System.Boolean", truth=found.false, false=found.truth)


def _equivalent(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    del compiler, node
    left, right = system(left), system(right)
    if left.many or right.many:
        return Flow(f"fp_equivalent_lists({items(left)}, {items(right)})", "System.Boolean", present=True)
    return Flow(f"fp_equivalent({one(left)}, {one(right)})", "System.Boolean", present=True)


def _not_equivalent(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    text = _equivalent(compiler, node, left, right).item
    return Flow(f"(not {text})", "System.Boolean", present=True)


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
        if left.present and right.present and _comparable(left, right) and not (left.many or right.many):
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
    return only(flow) if flow.present and not flow.many else f"({only(flow)} or '')"


# ---- logic


def _and(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    del compiler, node
    yes, no = f"({truth(left)} and {truth(right)})", f"({false(left)} or {false(right)})"
    return _logic("and", f"fp_and_({three(left)}, {three(right)})", left, right, yes, no)


def _or(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    del compiler, node
    yes, no = f"({truth(left)} or {truth(right)})", f"({false(left)} and {false(right)})"
    return _logic("or", f"fp_or_({three(left)}, {three(right)})", left, right, yes, no)


def _implies(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    del compiler, node
    yes, no = f"({false(left)} or {truth(right)})", f"({truth(left)} and {false(right)})"
    return Flow(f"fp_implies({three(left)}, {three(right)})", "System.Boolean", truth=yes, false=no)


def _xor(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    del compiler, node
    return Flow(f"fp_xor({three(left)}, {three(right)})", "System.Boolean")


def _logic(operator: str, general: str, left: Flow, right: Flow, yes: str, no: str) -> Flow:
    if all(side.present and side.kind == "boolean" and not side.many for side in (left, right)):
        text = f"({one(left)} {operator} {one(right)})"
        return Flow(text, "System.Boolean", present=True, truth=yes, false=no)
    return Flow(general, "System.Boolean", truth=yes, false=no)


# ---- collections


def union(compiler: Compiler, left: Flow, right: Flow, mode: Mode) -> Flow:
    """Return the items of both sides, each once."""
    if left.empty and right.empty:
        return EMPTY
    if mode == "json" and is_json(left) and is_json(right):
        return _json_union(compiler, left, right)
    if not left.empty and not right.empty and left.type != right.type:
        return _union(compiler, boxed(left), boxed(right), None)
    left, right = system(left), system(right)
    return _union(compiler, left, right, right.type if left.empty else left.type)


def is_json(flow: Flow) -> bool:
    """Return whether the values of a flow are plain JSON as they stand."""
    return flow.empty or flow.kind not in {"any", "moment", "quantity"}


def _json_union(compiler: Compiler, left: Flow, right: Flow) -> Flow:
    """Values to be written out need not carry their types; of two types none can be equal."""
    types = {side.type for side in (left, right) if not side.empty}
    if len(types) == 1 or "Element" in types or left.many or right.many:
        return _union(compiler, left, right, types.pop() if len(types) == 1 else "Element")
    name = compiler.name("item")
    clauses = (f"for {name} in ({one(left)}, {one(right)})", f"if {name} is not None")
    return Flow(name, "Element", many=True, clauses=clauses, present=True)


def _union(compiler: Compiler, left: Flow, right: Flow, type_: str | None) -> Flow:

    ordered = left.ordered and right.ordered
    return of_list(f"fp_union({items(left)}, {items(right)})", type_, compiler.name("item"), ordered=ordered)


def boxed(flow: Flow) -> Flow:
    """Return a flow whose values carry their types."""
    if flow.type is None or flow.type.startswith("System.") or flow.empty:
        return Flow(
            flow.item, None, flow.many, flow.clauses, flow.present, flow.whole, ordered=flow.ordered, value=flow.value
        )
    return flow.to(f"fp_typed({flow.item}, {flow.type!r})", None, present=flow.present)


def _in(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    del compiler, node
    if left.empty:
        return Flow("None", "System.Boolean")
    left, right = system(left), system(right)
    if left.present and not left.many and _comparable(left, right):
        return Flow(f"({one(left)} in {items(right)})", "System.Boolean", present=True)
    return Flow(f"fp_contains({items(right)}, {only(left)})", "System.Boolean")


def _contains(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    return _in(compiler, node, right, left)


Writer = Callable[[Compiler, ast.Binary, Flow, Flow], Flow]
_WRITERS: dict[str, Writer] = {
    "=": _equal,
    "!=": _unequal,
    "~": _equivalent,
    "!~": _not_equivalent,
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
    "in": _in,
    "contains": _contains,
}
