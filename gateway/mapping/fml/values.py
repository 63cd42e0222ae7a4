"""What a transform gives, as Python: most are FHIRPath, the others functions of `transforms`."""

from typing import Protocol

from gateway.fhirpath import ast
from gateway.fhirpath.scope import Code
from gateway.mapping import ir
from gateway.mapping.compiler.frame import Name
from gateway.mapping.compiler.shared import Expressions
from gateway.mapping.fml.scope import Scope
from gateway.mapping.fml.transforms import TRANSFORMS
from gateway.mapping.overlays import Overlay
from gateway.mapping.spans import Problems

_EMPTY = Code("None")
_DATES = {"date": "toDate", "instant": "toInstant"}


class Builder(Protocol):
    """What transforms ask of the program."""

    problems: Problems
    expressions: Expressions
    overlay: Overlay

    def constant(self, value: object, hint: str) -> str:
        """Return the name under which generated code sees a value."""


class Values:
    """Writes the values of targets."""

    def __init__(self, builder: "Builder | object") -> None:
        self.builder: Builder = builder  # type: ignore[assignment]  # a program; the writer of rules knows it as its own
        self.expressions = self.builder.expressions

    def type_name(self, target: ir.RuleTarget) -> str | None:
        """Return the type that `create('…')` names."""
        first = target.parameters[0] if target.parameters else None
        return str(first.value) if target.transform == "create" and isinstance(first, ir.Literal) else None

    def code(
        self, target: ir.RuleTarget, scope: Scope, wanted: str | None, *, choice: bool = False, listed: bool = False
    ) -> Code:
        """Return the Python of a transform; `wanted` is the type of the element that takes it."""
        word = target.transform
        if word == "copy":
            return self.parameter(target.parameters[0], scope, choice=choice) if target.parameters else _EMPTY
        if word == "evaluate":
            return self.evaluated(target, scope, choice=choice, listed=listed)
        if word == "translate":
            return self.translated(target, scope, wanted)
        if word == "dateOp":
            name = _DATES.get(wanted or "", "toDateTime")
            return self._method(target, scope, name)
        if word == "uuid":
            space = self.builder.constant(self.builder.overlay.namespace, "namespace")
            return Code(f"T.uuid(control_id, {target.span.line}, {space})", type="System.String")
        return self.called(target, scope)

    def evaluated(self, target: ir.RuleTarget, scope: Scope, *, choice: bool, listed: bool) -> Code:
        """Return an expression; of two parameters the first is what it is about."""
        value = target.parameters[-1] if target.parameters else None
        if isinstance(value, ir.Literal):
            return Code(self.expressions.literal(value.value), type=_type_of(value))
        if value is None:
            return self.wrong(target, "evaluate takes an expression")
        frame = scope.frame
        if len(target.parameters) == 2 and isinstance(target.parameters[0], ir.Expression):
            first = target.parameters[0].node
            known = frame.names.get(first.name) if isinstance(first, ast.Identifier) else None
            frame = frame.having({}, known) if known is not None else frame
        code, _ = self.expressions.code(value, frame, pieces=listed, json=not choice)
        return code

    def parameter(self, value: ir.Literal | ir.Expression, scope: Scope, *, choice: bool = False) -> Code:
        """Return one parameter."""
        if isinstance(value, ir.Literal):
            return Code(self.expressions.literal(value.value), type=_type_of(value), present=True)
        if isinstance(value.node, ast.Identifier) and (known := scope.frame.names.get(value.node.name)):
            return self._name(known, value, scope)
        code, _ = self.expressions.code(value, scope.frame, pieces=True, json=not choice)
        return code

    def _name(self, known: Name, value: ir.Expression, scope: Scope) -> Code:
        """Return a variable as it is: with its type, and whatever it holds."""
        if known.fixed is not None or known.path is not None:
            code, _ = self.expressions.code(value, scope.frame, pieces=False)
            return code
        return Code(f"T.use({known.text})", known.many, known.type)

    def translated(self, target: ir.RuleTarget, scope: Scope, wanted: str | None) -> Code:
        """Return the translation of a code by the ConceptMap with a url."""
        if len(target.parameters) < 2:
            return self.wrong(target, "translate takes a value, the url of a ConceptMap and what to give")
        value, url, *rest = target.parameters
        kind = str(rest[0].value) if rest and isinstance(rest[0], ir.Literal) else ""
        kind = kind or (wanted if wanted in {"Coding", "CodeableConcept"} else "code")
        member = kind if kind in {"system", "display"} else None
        given = ast.Literal("Coding" if member else kind)
        node: ast.Node = ast.Call(ast.Identifier(_text(url)), "translate", (self._node(value), given))
        made = ir.Expression("translate", ast.Member(node, member) if member else node, target.span)
        code, _ = self.expressions.code(made, scope.frame, pieces=False)
        return code

    def _method(self, target: ir.RuleTarget, scope: Scope, name: str) -> Code:
        if not target.parameters:
            return self.wrong(target, "dateOp takes a value and its format")
        value, *rest = target.parameters
        node = ast.Call(self._node(value), name, tuple(map(self._node, rest[:1])))
        code, _ = self.expressions.code(ir.Expression(name, node, target.span), scope.frame, pieces=False)
        return code

    def _node(self, value: ir.Literal | ir.Expression) -> ast.Node:
        return ast.Literal(value.value) if isinstance(value, ir.Literal) else value.node

    def called(self, target: ir.RuleTarget, scope: Scope) -> Code:
        """Return the call of a transform that is a function."""
        found = TRANSFORMS.get(target.transform or "")
        if found is None:
            return self.wrong(target, f"there is no transform '{target.transform}'")
        _, least, most, type_ = found
        given = len(target.parameters)
        if not least <= given <= most:
            wanted = f"{least} to {most}" if least != most else str(least)
            return self.wrong(target, f"{target.transform} takes {wanted} parameters, not {given}")
        if target.transform == "cast":
            last = target.parameters[-1]
            type_ = str(last.value) if given == 2 and isinstance(last, ir.Literal) else "string"
        literal = target.transform == "append"  # its texts are never empty, whatever they hold
        given_ = [v for v in target.parameters if not (literal and isinstance(v, ir.Literal))]
        texts = [_single(self.parameter(value, scope)) for value in given_]
        if literal:
            frame = tuple(str(v.value) if isinstance(v, ir.Literal) else None for v in target.parameters)
            texts.insert(0, repr(frame))
        if target.transform == "cast" and given == 1:
            texts.append("'string'")
        return Code(f"T.call(fml_{target.transform}, {', '.join(texts)})", type=type_)

    def wrong(self, target: ir.RuleTarget, text: str) -> Code:
        """Note what is wrong with a transform; return what is empty."""
        self.builder.problems.add(target.span, text)
        return _EMPTY


def _single(code: Code) -> str:
    """A transform takes the first value of a variable that holds several."""
    return f"first({code.text})" if code.many else code.text


def _text(value: ir.Literal | ir.Expression) -> str:
    return str(value.value) if isinstance(value, ir.Literal) else value.text


def _type_of(value: ir.Literal) -> str:
    kinds = {bool: "System.Boolean", int: "System.Integer", str: "System.String"}
    return kinds.get(type(value.value), "System.Decimal")
