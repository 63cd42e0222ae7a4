"""The authorisation policy as values: who may do what with which resources, and what must hold of those.

What no rule gives, nobody has. `reading` makes these of a file, `granting` makes of them what one partner may.
docs/policy.md is the reference of the language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from gateway.fhir.frozen import frozen
from gateway.fhir.reduced import Form

Letter = Literal["c", "r", "u", "d", "s", "h"]
"""What a rule gives: create, read (with its history), update, delete, search, and hold (a Slot)."""
LETTERS = "crudsh"

Whose = Literal["own", "network", "region", "anyone"]
WHOSE: tuple[Whose, ...] = ("own", "network", "region", "anyone")


@frozen()
class Owned:
    """It was made by one of some partners: of these kinds, where any are said."""

    whose: tuple[Whose, ...]
    kinds: frozenset[str] = frozenset()


@frozen()
class Matched:
    """It matches a search of R4, in which `{me}` is the URA of who asks and `{id}` the id of the partner."""

    query: str


@frozen()
class Lately:
    """A date of it is at most some days ago; `parameter` is the search parameter of that date."""

    parameter: str
    days: int


@frozen()
class Seen:
    """It is seen, by whatever rule."""


@frozen()
class Pointing:
    """A resource of type `source` points at it by `by`, of which `that` holds; `same`: both are of one owner."""

    source: str
    by: str
    that: Term
    same: bool = False


@frozen()
class Pointed:
    """It points by `by` at a resource of type `target`, of which `that` holds; `same`: both are of one owner."""

    target: str
    by: str
    that: Term
    same: bool = False


@frozen()
class All:
    """Each of several holds."""

    terms: tuple[Term, ...] = ()


@frozen()
class Any:
    """One of several holds."""

    terms: tuple[Term, ...]


@frozen()
class Consented:
    """No Consent of the patient that it is about denies it (`undenied`), and one permits it (`permitted`)."""

    how: Literal["permitted", "undenied"]


Term = Owned | Matched | Lately | Seen | Pointing | Pointed | All | Any | Consented

ALWAYS = All()
"""What holds of everything."""


@frozen()
class Rule:
    """What some partners may do with resources of some types, as far as `where` holds of them.

    No kinds, types or purposes: whichever they are. An update may change `elements` alone, where any are said, and
    what `to` names must be seen by who writes. `reduced`: it gives the reduced form of them, and no more.
    """

    name: str
    letters: frozenset[str]
    kinds: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    where: Term = ALWAYS
    elements: frozenset[str] = frozenset()
    to: tuple[str, ...] = ()
    reduced: bool = False

    def is_for(self, kind: str, purpose: str) -> bool:
        """Return whether it is about partners of a kind that ask for a purpose."""
        return (not self.kinds or kind in self.kinds) and (not self.purposes or purpose in self.purposes)

    def is_of(self, letter: str, resource_type: str) -> bool:
        """Return whether it gives this right to resources of a type."""
        return letter in self.letters and (not self.types or resource_type in self.types)


Speaks = Mapping[str, tuple[str, ...]]
"""By type, the elements that name who sends or asks: nobody writes another's name there."""


@frozen()
class Policy:
    """All rules, under a name and a version, and whose decision they are; `forms` are the reduced ones, by type."""

    name: str
    version: str
    owner: str
    rules: tuple[Rule, ...]
    speaks: Speaks
    forms: Mapping[str, Form] = field(default_factory=dict)
