"""Which profiles, tags and security labels stand on what is stored: one step of an index for each.

https://hl7.org/fhir/R4/resource.html#Meta
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.store.hidden import is_hidden

if TYPE_CHECKING:
    from gateway.store.interface import Database

MOST = 1000
"""So many are told of one type."""
_CODING = """
select system, code from index_token where type = ? and param = ? and (system, code) > (?, ?)
order by system, code limit 1"""
_PROFILE = "select value from index_uri where type = ? and param = '_profile' and value > ? order by value limit 1"
_BEFORE = ""


def codings(db: Database, resource_type: str, param: str) -> list[tuple[str, str]]:
    """Return the different (system, code) of `_tag` or `_security` on resources of a type, at most MOST."""
    found: list[tuple[str, str]] = []
    at: Sequence[str] = (_BEFORE, _BEFORE)
    while len(found) < MOST and (rows := db.rows(_CODING, (resource_type, param, *at))):
        at = rows[0]
        if not is_hidden(rows[0][1]):
            found.append((rows[0][0], rows[0][1]))
    return found


def profiles(db: Database, resource_type: str) -> list[str]:
    """Return the different profiles that resources of a type claim, at most MOST."""
    found: list[str] = []
    while len(found) < MOST and (rows := db.rows(_PROFILE, (resource_type, found[-1] if found else _BEFORE))):
        found.append(rows[0][0])
    return found
