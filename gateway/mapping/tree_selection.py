"""Which mapping accepts a message that is a tree, and what that mapping says of it before any rule runs.

Exactly one may: none is refused by name (the root element, or the keys at the top), two are an error.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from gateway.errors import BadMapping, Issue, UnsupportedMessage
from gateway.fhirpath import FhirPathError, ast
from gateway.formats import jsontree, xmltree
from gateway.mapping import ir, trees
from gateway.mapping.compiler.condition import Test, Values, condition, values
from gateway.mapping.events import moment
from gateway.mapping.findings import Finding
from gateway.mapping.spans import Problems

_KEYS = 12  # so many keys a refusal names
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")
_NAMESPACE = re.compile(r"[A-Za-z][A-Za-z0-9:/._#-]{0,99}")
UNFIT = (Finding, FhirPathError, AttributeError, TypeError, KeyError, ArithmeticError, ValueError)
"""What an expression raises when a message is not of the shape that it was written for."""

Document = jsontree.Document | xmltree.Document


@dataclass(frozen=True)
class Accepting:
    """A mapping of trees, its condition, and the expressions that its `source` gives values by."""

    mapping: ir.Mapping
    source: ir.TreeSource
    test: Test
    control: Values | None
    moment: Values | None
    items: Values | None
    asked: frozenset[tuple[str, ...]]  # the elements that those look at, by their names

    def accepts(self, document: Document) -> bool:
        """Return whether this mapping is for a message; it is not when the condition cannot be asked of it."""
        try:
            return self.test(document)
        except UNFIT:
            return False

    def prepare(self, document: Document) -> None:
        """Tell a message its id, and the items it is mapped by."""
        document.control_id = _first(self.control, document)
        document.asked = self.asked
        document.items = [document.item(value) for value in self.items(document)] if self.items else ()

    def event_time(self, document: Document, zone: str) -> datetime | None:
        """Return the moment of a message, if it says one that can be read."""
        text = _first(self.moment, document)
        return moment(text, zone) if text else None


def _first(expression: Values | None, document: Document) -> str | None:
    """Return the first text that an expression of `source` gives; None when it cannot be applied to this message."""
    try:
        found = [trees.text(value) for value in expression(document)] if expression else []
    except UNFIT:
        return None
    return next((text for text in found if text), None)


class TreeSelection:
    """Answers, for a set of mappings, which one a tree is for."""

    def __init__(self, mappings: Sequence[ir.Mapping], problems: Problems) -> None:
        self.mappings = mappings
        self.problems = problems

    @cached_property
    def all(self) -> list[Accepting]:
        """The mappings of trees, ready to be asked."""
        return [accepting(m, m.source.tree, self.problems) for m in self.mappings if m.source.tree is not None]

    @cached_property
    def takes_arrays(self) -> bool:
        """Whether some mapping takes an array of its messages."""
        return any(one.source.array for one in self.all)

    def find(self, document: Document, *, of_array: bool = False) -> Accepting:
        """Return what accepts a message. Raises UnsupportedMessage, or BadMapping when two accept it."""
        if isinstance(document, xmltree.Document):
            return _only([one for one in self.all if _has_root(one, document) and one.accepts(document)], document)
        found = [one for one in self.all if one.mapping.source.format in {"json", "ndjson"}]
        fitting = [one for one in found if one.source.array or not of_array]
        return _only([one for one in fitting if one.accepts(document)], document)

    def of_fhir(self, document: Document, wanted: Collection[str]) -> Accepting | None:
        """Return which of the mappings a provider wants accepts a FHIR message; None when it goes as it is."""
        named = [m for m in self.all if m.mapping.source.format == "fhir" and m.mapping.name in wanted]
        found = [one for one in named if one.accepts(document)]
        return _only(found, document) if found else None


def accepting(mapping: ir.Mapping, source: ir.TreeSource, problems: Problems) -> Accepting:
    """Return a mapping ready to be asked; what is wrong with its expressions goes to `problems`."""
    control, event_time, each = (
        values(mapping, expression, problems) if expression is not None else None
        for expression in (source.control, source.event_time, source.each)
    )
    looked = (mapping.source.when, source.control, source.event_time)
    asked = frozenset(path for one in looked if one is not None for node in ast.walk(one.node) if (path := names(node)))
    return Accepting(mapping, source, condition(mapping, problems), control, event_time, each, asked)


def names(node: ast.Node) -> tuple[str, ...]:
    """Return the names of `a.b.c`; nothing for what is no path."""
    if isinstance(node, ast.Identifier):
        return (node.name,)
    above = names(node.base) if isinstance(node, ast.Member) else ()
    return (*above, node.name) if above and isinstance(node, ast.Member) else ()


def _has_root(one: Accepting, document: xmltree.Document) -> bool:
    source = one.source
    if one.mapping.source.format != "xml" or source.root != document.root.name:
        return False
    return not source.namespace or source.namespace == document.root.namespace


def describe(document: Document) -> str:
    """Return how a message is called in a refusal: by its root element, or by the keys at the top; never by a value.

    What does not look like a name is not repeated: somebody may have made a key of a patient.
    """
    if isinstance(document, xmltree.Document):
        return _described_root(document.root)
    if isinstance(document.root, list):
        return f"this JSON array of {len(document.root)} items"
    keys = [key for key in document.root if _KEY.fullmatch(key)][:_KEYS]
    more = len(document.root) - len(keys)
    others = f" and {more} more" if more and keys else ""
    return f"this JSON object with the keys {', '.join(keys)}{others}" if keys else f"this JSON object of {more} keys"


def _described_root(root: xmltree.Node) -> str:
    name = root.name if _KEY.fullmatch(root.name) else "element"
    namespace = root.namespace
    if not namespace:
        return f"<{name}> without a namespace"
    return f"<{name}> of the namespace {namespace if _NAMESPACE.fullmatch(namespace) else 'it names'}"


def _only(found: list[Accepting], document: Any) -> Accepting:
    if not found:
        raise UnsupportedMessage(f"no mapping accepts {describe(document)}")
    if len(found) > 1:
        names = " and ".join(one.mapping.name for one in found)
        raise BadMapping([Issue("ambiguous-mapping", f"{names} both accept {describe(document)}")])
    return found[0]
