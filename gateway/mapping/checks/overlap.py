"""Two mappings that accept the same message: found before the message comes.

Conditions compare fields with literals, so it is enough to try every combination of the literals that
the two of them mention (and of none of them). Most pairs want other literals at the same path, and need no trying.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations, product
from typing import Any

from gateway.fhirpath import ast
from gateway.formats.delimited.layout import normal
from gateway.mapping import ir
from gateway.mapping.checks.demands import Demands, demands, exclusive
from gateway.mapping.checks.overlap_trees import common
from gateway.mapping.compiler.condition import Test, condition
from gateway.mapping.selection import accepts_columns
from gateway.mapping.spans import Problems

_MOST = 20_000  # combinations tried for a pair; more literals than that no condition has
_OTHER = "\x00"  # a value that no condition mentions
Key = tuple[str, int, int, int]


def check_overlap(mappings: Sequence[ir.Mapping], problems: Problems) -> None:
    """Report each pair of mappings that accept the same message, with an example of it."""
    asked = [(mapping, _demands(mapping)) for mapping in mappings if not mapping.source.named]
    for (one, its), (other, others) in combinations(asked, 2):
        example = None if exclusive(its, others) else _example(one, other)
        if example is not None:
            text = f"{one.name} accepts the same messages: {example}"
            problems.add(other.source.span, text, code="ambiguous-mapping")


def _demands(mapping: ir.Mapping) -> Demands:
    when = mapping.source.when
    return demands(when.node) if when and mapping.source.format in ir.SEGMENTED else {}


def _example(one: ir.Mapping, other: ir.Mapping) -> str | None:
    if one.source.tree is not None:
        return common(one, other)
    if one.source.format != other.source.format:
        return None
    return _message(one, other) if one.source.format in ir.SEGMENTED else _table(one, other)


def _table(one: ir.Mapping, other: ir.Mapping) -> str | None:
    """Two tables overlap when the columns of one are all among those of the other."""
    for wide, narrow in ((one, other), (other, one)):
        if accepts_columns(narrow, {normal(column) for column in wide.source.columns}):
            return "a table with the columns " + (", ".join(wide.source.columns) or "of any name")
    return None


def _message(one: ir.Mapping, other: ir.Mapping) -> str | None:
    tests = [_test(mapping) for mapping in (one, other)]
    values = _values(one, other)
    keys = list(values)
    count = 1
    for key in keys:
        count *= len(values[key])
    if count > _MOST:
        return None
    for chosen in product(*(values[key] for key in keys)):
        message = _Message(dict(zip(keys, chosen, strict=True)))
        if all(test(message) for test in tests):
            return message.describe()
    return None


@lru_cache(maxsize=256)
def _test(mapping: ir.Mapping) -> Test:
    """Return what tells whether a mapping accepts a message; each is asked beside all others."""
    return condition(mapping, Problems())


def _values(*mappings: ir.Mapping) -> dict[Key, list[str | None]]:
    """Return, for each path the conditions look at, the texts they compare anything with, and others."""
    literals: list[str] = []
    keys: dict[Key, None] = {}
    for mapping in mappings:
        for node in ast.walk(mapping.source.when.node) if mapping.source.when else ():
            if isinstance(node, ast.Literal) and isinstance(node.value, str):
                literals.append(node.value)
            elif isinstance(node, ast.SourcePath) and node.field is not None:
                name = f"{node.base}({node.qualifier})" if node.qualifier else node.base
                keys[_key(name, node.field, node.component, node.subcomponent)] = None
    # A field is compared with the literals written beside it; which ones those are does not matter.
    return {key: [*dict.fromkeys(literals), _OTHER, None] for key in keys}


def _key(base: str, field: int, component: int | None, sub: int | None) -> Key:
    return base, field, component or 1, sub or 1


class _Message:
    """Stands for every message with these texts at these paths."""

    def __init__(self, values: Mapping[Key, str | None]) -> None:
        self.values = values

    def all(self, name: str) -> "list[_Segment]":
        return [_Segment(name, self.values)] if any(key[0] == name for key in self.values) else []

    def qualified(self, name: str, qualifier: str) -> "list[_Segment]":
        return self.all(f"{name}({qualifier})")

    def describe(self) -> str:
        return " and ".join(self._parts()) or "any"

    def _parts(self) -> Iterator[str]:
        for (base, field, component, sub), value in self.values.items():
            path = f"{base}-{field}.{component}" + (f".{sub}" if sub > 1 else "")
            if value is None:
                yield f"{path} empty"
            elif value != _OTHER:
                yield f"{path} '{value}'"


class _Segment:
    def __init__(self, name: str, values: Mapping[Key, str | None]) -> None:
        self.name = name
        self.values = values

    def value(self, field: int, repetition: int = 1, component: int = 1, subcomponent: int = 1) -> str | None:
        return self.values.get((self.name, field, component, subcomponent)) if repetition == 1 else None

    def repetitions(self, field: int) -> int:
        return int(any(key[:2] == (self.name, field) and value for key, value in self.values.items()))

    def components(self, field: int, repetition: int = 1) -> int:
        del repetition
        return max((key[2] for key in self.values if key[:2] == (self.name, field)), default=0)

    def subcomponents(self, field: int, repetition: int = 1, component: int = 1) -> int:
        del repetition
        return max((key[3] for key in self.values if key[:3] == (self.name, field, component)), default=0)

    def is_null(self, *at: Any) -> bool:
        del at
        return False
