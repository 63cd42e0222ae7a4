"""A StructureMap as R4 JSON, and where each part of it stands in the file it was read from."""

import re
from dataclasses import dataclass, field
from typing import Any

from gateway.mapping.spans import Span

_R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-StructureMap"
CONSTANT = f"{_R5}.const"
"""`let`: R5's StructureMap.const. http://hl7.org/fhir/R5/versions.html#extensions"""
DEFAULT = f"{_R5}.group.rule.source.defaultValue"
"""A default that is an expression, as in R5; R4 has a value there."""
SIMPLE = "vvv"
"""The variable on both sides of `src.a -> tgt.b`, as HL7's own tools write it."""

_NOT_ID = re.compile(r"[^A-Za-z0-9.-]+")


@dataclass
class Model:
    """`resource` is the StructureMap; `span` tells where a part of it stands."""

    resource: dict[str, Any]
    file: str
    spans: dict[tuple[int, str], Span] = field(default_factory=dict)

    @property
    def start(self) -> Span:
        """Return where the file begins."""
        return Span(self.file)

    def mark(self, part: dict[str, Any], span: Span) -> dict[str, Any]:
        """Note where a part stands; return the part."""
        self.spans[id(part), ""] = span
        return part

    def mark_in(self, part: dict[str, Any], key: str, span: Span) -> None:
        """Note where the value of one key of a part stands."""
        self.spans[id(part), key] = span

    def span(self, part: dict[str, Any], key: str = "") -> Span:
        """Return where a part, or the value of one of its keys, stands."""
        return self.spans.get((id(part), key)) or self.spans.get((id(part), "")) or self.start


def id_of(name: str) -> str:
    """Return a name as FHIR's id, which has no blanks, underscores or quotes.

    >>> id_of("Simple Assignment")
    'Simple-Assignment'
    """
    return _NOT_ID.sub("-", name)[:64] or "rule"
