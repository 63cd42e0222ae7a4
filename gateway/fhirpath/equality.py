"""`=`, `!=`, `~` and `!~`. https://hl7.org/fhirpath/N1/#equality"""

from gateway.fhirpath import ast
from gateway.fhirpath.calls import Compiler
from gateway.fhirpath.flow import Flow, false, is_simple, items, one, truth
from gateway.fhirpath.model import kind
from gateway.fhirpath.shapes import comparable, system

__all__ = ["choice_equality", "equal", "equivalent", "not_equivalent", "unequal"]


def choice_equality(compiler: Compiler, operator: str, left: Flow, right: Flow) -> Flow | None:
    """Compare a choice with a literal that only one of its types can equal: `deceased != false`."""
    if operator not in {"=", "!="} or not left.choice or left.clauses or not left.choice.present:
        return None
    element = left.choice.element
    pairs = zip(element.json_names, element.types, strict=True)
    fitting = [name for name, type_ in pairs if kind(type_) == right.kind]
    if right.kind not in {"text", "boolean"} or right.value is None or len(fitting) != 1:
        return None
    name = "fp_choice_equal" if operator == "=" else "fp_choice_unequal"
    names = compiler.constant(f"frozenset({element.json_names!r})", f"{element.name}_values")
    arguments = (left.choice.holder, repr(fitting[0]), right.item, names)
    return Flow(f"{name}({', '.join(arguments)})", "System.Boolean")


def equal(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    """Return whether both sides are equal."""
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
    if not comparable(left, right):
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
    if (left.sure or right.sure) and name == "fp_equal" and comparable(left, right):
        return Flow(general, "System.Boolean", truth=f"({a} == {b})")
    return Flow(general, "System.Boolean")


def unequal(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    """Return whether the sides differ."""
    del compiler, node
    return _equality(left, right, "fp_unequal")


def equivalent(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    """Return whether both sides are equivalent; never empty."""
    del compiler, node
    left, right = system(left), system(right)
    if left.many or right.many:
        return Flow(f"fp_equivalent_lists({items(left)}, {items(right)})", "System.Boolean", present=True)
    return Flow(f"fp_equivalent({one(left)}, {one(right)})", "System.Boolean", present=True)


def not_equivalent(compiler: Compiler, node: ast.Binary, left: Flow, right: Flow) -> Flow:
    """Return whether the sides are not equivalent; never empty."""
    text = equivalent(compiler, node, left, right).item
    return Flow(f"(not {text})", "System.Boolean", present=True)
