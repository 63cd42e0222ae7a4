"""https://hl7.org/fhirpath/N1/#filtering-and-projection"""

from gateway.fhirpath.calls import Call, Focus, function
from gateway.fhirpath.flow import Flow, items, of_list, truth
from gateway.fhirpath.functions.existence import filtered
from gateway.fhirpath.shapes import boxed

__all__: list[str] = []


@function("where", 1)
def _where(call: Call) -> Flow:
    source, focus = call.bound(0)
    if source.empty:
        return source
    criteria = call.inside(0, focus)
    if call.compiler.strict and criteria.kind not in {"boolean", "any"} and not criteria.empty:
        raise call.wrong("where() takes a condition: something that is true or false")
    return filtered(source, truth(criteria))


@function("select", 1)
def _select(call: Call) -> Flow:
    source, focus = call.bound(0)
    if source.empty:
        return source
    projected = call.inside(0, focus, "element" if call.mode == "element" else "value")
    if projected.empty:
        return projected
    clauses, many = (*source.clauses, *projected.clauses), source.many or projected.many
    whole = projected.whole if not source.clauses else None
    ordered = source.ordered and projected.ordered
    return Flow(projected.item, projected.type, many, clauses, projected.present, whole, ordered=ordered)


@function("repeat", 1)
def _repeat(call: Call) -> Flow:
    source = call.input()
    if source.empty:
        return source
    first = _projection(call, source.type)
    again = _projection(call, first[1])
    if again[1] != first[1]:
        source = boxed(source)
        first = again = _projection(call, None)
    text = f"fp_repeat({items(source)}, {first[0]}, {again[0]})"
    return of_list(text, first[1], call.compiler.name("item"), ordered=source.ordered)


def _projection(call: Call, type_: str | None) -> tuple[str, str | None]:
    """Return a lambda of the projection on items of a type, and the type of what it gives."""
    item = call.compiler.name("item")
    with call.compiler.within(Focus(Flow(item, type_, present=True), variables=call.compiler.focus.variables)):
        projected = call.compiler.settled(call.node.arguments[0])
        if type_ is None:
            projected = boxed(projected)
    return f"lambda {item}: {items(projected)}", projected.type
