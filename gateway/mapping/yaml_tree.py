"""YAML as a tree in which every key and value knows its line and column.

Only JSON's scalars are typed: `NO`, `010`, `12:30` and `2026-01-05` are text, as their author meant.
https://yaml.org/spec/1.2.2/#102-json-schema
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from gateway.fhir.frozen import frozen
from gateway.mapping.spans import Problems, Span

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_MAX_DEPTH = 40
_MAX_NODES = 100_000  # a page of aliases of aliases would otherwise grow without end
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc] # with or without libyaml
    """Reads nodes without looking for their tags, which we never ask and which take a tenth of the time."""

    def resolve(self, *_: object) -> str:
        return ""

    def descend_resolver(self, *_: object) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass


@frozen()
class Scalar:
    """A literal; `content` is where its text begins, after an opening quote."""

    value: str | int | Decimal | bool | None
    span: Span
    content: Span

    @property
    def text(self) -> str:
        """Return the value as text, '' for null."""
        return "" if self.value is None else str(self.value)


@frozen()
class Sequence:
    """A list."""

    items: "tuple[Node, ...]"
    span: Span


@frozen()
class Mapping:
    """An object; keys keep their places, and their order."""

    pairs: "tuple[tuple[Scalar, Node], ...]"
    span: Span

    def get(self, key: str) -> "Node | None":
        """Return the value of `key`."""
        return next((value for name, value in self.pairs if name.value == key), None)

    def __iter__(self) -> Iterator[tuple[Scalar, "Node"]]:
        return iter(self.pairs)


Node: TypeAlias = Scalar | Sequence | Mapping


def text_of(path: Path, file: str, problems: Problems) -> str:
    """Return the text of a file; empty, with a complaint, when it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        problems.add(Span(file), f"not UTF-8: byte {error.start}")
        return ""


def settings(root: Mapping, key: str, like: str, problems: Problems) -> Iterator[tuple[Scalar, Node]]:
    """Yield what stands in the object under a key; anything else there is a problem, and nothing is fine."""
    node = root.get(key)
    if isinstance(node, Mapping):
        yield from node
    elif node is not None:
        problems.add(node.span, f"'{key}' must be an object {like}")


def read(text: str, file: str, problems: Problems) -> Node | None:
    """Return the tree of `text`, or None when it is not YAML; what is wrong goes to `problems`."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        span = Span(file, mark.line + 1, mark.column + 1) if mark else Span(file)
        problems.add(span, f"not YAML: {error.problem or error.context}")
        return None
    except yaml.YAMLError as error:
        problems.add(Span(file), f"not YAML: {error}")
        return None
    if root is None:
        problems.add(Span(file), "the file is empty")
        return None
    return _Reader(file, problems).node(root, 0)


class _Reader:
    def __init__(self, file: str, problems: Problems) -> None:
        self.file = file
        self.problems = problems
        self.count = 0

    def span(self, node: yaml.Node) -> Span:
        return Span(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def node(self, node: yaml.Node, depth: int) -> Node:
        self.count += 1
        if depth > _MAX_DEPTH or self.count > _MAX_NODES:
            said = f"nested deeper than {_MAX_DEPTH}" if depth > _MAX_DEPTH else "the file stands for too much"
            self.problems.add(Span(self.file) if self.count > _MAX_NODES else self.span(node), said)
            return Scalar(None, self.span(node), self.span(node))
        if isinstance(node, yaml.SequenceNode):
            items = node.value if self.count <= _MAX_NODES else ()
            return Sequence(tuple(self.node(item, depth + 1) for item in items), self.span(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, depth)
        return self.scalar(node)

    def scalar(self, node: yaml.Node) -> Scalar:
        span = self.span(node)
        assert isinstance(node, yaml.ScalarNode)
        if not node.style:  # a plain scalar; quoted and block text is text
            return Scalar(_typed(node.value), span, span)
        return Scalar(node.value, span, span.shifted(1) if node.style in {'"', "'"} else span)

    def mapping(self, node: yaml.MappingNode, depth: int) -> Mapping:
        pairs: list[tuple[Scalar, Node]] = []
        seen: set[str] = set()
        for key, value in node.value:
            name = Scalar(key.value if isinstance(key.value, str) else None, self.span(key), self.span(key))
            if name.value is None:
                self.problems.add(name.span, "a key must be text")
            elif name.text in seen:
                self.problems.add(name.span, f"the key '{name.text}' stands here twice")
            else:
                seen.add(name.text)
                pairs.append((name, self.node(value, depth + 1)))
        return Mapping(tuple(pairs), self.span(node))


def _typed(text: str) -> str | int | Decimal | bool | None:
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text)
    if not number:
        return text
    return Decimal(text) if number[2] or number[3] else int(text)
