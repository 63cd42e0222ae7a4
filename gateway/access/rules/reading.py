"""Reads a policy, and finds everything that is wrong with it at once. docs/policy.md is the reference."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from gateway.access.fields import Document, Fields
from gateway.access.rules import ALWAYS, LETTERS, All, Any, Pointed, Pointing, Policy, Rule, Seen, Speaks, Term
from gateway.access.rules.shown import check_reduced, forms
from gateway.access.rules.terms import Terms
from gateway.fhir.elements import children
from gateway.fhir.types import resource_types

PURPOSES = frozenset(
    {"BTG", "CAREMGT", "COC", "ETREAT", "HOPERAT", "HPAYMT", "HRESCH", "HSYSADMIN", "PUBHLTH", "TREAT"}
)
"""Codes of http://terminology.hl7.org/CodeSystem/v3-ActReason that a rule may be about."""

_TEXT = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_POLICY = ("owner", "policy", "reduced", "rules", "speaks", "status", "terms", "version")
_RULE = ("elements", "except", "partners", "purposes", "reduced", "rights", "rule", "to", "types", "where")
_PLAIN = "Binary"
"""A type that is searched by nothing but what every type is searched by: it stands for all of them."""


def read(content: object, document: Document, kinds: Collection[str]) -> Policy | None:
    """Return the policy of a document; None, with problems in the document, for one that is none.

    `kinds` are those that partners can be of.
    """
    fields = Fields(content, document)
    fields.only(_POLICY)
    terms, shown = Terms(kinds, _named(fields)), forms(fields.inner("reduced")) if fields.has("reduced") else {}
    found = Policy(
        fields.text("policy", _NAME, "must be small letters, digits and hyphens", required=True),
        fields.text("version", _TEXT, "must be text", required=True),
        fields.text("owner", _TEXT, "says whose decision it is", required=True),
        tuple(_named_rule(one, kinds, terms, shown) for one in fields.objects("rules")),
        _speaks(fields),
        shown,
    )
    if not found.rules:
        fields.add("rules", "must be a list of one rule or more: what no rule gives, nobody has")
    elif not fields.problems:
        _check_names(found, fields)
        _check_seen(found, fields)
    return None if fields.problems else found


def _named(fields: Fields) -> Mapping[str, Fields]:
    """Return what is said once under a name, for rules to ask by it."""
    if not fields.has("terms"):
        return {}
    terms = fields.inner("terms")
    return {name: terms.inner(name) for name in terms.keys}


def _speaks(fields: Fields) -> Speaks:
    """Return the elements that name who sends or asks."""
    if not fields.has("speaks"):
        return {}
    speaks = fields.inner("speaks")
    speaks.only(resource_types())
    known = [type_ for type_ in speaks.keys if type_ in resource_types()]
    return {type_: speaks.checked(type_, _element_of({type_})) for type_ in known}


def _named_rule(fields: Fields, kinds: Collection[str], terms: Terms, shown: Collection[str]) -> Rule:
    """Return a rule; what is wrong with it is told under its name."""
    known = len(fields.problems)
    found = _rule(fields, kinds, terms)
    if found.reduced:
        check_reduced(found, fields, shown)
    told = dict.fromkeys(fields.problems[known:])
    fields.problems[known:] = [replace(one, diagnostics=f"rule {found.name}: {one.diagnostics}") for one in told]
    return found


def _rule(fields: Fields, kinds: Collection[str], terms: Terms) -> Rule:
    fields.only(_RULE)
    types = _types(fields)
    where: Term = ALWAYS
    if fields.has("where"):  # read for each type, for what can be searched differs
        where = [terms.read(fields.inner("where"), type_) for type_ in sorted(types or {_PLAIN})].pop()
    return Rule(
        fields.text("rule", _NAME, "must be small letters, digits and hyphens", required=True),
        _letters(fields),
        _or_all(fields, "partners", kinds, "is no kind of partner"),
        types,
        _or_all(fields, "purposes", PURPOSES, "is no purpose of use", required=False),
        where,
        frozenset(fields.checked("elements", _element_of(types))),
        fields.checked("to", _element_of(types)),
        fields.flag("reduced"),
    )


def _or_all(fields: Fields, key: str, known: Collection[str], refusal: str, *, required: bool = True) -> frozenset[str]:
    """Return the words of a field, none for `all`; where it need not be said, it is all when it is not."""
    if fields.value(key) == "all" or not (required or fields.has(key)):
        return frozenset()
    found = frozenset(fields.among(key, known, refusal))
    if not found:
        fields.add(key, "must be all, or a list")
    return found


def _types(fields: Fields) -> frozenset[str]:
    """Return the types that a rule is about; none where it is all of them."""
    known, refusal = resource_types(), "is no resource type of R4"
    types = _or_all(fields, "types", known, refusal)
    others = fields.among("except", known, refusal)
    if others and types:
        fields.add("except", "stands beside `types: all` alone")
    return known - set(others) if others else types


def _letters(fields: Fields) -> frozenset[str]:
    text = fields.any_text("rights")
    if not text or text != "".join(letter for letter in LETTERS if letter in text):
        fields.add("rights", f"must be letters of {LETTERS}, in that order", text)
    return frozenset(text)


def _element_of(types: Collection[str]) -> Callable[[str], None]:
    """Return what raises ValueError for a name that is no element of each of some types."""

    def check(name: str) -> None:
        if not types or not all(name in children(type_) for type_ in types):
            raise ValueError("is no element of every type of the rule")

    return check


def _check_names(policy: Policy, fields: Fields) -> None:
    names = [rule.name for rule in policy.rules]
    for number, name in enumerate(names):
        if name in names[:number]:
            fields.add(f"rules[{number}].rule", "another rule has this name", name)


def _check_seen(policy: Policy, fields: Fields) -> None:
    """Tell of types of which what is seen would depend on itself."""
    asks = {type_: set(_asked(policy, type_)) for type_ in resource_types()}
    for type_ in sorted(asks):
        reached, new = set[str](), asks[type_]
        while new:
            reached |= new
            new = {one for each in new for one in asks[each]} - reached
        if type_ in reached:
            fields.add("rules", f"what is seen of {type_} depends on what is seen of {type_}")


def _asked(policy: Policy, type_: str) -> Iterator[str]:
    """Yield the types of which something must be seen for a resource of a type to be seen."""
    for rule in policy.rules:
        if not rule.reduced and (rule.is_of("r", type_) or rule.is_of("s", type_)):
            yield from _seen(rule.where)


def _seen(term: Term) -> Iterator[str]:
    match term:
        case All(terms) | Any(terms):
            for one in terms:
                yield from _seen(one)
        case Pointing(type_, _, that) | Pointed(type_, _, that):
            yield from [type_] if isinstance(that, Seen) else _seen(that)
