"""Writes the Python that extracts the index rows of one resource type, and compiles it.

All paths of all search parameters of a type are one tree, so that each property is looked at once; what it holds is
known from R4's tables, so that no code has to find out. For a Schedule it begins:

    if 'actor' in resource:
        for i0 in resource['actor']:
            if 'reference' in i0 and (place := plain(i0['reference'])):
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
from gateway.store.index.writers import WRITERS, write_family, write_kind, write_span

Extract = Callable[[IndexRows, dict[str, Any], str], None]  # rows, resource, base

_MOMENT = ("if d := span({v}):", "    if d[1] - d[0] > DAY_US: write_span(found, {p}, *d)", "    else: date(({p}, *d))")
# The writers of writers.py that most rows come from, written out: {v} is the value, {p} the parameter.
_INLINE = MappingProxyType(
    {
        **{("token", name): ("token(({p}, '', {v}))",) for name in ("code", "id", "string", "uri")},
        **{("date", name): _MOMENT for name in ("date", "dateTime", "instant")},
        **{("string", name): ("string(({p}, fold({v}), {v}))",) for name in ("string", "markdown")},
    }
)
# Most references are plain. One that counts only if it may point at one type shows it.
_REFERENCE = (
    "if 'reference' in {v} and (place := plain({v}['reference'])):",
    "    reference(({p}, place[0], place[1]))",
    "    if 'identifier' in {v}: write_identifier(found, {p}, {v}, '')",
    "else: write_reference(found, {p}, {v}, '', base)",
)
_AT_TARGET = (
    "if 'reference' in {v} and (place := plain({v}['reference'])):",
    "    if place[0] == {t}: reference(({p}, place[0], place[1]))",
    "    if 'identifier' in {v}: write_identifier(found, {p}, {v}, {t})",
    "else: write_reference(found, {p}, {v}, {t}, base)",
)
# Codes, once a place for all parameters that look there. {tokens} adds the row of each, {kinds} that of each for
# `:of-type`; {words} is the name of the rows of the words beside them, and its lines are left out where there are none.
_CODES = MappingProxyType(
    {
        "Coding": (
            "s, c = {v}.get('system', ''), {v}.get('code', '')",
            "if s or c: {tokens}",
            "if 'display' in {v}: string(({words}, fold({v}['display']), ''))",
        ),
        "CodeableConcept": (
            "if t := {v}.get('text'): string(({words}, fold(t), ''))",
            "for w in {v}.get('coding', ()):",
            "    s, c = w.get('system', ''), w.get('code', '')",
            "    if s or c: {tokens}",
            "    if (d := w.get('display')) and d != t: string(({words}, fold(d), ''))",
        ),
        "Identifier": (
            "s, c = {v}.get('system', ''), {v}.get('value', '')",
            "if s or c: {tokens}",
            "if 'type' in {v}:",
            "    {kinds}",
            "    if 'text' in {v}['type']: string(({words}, fold({v}['type']['text']), ''))",
        ),
    }
)
_PROLOGUE = """\
def extract(found, resource, base):
    token, string, date, reference = found.token.append, found.string.append, found.date.append, found.reference.append
"""


@dataclass(slots=True)
class _Node:
    """A place in the JSON: what is extracted there, of codes by all their parameters at once, and the steps further on.

    `words` is the name of the rows of the words beside the codes, '' where they are not kept.
    """

    ends: list[tuple[SearchParameter, JsonPath]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    code_type: str = ""
    words: str = ""
    steps: dict[Step, _Node] = field(default_factory=dict)


def extraction(resource_type: str, paths: Iterable[tuple[SearchParameter, JsonPath]]) -> Extract:
    """Return the function that writes the rows of every path of a resource type."""
    root = _Node()
    for parameter, path in paths:
        node = root
        for step in path.steps:
            node = node.steps.setdefault(step, _Node())
        if parameter.type == "token" and path.type in _CODES:
            node.codes.append(parameter.code)
            node.code_type, node.words = path.type, "" if resource_type in UNTOLD else text_param(path.name)
        else:
            node.ends.append((parameter, path))
    source = _PROLOGUE + "".join(f"    {line}\n" for line in _lines(root, "resource", resource_type, 0))
    names: dict[str, Any] = {_name(kind, name): writer for (kind, name), writer in WRITERS.items()}
    names |= {"fold": fold, "plain": references.plain}
    names["write_reference"] = references.write
    names |= {"write_identifier": references.write_identifier, "span": span, "DAY_US": DAY_US, "write_span": write_span}
    names |= {"write_kind": write_kind, "write_family": write_family}
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
        inner = [*_codes(child, value), *_ends(child, value), *_lines(child, value, type_name, depth)] or ["pass"]
        if step.where:
            yield f"if {value}.get({step.where[0]!r}) == {step.where[1]!r}:"
        yield from _indented(4 if step.where else 0, inner)


def _ends(node: _Node, value: str) -> Iterator[str]:
    for parameter, path in node.ends:
        kind = (parameter.type, path.type)
        if parameter.type == "string" and path.steps[-1].name == "family":  # of a HumanName; R4 has no other
            yield f"write_family(found, {parameter.code!r}, {value})"
        elif kind in _INLINE:
            yield from (line.format(v=value, p=repr(parameter.code)) for line in _INLINE[kind])
        elif kind == ("reference", "Reference"):
            lines = _AT_TARGET if path.target else _REFERENCE
            yield from (line.format(v=value, p=repr(parameter.code), t=repr(path.target)) for line in lines)
        elif parameter.type == "reference":
            yield f"write_reference(found, {parameter.code!r}, {value}, {path.target!r}, base)"
        elif kind in WRITERS:
            yield f"{_name(*kind)}(found, {parameter.code!r}, {value})"


def _codes(node: _Node, value: str) -> Iterator[str]:
    tokens = "; ".join(f"token(({code!r}, s, c))" for code in node.codes)
    kinds = "; ".join(f"write_kind(found, {code!r}, {value})" for code in node.codes)
    for line in _CODES.get(node.code_type, ()):
        if node.words or "{words}" not in line:
            yield line.format(v=value, tokens=tokens, kinds=kinds, words=repr(node.words))


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
