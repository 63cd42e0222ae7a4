"""Tokens to a tree: a Pratt parser. https://hl7.org/fhirpath/N1/#operator-precedence"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from gateway.fhirpath import ast
from gateway.fhirpath.errors import FhirPathError, nearest
from gateway.fhirpath.lexer import Token, tokens
from gateway.fhirpath.values import Quantity
from gateway.fhirpath.values.quantity import CALENDAR

__all__ = ["parse"]

MAX_DEPTH = 60  # nested parentheses and calls: Python itself refuses code some 200 deep

_BINDING = {
    "implies": 1,
    "or": 2,
    "xor": 2,
    "and": 3,
    "in": 4,
    "contains": 4,
    **dict.fromkeys(("=", "!=", "~", "!~"), 5),
    **dict.fromkeys(("<", ">", "<=", ">="), 6),
    "|": 7,
    "is": 8,
    "as": 8,
    **dict.fromkeys(("+", "-", "&"), 9),
    **dict.fromkeys(("*", "/", "div", "mod"), 10),
}
_UNARY = 11
_PATH = 12
_RESERVED = {"and", "or", "xor", "implies", "div", "mod"}  # cannot start a path; `in`, `is`, `as`, `contains` can
RECORD = "record"  # the row of a table, in source paths


def parse(text: str, *, source_paths: bool = False, is_source: Callable[[str], bool] | None = None) -> ast.Node:
    """Return the tree of an expression; FhirPathError with its position where it cannot be read.

    With `source_paths` the paths of messages are read too; `is_source` then says which names, besides
    segment names and `record`, stand for a piece of a source (`x` in `x-5.1` and `x.column`).
    """
    return _Parser(text, _sources(is_source) if source_paths else None).whole()


def _sources(is_source: Callable[[str], bool] | None) -> Callable[[str], bool]:
    return lambda name: name == RECORD or (is_source is not None and is_source(name))


class _Parser:
    def __init__(self, text: str, is_source: Callable[[str], bool] | None) -> None:
        self.tokens = iter(tokens(text, is_source))
        self.token = next(self.tokens)
        self.is_source = is_source
        self.depth = 0

    # ---- tokens

    def next(self) -> Token:
        token = self.token
        self.token = next(self.tokens, token)
        return token

    def here(self, *texts: str) -> bool:
        return self.token.text in texts and self.token.kind in {"operator", "name"}

    def expect(self, text: str) -> Token:
        if not self.here(text):
            raise self.wrong(f"{text!r} is missing before")
        return self.next()

    def wrong(self, what: str) -> FhirPathError:
        shown = self.token.text if self.token.kind == "end" else repr(self.token.text)
        return FhirPathError(f"{what} {shown}", position=self.token.start)

    # ---- expressions

    def whole(self) -> ast.Node:
        node = self.expression(0)
        if self.token.kind != "end":
            meant = nearest(self.token.text, _BINDING) if self.token.kind == "name" else None
            raise FhirPathError(f"unexpected {self.token.text!r}", position=self.token.start, suggestion=meant)
        return node

    def expression(self, binding: int) -> ast.Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FhirPathError(f"nested deeper than {MAX_DEPTH}", position=self.token.start)
        left = self.unary()
        while self.operator_binding() > binding:
            left = self.binary(left)
        self.depth -= 1
        return left

    def operator_binding(self) -> int:
        return _BINDING.get(self.token.text, 0) if self.token.kind in {"operator", "name"} else 0

    def binary(self, left: ast.Node) -> ast.Node:
        operator = self.next().text
        if operator in {"is", "as"}:
            name, end = self.type_name()
            return ast.TypeTest(operator, left, name, start=left.start, end=end)
        right = self.expression(_BINDING[operator])
        return ast.Binary(operator, left, right, start=left.start, end=right.end)

    def type_name(self) -> tuple[str, int]:
        first = self.name("a type")
        if first.value in {"System", "FHIR"} and self.here("."):
            self.next()
            second = self.name("a type")
            return f"{first.value}.{second.value}", second.end
        return str(first.value), first.end

    def unary(self) -> ast.Node:
        if not self.here("-", "+"):
            return self.path(self.term())
        sign = self.next()
        operand = self.expression(_UNARY)
        return ast.Unary(sign.text, operand, start=sign.start, end=operand.end)

    # ---- paths

    def path(self, node: ast.Node) -> ast.Node:
        while True:
            if self.here("."):
                self.next()
                node = self.member(node)
            elif self.here("["):
                node = self.index(node)
            elif self.token.kind == "step":
                node = self.step(node)
            else:
                return node

    def member(self, base: ast.Node) -> ast.Node:
        if self.token.kind == "special":
            raise self.wrong("a name must follow the dot, not")
        name = self.name("a name")
        if self.here("("):
            return self.call(base, name)
        if isinstance(base, ast.Identifier) and self.is_source and self.is_source(base.name):
            return ast.SourcePath(base.name, column=str(name.value), start=base.start, end=name.end)
        return ast.Member(base, str(name.value), name.start, start=base.start, end=name.end)

    def index(self, base: ast.Node) -> ast.Node:
        self.next()
        index = self.expression(0)
        end = self.expect("]").end
        if self.is_source and isinstance(index, ast.Literal) and isinstance(index.value, str):
            if isinstance(base, ast.Identifier):
                return ast.SourcePath(base.name, column=index.value, start=base.start, end=end)
            return ast.SourceStep(base, column=index.value, start=base.start, end=end)
        return ast.Index(base, index, start=base.start, end=end)

    def step(self, base: ast.Node) -> ast.Node:
        token = self.next()
        first, repetition, rest = _groups(token)
        numbers = tuple(int(number) for number in f"{first}{rest}".split("."))
        return ast.SourceStep(base, numbers, _number(repetition), start=base.start, end=token.end)

    def call(self, base: ast.Node | None, name: Token) -> ast.Node:
        self.expect("(")
        arguments: list[ast.Node] = []
        while not self.here(")"):
            arguments.append(self.expression(0))
            if not self.here(")"):
                self.expect(",")
        end = self.next().end
        start = name.start if base is None else base.start
        return ast.Call(base, str(name.value), tuple(arguments), name.start, start=start, end=end)

    # ---- terms

    def term(self) -> ast.Node:
        token = self.token
        if token.kind in _TERMS:
            return _TERMS[token.kind](self)
        if self.here("("):
            return self.parenthesis()
        if self.here("{"):
            self.next()
            return ast.Empty(start=token.start, end=self.expect("}").end)
        raise self.wrong("an expression is missing before")

    def parenthesis(self) -> ast.Node:
        start = self.next().start
        inner = self.expression(0)
        return replace(inner, start=start, end=self.expect(")").end)

    def name(self, what: str) -> Token:
        if self.token.kind not in {"name", "quoted"}:
            raise self.wrong(f"{what} is missing before")
        return self.next()

    def named(self) -> ast.Node:
        if self.token.text in _RESERVED and self.token.kind == "name":
            raise self.wrong("an expression is missing before")
        if self.token.text in {"true", "false"}:
            token = self.next()
            return ast.Literal(token.text == "true", start=token.start, end=token.end)
        name = self.name("a name")
        if self.here("("):
            return self.call(None, name)
        return ast.Identifier(str(name.value), start=name.start, end=name.end)

    def number(self) -> ast.Node:
        token = self.next()
        value, unit = token.value, self.token
        assert isinstance(value, int | Decimal)
        if unit.kind == "string" or (unit.kind == "name" and unit.text in CALENDAR):
            self.next()
            calendar = unit.kind == "name"
            quantity = Quantity(value, unit.text if calendar else str(unit.value), calendar)
            return ast.Literal(quantity, start=token.start, end=unit.end)
        return ast.Literal(value, start=token.start, end=token.end)

    def literal(self) -> ast.Node:
        token = self.next()
        assert not isinstance(token.value, tuple | None)
        return ast.Literal(token.value, start=token.start, end=token.end)

    def constant(self) -> ast.Node:
        token = self.next()
        return ast.Constant(str(token.value), start=token.start, end=token.end)

    def special(self) -> ast.Node:
        token = self.next()
        return ast.Special(token.text[1:], start=token.start, end=token.end)

    def source(self) -> ast.Node:
        token = self.next()
        base, qualifier, occurrence, *numbers = _groups(token)
        occurrence_, field, repetition, component, subcomponent = map(_number, (occurrence, *numbers))
        return ast.SourcePath(
            str(base), occurrence_, field, repetition, component, subcomponent,
            qualifier=qualifier, start=token.start, end=token.end,
        )  # fmt: skip

    def segment(self) -> ast.Node:
        token = self.next()
        base, qualifier, occurrence, _, plain = _groups(token)
        return ast.SourcePath(
            str(base), _number(occurrence or plain), qualifier=qualifier, start=token.start, end=token.end
        )


def _groups(token: Token) -> tuple[str | None, ...]:
    assert isinstance(token.value, tuple)
    return token.value


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


_TERMS: dict[str, Callable[[_Parser], ast.Node]] = {
    "name": _Parser.named,
    "quoted": _Parser.named,
    "number": _Parser.number,
    "string": _Parser.literal,
    "date": _Parser.literal,
    "constant": _Parser.constant,
    "special": _Parser.special,
    "source": _Parser.source,
    "segment": _Parser.segment,
}
