"""The tree to Python expressions. What a node means is decided here; its text is put together in `flow`."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from hashlib import sha256
from itertools import count
from types import MappingProxyType
from typing import Any, ClassVar

from gateway.fhirpath import ast, functions, navigation, operators
from gateway.fhirpath.calls import FUNCTIONS, Call, Focus, named, only
from gateway.fhirpath.errors import FhirPathError, nearest
from gateway.fhirpath.flow import EMPTY, Flow, Mode, items, of_list, one
from gateway.fhirpath.invocation import invoke
from gateway.fhirpath.model import children, descends, is_abstract, is_type
from gateway.fhirpath.scope import Code, Elements, Scope
from gateway.fhirpath.values import Date, DateTime, Quantity, Time

__all__ = ["Generator"]

functions.load()

MAX_TEXT = 100_000  # characters of Python for one node

_URLS = {
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "ucum": "http://unitsofmeasure.org",
}
_PREFIXED = {
    "vs-": "http://hl7.org/fhir/ValueSet/",
    "ext-": "http://hl7.org/fhir/StructureDefinition/",
    "cs-": "http://hl7.org/fhir/CodeSystem/",
}


class Generator:
    """Compiles the nodes of one expression; `constants` are the names its texts use and what makes them."""

    def __init__(self, scope: Scope, *, strict: bool = False) -> None:
        self.scope = scope
        self.strict = strict
        self.constants: dict[str, str] = {}
        self._count = count(1)
        context = scope.context()
        self.focus = Focus(None if context is None else self.taken(context, "this"), root=True)

    def whole(self, node: ast.Node, mode: Mode) -> Flow:
        """Return the flow of a whole expression."""
        return self.settled(node, mode)

    # ---- what functions and operators ask

    def settled(self, node: ast.Node, mode: Mode = "value") -> Flow:
        """Return the flow of a node with every choice decided or carried as a typed value."""
        return navigation.settle(self, self.flow(node, mode), mode)

    def flow(self, node: ast.Node, mode: Mode = "value") -> Flow:
        """Return the flow of a node, a choice element still undecided."""
        write = self._WRITERS.get(type(node), operators.write)
        flow = write(self, node, mode)
        if flow.size > MAX_TEXT:  # variables stand for their expressions, which may stand for others twice each
            raise self.wrong("the expression becomes too large", node)
        return flow

    @contextmanager
    def within(self, focus: Focus) -> Iterator[None]:
        """Compile in another focus."""
        before, self.focus = self.focus, focus
        try:
            yield
        finally:
            self.focus = before

    def name(self, hint: str) -> str:
        """Return a variable name not used before."""
        return f"_{_clean(hint)}{next(self._count)}"

    def constant(self, source: str, hint: str) -> str:
        """Return the name of a constant; the same source has the same name in every expression."""
        name = f"FP_{_clean(hint)[:40]}_{sha256(source.encode()).hexdigest()[:8]}"
        self.constants[name] = source
        return name

    def taken(self, code: Code, hint: str) -> Flow:
        """Return the code of an embedding as a flow."""
        self.constants.update(code.constants)
        if code.many:
            return of_list(code.text, code.type, self.name(hint))
        return Flow(code.text, code.type, present=code.present)

    def elements(self, name: str) -> Elements:
        """Return how a step by name from a value of unknown type is written."""
        return self.scope.elements(name) or Elements("fp_step", "fp_steps", name, typed=True)

    def variables(self) -> str:
        """Return the text of the dict of `%variables`."""
        return self.scope.variables() or "{}"

    def resource(self) -> str:
        """Return the text of `%resource`."""
        code = self.scope.constant("resource")
        return "None" if code is None else code.text

    def now(self) -> str:
        """Return the text of the moment that now() gives."""
        code = self.scope.constant("now")
        return f"fp_now({self.variables()})" if code is None else code.text

    def wrong(self, what: str, node: ast.Node, suggestion: str | None = None) -> FhirPathError:
        """Return the error of a node."""
        position = node.at if isinstance(node, ast.Call | ast.Member) else node.start
        return FhirPathError(what, position=position, suggestion=suggestion)

    # ---- terms

    def _literal(self, node: ast.Literal, _: Mode) -> Flow:
        value = node.value
        type_ = _SYSTEM[type(value)]
        if isinstance(value, str | bool | int):
            return Flow(repr(value), type_, present=True, value=value)
        if isinstance(value, Decimal):
            text = self.constant(f"Decimal('{value}')", str(value))
        else:
            text = self.constant(repr(value), type(value).__name__)
        return Flow(text, type_, present=True, value=value)

    def _special(self, node: ast.Special, _: Mode) -> Flow:
        found = {"this": self.focus.this, "index": self.focus.index, "total": self.focus.total}[node.name]
        if found is None:
            raise self.wrong(f"there is no ${node.name} here", node)
        return found

    def _constant(self, node: ast.Constant, _: Mode) -> Flow:
        name = node.name
        if name in self.focus.variables:
            return self.focus.variables[name][0]
        code = self.scope.constant(name)
        if code is not None:
            return self.taken(code, name)
        url = _URLS.get(name) or next((u + name[len(p) :] for p, u in _PREFIXED.items() if name.startswith(p)), None)
        if url is None:
            known = (*_URLS, *self.scope.names(), "resource", "context")
            raise self.wrong(f"no constant '%{name}'", node, nearest(name, known))
        return Flow(repr(url), "System.String", present=True, value=url)

    def _identifier(self, node: ast.Identifier, mode: Mode) -> Flow:
        code = self.scope.identifier(node.name)
        if code is not None:
            return self.taken(code, node.name)
        this = self.focus.this
        if this is None:
            raise self.wrong(f"no name '{node.name}'", node, nearest(node.name, self.scope.names()))
        if node.name[:1].isupper() and is_type(node.name) and self.elements(node.name).typed:
            found = self._of_type(this, node)
            if found is not None:
                return found
        return navigation.member(self, this, node.name, node, mode)

    def _of_type(self, this: Flow, node: ast.Identifier) -> Flow | None:
        """`Patient` at the start of `Patient.name` is the context itself, when it is one."""
        if this.type is None or is_abstract(this.type):
            if "resourceType" in children(node.name) or not descends(node.name, "Resource"):
                return None if this.type is None else this if descends(this.type, node.name) else None
            return Flow(f"fp_only_type({one(this)}, {node.name!r})", node.name)
        if descends(this.type, node.name):
            return this
        if descends(node.name, "Resource") and self.focus.root:
            if self.strict:
                raise self.wrong(f"the context is {this.type}, not {node.name}", node)
            return EMPTY
        return None

    # ---- paths

    def _member(self, node: ast.Member, mode: Mode) -> Flow:
        base = self.flow(node.base)
        if base.type is not None and node.name in {"extension", "id"} and base.kind != "complex":
            base = self.flow(node.base, "element")
        return navigation.member(self, base, node.name, node, mode)

    def _index(self, node: ast.Index, mode: Mode) -> Flow:
        base, index = self.settled(node.base, _carried(mode)), self.settled(node.index)
        if not base.ordered and self.strict:
            raise self.wrong("these items have no order", node)
        if isinstance(index.value, str):
            return navigation.member(self, base, index.value, node, mode)
        if index.value == 0 and base.many:
            return Flow(f"({items(base)} or fp_none)[0]", base.type)
        return Flow(f"fp_at({items(base)}, {only(index)})", base.type)

    def _source(self, node: ast.SourcePath | ast.SourceStep, _: Mode) -> Flow:
        if isinstance(node, ast.SourcePath):
            code = self.scope.source(node)
        else:
            base = self.settled(node.base)
            if base.empty:
                return EMPTY
            if base.many:
                return self._step_of_each(base, node)
            code = self.scope.step(base.code(), node)
        if code is None:
            raise self.wrong("there is no such source here", node, nearest(str(node.base), self.scope.names()))
        return self.taken(code, "value")

    def _step_of_each(self, base: Flow, node: ast.SourceStep) -> Flow:
        each = named(self, base)
        code = self.scope.step(Code(each.item, many=False, type=each.type), node)
        if code is None:
            raise self.wrong("there is no such source here", node)
        self.constants.update(code.constants)
        if not code.many:
            return each.to(code.text, code.type)
        name = self.name("value")
        return Flow(name, code.type, many=True, clauses=(*each.clauses, f"for {name} in {code.text}"), present=True)

    def _call(self, node: ast.Call, mode: Mode) -> Flow:
        own = self.scope.function(node.name)
        if own is not None:
            return self.taken(invoke(self, own, node), node.name)
        definition = FUNCTIONS.get(node.name)
        if definition is None:
            known = (*FUNCTIONS, *self.scope.names())
            raise self.wrong(f"no function '{node.name}'", node, nearest(node.name, known))
        given = len(node.arguments)
        if not definition.least <= given <= definition.most:
            wanted = (
                f"{definition.least}"
                if definition.least == definition.most
                else f"{definition.least} to {definition.most}"
            )
            raise self.wrong(f"{node.name}() takes {wanted} arguments, not {given}", node)
        return definition.write(Call(self, node, mode))

    _WRITERS: ClassVar[Mapping[type[ast.Node], Callable[["Generator", Any, Mode], Flow]]] = MappingProxyType(
        {
            ast.Literal: _literal,
            ast.Empty: lambda *_: EMPTY,
            ast.Identifier: _identifier,
            ast.Special: _special,
            ast.Constant: _constant,
            ast.Member: _member,
            ast.Call: _call,
            ast.Index: _index,
            ast.TypeTest: functions.test_type,
            ast.SourcePath: _source,
            ast.SourceStep: _source,
        }
    )


def _clean(hint: str) -> str:
    """Return a text as a part of a name."""
    if hint.isascii() and hint.isidentifier():
        return hint
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in hint)


def _carried(mode: Mode) -> Mode:
    return "element" if mode == "element" else "value"


_SYSTEM: dict[type, str] = {
    str: "System.String",
    bool: "System.Boolean",
    int: "System.Integer",
    Decimal: "System.Decimal",
    Date: "System.Date",
    DateTime: "System.DateTime",
    Time: "System.Time",
    Quantity: "System.Quantity",
}
