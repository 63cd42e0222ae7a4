"""Writes the Python that extracts the index rows of one resource type, and compiles it.

All paths of all search parameters of a type are one tree, so that each property is looked at once; what it holds is
known from R4's tables, so that no code has to find out. For a Schedule it begins:

    if 'actor' in resource:
        for i0 in resource['actor']:
            if 'reference' in i0 and (place := plain(i0['reference']) or located(i0['reference'], base)):
                reference(('actor', place[0], place[1]))

Only names and codes of R4's own definitions stand in it, each as a literal. It may raise on an invalid resource.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from gateway.fhir import elements
from gateway.fhir.parameters import SearchParameter
from gateway.fhir.search import fold
from gateway.fhir.search.paths import JsonPath, Step
from gateway.fhir.search.served import UNTOLD
from gateway.store.index import references
from gateway.store.index.model import DAY_US, IndexRows, text_param
from gateway.store.index.moments import span
from gateway.store.index.writers import WRITERS, write_kind, write_span

Extract = Callable[[IndexRows, dict[str, Any], str], None]  # rows, resource, base

_SYSTEM_AND_CODE = ("s, c = {v}.get('system', ''), {v}.get('code', '')", "if s or c: token(({p}, s, c))")
_MOMENT = ("if d := span({v}):", "    if d[1] - d[0] > DAY_US: write_span(found, {p}, *d)", "    else: date(({p}, *d))")
# The writers of writers.py that most rows come from, written out: {v} is the value, {p} the parameter.
_INLINE = MappingProxyType(
    {
        **{("token", name): ("token(({p}, '', {v}))",) for name in ("code", "id", "string", "uri")},
        ("token", "Coding"): _SYSTEM_AND_CODE,
        ("token", "CodeableConcept"): (
            "for w in {v}.get('coding', ()):",
            *(f"    {line}".replace("{v}", "w") for line in _SYSTEM_AND_CODE),
        ),
        **{("date", name): _MOMENT for name in ("date", "dateTime", "instant")},
        ("token", "Identifier"): (
            *(line.replace("'code'", "'value'") for line in _SYSTEM_AND_CODE),
            "if 'type' in {v}: write_kind(found, {p}, {v})",
        ),
        **{("string", name): ("string(({p}, fold({v}), {v}))",) for name in ("string", "markdown")},
        ("reference", "Reference"): (
            "if 'reference' in {v} and (place := plain({v}['reference']) or located({v}['reference'], base)):",
            "    reference(({p}, place[0], place[1]))",
            "if 'identifier' in {v}: write_identifier(found, {p}, {v}, '')",
        ),
    }
)
# A reference that counts only if it may point at one type {t}: most are plain, and show it.
_AT_TARGET = (
    "if 'reference' in {v} and (place := plain({v}['reference'])):",
    "    if place[0] == {t}: reference(({p}, place[0], place[1]))",
    "    if 'identifier' in {v}: write_identifier(found, {p}, {v}, {t})",
    "else: write_reference(found, {p}, {v}, {t}, base)",
)
# The words beside a code, once a place, whatever parameters look there; {p} is the name of the rows.
_WORDS = MappingProxyType(
    {
        "Coding": ("if 'display' in {v}: string(({p}, fold({v}['display']), ''))",),
        "CodeableConcept": (
            "t = {v}.get('text')",
            "if t: string(({p}, fold(t), ''))",
            "for w in {v}.get('coding', ()):",
            "    if 'display' in w and w['display'] != t: string(({p}, fold(w['display']), ''))",
        ),
        "Identifier": ("if 'text' in {v}.get('type', ()): string(({p}, fold({v}['type']['text']), ''))",),
    }
)
_PROLOGUE = """\
def extract(found, resource, base):
    token, string, date, reference = found.token.append, found.string.append, found.date.append, found.reference.append
"""


@dataclass(slots=True)
class _Node:
    """A place in the JSON: what is extracted there, its path where it has words beside codes, the steps further on."""

    ends: list[tuple[SearchParameter, JsonPath]] = field(default_factory=list)
    words: JsonPath | None = None
    steps: dict[Step, _Node] = field(default_factory=dict)


def extraction(resource_type: str, paths: Iterable[tuple[SearchParameter, JsonPath]]) -> Extract:
    """Return the function that writes the rows of every path of a resource type."""
    root = _Node()
    for parameter, path in paths:
        node = root
        for step in path.steps:
            node = node.steps.setdefault(step, _Node())
        node.ends.append((parameter, path))
        if parameter.type == "token" and path.type in _WORDS and resource_type not in UNTOLD:
            node.words = path
    source = _PROLOGUE + "".join(f"    {line}\n" for line in _lines(root, "resource", resource_type, 0))
    names: dict[str, Any] = {_name(kind, name): writer for (kind, name), writer in WRITERS.items()}
    names |= {"fold": fold, "plain": references.plain, "located": references.located}
    names["write_reference"] = references.write
    names |= {"write_identifier": references.write_identifier, "span": span, "DAY_US": DAY_US, "write_span": write_span}
    names["write_kind"] = write_kind
    exec(compile(source, f"<index rows of {resource_type}>", "exec"), names)  # noqa: S102 - made of R4's names alone
    extract: Extract = names["extract"]
    return extract


def _lines(node: _Node, holder: str, type_name: str, depth: int) -> Iterator[str]:
    """Yield the code for what lies under `holder`, an object of that type."""
    by_name: dict[str, list[tuple[Step, _Node]]] = {}
    for step, child in node.steps.items():
        by_name.setdefault(step.name, []).append((step, child))
    for name, children in by_name.items():
        value, item, (of_type, is_list) = f"v{depth}", f"i{depth}", _element(type_name, name)
        inner = _of(children, item if is_list else value, of_type, depth + 1)
        yield f"if {name!r} in {holder}:"
        if is_list:
            yield f"    for {item} in {holder}[{name!r}]:"
            yield f"        if {item} is not None:"
            yield from _indented(12, inner)
        else:
            yield f"    {value} = {holder}[{name!r}]"
            yield from _indented(4, inner)


def _of(children: list[tuple[Step, _Node]], value: str, type_name: str, depth: int) -> Iterator[str]:
    for step, child in children:
        inner = [*_ends(child, value), *_lines(child, value, type_name, depth)] or ["pass"]
        if step.where:
            yield f"if {value}.get({step.where[0]!r}) == {step.where[1]!r}:"
        yield from _indented(4 if step.where else 0, inner)


def _ends(node: _Node, value: str) -> Iterator[str]:
    for parameter, path in node.ends:
        kind = (parameter.type, path.type)
        if kind in _INLINE and not path.target:
            yield from (line.format(v=value, p=repr(parameter.code)) for line in _INLINE[kind])
        elif kind == ("reference", "Reference"):
            yield from (line.format(v=value, p=repr(parameter.code), t=repr(path.target)) for line in _AT_TARGET)
        elif parameter.type == "reference":
            yield f"write_reference(found, {parameter.code!r}, {value}, {path.target!r}, base)"
        elif kind in WRITERS:
            yield f"{_name(*kind)}(found, {parameter.code!r}, {value})"
    if node.words:
        name = repr(text_param(node.words.name))
        yield from (line.format(v=value, p=name) for line in _WORDS[node.words.type])


def _name(kind: str, type_name: str) -> str:
    return f"{kind}_{type_name}".replace(".", "_")


def _element(type_name: str, json_name: str) -> tuple[str, bool]:
    """Return the type of the property of that name, and whether it is a list."""
    element = elements.child(type_name, json_name)
    assert element is not None, f"{type_name}.{json_name}"
    types = dict(zip(element.json_names, element.types, strict=element.choice))
    return types[json_name] if element.choice else element.types[0], element.is_list


def _indented(by: int, lines: Iterable[str]) -> Iterator[str]:
    return (" " * by + line for line in lines)
