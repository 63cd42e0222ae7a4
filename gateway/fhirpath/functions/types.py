"""is, as, ofType, type(). https://hl7.org/fhirpath/N1/#types"""

from dataclasses import replace

from gateway.fhirpath import ast
from gateway.fhirpath.calls import Call, Compiler, function, named, only
from gateway.fhirpath.errors import nearest
from gateway.fhirpath.flow import EMPTY, Flow, Mode, items, of_list, one
from gateway.fhirpath.functions.existence import BOOLEAN, answer, filtered, holds
from gateway.fhirpath.model import SYSTEM, descends, is_abstract, is_primitive, resolve
from gateway.fhirpath.navigation import narrowed, settle
from gateway.fhirpath.shapes import boxed

__all__ = ["test_type"]


def test_type(compiler: Compiler, node: ast.TypeTest, mode: Mode) -> Flow:
    """Return the flow of `operand is type` or `operand as type`."""
    wanted = _resolved(compiler, node.type, node)
    if node.operator == "is":
        return _is(compiler, node.operand, wanted)
    return _as(compiler, compiler.flow(node.operand, mode), wanted, mode, one_only=True)


def _resolved(compiler: Compiler, written: str, node: ast.Node) -> str:
    found = resolve(written)
    if found is None:
        raise compiler.wrong(f"no type '{written}'", node, nearest(written, (*_COMMON, *SYSTEM)))
    return found


_COMMON = (
    "boolean", "code", "date", "dateTime", "decimal", "id", "instant", "integer", "string", "uri", "Address", "Age",
    "CodeableConcept", "Coding", "Duration", "HumanName", "Identifier", "Period", "Quantity", "Range", "Reference",
    "Bundle", "Encounter", "Location", "Observation", "Organization", "Patient", "Practitioner", "Slot",
)  # fmt: skip


def _named_type(call: Call) -> str:
    """Return the type that an argument names."""
    argument = call.node.arguments[0]
    if isinstance(argument, ast.Identifier):
        return _resolved(call.compiler, argument.name, argument)
    if isinstance(argument, ast.Member) and isinstance(argument.base, ast.Identifier):
        return _resolved(call.compiler, f"{argument.base.name}.{argument.name}", argument)
    raise call.wrong(f"{call.node.name}() takes the name of a type")


def _operand(call: Call) -> ast.Node:
    return call.node.base or ast.Special("this", start=call.node.start, end=call.node.start)


@function("is", 1)
def _is_function(call: Call) -> Flow:
    return _is(call.compiler, _operand(call), _named_type(call))


@function("as", 1)
def _as_function(call: Call) -> Flow:
    return _as(call.compiler, call.raw(call.mode), _named_type(call), call.mode, one_only=True)


@function("ofType", 1)
def _of_type(call: Call) -> Flow:
    return _as(call.compiler, call.raw(call.mode), _named_type(call), call.mode, one_only=False)


@function("type")
def _type(call: Call) -> Flow:
    source = boxed(call.input("element"))
    if source.many:
        source = named(call.compiler, source)
    return source.to(f"fp_type_info({source.item})", None)


# ---- is


def _is(compiler: Compiler, operand: ast.Node, wanted: str) -> Flow:
    reference = _resolved_reference(compiler, operand, wanted)
    if reference is not None:
        return reference
    flow = compiler.flow(operand)
    if flow.empty:
        return Flow("None", BOOLEAN)
    if flow.choice and len(flow.choice.element.types) > 1:
        return _choice_is(compiler, flow, wanted)
    flow = settle(compiler, flow, "value")
    if flow.type is None:
        return Flow(f"fp_is_type({only(flow)}, {wanted!r})", BOOLEAN)
    if is_abstract(flow.type) and not descends(flow.type, wanted):
        return _abstract_is(flow, wanted)
    return _known(flow, descends(flow.type, wanted))


def _known(flow: Flow, fits: bool) -> Flow:  # noqa: FBT001 -- the answer itself
    if flow.sure:
        return Flow(str(fits), BOOLEAN, present=True)
    there = f"({only(flow)} is not None)"
    yes, no = (there, "False") if fits else ("False", there)
    return Flow(f"(None if {only(flow)} is None else {fits})", BOOLEAN, truth=yes, false=no)


def _abstract_is(flow: Flow, wanted: str) -> Flow:
    value = f"fp_is_type({only(flow)}, {wanted!r})"
    if flow.many or not _is_resource(wanted):
        return Flow(value, BOOLEAN)
    holder = one(flow) if flow.sure else f"({one(flow)} or {{}})"
    return Flow(value, BOOLEAN, truth=f"({holder}.get('resourceType') == {wanted!r})")


def _is_resource(type_: str) -> bool:
    return descends(type_, "Resource") and not is_abstract(type_)


def _choice_is(compiler: Compiler, flow: Flow, wanted: str) -> Flow:
    assert flow.choice is not None
    element = flow.choice.element
    fitting = tuple(t for t in element.types if descends(t, wanted))
    value = f"fp_is_type({only(settle(compiler, flow, 'element'))}, {wanted!r})"
    if flow.many or not fitting:
        return Flow(value, BOOLEAN)
    cut = replace(flow, choice=replace(flow.choice, element=replace(element, types=fitting)))
    return Flow(value, BOOLEAN, truth=holds(compiler, cut).truth)


def _resolved_reference(compiler: Compiler, operand: ast.Node, wanted: str) -> Flow | None:
    """Compile `resolve() is Patient` without resolving: the reference itself says what it points to."""
    if not (isinstance(operand, ast.Call) and operand.name == "resolve" and _is_resource(wanted)):
        return None
    base = compiler.settled(operand.base or ast.Special("this", start=operand.start, end=operand.start))
    if base.many or base.type not in {"Reference", None}:
        return None
    reference = one(base) if base.type else f"fp_plain({one(base)})"
    inside = f"fp_refers_inside({reference}, {wanted!r}, {compiler.resource()})"
    text = f"(fp_refers_to({reference}, {wanted!r}) or {inside})"
    return answer(text, value=text)


# ---- as, ofType


def _as(compiler: Compiler, flow: Flow, wanted: str, mode: Mode, *, one_only: bool) -> Flow:
    """Return what is of a type. Where types show only at run time `as` filters too, as R4's own dom-3 asks of it."""
    if flow.empty:
        return EMPTY
    if flow.choice:
        return _choice_as(compiler, flow, wanted, mode)
    if flow.type is None:
        if one_only and not flow.many:
            return Flow(f"fp_as_type({one(flow)}, {wanted!r})", None)
        return of_list(f"fp_of_type({items(flow)}, {wanted!r})", None, compiler.name("item"), ordered=flow.ordered)
    if is_abstract(flow.type) and not descends(flow.type, wanted):
        return _abstract_as(compiler, flow, wanted)
    fits = flow.type == wanted or (not is_primitive(flow.type) and descends(flow.type, wanted))
    if one_only and flow.many:
        single = f"fp_single({items(flow)})"
        return Flow(single if fits else f"fp_as_type({single}, {wanted!r})", flow.type)
    return flow if fits else EMPTY


def _choice_as(compiler: Compiler, flow: Flow, wanted: str, mode: Mode) -> Flow:
    """A choice that repeats is cut item by item, for `as` too: the search parameters of R4 rely on it."""
    cut = narrowed(flow, wanted)
    if cut is None:
        return EMPTY
    assert cut.choice is not None
    return settle(compiler, cut, mode) if len(cut.choice.element.types) == 1 else cut


def _abstract_as(compiler: Compiler, flow: Flow, wanted: str) -> Flow:
    if not _is_resource(wanted):
        return of_list(f"fp_of_type({items(flow)}, {wanted!r})", None, compiler.name("item"))
    source = named(compiler, flow)
    return replace(filtered(source, f"{source.item}.get('resourceType') == {wanted!r}"), type=wanted)
