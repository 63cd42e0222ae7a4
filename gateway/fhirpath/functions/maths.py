"""https://hl7.org/fhirpath/N1/#math-functions and the boundary functions that came after it"""

from gateway.fhirpath.calls import Call, function, only
from gateway.fhirpath.flow import EMPTY, Flow
from gateway.fhirpath.shapes import system

__all__: list[str] = []

# function: (runtime name, most arguments, type of the result; None for that of the input)
_TABLE = {
    "abs": ("fp_absolute", 0, None),
    "ceiling": ("fp_ceiling", 0, "System.Integer"),
    "exp": ("fp_exp", 0, "System.Decimal"),
    "floor": ("fp_floor", 0, "System.Integer"),
    "ln": ("fp_ln", 0, "System.Decimal"),
    "log": ("fp_log", 1, "System.Decimal"),
    "power": ("fp_power", 1, "any"),
    "round": ("fp_round", 1, "System.Decimal"),
    "sqrt": ("fp_sqrt", 0, "System.Decimal"),
    "truncate": ("fp_truncate", 0, "System.Integer"),
    "lowBoundary": ("fp_low_boundary", 1, "any"),
    "highBoundary": ("fp_high_boundary", 1, "any"),
    "precision": ("fp_precision", 0, "System.Integer"),
    "comparable": ("fp_comparable", 1, "System.Boolean"),
}
_OBLIGED = {"log", "power", "comparable"}


def _register(name: str, runtime: str, most: int, type_: str | None) -> None:
    @function(name, most if name in _OBLIGED else 0, most)
    def _number(call: Call) -> Flow:
        source = system(call.input())
        if source.empty:
            return EMPTY
        arguments = [only(source), *(only(system(call.argument(i))) for i in range(len(call.node.arguments)))]
        result = source.type if type_ is None else None if type_ == "any" else type_
        return Flow(f"{runtime}({', '.join(arguments)})", result)


for _name, _row in _TABLE.items():
    _register(_name, *_row)
