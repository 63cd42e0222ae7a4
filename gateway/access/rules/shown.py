"""Reads what is told in a reduced form, and by which rules. docs/policy.md is the reference."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from gateway.access.fields import Fields
from gateway.access.rules import Rule
from gateway.fhir.reduced import Form, problem
from gateway.fhir.types import resource_types

_URI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s]{1,200}")
_TO = f"is no resource type of R4 and no system of identifiers; it is like {_URI.pattern}"
_FORM = ("codes", "extensions", "refers", "shows")


def forms(fields: Fields) -> Mapping[str, Form]:
    """Return the reduced form of each type that has one; `systems` are those of the codes that all of them tell."""
    fields.only(("forms", "systems"))
    systems = frozenset(fields.words("systems", _URI, "is the URL of a code system"))
    if not fields.has("forms"):
        fields.add("forms", "is missing: what is told of each type")
        return {}
    told = fields.inner("forms")
    told.only(resource_types())
    return {type_: _form(told.inner(type_), type_, systems) for type_ in told.keys if type_ in resource_types()}


def check_reduced(rule: Rule, fields: Fields, shown: Collection[str]) -> None:
    """Tell what a rule cannot give in a reduced form: it is read and found, and told by a form."""
    if not rule.letters <= {"r", "s"}:
        fields.add("rights", "are of rs where it is reduced: what is not seen whole is not given to be changed")
    if rule.elements or rule.to:
        fields.add("reduced", "stands beside no elements and no to: nothing is written by it")
    for type_ in sorted(rule.types - set(shown)) if rule.types else ["all"]:
        fields.add("types", f"has one of which reduced.forms says nothing: {type_}")


def _form(fields: Fields, type_: str, systems: frozenset[str]) -> Form:
    fields.only(_FORM)
    shows = fields.checked("shows", _told_as(type_, "shows"))
    codes = fields.checked("codes", _told_as(type_, "codes"))
    extensions = fields.words("extensions", _URI, "is the URL of an extension")
    return Form(type_, frozenset(shows), frozenset(codes), _refers(fields, type_), systems, frozenset(extensions))


def _refers(fields: Fields, type_: str) -> Mapping[str, frozenset[str]]:
    if not fields.has("refers"):
        return {}
    refers = fields.inner("refers")
    for name in refers.keys:
        if why := problem(type_, name, "refers"):
            refers.add(name, why, name)
    return {name: frozenset(refers.checked(name, _kind)) for name in refers.keys}


def _told_as(type_: str, kind: str) -> Callable[[str], None]:
    """Return what raises ValueError for an element that cannot be told so."""

    def check(name: str) -> None:
        if why := problem(type_, name, kind):
            raise ValueError(why)

    return check


def _kind(word: str) -> None:
    if word not in resource_types() and not _URI.fullmatch(word):
        raise ValueError(_TO)
