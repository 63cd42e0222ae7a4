"""What an operation of an XML Patch is about: a path of names with predicates, and nothing that could run long.

    /f:Patient/f:contact[f:name/f:family/@value='Jansen']/f:telecom[2]/f:value/@value

A part of XPath, as RFC 5261 wants; `id()`, comments, processing instructions and namespaces are left out, for there are
none in a resource. https://www.rfc-editor.org/rfc/rfc5261#section-4.1
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lxml import etree

from gateway.errors import BadRequest

MAX_LENGTH = 2000
_NAME = r"(?:[A-Za-z_][\w.-]*:)?[A-Za-z_][\w.-]*"
_PREDICATE = re.compile(
    rf"\[\s*(?:(?P<number>[1-9]\d{{0,8}})|(?P<what>\.|@{_NAME}|{_NAME}(?:/{_NAME})*(?:/@{_NAME})?)"
    r"\s*=\s*(?P<quoted>'[^']*'|\"[^\"]*\"))\s*\]",
    re.ASCII,
)
_STEP = re.compile(rf"(?P<name>\*|{_NAME})", re.ASCII)
_END = re.compile(rf"@(?P<attribute>{_NAME})|(?P<text>text\(\))", re.ASCII)


class Predicate(NamedTuple):
    """A condition on an element: the how-manieth it is, or what stands at a path below it."""

    number: int = 0
    path: tuple[str, ...] = ()
    attribute: str = ""
    value: str = ""


class Step(NamedTuple):
    """The children of a name, in lxml's notation (`*` for any), that hold each predicate in turn."""

    name: str
    predicates: tuple[Predicate, ...]


class Selector(NamedTuple):
    """A path to an element, to an attribute of it, or to its text."""

    steps: tuple[Step, ...]
    attribute: str = ""
    is_text: bool = False

    def find(self, root: etree._Element) -> list[etree._Element]:
        """Return the elements that the steps lead to from a document with this root."""
        found: list[etree._Element] = []
        for number, step in enumerate(self.steps):
            origins = [[root]] if number == 0 else [[*element] for element in found]
            found = [element for children in origins for element in _kept(children, step)]
        return found


def read(text: str | None, prefixes: Mapping[str | None, str]) -> Selector:
    """Return a selector; `prefixes` are those that are declared where it stands. BadRequest."""
    if not text or len(text) > MAX_LENGTH:
        raise BadRequest(f"sel is a path of at most {MAX_LENGTH} characters")
    steps: list[Step] = []
    at = 1 if text.startswith("/") else 0
    while True:
        if steps and (end := _END.match(text, at)) and end.end() == len(text):
            attribute = _qualified(end["attribute"], {**prefixes, None: ""}) if end["attribute"] else ""
            return Selector(tuple(steps), attribute, is_text=bool(end["text"]))
        step, at = _step(text, at, prefixes)
        steps.append(step)
        if at == len(text):
            return Selector(tuple(steps))
        if text[at] != "/":
            raise _not_understood()
        at += 1


def _step(text: str, at: int, prefixes: Mapping[str | None, str]) -> tuple[Step, int]:
    found = _STEP.match(text, at)
    if found is None:
        raise _not_understood()
    at, predicates = found.end(), list[Predicate]()
    while match := _PREDICATE.match(text, at):
        predicates.append(_predicate(match, prefixes))
        at = match.end()
    return Step(_qualified(found["name"], prefixes), tuple(predicates)), at


def _predicate(match: re.Match[str], prefixes: Mapping[str | None, str]) -> Predicate:
    if match["number"]:
        return Predicate(number=int(match["number"]))
    path, _, attribute = match["what"].partition("@")
    names = [name for name in path.split("/") if name not in {"", "."}]
    named = _qualified(attribute, {**prefixes, None: ""}) if attribute else ""
    return Predicate(0, tuple(_qualified(name, prefixes) for name in names), named, match["quoted"][1:-1])


def _qualified(name: str, prefixes: Mapping[str | None, str]) -> str:
    """Return a name as lxml has it; one without a prefix is in the namespace that is declared without one, if any."""
    prefix, _, local = name.rpartition(":")
    if name == "*" or (not prefix and not prefixes.get(None)):
        return local
    namespace = prefixes.get(prefix or None)
    if namespace is None:
        raise BadRequest('sel has a prefix that is not declared: xmlns:f="http://hl7.org/fhir" declares f')
    return f"{{{namespace}}}{local}"


def _not_understood() -> BadRequest:
    return BadRequest("sel is a path of names, each with [n] or [path='value'], and @name or text() at its end")


def _kept(children: Sequence[etree._Element], step: Step) -> list[etree._Element]:
    kept = [child for child in children if isinstance(child.tag, str) and step.name in {"*", child.tag}]
    for predicate in step.predicates:
        if predicate.number:
            kept = kept[predicate.number - 1 : predicate.number]
        else:
            kept = [child for child in kept if _holds(child, predicate)]
    return kept


def _holds(element: etree._Element, predicate: Predicate) -> bool:
    found = [element]
    for name in predicate.path:
        found = [child for one in found for child in one if child.tag == name]
    if predicate.attribute:
        return any(one.get(predicate.attribute) == predicate.value for one in found)
    return any("".join(map(str, one.itertext())) == predicate.value for one in found)
