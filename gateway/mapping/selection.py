"""Which mapping accepts a message. Exactly one may: none is refused by name, two are an error."""

import re
from collections.abc import Callable, Sequence
from functools import cached_property

from gateway.errors import BadMapping, Issue, UnsupportedMessage
from gateway.formats import edifact
from gateway.formats.delimited.layout import normal
from gateway.formats.hl7v2 import Message
from gateway.mapping import ir
from gateway.mapping.compiler.condition import Test, condition, paths
from gateway.mapping.spans import Problems
from gateway.mapping.tree_selection import TreeSelection

_KEPT = 4096
_KIND = re.compile(r"[A-Z][A-Z0-9]{2}(?:\^[A-Z][A-Z0-9]{2})?")
_EDIFACT_KIND = re.compile(r"[A-Z]{6}")
_VERSION = re.compile(r"2(?:\.[0-9]){1,2}")


class Selection:
    """Answers, for a set of mappings, which one a message is for."""

    def __init__(self, mappings: Sequence[ir.Mapping], problems: Problems | None = None) -> None:
        self.mappings = [mapping for mapping in mappings if not mapping.source.named]
        self.problems = problems or Problems()
        self._by_kind: dict[tuple[str | None, ...], ir.Mapping] = {}

    def message(self, message: Message) -> ir.Mapping:
        """Return the mapping of an HL7 v2 message. Raises UnsupportedMessage, or BadMapping when two accept it."""
        if not self._kind_decides:
            return self._find(message)
        header = message.segments[0]
        kind = (header.value(9), header.value(9, 1, 2), header.value(9, 1, 3))
        found = self._by_kind.get(kind)
        if found is None:
            found = self._find(message)
            if len(self._by_kind) < _KEPT:
                self._by_kind[kind] = found
        return found

    def edifact(self, message: edifact.Message) -> ir.Mapping:
        """Return the mapping of an EDIFACT message. Raises UnsupportedMessage, or BadMapping when two accept it."""
        return _only([m for m, test in self.edifact_tests if test(message)], lambda: describe_edifact(message))

    def table(self, columns: Sequence[str]) -> ir.Mapping:
        """Return the mapping of a delimited file with these columns. Raises UnsupportedMessage or BadMapping."""
        have = {normal(column) for column in columns}
        tables = [m for m in self.mappings if m.source.format == "csv"]
        found = [m for m in tables if not missing_columns(m, have)]
        if not found:
            # Never the columns themselves: the first line of a file without a header may be a patient.
            raise UnsupportedMessage(f"no mapping accepts this table of {len(columns)} columns{_nearest(tables, have)}")
        return _only(found, lambda: "this table")

    @cached_property
    def trees(self) -> TreeSelection:
        """What tells which mapping a JSON, XML or FHIR message is for."""
        return TreeSelection(self.mappings, self.problems)

    def _find(self, message: Message) -> ir.Mapping:
        return _only([m for m, test in self.tests if test(message)], lambda: describe(message))

    @cached_property
    def tests(self) -> list[tuple[ir.Mapping, Test]]:
        """The HL7 v2 mappings, each with its condition."""
        found = [m for m in self.mappings if m.source.format == "hl7v2"]
        return [(m, condition(m, self.problems)) for m in found]

    @cached_property
    def edifact_tests(self) -> list[tuple[ir.Mapping, Test]]:
        """The EDIFACT mappings, each with its condition."""
        found = [m for m in self.mappings if m.source.format == "edifact"]
        return [(m, condition(m, self.problems)) for m in found]

    @cached_property
    def _kind_decides(self) -> bool:
        """Whether every condition looks at MSH-9 alone, so that the answer can be kept for each MSH-9."""
        looked_at = (path for m, _ in self.tests for path in paths(m))
        return all(not isinstance(path, str) and (path.base, path.field) == ("MSH", 9) for path in looked_at)


def accepts_columns(mapping: ir.Mapping, have: set[str]) -> bool:
    """Return whether a table with these (normalised) columns has every column that a mapping asks for."""
    return not missing_columns(mapping, have)


def missing_columns(mapping: ir.Mapping, have: set[str]) -> list[str]:
    """Return the columns that a mapping asks for and a table with these (normalised) columns does not have."""
    aliases = dict(mapping.source.layout).get("aliases") or {}
    assert isinstance(aliases, dict)
    return [
        column
        for column in mapping.source.columns
        if not have & {normal(str(name)) for name in (column, *aliases.get(column, ()))}
    ]


def _nearest(tables: Sequence[ir.Mapping], have: set[str]) -> str:
    """Return which mapping comes nearest and what it lacks; nothing when none has a column in common."""
    lacks = {m.name: missing_columns(m, have) for m in tables if len(missing_columns(m, have)) < len(m.source.columns)}
    if not lacks:
        return ""
    name = min(lacks, key=lambda mapping: len(lacks[mapping]))
    return f"; {name} comes nearest and also asks for {', '.join(lacks[name])}"


def describe(message: Message) -> str:
    """Return how a message is called in a refusal: `ADT^A47 (HL7 v2.5)`, by MSH-9 and MSH-12 and nothing else.

    What stands there and is no message type or no version is not repeated: fields that have shifted may hold a patient.
    """
    header = message.segments[0]
    kind = "^".join(part for part in (header.value(9, 1, 1), header.value(9, 1, 2)) if part)
    called = kind if _KIND.fullmatch(kind) else "a message whose MSH-9 is no message type"
    version = message.version if _VERSION.fullmatch(message.version) else "2"
    return f"{called if kind else 'a message without MSH-9'} (HL7 v{version})"


def describe_edifact(message: edifact.Message) -> str:
    """Return how a message is called in a refusal: `MEDLAB`, by UNH-2.1 and nothing else."""
    return message.kind if _EDIFACT_KIND.fullmatch(message.kind) else "a message whose UNH-2 is no message type"


def _only(found: list[ir.Mapping], what: Callable[[], str]) -> ir.Mapping:
    if not found:
        raise UnsupportedMessage(f"no mapping accepts {what()}")
    if len(found) > 1:
        names = " and ".join(mapping.name for mapping in found)
        raise BadMapping([Issue("ambiguous-mapping", f"{names} both accept {what()}")])
    return found[0]
