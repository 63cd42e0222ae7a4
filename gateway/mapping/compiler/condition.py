"""`source.when` as a function of a message, and the source paths it looks at."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gateway.fhirpath import ast
from gateway.mapping import ir
from gateway.mapping.compiler.body import Body, Made
from gateway.mapping.compiler.frame import Frame, Name, outermost
from gateway.mapping.compiler.host import Host
from gateway.mapping.compiler.names import NAMES
from gateway.mapping.compiler.shared import Expressions
from gateway.mapping.concept_maps import ConceptMap
from gateway.mapping.overlays import ZONE, Overlay
from gateway.mapping.spans import Problems

Test = Callable[[Any], bool]
Values = Callable[[Any], list[Any]]


class _Host(Host):
    """A condition knows the message and nothing else: no aliases, no provider."""

    traced = False
    zone = ZONE

    def __init__(self, source: ir.Source, body: Body) -> None:
        self.format = source.format
        self.prefixes: Mapping[str, str] = dict(source.tree.prefixes) if source.tree else {}
        self.overlay = Overlay("", "")
        self.body = body
        self.constants: dict[str, Any] = {}
        self.definitions: dict[str, str] = {}

    def item(self) -> str:
        return "m.root"

    def line(self, name: str, occurrence: int | None, qualifier: str | None = None) -> str:
        return self.body.segment(name, occurrence, qualifier)

    def constant(self, value: object, hint: str) -> str:
        name = f"K_{hint}_{len(self.constants)}"
        self.constants[name] = value
        return name

    def read(self, text: str) -> str:
        return self.body.read(text)

    def cell(self, column: str) -> str:
        return self.body.cell(column)

    def context(self, function: str) -> str:
        raise AssertionError(function)  # there are no fragments to call

    def shared(self, name: str) -> str:
        return name

    def apart(self, body: Body, start: int, made: Made, frame: Frame) -> Made:
        del body, start, frame
        return made

    def stepped(self, unit: ir.Unit) -> frozenset[str]:
        del unit
        return frozenset()

    def inlined(self, function: str) -> str | None:
        del function
        return None

    def always(self, function: str) -> bool:
        del function
        return False

    def define(self, name: str, source: str) -> None:
        self.definitions[name] = source

    def fragment(self, use: ir.Use) -> ir.Fragment | None:
        del use
        return None

    def concept_map(self, use: ir.Use) -> ConceptMap | None:
        del use
        return None

    def sources(self, fragment: ir.Fragment) -> frozenset[int]:
        del fragment
        return frozenset()

    def called(self, fragment: ir.Fragment, names: tuple[Name, ...]) -> str:
        raise AssertionError(fragment, names)  # there are no fragments to call


def condition(mapping: ir.Mapping, problems: Problems) -> Test:
    """Return the function that tells whether a mapping accepts a message; always, when it has no `when`."""
    when = mapping.source.when
    if when is None:
        return lambda _: True
    body = Body("def accepts(m)")
    host = _Host(mapping.source, body)
    truth = Expressions(host, problems).truth(when, outermost(mapping))
    body.line(f"return bool({truth})")
    test: Test = _made(host, body, f"<when of {mapping.name}>", "accepts")
    return test


def values(mapping: ir.Mapping, expression: ir.Expression, problems: Problems) -> Values:
    """Return the function that gives the values of an expression of `source` (or of `each`) for a message."""
    body = Body("def found(m)")
    host = _Host(mapping.source, body)
    code, _ = Expressions(host, problems).code(expression, outermost(mapping), pieces=True)
    body.line(f"return {code.text}" if code.many else f"return some({code.text})")
    found: Values = _made(host, body, f"<source of {mapping.name}>", "found")
    return found


def _made(host: _Host, body: Body, file: str, name: str) -> Any:
    head = "\n".join(f"{name} = {made}" for name, made in host.definitions.items())
    names: dict[str, Any] = {**NAMES, **host.constants}
    exec(compile(f"{head}\n{body.text()}\n", file, "exec"), names)  # noqa: S102 - only what the generators wrote
    return names[name]


def paths(mapping: ir.Mapping) -> frozenset[ast.SourcePath | str]:
    """Return the source paths that decide whether a mapping accepts a message; a bare segment by its name."""
    when = mapping.source.when
    found: set[ast.SourcePath | str] = set()
    for node in ast.walk(when.node) if when else ():
        if isinstance(node, ast.SourcePath):
            found.add(_bare(node))
        elif isinstance(node, ast.Identifier):
            found.add(node.name)
    return frozenset(found)


def _bare(node: ast.SourcePath) -> ast.SourcePath:
    return replace(node, start=0, end=0)
