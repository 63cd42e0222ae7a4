"""Checks what `{% absent %}` says: that there are such elements, and that all mappings say the same of a resource."""

import re
from collections.abc import Iterator, Sequence

from gateway.fhir import elements
from gateway.fhir.elements import Element
from gateway.mapping import ir
from gateway.mapping.keeping import APART, EACH, KEEP
from gateway.mapping.spans import Problems, suggestion

_PATH = re.compile(r"(?P<element>\w+)(?:\[(?P<key>[^\]]*)\])?(?:\.(?P<part>\w+))?")

_FOLDED = frozenset({"Location", "Slot"})


def check_absence(units: Sequence[ir.Unit], problems: Problems) -> None:
    """Report elements that are not there, lists that cannot be kept so, and mappings that do not agree."""
    agreed: dict[tuple[str, str], ir.Absent] = {}
    for unit in units:
        for template in unit.emit:
            for type_, field in _fields(template):
                if type_ is None:
                    problems.add(field.span, "'absent' stands in a resource, beside its resourceType")
                    continue
                if type_ in _FOLDED:
                    problems.add(field.span, f"what is known of beds decides of a {type_}: 'absent' is not for it")
                modes = {one.path: one.mode for one in field.said if one.word == KEEP}
                for one in field.said:
                    _check(type_, one, modes, problems)
                    _agree(type_, one, agreed, problems)


def _fields(template: ir.Template) -> Iterator[tuple[str | None, ir.AbsentField]]:
    """Yield what is said in each object, with the type of the resource that it is."""
    if isinstance(template, ir.Object):
        found = (field for field in template.fields if isinstance(field, ir.AbsentField))
        yield from ((template.resource_type, field) for field in found)
    for part in ir.inside(template):
        yield from _fields(part)


def _check(type_: str, part: ir.Absent, modes: dict[str, str], problems: Problems) -> None:
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


def _element(type_: str, name: str, part: ir.Absent, problems: Problems) -> Element | None:
    """Return an element, a choice by its stem; None, with a complaint, when there is none."""
    children = elements.children(type_)
    if name not in children:
        hint = suggestion(name, children)
        problems.add(part.span, f"{type_} has no element '{name}'{hint}", code="unknown-element")
    return children.get(name)


def _check_mode(type_: str, element: Element, part: ir.Absent, problems: Problems) -> None:
    inside = elements.children(element.types[0])
    known = (EACH, APART, *inside)
    if not element.is_list or not inside:
        problems.add(part.span, f"{type_}.{element.name} is no list of objects: it is kept whole")
    wrong = [] if part.mode in {EACH, APART} else [word for word in part.mode.split() or [""] if word not in inside]
    for word in wrong if inside else ():
        text = f"items are told apart by each, apart or elements of {type_}.{element.name}, not by '{word}'"
        problems.add(part.span, text + suggestion(word, known))


def _agree(type_: str, part: ir.Absent, agreed: dict[tuple[str, str], ir.Absent], problems: Problems) -> None:
    if part.word == KEEP:
        known = agreed.setdefault((type_, part.path), part)
        if known.mode != part.mode:
            text = f"{type_}.{part.path} is kept by '{known.mode}' in {known.span}: all mappings must keep it alike"
            problems.add(part.span, text)
