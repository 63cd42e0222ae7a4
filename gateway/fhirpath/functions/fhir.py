"""https://hl7.org/fhir/R4/fhirpath.html#functions"""

from gateway.fhirpath.calls import Call, function, only
from gateway.fhirpath.flow import EMPTY, Flow, items, of_list, one
from gateway.fhirpath.functions.existence import BOOLEAN
from gateway.fhirpath.model import is_primitive
from gateway.fhirpath.shapes import boxed

__all__: list[str] = []


@function("extension", 1)
def _extension(call: Call) -> Flow:
    raw, url = call.raw(), call.argument(0)
    if raw.empty:
        return EMPTY
    if raw.type is None or raw.many or url.many or not url.sure:
        return _extensions_of_any(call, url)
    if not is_primitive(raw.type):
        holder = one(raw) if raw.sure else f"({one(raw)} or {{}})"
    elif raw.field and not raw.clauses:
        before = raw.field.holder if raw.field.present else f"({raw.field.holder} or {{}})"
        holder = f"({before}.get({'_' + raw.field.key!r}) or {{}})"
    else:
        return _extensions_of_any(call, url)
    name = call.compiler.name("extension")
    clauses = (f"for {name} in {holder}.get('extension') or ()", f"if {name}.get('url') == {one(url)}")
    return Flow(name, "Extension", many=True, clauses=clauses, present=True)


def _extensions_of_any(call: Call, url: Flow) -> Flow:
    source = boxed(call.input("element"))
    return of_list(f"fp_extensions({items(source)}, {only(url)})", None, call.compiler.name("extension"))


@function("hasValue")
def _has_value(call: Call) -> Flow:
    source = call.input()
    if source.empty:
        return Flow("False", BOOLEAN, present=True)
    if source.many:
        return Flow(f"fp_has_value(fp_single({items(call.input('element'))}))", BOOLEAN, present=True)
    if source.type is None:
        return Flow(f"fp_has_value({one(source)})", BOOLEAN, present=True)
    simple = source.type.startswith("System.") or is_primitive(source.type)
    return Flow(f"({one(source)} is not None)" if simple else "False", BOOLEAN, present=True)


@function("getValue")
def _get_value(call: Call) -> Flow:
    source = call.input()
    if source.type is not None and is_primitive(source.type) and not source.many:
        return source
    return Flow(f"fp_value_of({only(boxed(source))})", None)


@function("resolve")
def _resolve(call: Call) -> Flow:
    compiler = call.compiler
    text = f"fp_resolve({items(call.input())}, {compiler.resource()}, {compiler.variables()})"
    return of_list(text, None, compiler.name("resource"))


@function("memberOf", 1)
def _member_of(call: Call) -> Flow:
    return Flow(f"fp_member_of({only(call.input())}, {call.single(0)})", BOOLEAN)


@function("conformsTo", 1)
def _conforms_to(call: Call) -> Flow:
    return Flow(f"fp_conforms({only(boxed(call.input()))}, {call.single(0)})", BOOLEAN)


@function("htmlChecks")
def _html_checks(call: Call) -> Flow:
    return Flow(f"fp_html_checks({only(call.input())})", BOOLEAN)
