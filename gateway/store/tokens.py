"""What must be remembered of tokens on every node, and over a restart: which assertions were used, what was revoked.

Moments are seconds. What is over is forgotten by whoever writes next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.store.interface import Database

_FORGET = "delete from assertion_used where until < ?"
_USE = "insert into assertion_used (client, jti, until) values (?, ?, ?) on conflict do nothing returning until"
_FORGET_REVOKED = "delete from token_revoked where until < ?"
_REVOKE = "insert into token_revoked (jti, until) values (?, ?) on conflict do nothing"
_REVOKED = "select jti from token_revoked where until >= ?"


def use(db: Database, client: str, jti: str, until: int, now: int) -> bool:
    """Return whether an assertion of a client is used for the first time; of many at once one is."""
    db.rows(_FORGET, (now,))
    return bool(db.rows(_USE, (client, jti, until)))


def revoke(db: Database, jti: str, until: int, now: int) -> None:
    """Take a token back that would have been good until then; once more is no error."""
    db.rows(_FORGET_REVOKED, (now,))
    db.rows(_REVOKE, (jti, until))


def revoked(db: Database, now: int) -> frozenset[str]:
    """Return the tokens that were taken back and would be good now."""
    return frozenset(jti for (jti,) in db.rows(_REVOKED, (now,)))
