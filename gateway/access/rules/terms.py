"""Reads what a rule asks of a resource: an object whose fields must all hold of it. docs/policy.md is the reference."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

from gateway.access.consented import about
from gateway.access.fields import Fields
from gateway.access.rules import (
    ALWAYS,
    WHOSE,
    All,
    Any,
    Consented,
    Lately,
    Matched,
    Owned,
    Pointed,
    Pointing,
    Seen,
    Term,
)
from gateway.access.rules.compiling import Asker, Compiling
from gateway.errors import GatewayError
from gateway.fhir.parameters import search_parameters
from gateway.fhir.types import resource_types

_MOST_DAYS = 3650
_SOMEBODY = Asker(
    "somebody",
    "00000000",
    "",
    "",
    frozenset({"00000000"}),
    {"network": {}, "region": {}},
    datetime(2026, 1, 1, tzinfo=UTC),
)
"""For whom a term is compiled to see whether it can be."""


class Terms:
    """Reads terms. `named` are those that are said once under a name; each is read where it is asked by that name."""

    def __init__(self, kinds: Collection[str], named: Mapping[str, Fields]) -> None:
        self._kinds, self._named = kinds, named
        self._within: list[str] = []  # the names whose terms are being read
        self._keys: Mapping[str, Callable[[Fields, str], Term]] = {
            "owner": self._owner,
            "kinds": self._kinds_of,
            "search": self._search,
            "within": self._lately,
            "has": self._pointing,
            "through": self._pointed,
            "consent": self._consented,
            "term": self._by_name,
            "all": lambda fields, type_: All(tuple(self.read(one, type_) for one in fields.objects("all"))),
            "any": lambda fields, type_: Any(tuple(self.read(one, type_) for one in fields.objects("any"))),
        }

    def read(self, fields: Fields, type_: str) -> Term:
        """Return what an object asks of resources of a type: all of what stands in it, in that order."""
        fields.only(self._keys)
        terms = tuple(self._keys[key](fields, type_) for key in fields.keys if key in self._keys)
        if not terms:
            fields.add("", f"asks nothing; it asks one or more of {', '.join(self._keys)}")
        return terms[0] if len(terms) == 1 else All(terms)

    def _owner(self, fields: Fields, _: str) -> Term:
        if isinstance(fields.value("owner"), list):
            whose: Collection[str] = fields.among("owner", WHOSE, f"is none of {', '.join(WHOSE)}")
        else:
            whose = (fields.one_of("owner", WHOSE),)
        kinds = fields.among("kinds", self._kinds, "is no kind of partner")
        return Owned(tuple(one for one in WHOSE if one in whose), frozenset(kinds))

    def _kinds_of(self, fields: Fields, _: str) -> Term:
        if not fields.has("owner"):
            fields.add("kinds", "are those of an owner: say owner beside it")
        return ALWAYS

    def _search(self, fields: Fields, type_: str) -> Term:
        return _checked(fields, "search", Matched(fields.any_text("search")), type_)

    def _lately(self, fields: Fields, type_: str) -> Term:
        within = fields.inner("within")
        within.only(("date", "days"))
        days = within.integer("days", 0, 1, _MOST_DAYS)
        return _checked(within, "date", Lately(within.any_text("date"), days), type_) if days else ALWAYS

    def _consented(self, fields: Fields, type_: str) -> Term:
        how = fields.one_of("consent", ("permitted", "undenied"))
        if type_ in resource_types() and about(type_) is None:
            fields.add("consent", f"is about a patient, and no search parameter says which patient a {type_} is about")
        return Consented("undenied" if how == "undenied" else "permitted")

    def _pointing(self, fields: Fields, type_: str) -> Term:
        has = fields.inner("has")
        has.only(("by", "owner", "that", "type"))
        source = has.one_of("type", resource_types())
        return Pointing(source, _by(has, source, type_), self._that(has, source), _is_same(has))

    def _pointed(self, fields: Fields, type_: str) -> Term:
        through = fields.inner("through")
        through.only(("by", "owner", "that", "to"))
        target = through.one_of("to", resource_types())
        return Pointed(target, _by(through, type_, target), self._that(through, target), _is_same(through))

    def _that(self, fields: Fields, type_: str) -> Term:
        """Return what is asked of a resource at the other end; where nothing is said, that it is seen."""
        if not fields.has("that") or fields.value("that") == "seen":
            return Seen()
        return self.read(fields.inner("that"), type_) if type_ in resource_types() else ALWAYS

    def _by_name(self, fields: Fields, type_: str) -> Term:
        name = fields.one_of("term", self._named)
        if name in self._within:
            fields.add("term", "asks itself", name)
        if name not in self._named or name in self._within:
            return ALWAYS
        self._within.append(name)
        found = self.read(self._named[name], type_)
        self._within.pop()
        return found


def _checked(fields: Fields, key: str, term: Term, type_: str) -> Term:
    """Return a term; what is wrong with it as a search is a problem."""
    try:
        Compiling(_SOMEBODY, lambda _: None).condition(term, type_)
    except GatewayError as error:
        for issue in error.issues:
            fields.add(key, issue.diagnostics)
    return term


def _by(fields: Fields, source: str, target: str) -> str:
    """Return the search parameter of a reference from one type to another."""
    code = fields.any_text("by")
    if {source, target} <= resource_types():
        found = search_parameters(source).get(code)
        if found is None or found.type != "reference" or (found.targets and target not in found.targets):
            fields.add("by", f"is no search parameter by which {source} refers to {target}", code)
    return code


def _is_same(fields: Fields) -> bool:
    if fields.has("owner") and fields.value("owner") != "same":
        fields.add("owner", "is `same` where it is said here: both are of one owner")
    return fields.has("owner")
