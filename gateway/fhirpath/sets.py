"""`|`, `in` and `contains`. https://hl7.org/fhirpath/N1/#collections-1"""

from dataclasses import replace

from gateway.fhirpath import ast
from gateway.fhirpath.calls import Compiler, only
from gateway.fhirpath.flow import EMPTY, Flow, Mode, items, of_list, one
from gateway.fhirpath.shapes import as_members, boxed, by_python, comparable, is_json, system

__all__ = ["contains", "member_of", "union"]


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


def member_of(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    """Return whether the left value is among the right ones; empty without a left value."""
    del compiler, node
    if left.empty:
        return Flow("None", "System.Boolean")
    left, right = system(left), system(right)
    general = f"fp_contains({items(right)}, {only(left)})"
    found = f"({only(left)} in {items(right)})"
    if not comparable(left, right):
        return Flow(general, "System.Boolean")
    if left.sure:
        return Flow(found, "System.Boolean", present=True)
    if right.values:
        missing = f"({only(left)} not in {[None, *right.values]!r})"
        return Flow(general, "System.Boolean", truth=found, false=missing)
    return Flow(general, "System.Boolean")


def contains(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    """Return whether the right value is among the left ones; empty without a right value."""
    return member_of(compiler, node, right, left)
