"""Whose records somebody has opened in an emergency: found by the index, so who opened nothing pays one look.

https://msb-gateway.example/fhir/CodeSystem/consent-basis
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.fhir.consents import ANY
from gateway.store.index.model import says_param
from gateway.store.search.sql import one_of, sql

if TYPE_CHECKING:
    from gateway.store.interface import Database

_OPEN = """
select r.target_id from index_date x cross join index_reference r
where x.type = 'Consent' and {} and x.low <= {} and x.high > {}
and r.key = x.key and r.param = 'patient' and r.target_type = 'Patient'
and (select 1 from index_token t where t.key = x.key and t.param = 'category' and t.system = {} and t.code = {}) = 1"""


def emergencies(db: Database, actor: str, contents: Sequence[str], basis: tuple[str, str], now: int) -> frozenset[str]:
    """Return the ids of the patients of whom an actor has one of some kinds of data open now, on some basis."""
    names = [says_param("permits", actor, content) for content in (ANY, *contents)]
    statement = sql(_OPEN, one_of("x.param", names), now, now, *basis)
    return frozenset(id_ for (id_,) in db.rows(*statement))
