"""Paths along HL7's v2 logical model, and columns of a table, as the source paths that the compiler knows.

``msg.PID.`3`[1].`1` `` is `PID-3[2].1`; ``cx.`4`.`1` `` a step from a piece; `row.Vrij` a column. FHIRPath counts
from 0, HL7 from 1; groups of segments (`msg.PATIENT.PID`) are passed over. R4 writes `%x` where R5 writes `x`.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from gateway.fhirpath import ast

_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
_NUMBER = re.compile(r"(?:[A-Z][A-Z0-9]{1,2}\.)?([0-9]{1,3})")
MESSAGE, RECORD, TABLE, TREE = "message", "record", "table", "tree"


class Paths:
    """Rewrites expressions in one scope: `kinds`: which names are messages or rows; `names`: all there are."""

    def __init__(self, kinds: Mapping[str, str], names: frozenset[str], *, numbered: bool) -> None:
        self.kinds = kinds
        self.names = names
        self.numbered = numbered  # the source counts its parts: HL7 v2, EDIFACT

    def node(self, node: ast.Node) -> ast.Node:
        """Return an expression rewritten."""
        if isinstance(node, ast.Constant) and (node.name in self.names or node.name in self.kinds):
            return self.node(ast.Identifier(node.name, start=node.start, end=node.end))
        if isinstance(node, ast.Member | ast.Index | ast.Identifier):
            return self.path(node)
        return self.inner(node)

    def inner(self, node: ast.Node) -> ast.Node:
        """Return a node with what is in it rewritten."""
        changed: dict[str, Any] = {}
        for spec in fields(node):
            value = getattr(node, spec.name)
            if isinstance(value, ast.Node):
                changed[spec.name] = self.node(value)
            elif isinstance(value, tuple) and any(isinstance(item, ast.Node) for item in value):
                changed[spec.name] = tuple(self.node(item) for item in value)
        return replace(node, **changed) if changed else node

    def path(self, node: ast.Node) -> ast.Node:
        """Return a path from a name, as a source path where the name is a piece of a source."""
        base, steps = _chain(node)
        kind = self.kinds.get(base.name) if isinstance(base, ast.Identifier | ast.Constant) else None
        if kind == MESSAGE:
            return self.of_message(node, steps)
        if kind == TREE and steps and isinstance(steps[0], str):  # elements of the message lead a path
            place = {"start": node.start, "end": node.end}
            return self._rest(ast.Identifier(steps[0], **place), steps[1:], node)
        if kind == RECORD and steps and isinstance(steps[0], str):
            column = ast.SourcePath("record", column=steps[0], start=node.start, end=node.end)
            return column if len(steps) == 1 else self._rest(column, steps[1:], node)
        if isinstance(base, ast.Identifier) and self.numbered and not kind and (number := _NUMBER.fullmatch(base.name)):
            steps.insert(0, number[1])  # in a condition: the item's own part
            base = ast.Special("this", start=base.start, end=base.start)
        if self.numbered and steps and _is_number(steps[0]) and not isinstance(base, ast.SourcePath):
            return self.of_piece(
                self.inner(base) if not isinstance(base, ast.Constant) else self.node(base), steps, node
            )
        return self._whole(node)

    def _whole(self, node: ast.Node) -> ast.Node:
        if isinstance(node, ast.Member):
            return replace(node, base=self.node(node.base))
        if isinstance(node, ast.Index):
            return replace(node, base=self.node(node.base), index=self.node(node.index))
        return node

    def of_message(self, node: ast.Node, steps: list[str | int]) -> ast.Node:
        """Return a path from a whole message."""
        while len(steps) > 1 and isinstance(steps[0], str) and not _SEGMENT.fullmatch(steps[0]):
            steps.pop(0)  # a group of segments
            if steps and isinstance(steps[0], int):
                steps.pop(0)
        if not steps or not isinstance(steps[0], str):
            return node
        segment = steps.pop(0)
        occurrence = _taken(steps)
        numbers, repetition = _numbers(steps)
        if not numbers and occurrence is None:
            made: ast.Node = ast.Identifier(str(segment), start=node.start, end=node.end)
        else:
            field, component, sub = (*numbers, None, None, None)[:3]
            made = ast.SourcePath(
                str(segment), occurrence, field, repetition, component, sub, start=node.start, end=node.end
            )
        return self._rest(made, steps, node)

    def of_piece(self, base: ast.Node, steps: list[str | int], node: ast.Node) -> ast.Node:
        """Return steps from a piece of a message."""
        numbers, repetition = _numbers(steps)
        made = ast.SourceStep(base, tuple(numbers), repetition, start=node.start, end=node.end)
        return self._rest(made, steps, node)

    def _rest(self, made: ast.Node, steps: list[str | int], node: ast.Node) -> ast.Node:
        for step in steps:
            place = {"start": node.start, "end": node.end}
            made = (
                ast.Index(made, ast.Literal(step, **place), **place)
                if isinstance(step, int)
                else ast.Member(made, step, **place)
            )
        return made


def _chain(node: ast.Node) -> tuple[ast.Node, list[str | int]]:
    """Return where a path begins, and its steps: names, and whole numbers for indexes."""
    steps: list[str | int] = []
    while True:
        if isinstance(node, ast.Member):
            steps.insert(0, node.name)
            node = node.base
        elif isinstance(node, ast.Index) and isinstance(node.index, ast.Literal) and type(node.index.value) is int:
            steps.insert(0, node.index.value)
            node = node.base
        else:
            return node, steps


def _is_number(step: str | int) -> bool:
    return isinstance(step, str) and _NUMBER.fullmatch(step) is not None


def _taken(steps: list[str | int]) -> int | None:
    """Take an index and return it as HL7 counts."""
    return int(steps.pop(0)) + 1 if steps and isinstance(steps[0], int) else None


def _numbers(steps: list[str | int]) -> tuple[list[int], int | None]:
    """Take the numbered steps; return them and the repetition of the first. The first of the only component is it."""
    numbers: list[int] = []
    repetition: int | None = None
    while steps and _is_number(steps[0]) and len(numbers) < 3:
        found = _NUMBER.fullmatch(str(steps.pop(0)))
        assert found
        numbers.append(int(found[1]))
        index = _taken(steps)
        repetition = index if len(numbers) == 1 else repetition
    return numbers, repetition
