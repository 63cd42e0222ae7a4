"""No search finds a place as free of which the word is stale, whether or not that was noted yet.

Each Slot that is free has a row with the moment until which its word counts. Without one it is free for nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.fhir.freshness import FREE, STALE
from gateway.fhir.search import Filter, Token
from gateway.store.index.model import OFFERED
from gateway.store.search.sql import Sql, sql

if TYPE_CHECKING:
    from gateway.store.search.scope import Scope

AS_SAID = -1
"""The moment, before any, at which nothing is stale: what is looked at is not what is known now."""


def asks_for_free(resource_type: str, asked: Filter) -> bool:
    """Return whether a filter finds places that are free, and not also those of which nobody knows."""
    if resource_type != "Slot" or asked.parameter.code != "status" or asked.modifier not in {None, "not"}:
        return False
    codes = {value.code for value in asked.values if isinstance(value, Token)}
    if asked.modifier == "not":
        return STALE in codes and FREE not in codes
    return FREE in codes and STALE not in codes and None not in codes


def is_fresh(key: str, scope: Scope) -> Sql:
    """Return the condition that the word on the Slot of a key counts still, if it is free; of no other it holds.

    A scalar subquery: each is looked up by itself, and no plan can read all of them to join them.
    """
    select = "coalesce((select min(o.low) from index_date o where o.key = {} and o.param = {}), 0) > {}"
    return sql(select, Sql(key), OFFERED, scope.moment)


def is_fresh_or_not_free(key: str, scope: Scope) -> Sql:
    """Return the condition that a Slot is not free by a word that is stale."""
    status = "(select s.status from slot s where s.key = {}) <> {}"
    return sql("({} or {})", sql(status, Sql(key), FREE), is_fresh(key, scope))
