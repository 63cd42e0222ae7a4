"""R4 ConceptMaps as tables: a code in, a code out, and the row that said so.

https://hl7.org/fhir/R4/conceptmap.html
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gateway.errors import MalformedMessage
from gateway.fhir import json
from gateway.fhir.frozen import frozen
from gateway.mapping.spans import Problems, Span, suggestion

_MODES = ("fail", "provided", "fixed")
_NO_TARGET = frozenset({"unmatched", "disjoint"})


@frozen()
class Row:
    """What one source code becomes. `number` counts the map's rows from 1; 0 is the rule for unmapped codes.

    `target` None: the map says that there is no such code (unmatched). `source_system` None: not known.
    """

    number: int
    code: str
    source_system: str | None
    target: str | None
    system: str | None
    display: str | None = None
    equivalence: str | None = None

    @property
    def coding(self) -> dict[str, Any]:
        """Return the target Coding."""
        named = (("system", self.system), ("code", self.target), ("display", self.display))
        return {name: value for name, value in named if value is not None}

    @property
    def source_coding(self) -> dict[str, Any] | None:
        """Return the source Coding, or None where it is the target Coding itself."""
        if (self.source_system, self.code) == (self.system, self.target):
            return None
        return {"system": self.source_system, "code": self.code} if self.source_system else {"code": self.code}


@frozen()
class Unmapped:
    """What becomes of a code without a row: `provided` as it is, `fixed` always this one."""

    mode: str
    code: str | None
    display: str | None
    source_system: str | None
    system: str | None


@dataclass(frozen=True)
class ConceptMap:
    """One ConceptMap, its rows by source code."""

    id: str
    url: str
    version: str
    file: str
    rows: Mapping[str, Row]
    unmapped: Unmapped | None = None

    def find(self, code: str) -> Row | None:
        """Return what `code` becomes; None where it has no row and unmapped codes are not allowed."""
        row = self.rows.get(code)
        return row if row is not None else self._unmapped(code)

    def _unmapped(self, code: str) -> Row | None:
        rule = self.unmapped
        if rule is None or rule.mode == "fail":
            return None
        if rule.mode == "fixed":
            return Row(0, code, rule.source_system, rule.code, rule.system, rule.display)
        return Row(0, code, rule.source_system, code, rule.source_system)

    def targets(self) -> Iterator[str]:
        """Yield every code that can come out, as far as the map says."""
        yield from (row.target for row in self.rows.values() if row.target is not None)
        if self.unmapped and self.unmapped.code:
            yield self.unmapped.code

    def with_codes(self, codes: Mapping[str, str]) -> "ConceptMap":
        """Return the map with a provider's codes laid over it: source code → a target code of this map."""
        if not codes:
            return self
        known = {row.target: row for row in self.rows.values()}
        first = next(iter(self.rows.values()), Row(0, "", None, None, None))
        last = max((row.number for row in self.rows.values()), default=0)
        rows = dict(self.rows)
        for number, (code, target) in enumerate(codes.items(), last + 1):
            like = known.get(target, first)
            display = like.display if like.target == target else None
            rows[code] = replace(like, number=number, code=code, source_system=None, target=target, display=display)
        return replace(self, rows=MappingProxyType(rows))


def load(path: Path, file: str, problems: Problems) -> ConceptMap | None:
    """Return the ConceptMap in a file, or None; every complaint goes to `problems`."""
    content = path.read_bytes()
    try:
        resource = json.decode(content)
    except MalformedMessage as error:
        place = error.issues[0].place
        problems.add(Span(file, place.line or 1 if place else 1), error.issues[0].diagnostics)
        return None
    return _Reader(resource, content.decode("utf-8", "replace"), file, problems).concept_map()


def of(resource: dict[str, Any], file: str, problems: Problems) -> ConceptMap | None:
    """Return a ConceptMap that stands in another resource, or None; every complaint goes to `problems`."""
    return _Reader(resource, "", file, problems).concept_map()


class _Reader:
    def __init__(self, resource: Any, text: str, file: str, problems: Problems) -> None:
        self.resource = resource if isinstance(resource, dict) else {}
        self.text = text
        self.file = file
        self.problems = problems
        self.rows: dict[str, Row] = {}
        self.unmapped: Unmapped | None = None
        self.count = 0

    def concept_map(self) -> ConceptMap | None:
        if self.resource.get("resourceType") != "ConceptMap":
            self.complain("not a ConceptMap: 'resourceType' is missing or another", '"resourceType"')
            return None
        for key in ("id", "url", "version"):
            if not isinstance(self.resource.get(key), str):
                self.complain(f"the ConceptMap has no '{key}'", f'"{key}"')
        for group in self.resource.get("group") or []:
            self.group(group)
        if not self.rows and not self.unmapped:
            self.complain("the ConceptMap has no rows", '"group"')
        id_, url, version = (str(self.resource.get(key, "")) for key in ("id", "url", "version"))
        return ConceptMap(id_, url, version, self.file, MappingProxyType(self.rows), self.unmapped)

    def group(self, group: dict[str, Any]) -> None:
        for key in ("source", "target"):
            if not isinstance(group.get(key), str):
                self.complain(f"a group names no '{key}' system", '"group"')
        here: set[str] = set()
        for element in group.get("element") or []:
            self.element(element, group, here)
        if group.get("unmapped"):
            self.note_unmapped(group["unmapped"], group)

    def element(self, element: dict[str, Any], group: dict[str, Any], here: set[str]) -> None:
        self.count += 1
        code = element.get("code")
        targets = element.get("target") or []
        if not isinstance(code, str):
            self.complain(f"row {self.count} has no source code", '"element"')
            return
        if code in here:
            self.complain(f"the code '{code}' has two rows in one group", f'"code": "{code}"', last=True)
        here.add(code)
        if not targets:
            self.complain(f"no target is chosen for the code '{code}' yet", f'"code": "{code}"')
        elif len(targets) != 1:
            self.complain(f"the code '{code}' has {len(targets)} targets; exactly one is used", f'"code": "{code}"')
        if targets and code not in self.rows:  # an earlier group has said what it becomes
            self.rows[code] = self.row(code, targets[0], group)

    def row(self, code: str, target: dict[str, Any], group: dict[str, Any]) -> Row:
        none = target.get("equivalence") in _NO_TARGET
        if not none and not isinstance(target.get("code"), str):
            self.complain(f"the target of '{code}' has no code", f'"code": "{code}"')
        return Row(
            self.count, code, group.get("source"), None if none else target.get("code"),
            group.get("target"), target.get("display"), target.get("equivalence"),
        )  # fmt: skip

    def note_unmapped(self, rule: dict[str, Any], group: dict[str, Any]) -> None:
        mode = rule.get("mode")
        if mode not in _MODES:
            hint = suggestion(str(mode), _MODES)
            self.complain(f"'unmapped.mode' must be one of {', '.join(_MODES)}{hint}", '"unmapped"')
            return
        if mode == "fixed" and not isinstance(rule.get("code"), str):
            self.complain("'unmapped.mode' is fixed but names no code", '"unmapped"')
        if self.unmapped is None:
            self.unmapped = Unmapped(mode, rule.get("code"), rule.get("display"), group.get("source"), group["target"])

    def complain(self, text: str, near: str, *, last: bool = False) -> None:
        """Report with the line where `near` stands (or line 1): JSON readers keep no places."""
        found = [match.start() for match in re.finditer(re.escape(near), self.text)]
        line = self.text.count("\n", 0, found[-1 if last else 0]) + 1 if found else 1
        self.problems.add(Span(self.file, line), text)
