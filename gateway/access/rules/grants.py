"""What a policy gives one partner, at one moment: for each right the types, and what must hold of a resource."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gateway.access.rules import LETTERS, Letter, Policy, Rule
from gateway.access.rules.compiling import NEVER, NOBODY, Asker, Compiling, either
from gateway.fhir.frozen import frozen
from gateway.fhir.search import Condition
from gateway.fhir.types import resource_types


@frozen()
class Change:
    """What may be changed of which resources: `elements` alone, or (none) everything. None: of every resource."""

    condition: Condition | None
    elements: frozenset[str]


class Grants:
    """What one partner may by the rules that are for it. Conditions are compiled when they are first asked for."""

    def __init__(self, policy: Policy, asker: Asker) -> None:
        self._rules = [rule for rule in policy.rules if rule.is_for(asker.kind, asker.purpose)]
        self._asker = asker
        self.own = asker.own
        self.speaks = policy.speaks
        self._types = {letter: self._of(letter) for letter in LETTERS}
        self._conditions: dict[tuple[str, str], Condition | None] = {}

    def types(self, letter: Letter) -> frozenset[str]:
        """Return the types of which this may be done with some resource."""
        return self._types[letter]

    def condition(self, letter: Letter, resource_type: str) -> Condition | None:
        """Return what must hold of a resource of a type for this to be done with it; None where nothing must."""
        key = letter, resource_type
        if key not in self._conditions:
            self._conditions[key] = either(self._where(rule, letter, resource_type) for rule in self._of_type(*key))
        return self._conditions[key]

    def changes(self, letter: Letter, resource_type: str) -> Sequence[Change]:
        """Return what may be changed of resources of a type, by each rule."""
        found = [
            Change(self._where(rule, letter, resource_type), rule.elements)
            for rule in self._of_type(letter, resource_type)
        ]
        return [change for change in found if change.condition != NEVER]

    def must_be_seen(self, resource_type: str) -> Collection[str]:
        """Return the elements of a type that name what must be seen by who writes them."""
        written = (rule for letter in ("c", "u") for rule in self._of_type(letter, resource_type))
        return {element for rule in written for element in rule.to}

    def _of(self, letter: str) -> frozenset[str]:
        rules = [rule for rule in self._rules if letter in rule.letters]
        if any(not rule.types for rule in rules):
            return resource_types()
        return frozenset[str]().union(*(rule.types for rule in rules))

    def _of_type(self, letter: str, resource_type: str) -> list[Rule]:
        return [rule for rule in self._rules if rule.is_of(letter, resource_type)]

    def _where(self, rule: Rule, letter: Letter, resource_type: str) -> Condition | None:
        seen: Letter = "s" if letter == "s" else "r"
        compiling = Compiling(self._asker, lambda type_: self.condition(seen, type_))
        return compiling.condition(rule.where, resource_type)


_EVERYTHING = Policy("everything", "", "", (Rule("everything", frozenset(LETTERS)),), {})
UNLIMITED = Grants(_EVERYTHING, NOBODY)
"""What gives everything."""
