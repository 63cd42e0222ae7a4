"""`{% absent %}` in a template: what becomes of the elements that a message does not say anything of.

It is read into an element like any other (see `gateway.mapping.keeping`), so that everything that can run, show or
export a template can do so with it.
"""

from __future__ import annotations

import re
from typing import Protocol

from gateway.mapping import ir, yaml_tree
from gateway.mapping.keeping import ABSENT, BETWEEN, KEEP, MODIFIER, SAYS, WHOLE
from gateway.mapping.spans import Problems, Span, suggestion
from gateway.mapping.yaml_tree import Node, Scalar

_WRONG = "'absent' is the word keep, or an object of keep, remove, presume and outdate"
_UNWRITABLE = re.compile(f"['\\\\{BETWEEN}=]")


class Expressions(Protocol):
    """What reads expressions: a template."""

    def bare(self, node: Node) -> ir.Expression | None:
        """Return an expression written without braces."""

    def expression(self, text: str, span: Span) -> ir.Expression | None:
        """Return the expression in a text that begins at `span`."""


class Reader:
    """Reads the directive."""

    def __init__(self, expressions: Expressions, problems: Problems) -> None:
        self.expressions = expressions
        self.problems = problems

    def field(self, node: Node, span: Span) -> ir.AbsentField | None:
        """Return the element that says it; None, with a complaint, where it cannot be read."""
        if isinstance(node, Scalar) and node.text == KEEP:
            return _field([], [], span)
        if not isinstance(node, yaml_tree.Mapping):
            self.problems.add(span, _WRONG)
            return None
        said: list[ir.Absent] = []
        parts: list[ir.Template] = []
        for key, value in node:
            if key.text not in SAYS:
                self.problems.add(key.span, f"unknown key '{key.text}'{suggestion(key.text, SAYS)}")
            elif not isinstance(value, yaml_tree.Mapping):
                self.problems.add(value.span, f"'{key.text}' must be an object of elements")
            elif key.text == KEEP:
                said += self._kept(value)
            else:
                said += [ir.Absent(key.text, path.text, "", path.span) for path, _ in value]
                parts += self._part(key.text, value, key.span)
        self._check_writable(said)
        return _field(said, parts, span)

    def _kept(self, node: yaml_tree.Mapping) -> list[ir.Absent]:
        return [
            ir.Absent(KEEP, path.text, value.text if isinstance(value, Scalar) else "", path.span)
            for path, value in node
        ]

    def _part(self, word: str, node: yaml_tree.Mapping, span: Span) -> list[ir.Template]:
        """Return what says of which elements the condition holds, as one text."""
        conditions = [(path.text, self.expressions.bare(value)) for path, value in node]
        texts = [f"iif(({one.text}), '{BETWEEN}{path}', '')" for path, one in conditions if one is not None]
        whole = self.expressions.expression(" & ".join([f"'{WHOLE}'", *texts]), span)
        return [_part(word, whole, span)] if whole is not None and len(texts) == len(conditions) else []

    def _check_writable(self, said: list[ir.Absent]) -> None:
        for one in said:
            if _UNWRITABLE.search(one.path):
                self.problems.add(
                    one.span, f"'{one.path}' names no element: write birthDate, period.end or telecom[work]"
                )


def _field(said: list[ir.Absent], parts: list[ir.Template], span: Span) -> ir.AbsentField:
    kept = BETWEEN.join([WHOLE, *(f"{one.path}={one.mode}" for one in said if one.word == KEEP)])
    items = ir.Items((_part(KEEP, _text(kept, span), span), *parts), span)
    extension = _object(span, url=_text(ABSENT, span), extension=items)
    return ir.AbsentField(MODIFIER, ir.Items((extension,), span), span, tuple(said))


def _part(word: str, text: ir.Template, span: Span) -> ir.Object:
    return _object(span, url=_text(word, span), valueString=text)


def _text(text: str, span: Span) -> ir.Literal:
    return ir.Literal(text, span)


def _object(span: Span, **elements: ir.Template) -> ir.Object:
    return ir.Object(tuple(ir.Field(name, value, span) for name, value in elements.items()), span)
