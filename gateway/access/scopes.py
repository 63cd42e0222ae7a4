"""What a machine may do, as scopes of SMART on FHIR say it: `system/Slot.rs`, and as version 1 wrote it, `.read`.

A scope with a query, `system/Observation.rs?category=http://…|laboratory`, is of the resources that it finds. A query
only narrows: it is granted where all resources of the type are registered, or those of a query that asks no more.
Several scopes on a type are alternatives.
https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from gateway.access import scope_queries
from gateway.fhir.parameters import follows
from gateway.fhir.search import AnyOf, Condition

Right = Literal["c", "r", "u", "d", "s"]
"""Create, read (with its history), update, delete, search."""
RIGHTS: tuple[Right, ...] = ("c", "r", "u", "d", "s")

EVERY = "*"
LETTERS = "cruds"
SEEN = "seen"
_VERSION_1: Mapping[str, str] = MappingProxyType({"read": "rs", "write": "cud", "*": LETTERS})
_SCOPE = re.compile(
    r"system/(?P<type>\*|[A-Z][A-Za-z]{1,63})\.(?P<rights>read|write|\*|[cruds]{1,5})(?:\?(?P<query>[!#-\[\]-~]+))?"
)  # https://www.rfc-editor.org/rfc/rfc6749#section-3.3

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
    """Return the scope that a word is; None for a word that is no scope of a machine.

    Version 1 knows no queries. Whether a query is one that a scope can have, says `problem`.
    """
    found = _SCOPE.fullmatch(text)
    if found is None or (found["query"] and found["rights"] in _VERSION_1):
        return None
    rights = _VERSION_1.get(found["rights"], found["rights"])
    if rights != "".join(letter for letter in LETTERS if letter in rights):
        return None  # the letters stand in their order, each once
    return Scope(found["type"], frozenset(rights), found["query"] or "")


def problem(scope: Scope) -> str:
    """Return in words why nothing can be compared with the query of a scope, '' where it can, or has none."""
    return scope_queries.problem(scope.type, scope.query) if scope.query else ""


def _usable(words: Iterable[str]) -> list[tuple[str, Scope]]:
    """Return the scopes among some words; one whose query cannot be asked gives nothing."""
    return [(word, scope) for word in words if (scope := read(word)) is not None and not problem(scope)]


@follows
@lru_cache(maxsize=1024)
def granted(asked: tuple[str, ...], registered: tuple[str, ...]) -> tuple[str, ...]:
    """Return what of `asked` is within `registered`: a scope that is so wholly as it was written, others cut down."""
    allowed = [scope for _, scope in _usable(registered)]
    found: dict[str, None] = {}
    for word, scope in _usable(dict.fromkeys(asked)):
        kept = _within(scope, allowed)
        found |= dict.fromkeys([word] if kept == [scope] else map(str, kept))
    return tuple(found)


def _within(asked: Scope, allowed: Iterable[Scope]) -> list[Scope]:
    """Return the part of a scope that others allow, one for each type and query."""
    rights: dict[tuple[str, str], frozenset[str]] = {}
    for one in allowed:
        if EVERY in {asked.type, one.type} or asked.type == one.type:
            type_ = one.type if asked.type == EVERY else asked.type
            query = asked.query or one.query
            if not one.query or query == one.query or scope_queries.narrows(type_, query, one.query):
                rights[type_, query] = rights.get((type_, query), frozenset()) | (asked.rights & one.rights)
    whole = {type_: letters for (type_, query), letters in rights.items() if not query}
    for type_, query in [key for key in rights if key[1] and not asked.query]:
        rights[type_, query] -= whole.get(type_, frozenset()) | whole.get(EVERY, frozenset())
    return [Scope(type_, letters, query) for (type_, query), letters in rights.items() if letters]


@follows
@lru_cache(maxsize=1024)
def rights(scopes: frozenset[str]) -> Mapping[str, Types]:
    """Return for each letter the types that it may be done with; under `seen` those that may be read or searched."""
    found: dict[str, set[str]] = {letter: set() for letter in LETTERS}
    for _, scope in _usable(scopes):
        for letter in scope.rights:
            found[letter].add(scope.type)
    found[SEEN] = found["r"] | found["s"]
    return MappingProxyType({letter: None if EVERY in types else frozenset(types) for letter, types in found.items()})


Narrowed = Mapping[str, Mapping[str, Condition]]
"""For each letter the types of which it may be done with some resources alone, and what must hold of those."""
_NOT_NARROWED: Narrowed = MappingProxyType({letter: MappingProxyType({}) for letter in LETTERS})


def narrowed(scopes: frozenset[str]) -> Narrowed:
    """Return where scopes with a query are all that gives a right."""
    return _narrowed(scopes) if any("?" in word for word in scopes) else _NOT_NARROWED


@follows
@lru_cache(maxsize=1024)
def _narrowed(scopes: frozenset[str]) -> Narrowed:
    found: dict[str, dict[str, list[Condition]]] = {letter: {} for letter in LETTERS}
    usable = sorted((scope for _, scope in _usable(scopes)), key=str)
    for scope in usable:
        for letter in scope.rights if scope.query else ():
            found[letter].setdefault(scope.type, []).append(scope_queries.condition(scope.type, scope.query))
    for scope in usable:
        for letter in scope.rights if not scope.query else ():
            for type_ in [type_ for type_ in found[letter] if scope.type in {EVERY, type_}]:
                del found[letter][type_]
    return MappingProxyType(
        {letter: {type_: AnyOf(tuple(several)) for type_, several in of.items()} for letter, of in found.items()}
    )


def giving(scopes: frozenset[str], right: Right, resource_type: str) -> list[str]:
    """Return the scopes with a query that give a right on resources of a type, in their order."""
    found = [scope for _, scope in _usable(scopes) if scope.query and scope.type == resource_type]
    return sorted(str(scope) for scope in found if right in scope.rights)
