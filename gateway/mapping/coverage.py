"""What the golden cases of a mapping prove, and what not: rules that no case fires, fields that no case reads."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gateway.mapping import ir
from gateway.mapping.cases import Case, Outcome, outcome
from gateway.mapping.compiler.reach import beyond
from gateway.mapping.compiler.rules import Rule
from gateway.mapping.library import Library
from gateway.mapping.spans import Problems
from gateway.mapping.unread import unread_places

_ITEM = re.compile(r"/\d+(?=/|$)|\[\d+\]")  # of a JSON pointer, or of an XPath


@dataclass
class Coverage:
    """The coverage of one mapping. `unread`: places such as `PV1-10` (or columns) of a case that no rule read.

    `beyond` are rules of fragments that the mapping can never come to: it gives nothing for what they ask for.
    """

    mapping: str
    rules: set[Rule] = field(default_factory=set)
    beyond: set[Rule] = field(default_factory=set)
    fired: set[Rule] = field(default_factory=set)
    unread: dict[str, str] = field(default_factory=dict)
    cases: int = 0

    @property
    def silent(self) -> list[Rule]:
        """Return the rules that no case fires, in the order of the files."""
        return sorted(self.rules - self.fired, key=lambda rule: (rule.span.file, rule.span.line, rule.name))

    @property
    def share(self) -> float:
        """Return the share of rules that fired, 0 to 1."""
        return len(self.fired & self.rules) / len(self.rules) if self.rules else 1.0

    def add(self, other: "Coverage") -> None:
        """Add what was found of another mapping: a rule that both use is one rule, and one beyond the other counts."""
        self.rules |= other.rules | other.beyond
        self.fired |= other.fired
        self.cases += other.cases
        self.unread |= {path: case for path, case in other.unread.items() if path not in self.unread}


def measure(library: Library, mapping: ir.Mapping, cases: Sequence[Case]) -> Coverage:
    """Return what some cases cover of a mapping, each run with its own provider."""
    found = Coverage(mapping.name)
    for case in cases:
        now = outcome(case, library)
        found.cases += 1
        _count(found, library, mapping, case, now)
    if not cases:
        found.rules |= set(library.program(mapping, library.provider("dev"), traced=True).rules)
    if not mapping.groups:
        found.beyond = beyond(mapping, library.units(Problems()), found.rules - found.fired)
        found.rules -= found.beyond
    return found


def _count(found: Coverage, library: Library, mapping: ir.Mapping, case: Case, now: Outcome) -> None:
    program = library.program(mapping, library.provider(case.provider), traced=True)
    found.rules |= set(program.rules)
    for mapped in now.mapped:
        if mapped.mapping != mapping.name:
            continue
        for tracer in mapped.trace.tracers():
            found.fired |= {tracer.rules[number] for number in tracer.fired_rules}
        for path in _general(place.path for place in unread_places(mapped)):
            found.unread.setdefault(path, case.name)


def _general(paths: Iterable[str]) -> list[str]:
    """Return paths without occurrence, repetition and row: what matters is the field."""
    general = []
    for path in paths:
        if path.startswith("row "):
            general.append(path.partition(" column ")[2].strip('"') or path)
        elif path.startswith("/"):
            general.append(_ITEM.sub("", path))
        else:
            general.append("".join(part.partition("]")[2] if i else part for i, part in enumerate(path.split("["))))
    return list(dict.fromkeys(general))
