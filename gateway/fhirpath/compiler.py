"""An expression compiled for itself: `compile()`; and for embedding: `generate()`."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from gateway.fhirpath import ast
from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.flow import Flow, Mode, truth
from gateway.fhirpath.generator import Generator
from gateway.fhirpath.invocation import as_json
from gateway.fhirpath.model import descends, is_type
from gateway.fhirpath.parser import parse
from gateway.fhirpath.runtime import RUNTIME
from gateway.fhirpath.scope import Code, Function, Scope

__all__ = ["Compiled", "compile", "condition", "generate"]

_compile = compile
MAX_SOURCE = 500_000  # characters of generated Python


class Compiled:
    """One expression as Python functions. Safe to share between threads; it keeps nothing between calls.

    `source` is the Python that was generated for it, `type` the type of what it gives where that is known. For places
    where the cost of a call with keywords counts, `evaluate(resource, variables)` and `test(resource, variables)`
    (true in Python's sense) are the functions themselves; they raise Python's errors for an input of another shape.
    """

    __slots__ = ("_items", "evaluate", "source", "test", "text", "type")

    def __init__(self, text: str, type_: str | None, source: str, names: Mapping[str, Any]) -> None:
        self.text = text
        self.type = type_
        self.source = source
        self.evaluate: Callable[[Any, Mapping[str, Any]], list[Any]] = names["evaluate"]
        self.test: Callable[[Any, Mapping[str, Any]], bool] = names["test"]
        self._items: Callable[[Any, Mapping[str, Any]], list[Any]] = names["typed"]

    def __call__(self, resource: Any, /, **variables: Any) -> list[Any]:
        """Return what the expression gives, as plain JSON values; FhirPathError when it cannot be answered."""
        found: list[Any] = self._guarded(self.evaluate, resource, variables)
        return found

    def true(self, resource: Any, /, **variables: Any) -> bool:
        """Return whether the expression is true (empty is not); FhirPathError when it cannot be answered."""
        return bool(self._guarded(self.test, resource, variables))

    def typed(self, resource: Any, /, **variables: Any) -> list[Any]:
        """Return what the expression gives, dates and quantities as value objects, elements with their types."""
        found: list[Any] = self._guarded(self._items, resource, variables)
        return found

    def _guarded(
        self, function: Callable[[Any, Mapping[str, Any]], Any], resource: Any, variables: dict[str, Any]
    ) -> Any:
        try:
            return function(resource, variables)
        except (AttributeError, TypeError, KeyError) as wrong:
            raise FhirPathError(f"the input does not have the shape that '{self.text}' was compiled for") from wrong

    def __repr__(self) -> str:
        return f"<Compiled {self.text!r}>"


class _Standalone(Scope):
    """The scope of `compile()`: the resource is `this`, variables are looked up when it runs."""

    def __init__(self, root: str | None, outer: Scope) -> None:
        self.root = root
        self.outer = outer

    def context(self) -> Code | None:
        return Code("this", type=self.root, present=True)

    def constant(self, name: str) -> Code | None:
        if name in {"resource", "rootResource", "context"}:
            return Code(name, type=self._type_of(name), present=True)
        found = self.outer.constant(name)
        if found is not None or name in _KNOWN or name.startswith(("vs-", "ext-", "cs-")):
            return found
        return Code(f"fp_variable(variables, {name!r})", many=True)

    def variables(self) -> str:
        return "variables"

    def _type_of(self, name: str) -> str | None:
        """The context has the type asked for; the resource around it only when that is a resource itself."""
        if self.root is None or name == "context":
            return self.root
        return self.root if name == "resource" and descends(self.root, "Resource") else None

    def identifier(self, name: str) -> Code | None:
        return self.outer.identifier(name)

    def function(self, name: str) -> Function | None:
        return self.outer.function(name)

    def source(self, node: ast.SourcePath) -> Code | None:
        return self.outer.source(node)

    def step(self, code: Code, node: ast.SourceStep) -> Code | None:
        return self.outer.step(code, node)

    def names(self) -> Iterable[str]:
        return self.outer.names()


_MODES: tuple[Mode, ...] = ("json", "element", "value")
_KNOWN = {"sct", "loinc", "ucum", "now"}
_PROLOGUE = {name: f"    {name} = variables.get({name!r}, this)\n" for name in ("resource", "rootResource", "context")}


def compile(  # noqa: A001 -- as re.compile
    text: str, *, root: str | None = None, scope: Scope | None = None, strict: bool = False, source_paths: bool = False
) -> Compiled:
    """Return an expression as a function of a resource, or of an element of the type `root`.

    With `root` every step is checked against R4 and compiled for its types; `strict` makes an element that
    the type does not have an error instead of empty. The same arguments give the same object.
    FhirPathError when the text is no expression, or none for that type.

    >>> compile("name.given", root="Patient")({"resourceType": "Patient", "name": [{"given": ["Anna"]}]})
    ['Anna']
    """
    if scope is None:
        return _cached(text, root, strict, source_paths)
    return _compiled(text, root, scope, strict=strict, source_paths=source_paths)


@lru_cache(maxsize=4096)
def _cached(text: str, root: str | None, strict: bool, source_paths: bool) -> Compiled:  # noqa: FBT001 -- a cache key
    return _compiled(text, root, Scope(), strict=strict, source_paths=source_paths)


def _compiled(text: str, root: str | None, scope: Scope, *, strict: bool, source_paths: bool) -> Compiled:
    if root is not None and not is_type(root):
        raise FhirPathError(f"no type '{root}'")
    node = parse(text, source_paths=source_paths, is_source=scope.is_source)
    generator = Generator(_Standalone(root, scope), strict=strict)
    json, typed, value = (generator.whole(node, mode) for mode in _MODES)
    bodies = {
        "evaluate": _returned(json, as_json(json)),
        "typed": _returned(typed, typed.code()),
        "test": f"    return {truth(value)}",
    }
    source = _source(text, generator.constants, bodies)
    return Compiled(text, json.type, source, _executed(source, text))


def _returned(flow: Flow, code: Code) -> str:
    if flow.many:
        return f"    return [*{code.text}]" if flow.whole else f"    return {code.text}"
    if flow.sure:
        return f"    return [{code.text}]"
    return f"    value = {code.text}\n    return [] if value is None else [value]"


def _source(text: str, constants: Mapping[str, str], bodies: Mapping[str, str]) -> str:
    functions = [f"def {name}(this, variables):\n{_prologue(body)}{body}" for name, body in bodies.items()]
    used = [f"{name} = {made}" for name, made in constants.items() if any(name in f for f in functions)]
    return "\n\n".join([f"# {_in_a_line(text)}", *used, *functions]) + "\n"


def _in_a_line(text: str) -> str:
    line = " ".join(text.split())
    return line if line.isprintable() else ascii(line)


def _prologue(body: str) -> str:
    return "".join(line for name, line in _PROLOGUE.items() if re.search(rf"\b{name}\b", body))


def _executed(source: str, text: str) -> dict[str, Any]:
    if len(source) > MAX_SOURCE:
        raise FhirPathError("the expression becomes too large")
    names = dict(RUNTIME)
    try:
        exec(_compile(source, f"<fhirpath {_in_a_line(text)[:60]}>", "exec"), names)  # noqa: S102 -- only what the generator wrote
    except (SyntaxError, RecursionError, MemoryError) as wrong:
        raise FhirPathError("the expression is nested too deeply") from wrong
    return names


def generate(node: ast.Node, scope: Scope, *, strict: bool = False, json: bool = False) -> Code:
    """Return the Python expression of a tree for the place that `scope` describes.

    The text needs the names of `RUNTIME` and the `constants` of the Code. With `json` its values are plain
    JSON values; without, dates and quantities are value objects and values of unknown type may be `Typed`,
    which is what another expression wants to go on with.
    """
    generator = Generator(scope, strict=strict)
    flow = generator.whole(node, "json" if json else "value")
    code = as_json(flow) if json else flow.code()
    return Code(code.text, code.many, code.type, _used(generator, code.text), present=flow.sure)


def condition(node: ast.Node, scope: Scope, *, strict: bool = False) -> Code:
    """Return a Python expression that Python finds true exactly when the tree is true, which empty is not.

    Shorter and quicker than the value that `generate` gives: `a == 'x'` where that has to tell empty from false.
    """
    generator = Generator(scope, strict=strict)
    text = truth(generator.whole(node, "value"))
    return Code(text, type="System.Boolean", constants=_used(generator, text), present=True)


def _used(generator: Generator, text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, made) for name, made in generator.constants.items() if name in text)
