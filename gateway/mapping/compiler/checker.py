"""Whether every expression of a unit can be compiled, and what each of them gives: for the checks at load."""

from gateway.fhirpath import Code
from gateway.mapping import ir
from gateway.mapping.compiler.body import Body
from gateway.mapping.compiler.frame import Name
from gateway.mapping.compiler.program import _Builder
from gateway.mapping.compiler.shared import Expressions
from gateway.mapping.compiler.sources import Units
from gateway.mapping.overlays import Overlay
from gateway.mapping.spans import Problems


def check_unit(unit: ir.Unit, format_: str, units: Units, problems: Problems) -> dict[int, Code]:
    """Compile every expression of a unit as it is written, whatever a provider says; return what each gives."""
    builder = _Checker(unit, format_, units, problems)
    builder.check()
    return builder.expressions.seen


class _Checker(_Builder):
    """Writes one unit without its fragments and without a provider, only to see whether it can be written."""

    def __init__(self, unit: ir.Unit, format_: str, units: Units, problems: Problems) -> None:
        mapping = unit if isinstance(unit, ir.Mapping) else ir.Mapping(unit.name, unit.file, unit.version, unit.span)
        super().__init__(mapping, Overlay("", ""), units, problems, traced=False)
        self.unit = unit
        self.format = format_
        self.table = False  # nothing of it runs
        self.expressions = Expressions(self, problems, folding=False)

    def check(self) -> None:
        """Write the unit."""
        if isinstance(self.unit, ir.Mapping):
            self._write_mapping()
        elif isinstance(self.unit, ir.Fragment):
            self._write_fragment(self.unit, tuple(Name("", pieces=True) for _ in self.unit.parameters), "checked")

    def finish(self, body: Body) -> None:
        """Leave it: nobody runs it."""

    def called(self, fragment: ir.Fragment, names: tuple[Name, ...]) -> str:
        del names
        return f"f_{fragment.name}"
