"""What a policy gives one partner, at one moment: for each right the types, and what must hold of a resource."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from gateway.access.rules import LETTERS, All, Consented, Letter, Owned, Policy, Rule, Term
from gateway.access.rules import Any as AnyTerm
from gateway.access.rules.compiling import NEVER, NOBODY, Asker, Compiling, either
from gateway.fhir.frozen import frozen
from gateway.fhir.reduced import Form
from gateway.fhir.search import Condition
from gateway.fhir.types import resource_types


@frozen()
class Change:
    """What may be changed of which resources: `elements` alone, or (none) everything. None: of every resource.

    `by` tells it from what is given by other rules.
    """

    by: str
    condition: Condition | None
    elements: frozenset[str] = frozenset()


@frozen()
class Reduced:
    """Of which resources something is told, and in which form where no rule gives the whole.

    `condition` holds of those and of what is seen whole; what one of `owners` made is seen whole, without a look.
    """

    condition: Condition
    form: Form
    owners: frozenset[str] = frozenset()


@frozen(eq=False)  # each is there once, and to compare what it asks takes long
class Ground:
    """A rule that gives something of a type: of what some owners made (none: whoever made it), or where a condition
    holds. `consent`: it asks whether the patient permits it. There is one of a rule and a type.
    """

    name: str
    owners: frozenset[str] | None
    condition: Condition | None
    consent: bool = False


class Grants:
    """What one partner may by the rules that are for it. Conditions are compiled when they are first asked for."""

    def __init__(self, policy: Policy, asker: Asker) -> None:
        self._rules = [rule for rule in policy.rules if rule.is_for(asker.kind, asker.purpose)]
        self._asker = asker
        self.policy = f"{policy.name}|{policy.version}"
        self._grounds: dict[tuple[str, str], Sequence[Ground]] = {}
        self._by_owner: dict[tuple[str, str, str | None], Sequence[Ground]] = {}
        self.own = asker.own
        self.speaks = policy.speaks
        self.memory: dict[Any, Any] = {}  # of what is made of these conditions elsewhere
        self._types = {letter: self._of(letter) for letter in LETTERS}
        self._conditions: dict[tuple[str, str], Condition | None] = {}
        self._changes: dict[tuple[str, str], Sequence[Change]] = {}
        self._owners: dict[tuple[str, str], frozenset[str]] = {}
        self._forms = policy.forms
        self._reduced: dict[tuple[str, str], Reduced | None] = {}

    def types(self, letter: Letter) -> frozenset[str]:
        """Return the types of which this may be done with some resource."""
        return self._types[letter]

    def condition(self, letter: Letter, resource_type: str) -> Condition | None:
        """Return what must hold of a resource of a type for this to be done with it; None where nothing must."""
        key = letter, resource_type
        if key not in self._conditions:
            self._conditions[key] = either(self._where(rule, letter, resource_type) for rule in self._of_type(*key))
        return self._conditions[key]

    def reduced(self, letter: Letter, resource_type: str) -> Reduced | None:
        """Return what of a type is given in a reduced form; None where nothing is that is not given whole."""
        key = letter, resource_type
        if key not in self._reduced:
            self._reduced[key] = self._made_reduced(letter, resource_type)
        return self._reduced[key]

    def owners(self, letter: Letter, resource_type: str) -> frozenset[str]:
        """Return the owners with whose resources of a type this may be done, whatever else holds of them."""
        key = letter, resource_type
        if key not in self._owners:
            terms = [rule.where for rule in self._of_type(letter, resource_type) if not rule.elements]
            codes = (self._compiling(letter).codes(term) for term in terms if isinstance(term, Owned))
            self._owners[key] = frozenset[str]().union(*codes)
        return self._owners[key]

    def by_owner(self, letter: Letter, resource_type: str, owner: str | None) -> Sequence[Ground]:
        """Return the rules that give what an owner made, because of whose it is."""
        key = letter, resource_type, owner
        if key not in self._by_owner:
            every = self._all_grounds(letter, resource_type)
            self._by_owner[key] = [one for one in every if one.owners is not None and owner in one.owners]
        return self._by_owner[key]

    def other_grounds(self, letter: Letter, resource_type: str) -> Sequence[Ground]:
        """Return the rules that may give what is not given because of whose it is."""
        return [one for one in self._all_grounds(letter, resource_type) if one.owners is None]

    def _all_grounds(self, letter: Letter, resource_type: str) -> Sequence[Ground]:
        key = letter, resource_type
        if key not in self._grounds:
            every = (*self._of_type(letter, resource_type), *self._of_type(letter, resource_type, reduced=True))
            rules = [rule for rule in every if not rule.elements]
            found = (self._ground(rule, letter, resource_type) for rule in rules)
            self._grounds[key] = [one for one in found if one.condition != NEVER]
        return self._grounds[key]

    def _ground(self, rule: Rule, letter: Letter, resource_type: str) -> Ground:
        condition = self._where(rule, letter, resource_type)
        is_of_owner = isinstance(rule.where, Owned) and condition is not None
        owners = self._compiling(letter).codes(rule.where) if isinstance(rule.where, Owned) and is_of_owner else None
        return Ground(rule.name, owners, condition, _asks_consent(rule.where))

    def changes(self, letter: Letter, resource_type: str) -> Sequence[Change]:
        """Return what may be changed of resources of a type: what may be wholly changed comes first."""
        key = letter, resource_type
        if key not in self._changes:
            self._changes[key] = [change for change in self._change(*key) if change.condition != NEVER]
        return self._changes[key]

    def must_be_seen(self, resource_type: str) -> Collection[str]:
        """Return the elements of a type that name what must be seen by who writes them."""
        written = (rule for letter in ("c", "u") for rule in self._of_type(letter, resource_type))
        return {element for rule in written for element in rule.to}

    def _made_reduced(self, letter: Letter, resource_type: str) -> Reduced | None:
        rules = self._of_type(letter, resource_type, reduced=True)
        parts = [self._where(rule, letter, resource_type) for rule in rules]
        whole = self.condition(letter, resource_type)
        wider = either([whole, *parts])
        if wider is None or wider == whole or either(parts) == NEVER:
            return None
        return Reduced(wider, self._forms[resource_type], self.owners(letter, resource_type))

    def _change(self, letter: Letter, resource_type: str) -> Iterator[Change]:
        rules = self._of_type(letter, resource_type)
        whole = either(self._where(rule, letter, resource_type) for rule in rules if not rule.elements)
        yield Change(letter, whole)
        for rule in rules:
            if rule.elements:
                yield Change(f"{letter} {rule.name}", self._where(rule, letter, resource_type), rule.elements)

    def _of(self, letter: str) -> frozenset[str]:
        rules = [rule for rule in self._rules if letter in rule.letters]
        if any(not rule.types for rule in rules):
            return resource_types()
        return frozenset[str]().union(*(rule.types for rule in rules))

    def _of_type(self, letter: str, resource_type: str, *, reduced: bool = False) -> list[Rule]:
        return [rule for rule in self._rules if rule.is_of(letter, resource_type) and rule.reduced == reduced]

    def _where(self, rule: Rule, letter: Letter, resource_type: str) -> Condition | None:
        return self._compiling(letter).condition(rule.where, resource_type)

    def _compiling(self, letter: Letter) -> Compiling:
        seen: Letter = "s" if letter == "s" else "r"
        return Compiling(self._asker, lambda type_: self.condition(seen, type_))


def _asks_consent(term: Term) -> bool:
    """Return whether a term holds only where a patient permits something."""
    match term:
        case Consented(how):
            return how == "permitted"
        case All(terms):
            return any(map(_asks_consent, terms))
        case AnyTerm(terms):
            return all(map(_asks_consent, terms))
        case _:
            return False


_EVERYTHING = Policy("everything", "", "", (Rule("everything", frozenset(LETTERS)),), {})
UNLIMITED = Grants(_EVERYTHING, NOBODY)
"""What gives everything."""
