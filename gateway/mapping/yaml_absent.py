"""`{% absent %}` in a template: what becomes of the elements that a message does not say anything of.

It is read into an element like any other (see `gateway.mapping.keeping`), so that everything that can run, show or
export a template can do so with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.mapping import ir, yaml_tree
from gateway.mapping.keeping import ABSENT, KEEP, MODIFIER, OUTDATE, PRESUME, REMOVE, WHOLE
from gateway.mapping.spans import Problems, Span, suggestion
from gateway.mapping.yaml_tree import Node, Scalar

if TYPE_CHECKING:
    from gateway.mapping.yaml_template import Templates

_KEYS = (KEEP, REMOVE, PRESUME, OUTDATE)
_WRONG = "'absent' is the word keep, or an object of keep, remove, presume and outdate"


class Absent:
    """Reads the directive with the expressions of a template."""

    def __init__(self, templates: Templates, problems: Problems) -> None:
        self.templates = templates
        self.problems = problems

    def field(self, node: Node, span: Span) -> ir.Field | None:
        """Return the element that says it; None, with a complaint, where it cannot be read."""
        said = self._said(node)
        if said is None:
            self.problems.add(span, _WRONG)
            return None
        parts = [_part(KEEP, WHOLE, span), *said]
        extension = _object(span, url=_text(ABSENT, span), extension=ir.Items(tuple(parts), span))
        return ir.Field(MODIFIER, ir.Items((extension,), span), span)

    def _said(self, node: Node) -> list[ir.Template] | None:
        if isinstance(node, Scalar):
            return [] if node.text == KEEP else None
        if not isinstance(node, yaml_tree.Mapping):
            return None
        for key, _ in node:
            if key.text not in _KEYS:
                self.problems.add(key.span, f"unknown key '{key.text}'{suggestion(key.text, _KEYS)}")
        return [part for key, value in node for part in self._parts(key.text, value)]

    def _parts(self, word: str, node: Node) -> Iterator[ir.Template]:
        if not isinstance(node, yaml_tree.Mapping):
            self.problems.add(node.span, f"'{word}' must be an object of elements")
            return
        for path, value in node:
            if word == KEEP:
                yield _part(word, f"{path.text} {value.text if isinstance(value, Scalar) else ''}", path.span)
            elif (condition := self.templates.bare(value)) is not None:
                branch = ir.Branch(condition, _part(word, path.text, path.span), path.span)
                yield ir.Choice((branch,), path.span)


def _part(word: str, text: str, span: Span) -> ir.Object:
    return _object(span, url=_text(word, span), valueString=_text(text, span))


def _text(text: str, span: Span) -> ir.Literal:
    return ir.Literal(text, span)


def _object(span: Span, **elements: ir.Template) -> ir.Object:
    return ir.Object(tuple(ir.Field(name, value, span) for name, value in elements.items()), span)
