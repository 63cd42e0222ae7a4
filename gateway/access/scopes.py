"""What a machine may do, as scopes of SMART on FHIR say it: `system/Slot.rs`, and as version 1 wrote it, `.read`.

A scope with a query, `system/Observation.rs?category=laboratory`, is of some instances. It can be read here, but
nothing compares instances with it; so it is never granted, and where it is registered it gives no right at all.
https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

Right = Literal["c", "r", "u", "d", "s"]
"""Create, read (with its history), update, delete, search."""
RIGHTS: tuple[Right, ...] = ("c", "r", "u", "d", "s")

EVERY = "*"
LETTERS = "cruds"
SEEN = "seen"
_VERSION_1: Mapping[str, str] = MappingProxyType({"read": "rs", "write": "cud", "*": LETTERS})
_SCOPE = re.compile(
    r"system/(?P<type>\*|[A-Z][A-Za-z]{1,63})\.(?P<rights>read|write|\*|[cruds]{1,5})(?:\?(?P<query>[!-~]+))?"
)

Types = frozenset[str] | None
"""Resource types; None for all of them."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be done with resources of a type, or of every type (`*`); `query` is '' when it is with all of them."""

    type: str
    rights: frozenset[str]
    query: str = ""

    def __str__(self) -> str:
        """Return it as version 2 writes it."""
        letters = "".join(letter for letter in LETTERS if letter in self.rights)
        return f"system/{self.type}.{letters}" + (f"?{self.query}" if self.query else "")


def read(text: str) -> Scope | None:
    """Return the scope that a word is; None for a word that is no scope of a machine."""
    found = _SCOPE.fullmatch(text)
    if found is None:
        return None
    rights = _VERSION_1.get(found["rights"], found["rights"])
    if rights != "".join(letter for letter in LETTERS if letter in rights):
        return None  # the letters stand in their order, each once
    return Scope(found["type"], frozenset(rights), found["query"] or "")


@lru_cache(maxsize=1024)
def granted(asked: tuple[str, ...], registered: tuple[str, ...]) -> tuple[str, ...]:
    """Return what of `asked` is within `registered`: a scope that is so wholly as it was written, others cut down."""
    allowed = [scope for scope in map(read, registered) if scope and not scope.query]
    found: dict[str, None] = {}
    for word in dict.fromkeys(asked):
        scope = read(word)
        if scope is not None and not scope.query:
            kept = _within(scope, allowed)
            found |= dict.fromkeys([word] if kept == [scope] else map(str, kept))
    return tuple(found)


def _within(asked: Scope, allowed: Iterable[Scope]) -> list[Scope]:
    """Return the part of a scope that others allow, one for each type."""
    rights: dict[str, frozenset[str]] = {}
    for one in allowed:
        if EVERY in {asked.type, one.type} or asked.type == one.type:
            type_ = one.type if asked.type == EVERY else asked.type
            rights[type_] = rights.get(type_, frozenset()) | (asked.rights & one.rights)
    return [Scope(type_, letters) for type_, letters in rights.items() if letters]


@lru_cache(maxsize=1024)
def rights(scopes: frozenset[str]) -> Mapping[str, Types]:
    """Return for each letter the types that it may be done with; under `seen` those that may be read or searched."""
    found: dict[str, set[str]] = {letter: set() for letter in LETTERS}
    for scope in map(read, scopes):
        if scope is not None and not scope.query:
            for letter in scope.rights:
                found[letter].add(scope.type)
    found[SEEN] = found["r"] | found["s"]
    return MappingProxyType({letter: None if EVERY in types else frozenset(types) for letter, types in found.items()})
