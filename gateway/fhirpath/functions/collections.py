"""https://hl7.org/fhirpath/N1/#subsetting , #combining and #aggregates"""

from gateway.fhirpath import ast
from gateway.fhirpath.calls import Call, Focus, function
from gateway.fhirpath.flow import Flow, items, of_list
from gateway.fhirpath.sets import union
from gateway.fhirpath.shapes import as_members, boxed, by_python, system

__all__: list[str] = []


def _ordered(call: Call) -> Flow:
    source = call.input()
    if call.compiler.strict and not source.ordered:
        raise call.wrong(f"what children() and descendants() give has no order for {call.node.name}()")
    return source


@function("single")
def _single(call: Call) -> Flow:
    source = call.input()
    return Flow(f"fp_single({items(source)})", source.type) if source.many else source


@function("first")
def _first(call: Call) -> Flow:
    source = _ordered(call)
    return Flow(f"({items(source)} or fp_none)[0]", source.type) if source.many else source


@function("last")
def _last(call: Call) -> Flow:
    source = _ordered(call)
    return Flow(f"({items(source)} or fp_none)[-1]", source.type) if source.many else source


def _sliced(call: Call, source: Flow, slice_: str) -> Flow:
    return of_list(f"{items(source)}[{slice_}]", source.type, call.compiler.name("item"))


@function("tail")
def _tail(call: Call) -> Flow:
    return _sliced(call, _ordered(call), "1:")


@function("skip", 1)
def _skip(call: Call) -> Flow:
    return _sliced(call, _ordered(call), f"fp_counted({call.single(0)}):")


@function("take", 1)
def _take(call: Call) -> Flow:
    return _sliced(call, _ordered(call), f":fp_counted({call.single(0)})")


def _pair(call: Call) -> tuple[Flow, Flow]:
    """Return input and argument in one shape: the same static type, or values that carry theirs."""
    left, right = as_members(call.input()), as_members(call.argument(0))
    if left.type != right.type and not left.empty and not right.empty:
        return boxed(left), boxed(right)
    return left, right


@function("intersect", 1)
def _intersect(call: Call) -> Flow:
    left, right = _pair(call)
    name = "fp_intersect_plain" if by_python(left) and by_python(right) else "fp_intersect"
    return of_list(f"{name}({items(left)}, {items(right)})", left.type, call.compiler.name("item"))


@function("exclude", 1)
def _exclude(call: Call) -> Flow:
    left, right = _pair(call)
    return of_list(f"fp_exclude({items(left)}, {items(right)})", left.type, call.compiler.name("item"))


@function("union", 1)
def _union(call: Call) -> Flow:
    return union(call.compiler, call.input("value"), call.argument(0), "value")


@function("combine", 1, 2)
def _combine(call: Call) -> Flow:
    left, right = _pair(call)
    type_ = right.type if left.empty else left.type
    return of_list(f"[*{items(left)}, *{items(right)}]", type_, call.compiler.name("item"), ordered=False)


@function("aggregate", 1, 2)
def _aggregate(call: Call) -> Flow:
    compiler = call.compiler
    source = call.input()
    start = boxed(call.argument(1))
    names = item, index, total = compiler.name("item"), compiler.name("index"), compiler.name("total")
    focus = Focus(
        Flow(item, source.type, present=True),
        Flow(index, "System.Integer", present=True),
        of_list(total, None, compiler.name("value")),
        variables=compiler.focus.variables,
    )
    step = boxed(call.inside(0, focus))
    text = f"fp_aggregate({items(source)}, lambda {', '.join(names)}: {items(step)}, {items(start)})"
    if step.many or start.many:
        return of_list(text, None, compiler.name("item"))
    return Flow(f"fp_single({text})", None)


@function("sort", 0, 32)
def _sort(call: Call) -> Flow:
    source = call.input()
    if not source.many:
        return source
    keys = [_key(call, source, node) for node in call.node.arguments] or [_key(call, source, None)]
    text = f"fp_sort({items(source)}, ({', '.join(keys)},))"
    return of_list(text, source.type, call.compiler.name("item"))


def _key(call: Call, source: Flow, node: ast.Node | None) -> str:
    """Return a key as `(function, descending)`; a minus before a key turns its direction, whatever its type."""
    item = call.compiler.name("item")
    this = Flow(item, source.type, present=True)
    descending = isinstance(node, ast.Unary) and node.operator == "-"
    inner = node.operand if isinstance(node, ast.Unary) else node
    with call.compiler.within(Focus(this, variables=call.compiler.focus.variables)):
        key = system(this if inner is None else call.compiler.settled(inner))
    return f"(lambda {item}: {items(key)}, {descending})"
