"""What Consents say of who may see, at the moment of the search. https://hl7.org/fhir/R4/consent.html"""

from __future__ import annotations

from functools import cache

from gateway.fhir import consents
from gateway.fhir.parameters import follows
from gateway.fhir.search import Says
from gateway.store.index.definitions import SAYS, definitions, fingerprint
from gateway.store.index.model import says_param
from gateway.store.search.match import Match
from gateway.store.search.scope import Scope
from gateway.store.search.sql import Sql, either, every, fails, holds, like, one_of, sql

# A Consent has few rows, and a rule asks for many names: so they are read once by the key, and not once for each name.
_OF_ONE = "select 1 from index_date x where x.key = {} and {}"
_NAME = "x.param || ''"


def says_match(asked: Says, scope: Scope) -> Match:
    """Return which Consents say it now.

    One denies too what it does not permit, where it says that it denies all others; and one of which it is not known
    what it says, for its rows were made by another version of the gateway, denies everything until it is indexed again.
    """
    permits, now = _names("permits", asked), _now(scope)
    if not asked.denies:
        select = "select x.key from index_date x where x.type = 'Consent' and {} and {}"
        return Match(
            probe=lambda key: holds(sql(_OF_ONE, Sql(key), every([one_of(_NAME, permits), now]))),
            keys=sql(select, one_of("x.param", permits), now),
        )

    def denied(key: str) -> Sql:
        is_permitted = sql(_OF_ONE, Sql(key), every([one_of(_NAME, permits), now]))
        others = every([one_of(_NAME, _names("denies-others", asked)), fails(is_permitted)])
        found = every([now, either([one_of(_NAME, _names("denies", asked)), others])])
        return either([holds(sql(_OF_ONE, Sql(key), found)), _unknown(key)])

    return Match(probe=denied)


def _names(says: consents.Says, asked: Says) -> list[str]:
    return [says_param(says, actor, content) for actor in asked.actors for content in asked.contents]


def _now(scope: Scope) -> Sql:
    assert scope.visible.at, "what is permitted now is asked at a moment"
    return sql("x.low <= {} and x.high > {}", scope.visible.at, scope.visible.at)


def _unknown(key: str) -> Sql:
    """Return the condition that the rows which are asked here were not made by the definitions of today.

    Nearly always they were made by all of these, which is seen without a look at what others they might have been.
    """
    today = sql("select 1 from current i where i.key = {} and i.indexed_as = {}", Sql(key), fingerprint("Consent"))
    select = "select 1 from current i cross join index_definition d where i.key = {} and d.fingerprint = i.indexed_as"
    alike = every([sql(select, Sql(key)), *(like("d.definitions", mark) for mark in _marks())])
    return every([fails(today), fails(alike)])


@follows
@cache
def _marks() -> tuple[str, ...]:
    """Return what the definitions of a Consent hold, as they are kept, where its rows say what they say today."""
    known = definitions("Consent")
    return tuple(f'%"{name}":"{known[name]}"%' for name in (SAYS, "patient", "_security"))
