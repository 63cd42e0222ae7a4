"""What both dialects ask about an expression: its Python, its truth, and whether its value is known beforehand."""

from dataclasses import replace
from decimal import Decimal

from gateway.fhirpath import ast, generate
from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.scope import Code
from gateway.mapping import ir
from gateway.mapping.compiler.expressions import Names
from gateway.mapping.compiler.folding import present_names, solid
from gateway.mapping.compiler.frame import Frame
from gateway.mapping.compiler.host import Host
from gateway.mapping.compiler.prepare import Arguments, Prepare, Prepared
from gateway.mapping.spans import Problems

_EMPTY = Code("None")


class Expressions:
    """Compiles the expressions of one program; what cannot be compiled is a problem, and empty."""

    def __init__(self, host: Host, problems: Problems, *, folding: bool = True) -> None:
        self.host = host
        self.problems = problems
        self.folding = folding
        self.seen: dict[int, Code] = {}  # what each expression gives, by its identity
        self._last: tuple[ast.Node, Frame, bool, Prepared] | None = None

    def code(self, value: ir.Expression, frame: Frame, *, pieces: bool, json: bool = True) -> tuple[Code, bool]:
        """Return the Python of an expression, and whether pieces of the source may be among its values.

        Without `json` the values are what a further expression goes on with: choices keep their types.
        """
        prepared = self._prepared(value.node, frame, pieces=pieces)
        names = Names(frame, self.host, prepared.marks)
        try:
            code = generate(prepared.node, names, json=json)
        except FhirPathError as error:
            said = error.issues[0].diagnostics.rpartition(" (at character ")[0] or error.issues[0].diagnostics
            span = value.span.shifted(error.position or 0) if "\n" not in value.text else value.span
            self.problems.add(span, said)
            return _EMPTY, False
        for name, source in code.constants:
            self.host.define(name, source)
        self.seen[id(value)] = code
        return code, names.pieces

    def sure(self, value: ir.Expression, frame: Frame) -> bool:
        """Return whether an expression surely gives a text that is not blank."""
        return solid(self._prepared(value.node, frame).node, frame.names)

    def truth(self, value: ir.Expression, frame: Frame) -> str:
        """Return Python that is true exactly when the condition is; empty is not true."""
        code, _ = self.code(value, frame, pieces=False)
        if code.text in {"True", "False", "None"}:
            return "True" if code.text == "True" else "False"
        if code.many or code.type in {None, "Element"}:  # Element: branches of an iif() that differ in type
            return f"fp_is_true({code.text})"
        if code.type in {"boolean", "System.Boolean"}:
            return code.text
        return f"{code.text} is not None"

    def narrowed(self, condition: ir.Expression | None, frame: Frame) -> Frame:
        """Return the frame where a condition holds: after `over.exists()`, `over` is there."""
        node = self._prepared(condition.node, frame).node if condition else None
        there = {name: replace(frame.names[name], present=True) for name in present_names(node) if name in frame.names}
        return frame.having(there) if there else frame

    def known(self, binding: ir.Binding, frame: Frame) -> ast.Node | None:
        """Return what a name stands for where the map alone says it: a literal or a source path; else None.

        A step from another name (`pid.5`) is a path too: who goes on from it (`name.1.1`) goes on from the piece.
        """
        node = self._prepared(binding.value.node, frame).node
        node = _as_path(node) if isinstance(node, ast.SourceStep) else node
        path = isinstance(node, ast.SourcePath) and node.column is None
        return node if path or isinstance(node, ast.Literal | ast.Empty) else None

    def literal(self, value: object) -> str:
        """Return the Python of a literal."""
        return self.host.constant(value, "decimal") if isinstance(value, Decimal) else repr(value)

    def _prepared(self, node: ast.Node, frame: Frame, *, pieces: bool = False) -> Prepared:
        """Return an expression prepared; the same one is asked for two or three times running."""
        last = self._last
        if last is None or last[0] is not node or last[1] is not frame or last[2] is not pieces:
            last = self._last = (node, frame, pieces, self._prepare(frame).run(node, pieces=pieces))
        return last[3]

    def _prepare(self, frame: Frame) -> Prepare:
        def fragment(name: str) -> Arguments | None:
            use = frame.uses.get(name)
            found = self.host.fragment(use) if use and use.concept_map is None else None
            return Arguments(self.host.sources(found)) if found else None

        overlay = self.host.overlay if self.folding else None
        return Prepare(frame, overlay, fragment, tree=self.host.format in ir.TREES)


def _as_path(step: ast.SourceStep) -> ast.Node:
    """Return `pid.5[2].1` as the path it is from the name `pid`; other steps as they are."""
    if not isinstance(step.base, ast.Identifier) or step.column is not None or len(step.numbers) > 3:
        return step
    field, component, subcomponent = (*step.numbers, None, None, None)[:3]
    at = (step.base.name, None, field, step.repetition, component, subcomponent)
    return ast.SourcePath(*at, start=step.start, end=step.end)
