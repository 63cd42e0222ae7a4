"""Rows of the audit that were kept for long enough go, and the chain stays one that can be verified.

A chain then begins after an anchor: the last row that went, with its hash. Signed heads above it cover what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from gateway.store.auditing import index
from gateway.store.auditing.index import Name

if TYPE_CHECKING:
    from gateway.store.auditing.heads import Head
    from gateway.store.interface import Database

ROWS = 2000
"""So many go in one commit."""

_OLDEST = "select seq, content, hash from audit where lane = ? and seq <= ? order by seq limit ?"
_ANCHOR = """
insert into audit_anchor (lane, seq, hash) values (?, ?, ?)
on conflict (lane) do update set seq = excluded.seq, hash = excluded.hash"""
_GO = "delete from audit where lane = ? and seq <= ?"
_LAST = "select seq, hash from audit where lane = 0 order by seq desc limit 1"
_ADD = "insert into audit (lane, seq, content, hash) values (0, ?, ?, ?)"
_NEXT = "update audit_head set seq = seq + 1, hash = sha256(hash || ?::bytea) where lane = 0 returning seq, hash"


def append(db: Database, content: bytes) -> None:
    """Add a row to the audit in a transaction that changes other things too."""
    if db.engine == "postgresql":
        ((seq, hash_),) = db.rows(_NEXT, (content,))
    else:
        last, before = next(iter(db.rows(_LAST)), (0, b""))
        seq, hash_ = last + 1, sha256(bytes(before) + content).digest()
    db.rows(_ADD, (seq, content, hash_))


def oldest(db: Database, until: Head) -> list[tuple[Name, bytes, bytes]]:
    """Return the oldest rows of a lane up to one of them, with content and hash: as many as go in one commit."""
    rows = db.rows(_OLDEST, (until.lane, until.seq, ROWS))
    return [(Name(until.lane, seq), bytes(content), bytes(hash_)) for seq, content, hash_ in rows]


def let_go(db: Database, rows: Sequence[tuple[Name, bytes, bytes]]) -> None:
    """Have the oldest rows of a lane go, with what they are searched by; the last of them is the anchor."""
    (lane, seq), _, hash_ = rows[-1]
    db.rows(_ANCHOR, (lane, seq, hash_))
    index.forget(db, [(name, content) for name, content, _ in rows])
    db.rows(_GO, (lane, seq))
