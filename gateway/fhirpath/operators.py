"""Operators. https://hl7.org/fhirpath/N1/#operations"""

from collections.abc import Callable
from dataclasses import replace

from gateway.fhirpath import ast
from gateway.fhirpath.calls import Compiler, only
from gateway.fhirpath.flow import EMPTY, Flow, Mode, false, is_simple, items, of_list, one, three, truth
from gateway.fhirpath.model import kind
from gateway.fhirpath.navigation import choice_constant, settle

__all__ = ["system", "write"]

_NUMBERS = {"integer", "decimal"}
_PLAIN = {"text", "boolean", *_NUMBERS}


def write(compiler: Compiler, node: ast.Node, mode: Mode) -> Flow:
    """Return the flow of an operator node."""
    if isinstance(node, ast.Unary):
        return _unary(compiler, node)
    assert isinstance(node, ast.Binary)
    wanted: Mode = "json" if node.operator == "|" and mode == "json" else "value"
    left, right = compiler.flow(node.left, wanted), compiler.flow(node.right, wanted)
    found = _choice_equality(compiler, node.operator, left, right)
    if found is not None:
        return found
    left, right = settle(compiler, left, wanted), settle(compiler, right, wanted)
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
    return Flow(f"fp_negate({only(operand)})", operand.type, present=operand.sure)


# ---- equality


def _choice_equality(compiler: Compiler, operator: str, left: Flow, right: Flow) -> Flow | None:
    """Compare a choice with a literal that only one of its types can equal: `deceased != false`."""
    if operator not in {"=", "!="} or not left.choice or left.clauses or not left.choice.present:
        return None
    element = left.choice.element
    pairs = zip(element.json_names, element.types, strict=True)
    fitting = [name for name, type_ in pairs if kind(type_) == right.kind]
    if right.kind not in {"text", "boolean"} or right.value is None or len(fitting) != 1:
        return None
    name = "fp_choice_equal" if operator == "=" else "fp_choice_unequal"
    arguments = (left.choice.holder, repr(fitting[0]), right.item, choice_constant(compiler, element))
    return Flow(f"{name}({', '.join(arguments)})", "System.Boolean")


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
    general = f"{name}({one(left)}, {one(right)})"
    if not _comparable(left, right):
        return Flow(general, "System.Boolean")
    if right.sure and not left.sure:
        left, right = right, left
    return _plain_equality(left, right, general, "==" if name == "fp_equal" else "!=")


def _plain_equality(left: Flow, right: Flow, general: str, symbol: str) -> Flow:
    """Return whether two values are equal where Python's == says so; the left is present when one is."""
    a, b = one(left), one(right)
    if left.sure and right.sure:
        return Flow(f"({a} {symbol} {b})", "System.Boolean", present=True)
    if not left.sure:
        return Flow(general, "System.Boolean")
    value = f"(None if {b} is None else {b} {symbol} {a})" if is_simple(b) else general
    same, differs = f"({b} == {a})", f"({b} not in (None, {a}))"
    if left.kind == right.kind == "boolean" and (left.truth or right.truth):
        same = f"({truth(right)} if {truth(left)} else {false(right)})"
        differs = f"({false(right)} if {truth(left)} else {truth(right)})"
    yes, no = (same, differs) if symbol == "==" else (differs, same)
    return Flow(value, "System.Boolean", truth=yes, false=no)


def _equal_lists(left: Flow, right: Flow, name: str) -> Flow:
    a, b = items(left), items(right)
    general = f"{name}_lists({a}, {b})"
    if (left.sure or right.sure) and name == "fp_equal" and _comparable(left, right):
        return Flow(general, "System.Boolean", truth=f"({a} == {b})")
    return Flow(general, "System.Boolean")


def _unequal(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    del compiler, node
    return _equality(left, right, "fp_unequal")


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
        if left.sure and right.sure and _comparable(left, right):
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


# ---- collections


def union(compiler: Compiler, left: Flow, right: Flow, mode: Mode) -> Flow:
    """Return the items of both sides, each once."""
    if left.empty and right.empty:
        return EMPTY
    literals = _literal_union(compiler, left, right)
    if literals is not None:
        return literals
    if mode == "json" and is_json(left) and is_json(right):
        return _json_union(compiler, left, right)
    if not left.empty and not right.empty and left.type != right.type:
        return _union(compiler, boxed(left), boxed(right), None)
    left, right = as_members(left), as_members(right)
    return _union(compiler, left, right, right.type if left.empty else left.type)


def _literal_union(compiler: Compiler, left: Flow, right: Flow) -> Flow | None:
    """Join texts that are written out: `('C' | 'CM')` is a list in the code."""
    sides = [side.values or (side.value,) for side in (left, right)]
    texts = [text for side in sides for text in side if isinstance(text, str)]
    if len(texts) != sum(map(len, sides)):
        return None
    values = tuple(dict.fromkeys(texts))
    made = of_list(repr(list(values)), "System.String", compiler.name("item"))
    return replace(made, values=values)


def as_members(flow: Flow) -> Flow:
    """Return a flow whose values can be told apart as members of a set, elements kept as they are."""
    return boxed(flow) if flow.kind in _READERS else flow


def by_python(flow: Flow) -> bool:
    """Return whether Python's own == tells the values of a flow apart."""
    return flow.kind == "text" or (flow.kind == "complex" and flow.type != "Element")


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
    members = [side for side in (left, right) if not side.empty]
    name = "fp_union_plain" if all(by_python(side) for side in members) else "fp_union"
    return of_list(f"{name}({items(left)}, {items(right)})", type_, compiler.name("item"), ordered=ordered)


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
    general = f"fp_contains({items(right)}, {only(left)})"
    found = f"({only(left)} in {items(right)})"
    if not _comparable(left, right):
        return Flow(general, "System.Boolean")
    if left.sure:
        return Flow(found, "System.Boolean", present=True)
    if right.values:
        missing = f"({only(left)} not in {[None, *right.values]!r})"
        return Flow(general, "System.Boolean", truth=found, false=missing)
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
