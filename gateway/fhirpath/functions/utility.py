"""https://hl7.org/fhirpath/N1/#utility-functions"""

from dataclasses import replace

from gateway.fhirpath.calls import Call, Focus, function
from gateway.fhirpath.flow import Flow

__all__: list[str] = []


@function("trace", 1, 2)
def _trace(call: Call) -> Flow:
    """Give the input back: values of resources are never written to a log."""
    return call.input()


@function("now")
def _now(call: Call) -> Flow:
    return Flow(call.compiler.now(), "System.DateTime", present=True)


@function("today")
def _today(call: Call) -> Flow:
    return Flow(f"fp_today({call.compiler.now()})", "System.Date", present=True)


@function("timeOfDay")
def _time_of_day(call: Call) -> Flow:
    return Flow(f"fp_time_of_day({call.compiler.now()})", "System.Time", present=True)


@function("defineVariable", 1, 2)
def _define_variable(call: Call) -> Flow:
    """Bind `%name` for the rest of the path: wherever it stands, its expression is written again."""
    source = call.input()
    name = call.argument(0).value
    if not isinstance(name, str):
        raise call.wrong("defineVariable() takes a name in quotes")
    compiler = call.compiler
    defined = compiler.focus.variables.get(name)
    if defined and defined[1] is not call.node:  # the same node is compiled again when its elements are asked for
        raise call.wrong(f"%{name} is defined already")
    value = source
    if call.has(1):
        this = source if call.node.base is not None else compiler.focus.this
        value = call.inside(1, Focus(this, variables=compiler.focus.variables))
    compiler.focus = replace(compiler.focus, variables={**compiler.focus.variables, name: (value, call.node)})
    return source
