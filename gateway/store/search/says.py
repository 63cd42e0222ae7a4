"""What Consents say of who may see, at the moment of the search. https://hl7.org/fhir/R4/consent.html"""

from __future__ import annotations

from gateway.fhir import consents
from gateway.fhir.search import Says
from gateway.store.index.definitions import fingerprint
from gateway.store.index.model import says_param
from gateway.store.search.filters import TABLES, Branch, index_match
from gateway.store.search.match import Match, all_of, any_of, none_of
from gateway.store.search.scope import Scope
from gateway.store.search.sql import Sql, holds, one_of, sql


def says_match(asked: Says, scope: Scope) -> Match:
    """Return which Consents say it now.

    One denies too what it does not permit, where it says that it denies all others; and one of which it is not known
    what it says, for its rows were made by another version of the gateway, denies everything until it is indexed again.
    """
    if not asked.denies:
        return _named("permits", asked, scope)
    others = all_of([_named("denies-others", asked, scope), none_of(_named("permits", asked, scope))])
    return any_of([_named("denies", asked, scope), others, _unknown()])


def _named(says: consents.Says, asked: Says, scope: Scope) -> Match:
    assert scope.visible.at, "what is permitted now is asked at a moment"
    names = [says_param(says, actor, content) for actor in asked.actors for content in asked.contents]
    now = Branch(sql("x.low <= {} and x.high > {}", scope.visible.at, scope.visible.at))
    return index_match("Consent", TABLES["date"], one_of("x.param", names), [now])


def _unknown() -> Match:
    probe = "select 1 from current i where i.key = {} and i.indexed_as <> {}"
    return Match(probe=lambda key: holds(sql(probe, Sql(key), fingerprint("Consent"))))
