"""Where elements stand in FHIR XML, found only when somebody asks: findings on a resource name their line."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from lxml import etree

from gateway.errors import Issue, Place
from gateway.fhir.types import resource_types
from gateway.fhir.xml.source import utf8

_STEP = re.compile(r"\.?([A-Za-z]\w*)(?:\[(\d+)\])?(?:\.ofType\(\w+\))?")
_LAST_LINE = 65535
"""libxml2 counts lines no further."""


class Places:
    """The places of the elements of one document that `read` has read."""

    def __init__(self, data: bytes, charset: str | None = None) -> None:
        self._data = data
        self._charset = charset

    def of(self, expression: str) -> Place:
        """Return XPath and line of what a FHIRPath such as `Patient.name[1].given` names.

        What is not there is where it should be: the nearest element around it.
        """
        return self._place((name, int(index or 0)) for name, index in _STEP.findall(expression)[1:])

    def at(self, pointer: str) -> Place:
        """Return XPath and line of what a JSON pointer such as `/name/1/given/0` names in the same resource in JSON."""
        return self._place(_steps(pointer))

    def placed(self, issue: Issue) -> Issue:
        """Return an issue on an element of the resource with its place in the document, if it has no place yet."""
        if issue.place is not None or issue.expression is None:
            return issue
        return Issue(
            issue.code, issue.diagnostics, issue.severity, issue.expression, self.of(issue.expression), issue.rule,
            issue.value,
        )  # fmt: skip

    def _place(self, steps: Iterable[tuple[str, int]]) -> Place:
        found, path = self._root, f"/{etree.QName(self._root).localname}"
        for name, index in steps:
            step = _child(found, name, index)
            if step is None:
                break
            found, shown = step
            path += shown
        line = found.sourceline
        return Place(path, line if isinstance(line, int) and line < _LAST_LINE else None)

    @cached_property
    def _root(self) -> etree._Element:
        parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
            huge_tree=True,  # its depth and size are known by now
        )
        return etree.fromstring(utf8(self._data, self._charset), parser)


def _steps(pointer: str) -> Iterator[tuple[str, int]]:
    """Yield the elements that a JSON pointer goes down by, each with its index."""
    tokens = [token.removeprefix("_") for token in pointer.split("/")[1:]]
    for number, token in enumerate(tokens):
        if not token.isdigit():
            following = tokens[number + 1] if number + 1 < len(tokens) else ""
            yield token, int(following) if following.isdigit() else 0


def _child(parent: etree._Element, name: str, index: int) -> tuple[etree._Element, str] | None:
    """Return the element of a name (that of a choice without its type, too) and its step in an XPath."""
    named = [child for child in _elements(parent) if _is_named(etree.QName(child).localname, name)]
    if index >= len(named):
        return None
    found = named[index]
    local = etree.QName(found).localname
    shown = f"/{local}[{index + 1}]" if len(named) > 1 else f"/{local}"
    inner = next(_elements(found), None)
    if inner is not None and etree.QName(inner).localname in resource_types():  # an entry, or a contained resource
        return inner, f"{shown}/{etree.QName(inner).localname}"
    return found, shown


def _elements(parent: etree._Element) -> Iterator[etree._Element]:
    return (child for child in parent if isinstance(child.tag, str))


def _is_named(local: str, name: str) -> bool:
    return local == name or (local.startswith(name) and local[len(name) : len(name) + 1].isupper())
