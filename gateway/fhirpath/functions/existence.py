"""https://hl7.org/fhirpath/N1/#existence"""

from dataclasses import replace

from gateway.fhirpath.calls import Call, Compiler, function, named
from gateway.fhirpath.flow import Choice, Field, Flow, false, items, one, three, truth
from gateway.fhirpath.navigation import choice_constant, choice_names, settle
from gateway.fhirpath.shapes import as_members

__all__ = ["existence", "filtered", "holds"]

BOOLEAN = "System.Boolean"
_FEW = 6  # up to so many names asking one by one is quicker than asking a set


def answer(yes: str, no: str | None = None, value: str | None = None) -> Flow:
    """Return the flow of a question that is always answered; `yes` may be any text Python finds true or false."""
    return Flow(value or f"bool({yes})", BOOLEAN, present=True, truth=yes, false=no or f"(not {yes})")


def filtered(source: Flow, condition: str) -> Flow:
    """Return the items of a named flow for which the condition holds."""
    if condition == "True":
        return source
    clauses = (*(source.clauses or (f"for {source.item} in ({source.item},)",)), f"if {condition}")
    return Flow(source.item, source.type, source.many, clauses, present=True, ordered=source.ordered)


def holds(compiler: Compiler, flow: Flow) -> Flow:
    """Return whether a flow, choices still open, has items."""
    if flow.choice and len(flow.choice.element.types) > 1:
        return _choice_holds(compiler, flow, flow.choice)
    return existence(settle(compiler, flow, "value"))


def existence(flow: Flow) -> Flow:
    """Return whether a flow has items."""
    if flow.empty:
        return Flow("False", BOOLEAN, present=True, truth="False", false="True")
    if flow.field:
        return _field_holds(flow, flow.field)
    if not flow.clauses:
        if flow.present:
            return Flow("True", BOOLEAN, present=True, truth="True", false="False")
        return answer(f"({flow.item} is not None)", f"({flow.item} is None)", f"({flow.item} is not None)")
    if flow.whole:
        return answer(flow.whole)
    condition = () if flow.present else (f"if {flow.item} is not None",)
    return answer(f"[1 {' '.join((*flow.clauses, *condition))}]")


def _field_holds(flow: Flow, field: Field) -> Flow:
    """Ask the property itself: a primitive that has only extensions exists too."""
    test = _field_test(field, repeats=flow.many and len(flow.clauses) > len(field.clauses))
    if not field.clauses:
        return answer(test)
    return answer(f"[1 {' '.join(field.clauses)} if {test}]")


def _field_test(field: Field, *, repeats: bool) -> str:
    holder, key = field.holder, field.key
    if not field.present:
        if field.primitive:
            return f"fp_has({holder}, {key!r}, {'_' + key!r})"
        return f"({holder} or {{}}).get({key!r})"
    got = f"{holder}.get({key!r})" if repeats or not field.primitive else f"{key!r} in {holder}"
    return f"({got} or {'_' + key!r} in {holder})" if field.primitive else got


def _choice_holds(compiler: Compiler, flow: Flow, choice: Choice) -> Flow:
    test = _choice_test(compiler, choice)
    if not flow.clauses:
        return answer(test, value=test)
    return answer(f"[1 {' '.join(flow.clauses)} if {test}]")


def _choice_test(compiler: Compiler, choice: Choice) -> str:
    names = choice_names(choice.element)
    if choice.present and len(names) <= _FEW:
        return f"({' or '.join(f'{name!r} in {choice.holder}' for name in names)})"
    holder = choice.holder if choice.present else f"({choice.holder} or ())"
    return f"(not {choice_constant(compiler, choice.element)}.isdisjoint({holder}))"


@function("exists", 0, 1)
def _exists(call: Call) -> Flow:
    if not call.has(0):
        return holds(call.compiler, call.raw())
    source, focus = call.bound(0)
    return existence(filtered(source, truth(call.inside(0, focus))))


@function("empty")
def _empty(call: Call) -> Flow:
    found = holds(call.compiler, call.raw())
    value = f"(not {found.truth})" if found.truth not in {"True", "False"} else str(found.truth == "False")
    return Flow(value, BOOLEAN, present=True, truth=found.false, false=found.truth)


@function("not")
def _not(call: Call) -> Flow:
    source = call.input()
    if source.sure and source.kind == "boolean":
        return Flow(f"(not {one(source)})", BOOLEAN, present=True, truth=false(source), false=truth(source))
    return Flow(f"fp_not_({three(source)})", BOOLEAN, truth=false(source), false=truth(source))


@function("all", 1)
def _all(call: Call) -> Flow:
    source, focus = call.bound(0)
    if source.empty:
        return Flow("True", BOOLEAN, present=True)
    condition = truth(call.inside(0, focus))
    if not source.clauses:
        return answer(condition)
    failing = f"[1 {' '.join(source.clauses)} if not {condition}]"
    return answer(f"(not {failing})", failing, f"(not {failing})")


def _register_booleans(name: str, text: str) -> None:
    @function(name)
    def _booleans(call: Call) -> Flow:
        return Flow(text.format(items(call.input())), BOOLEAN, present=True)


for _name, _text in (
    ("allTrue", "fp_all_are({}, True)"),
    ("allFalse", "fp_all_are({}, False)"),
    ("anyTrue", "fp_any_is({}, True)"),
    ("anyFalse", "fp_any_is({}, False)"),
):
    _register_booleans(_name, _text)


@function("subsetOf", 1)
def _subset_of(call: Call) -> Flow:
    left, right = as_members(call.input()), as_members(call.argument(0))
    return Flow(f"fp_subset({items(left)}, {items(right)})", BOOLEAN, present=True)


@function("supersetOf", 1)
def _superset_of(call: Call) -> Flow:
    left, right = as_members(call.input()), as_members(call.argument(0))
    return Flow(f"fp_subset({items(right)}, {items(left)})", BOOLEAN, present=True)


@function("count")
def _count(call: Call) -> Flow:
    source = call.raw()
    primitive = source.field is not None and source.field.primitive
    source = call.input("element" if primitive and source.many else None)
    if source.empty:
        return Flow("0", "System.Integer", present=True, value=0)
    if not source.many and not source.clauses:
        text = "1" if source.present else f"(0 if {source.item} is None else 1)"
        return Flow(text, "System.Integer", present=True)
    return Flow(f"len({items(source)})", "System.Integer", present=True)


@function("distinct")
def _distinct(call: Call) -> Flow:
    source = as_members(call.input())
    if not source.many:
        return source
    return named(call.compiler, replace(source, whole=f"fp_distinct({items(source)})"))


@function("isDistinct")
def _is_distinct(call: Call) -> Flow:
    return Flow(f"fp_is_distinct({items(as_members(call.input()))})", BOOLEAN, present=True)
