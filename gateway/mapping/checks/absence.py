"""Checks what `{% absent %}` says: that there are such elements, and that all mappings say the same of a resource."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gateway.fhir import elements
from gateway.fhir.elements import Element
from gateway.mapping import ir
from gateway.mapping.keeping import ABSENT, APART, EACH, KEEP, MODIFIER, WHOLE
from gateway.mapping.spans import Problems, Span, suggestion

_PATH = re.compile(r"(?P<element>\w+)(?:\[(?P<key>[^\]]*)\])?(?:\.(?P<part>\w+))?")


class _Part(NamedTuple):
    """One thing that is said: the word, the path (and how a list is kept), and where it stands."""

    word: str
    path: str
    mode: str
    span: Span


def check_absence(units: Sequence[ir.Unit], problems: Problems) -> None:
    """Report elements that are not there, lists that cannot be kept so, and mappings that do not agree."""
    agreed: dict[tuple[str, str], tuple[str, Span]] = {}
    for unit in units:
        for template in unit.emit:
            for type_, span, parts in _said(template):
                if type_ is None:
                    problems.add(span, "'absent' stands in a resource, beside its resourceType")
                    continue
                modes = {part.path: part.mode for part in parts if part.word == KEEP}
                for part in parts:
                    _check(type_, part, modes, problems)
                _agree(type_, parts, agreed, problems)


def _said(template: ir.Template) -> Iterator[tuple[str | None, Span, list[_Part]]]:
    """Yield what is said in each object: the type of the resource, where, and everything that is said."""
    if isinstance(template, ir.Object):
        for field in template.fields:
            if field.name == MODIFIER and (parts := list(_parts(field.value))):
                yield template.resource_type, field.span, parts
    for part in ir.inside(template):
        yield from _said(part)


def _parts(template: ir.Template) -> Iterator[_Part]:
    for extension in ir.inside(template):
        if isinstance(extension, ir.Object) and _literal(extension, "url") == ABSENT:
            for one in _objects(extension):
                path, _, mode = _literal(one, "valueString").partition(" ")
                yield _Part(_literal(one, "url"), path, mode, one.span)


def _objects(extension: ir.Object) -> Iterator[ir.Object]:
    for field in extension.fields:
        for item in ir.inside(field.value):
            inner = next(ir.inside(item), item) if isinstance(item, ir.Choice) else item
            if isinstance(inner, ir.Object):
                yield inner


def _literal(template: ir.Object, name: str) -> str:
    found = next((field.value for field in template.fields if field.name == name), None)
    return str(found.value) if isinstance(found, ir.Literal) else ""


def _check(type_: str, part: _Part, modes: dict[str, str], problems: Problems) -> None:
    if part.path == WHOLE:
        return
    found = _PATH.fullmatch(part.path)
    element = _element(type_, found["element"], part, problems) if found else None
    if not found:
        text = f"'{part.path}' names no element: write birthDate, period.end or telecom[work]"
        problems.add(part.span, text)
    if found is None or element is None:
        return
    if found["part"]:
        _element(element.types[0], found["part"], part, problems)
    if part.word == KEEP:
        _check_mode(type_, element, part, problems)
    elif found["key"] is not None and modes.get(element.name, EACH) in {EACH, APART}:
        problems.add(part.span, f"nothing says by what the items of {type_}.{element.name} are told apart")


def _element(type_: str, name: str, part: _Part, problems: Problems) -> Element | None:
    """Return an element, a choice by its stem; None, with a complaint, when there is none."""
    children = elements.children(type_)
    if name not in children:
        hint = suggestion(name, children)
        problems.add(part.span, f"{type_} has no element '{name}'{hint}", code="unknown-element")
    return children.get(name)


def _check_mode(type_: str, element: Element, part: _Part, problems: Problems) -> None:
    inside = elements.children(element.types[0])
    known = (EACH, APART, *inside)
    if not element.is_list or not inside:
        problems.add(part.span, f"{type_}.{element.name} is no list of objects: it is kept whole")
    wrong = [] if part.mode in {EACH, APART} else [word for word in part.mode.split() or [""] if word not in inside]
    for word in wrong if inside else ():
        text = f"items are told apart by each, apart or elements of {type_}.{element.name}, not by '{word}'"
        problems.add(part.span, text + suggestion(word, known))


def _agree(
    type_: str, parts: Sequence[_Part], agreed: dict[tuple[str, str], tuple[str, Span]], problems: Problems
) -> None:
    for part in parts:
        if part.word == KEEP and part.path != WHOLE:
            mode, span = agreed.setdefault((type_, part.path), (part.mode, part.span))
            if mode != part.mode:
                text = f"{type_}.{part.path} is kept by '{mode}' in {span}: all mappings must keep it alike"
                problems.add(part.span, text)
