"""One mapping for one provider as Python source, and the functions it becomes.

The text holds only what the generators wrote: names, paths and texts of a mapping enter it as literals.
"""

import builtins
import linecache
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.mapping import ir
from gateway.mapping.compiler import sharing
from gateway.mapping.compiler.body import Body, Made
from gateway.mapping.compiler.frame import Frame, Name, outermost
from gateway.mapping.compiler.names import NAMES
from gateway.mapping.compiler.plain import Plain
from gateway.mapping.compiler.rules import Rule, Rules
from gateway.mapping.compiler.shared import Expressions
from gateway.mapping.compiler.sources import Units, source_parameters, stepped_names
from gateway.mapping.compiler.traced import Traced
from gateway.mapping.concept_maps import ConceptMap
from gateway.mapping.overlays import Overlay
from gateway.mapping.spans import Problems
from gateway.mapping.translators import Translator

_CONTEXT = "m, received_at, control_id"

Function = Callable[..., Any]


@dataclass(frozen=True)
class Program:
    """`run(message, received_at, control_id, out or T, …)` fills `out` with resources by `Type/id`."""

    source: str
    run: Function
    rules: tuple[Rule, ...]
    tracer: Function | None = None  # makes the tracer of a traced run, where it is no plain Tracer
    rows: Function | None = None  # what `of_rows` asks, where the program is one for tables

    def of_rows(self, received_at: str, remembered: Callable[[Function], Function]) -> Function:
        """Return `run(record, out)` for some rows of one table.

        What `remembered` makes of a function stands in its place. Only those pass through it that make the same of the
        same texts: what rows of one table share, such as their site, is then made once.
        """
        if self.rows is None:
            return lambda record, out: self.run(record, received_at, None, out)
        made: Function = self.rows(received_at, None, remembered)
        return made


def plain_program(mapping: ir.Mapping, overlay: Overlay, units: Units, problems: Problems) -> Program:
    """Return the program that computes; what cannot be compiled goes to `problems`."""
    return _Builder(mapping, overlay, units, problems, traced=False).program()


def traced_program(mapping: ir.Mapping, overlay: Overlay, units: Units, problems: Problems) -> Program:
    """Return the program that tells a Tracer what it does."""
    return _Builder(mapping, overlay, units, problems, traced=True).program()


class _Builder:
    """Writes the functions of one program; the host of its expressions."""

    def __init__(
        self, mapping: ir.Mapping, overlay: Overlay, units: Units, problems: Problems, *, traced: bool
    ) -> None:
        self.mapping = mapping
        self.format = mapping.source.format
        self.overlay = overlay
        self.zone = str(dict(mapping.source.layout).get("timezone") or overlay.timezone)
        self.prefixes: Mapping[str, str] = dict(mapping.source.tree.prefixes) if mapping.source.tree else {}
        self.traced = traced
        self.units = units
        self.problems = problems
        self.rules = Rules()
        self.expressions = Expressions(self, problems)
        self.namespace: dict[str, Any] = {**NAMES}
        self.constants: dict[tuple[str, str], str] = {}
        self.definitions: dict[str, str] = {}
        self.functions: list[str] = []
        self.bodies: list[Body] = []
        self.known: dict[tuple[object, ...], str] = {}
        self.open: list[str] = []
        self.displays: dict[str, str] = {}
        self.certain: set[str] = set()
        self.table = self.format == "csv" and not traced
        self.added: set[str] = set()  # functions of the language that rows of a table share
        self.looking: set[str] = set()  # functions for a table that look at the row themselves

    # ---- what expressions ask (compiler.expressions.Host)

    def line(self, name: str, occurrence: int | None, qualifier: str | None = None) -> str:
        return self.bodies[-1].segment(name, occurrence, qualifier)

    def item(self) -> str:
        return "each_item.value" if self.mapping.each and not self.open else "m.root"

    def constant(self, value: object, hint: str) -> str:
        key = _table_key(value) or (type(value).__name__, repr(value))
        if key not in self.constants:
            clean = "".join(c if c.isalnum() and c.isascii() else "_" for c in hint)
            name = f"K_{clean}_{len(self.constants) + 1}"
            self.constants[key] = name
            self.namespace[name] = self._table(value) if _table_key(value) else getattr(value, "function", value)
        return self.constants[key]

    def read(self, text: str) -> str:
        return text if self.traced else self.bodies[-1].read(text)

    def cell(self, column: str) -> str:
        return self.bodies[-1].cell(column)

    def context(self, function: str) -> str:
        self.bodies[-1].looks |= function in self.looking
        return self._context(function)

    def shared(self, name: str) -> str:
        if not self.table:
            return name
        self.added.add(name)
        return f"r_{name}"

    def apart(self, body: Body, start: int, made: Made, frame: Frame) -> Made:
        if not self.table or not sharing.worth(body.lines[start:], made.text):
            return made
        variables = sharing.inputs(body.lines[start:], made.text, self._is_known)
        texts = {*body.cells.values(), *(name.text for name in frame.names.values() if sharing.is_key(name))}
        if not sharing.is_shared(variables, texts):
            return made
        function = f"g_{len(self.functions) + 1}"
        call = f"{function}({', '.join(variables)})"
        self.functions.append(sharing.moved(body, start, made.text, f"def {call}"))
        return replace(made, text=call)

    def _is_known(self, name: str) -> bool:
        """Return whether a name in generated code is no variable of the row."""
        outer = name in self.namespace or name in self.definitions or name in {"received_at", "control_id"}
        return outer or name[:2] in {"f_", "g_", "r_"} or hasattr(builtins, name)

    def _context(self, function: str) -> str:
        if not self.table:
            return _CONTEXT
        return "m" if function in self.looking else ""

    def stepped(self, unit: ir.Unit) -> frozenset[str]:
        return stepped_names(unit, self.units)

    def inlined(self, function: str) -> str | None:
        return self.displays.get(function)

    def always(self, function: str) -> bool:
        return function in self.certain

    def define(self, name: str, source: str) -> None:
        self.definitions[name] = source

    def fragment(self, use: ir.Use) -> ir.Fragment | None:
        return self.units.fragment(use)

    def concept_map(self, use: ir.Use) -> ConceptMap | None:
        found = self.units.concept_map(use)
        return found.with_codes(self.overlay.codes(found.id)) if found else None

    def sources(self, fragment: ir.Fragment) -> frozenset[int]:
        return source_parameters(fragment, self.units)

    def called(self, fragment: ir.Fragment, names: tuple[Name, ...]) -> str:
        if fragment.file in self.open:
            self.problems.add(fragment.span, f"the fragment '{fragment.name}' uses itself")
        key = (fragment.file, fragment.name, *(name.signature for name in names))
        if key not in self.known:
            clean = "".join(c if c.isalnum() and c.isascii() else "_" for c in fragment.name)
            self.known[key] = f"f_{clean}_{len(self.known) + 1}"
            if fragment.file not in self.open:
                self._write_fragment(fragment, names, self.known[key])
        return self.known[key]

    # ---- functions

    def program(self) -> Program:
        self._write_mapping()
        head = [f"{name} = {made}" for name, made in self.definitions.items()]
        functions = [sharing.rows(sorted(self.added), self.functions)] if self.table else self.functions
        source = "\n\n\n".join(["\n".join(head), *functions]) + "\n"
        file = f"<{self.mapping.name} for {self.overlay.name}{', traced' if self.traced else ''}>"
        exec(compile(source, file, "exec"), self.namespace)  # noqa: S102 - only what the generators wrote
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        rules = tuple(self.rules.all)
        return Program(source, self.namespace["mapping"], rules, rows=self.namespace.get("rows"))

    def finish(self, body: Body) -> None:
        """Keep the text of a function that is written."""
        self.functions.append(body.text())

    def _table(self, value: Any) -> Any:
        table = Translator(*value)
        return table if self.traced else table.function

    def _write_mapping(self) -> None:
        each = self.mapping.each if self.format in ir.SEGMENTED else None
        item = each or ("item" if self.mapping.each and self.format in ir.TREES else None)
        extra = ", ".join(["T"] * self.traced + ["out"] + ([f"each_{item}"] if item else []))
        body = Body(f"def mapping({'m' if self.table else _CONTEXT}, {extra})")
        if each:
            body.segments[each, None, None] = f"each_{each}"
        self.bodies.append(body)
        frame = outermost(self.mapping)
        if self.traced:
            self._traced_mapping(Traced(body, self.expressions, self.rules), frame)
        else:
            self._plain_mapping(Plain(body, self.expressions), frame)
        body.line("return out")
        self.bodies.pop()
        self.finish(body)

    def _plain_mapping(self, writer: Plain, frame: Frame) -> None:
        frame = writer.bind(self.mapping.lets, frame)
        for rule in self.mapping.requires:
            writer.require(rule, frame)
        for template in self.mapping.emit:
            writer.emit(template, frame)

    def _traced_mapping(self, writer: Traced, frame: Frame) -> None:
        frame = writer.bind(self.mapping.lets, frame, "let.")
        for index, rule in enumerate(self.mapping.requires):
            writer.require(rule, frame, f"require[{index}]")
        for index, template in enumerate(self.mapping.emit):
            writer.emit(template, frame, f"emit[{index}]")

    def _write_fragment(self, fragment: ir.Fragment, names: tuple[Name, ...], function: str) -> None:
        parameters = {
            name: replace(given, text=f"a_{name}") for name, given in zip(fragment.parameters, names, strict=True)
        }
        passed = [name.text for name in parameters.values() if name.fixed is None]
        body = Body("")
        self.bodies.append(body)
        self.open.append(fragment.file)
        frame = outermost(fragment).having(parameters)
        if self.traced:
            self._traced_fragment(fragment, Traced(body, self.expressions, self.rules), frame)
        else:
            made = self._plain_fragment(fragment, Plain(body, self.expressions), frame)
            self.certain |= {function} if made.sure else set()
            if made.sure and len(body.lines) == 1 and not passed and not body.segments and fragment.single:
                self.displays[function] = made.text
        self.open.pop()
        self.bodies.pop()
        self.looking |= {function} if body.looks else set()
        given = [name for name in parameters.values() if name.fixed is None]
        body.head = self._head(function, given)
        self.finish(body)

    def _head(self, function: str, given: Sequence[Name]) -> str:
        """Return how the definition of a fragment begins."""
        variables = [self._context(function), *["T"] * self.traced, *(name.text for name in given)]
        head = f"def {function}({', '.join(filter(None, variables))})"
        shared = self.table and function not in self.looking and given and all(map(sharing.is_key, given))
        return f"@remembered\n{head}" if shared else head

    def _plain_fragment(self, fragment: ir.Fragment, writer: Plain, frame: Frame) -> Made:
        frame = writer.bind(fragment.lets, frame)
        template = fragment.emit[0] if fragment.single else ir.Items(fragment.emit, fragment.span)
        made = writer.value(template, frame)
        writer.body.line(
            f"return {made.text}" + (" or None" if fragment.single and not made.sure and made.kind == "whole" else "")
        )
        return made

    def _traced_fragment(self, fragment: ir.Fragment, writer: Traced, frame: Frame) -> None:
        writer.body.line("before = T.enter()")
        frame = writer.bind(fragment.lets, frame, f"{fragment.name}.")
        writer.body.line("made = []")
        for index, template in enumerate(fragment.emit):
            path = fragment.name if fragment.single else f"{fragment.name}[{index}]"
            writer.into("made", None, template, frame, path, "")
        writer.body.line("T.leave(before)")
        writer.body.line(f"return {'T.only(made)' if fragment.single else 'made'}")


def _table_key(value: object) -> tuple[str, str] | None:
    """Return id and kind for a ConceptMap with the kind of its result, None for any other value."""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], ConceptMap):
        return value[0].id, str(value[1])
    return None
