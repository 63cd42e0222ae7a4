"""https://hl7.org/fhirpath/N1/#conversion"""

from gateway.fhirpath.calls import Call, Focus, function, only
from gateway.fhirpath.flow import EMPTY, Flow, Mode, items, of_list, one, truth
from gateway.fhirpath.shapes import boxed, is_json, system

__all__: list[str] = []

_TO = {
    "Boolean": "fp_to_boolean",
    "Integer": "fp_to_integer",
    "Decimal": "fp_to_decimal",
    "String": "fp_to_text",
    "Date": "fp_to_date",
    "DateTime": "fp_to_date_time",
    "Time": "fp_to_time",
}


def _register(name: str, converter: str) -> None:
    @function(f"to{name}")
    def _to(call: Call) -> Flow:
        source = system(call.input())
        if source.empty:
            return EMPTY
        if name == "String" and source.kind == "text" and not source.many:
            return source.to(source.item, "System.String", present=source.present)
        return Flow(f"{converter}({only(source)})", f"System.{name}")

    @function(f"convertsTo{name}")
    def _converts_to(call: Call) -> Flow:
        source = system(call.input())
        return EMPTY if source.empty else Flow(f"fp_converts({only(source)}, {converter})", "System.Boolean")


for _name, _converter in _TO.items():
    _register(_name, _converter)


@function("toQuantity", 0, 1)
def _to_quantity(call: Call) -> Flow:
    source = system(call.input())
    return EMPTY if source.empty else Flow(f"fp_to_quantity({only(source)}, {call.single(0)})", "System.Quantity")


@function("convertsToQuantity", 0, 1)
def _converts_to_quantity(call: Call) -> Flow:
    source = system(call.input())
    if source.empty:
        return EMPTY
    unit = f"lambda _x: fp_to_quantity(_x, {call.single(0)})" if call.has(0) else "fp_to_quantity"
    return Flow(f"fp_converts({only(source)}, {unit})", "System.Boolean")


@function("iif", 2, 3)
def _iif(call: Call) -> Flow:
    focus = call.compiler.focus
    if call.node.base is not None:
        source = call.input()
        this = Flow(only(source), source.type, present=source.sure)
        focus = Focus(this, focus.index, focus.total, variables=focus.variables)
        if source.many:  # must hold at most one item even when no branch looks at it
            return _branches(call, focus, f"fp_single({items(source)}), ")
    return _branches(call, focus, "")


def _branches(call: Call, focus: Focus, before: str) -> Flow:
    mode: Mode = call.mode
    criteria = call.inside(0, focus)
    if call.compiler.strict and criteria.kind not in {"boolean", "any"} and not criteria.empty:
        raise call.wrong("iif() takes a condition: something that is true or false")
    condition = f"({before}{truth(criteria)})[-1]" if before else truth(criteria)
    yes = call.inside(1, focus, mode)
    no = call.inside(2, focus, mode) if call.has(2) else EMPTY
    type_ = yes.type if no.empty else no.type
    if yes.type != no.type and not yes.empty and not no.empty:
        yes, no, type_ = (
            (yes, no, "Element") if mode == "json" and is_json(yes) and is_json(no) else (boxed(yes), boxed(no), None)
        )
    if yes.many or no.many:
        return of_list(f"({items(yes)} if {condition} else {items(no)})", type_, call.compiler.name("item"))
    return Flow(f"({one(yes)} if {condition} else {one(no)})", type_, present=yes.sure and no.sure)
