"""Signed heads: what the chains of the audit ended with at a moment, signed with a key that is not in the database.

Who can write to the database can change the audit and make all hashes anew. What was signed before, and written where
they cannot write, then says so. https://www.rfc-editor.org/rfc/rfc7515
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.access import signed_json
from gateway.access.signing_keys import ALGORITHM, SigningKeys
from gateway.errors import MalformedMessage
from gateway.fhir.datetime import format_instant
from gateway.fhir.json import encode
from gateway.store.auditing import heads
from gateway.store.auditing.heads import Head, Signed
from gateway.store.records import microseconds, moment

if TYPE_CHECKING:
    from gateway.store import Store

SETTING, MADE_BY = "GATEWAY_AUDIT_KEYS", "gateway audit key"
EVERY = timedelta(minutes=5)
"""So long after the last heads new ones are signed, when rows were added."""
ROWS = 10_000
"""Or after so many rows."""
_TYPE = "audit-heads+jws"


class Claims(msgspec.Struct, frozen=True):
    """What is signed: the heads, each (lane, number, hash), with a number and the digest of what was signed before."""

    number: int
    at: str
    node: str
    before: str
    heads: tuple[tuple[int, int, str], ...]

    @property
    def rows(self) -> list[Head]:
        """Return the heads."""
        return [Head(lane, seq, bytes.fromhex(hash_)) for lane, seq, hash_ in self.heads]


_DECODER = msgspec.json.Decoder(Claims)  # made at import: see gateway.fhir.tables


def read_keys(folder: Path) -> SigningKeys:
    """Return the keys that heads are signed with. Raises BadSettings."""
    return SigningKeys.read(folder, SETTING, MADE_BY)


def is_due(store: Store, at: datetime) -> bool:
    """Return whether heads are to be signed: rows were added, and many, or a while ago. Raises Unavailable."""
    with store.reading() as db:
        last, present = heads.last(db), heads.newest(db)
    added = sum(head.seq for head in present) - sum(head.seq for head in _rows(last))
    return bool(added) and (last is None or added >= ROWS or at - moment(last.at) >= EVERY)


def sign(store: Store, keys: SigningKeys, node: str, at: datetime) -> Signed | None:
    """Sign the heads of all chains as they are now, keep that, and return it; None when no row was added.

    What is signed is on disk before it is told to anybody else. Raises Unavailable.
    """
    with store.changing() as db:
        last, present = heads.last(db), heads.newest(db)
        if not present or _rows(last) == present:
            return None
        number = last.number + 1 if last else 1
        before = sha256(last.text.encode()).hexdigest() if last else ""
        said = Claims(number, format_instant(at), node, before, tuple((h.lane, h.seq, h.hash.hex()) for h in present))
        made = Signed(number, microseconds(at), _signed(said, keys))
        return made if heads.keep(db, made) else None


def _rows(last: Signed | None) -> list[Head]:
    """Return the heads that were signed last; none where that is spoilt: new ones are signed, and verifying tells."""
    try:
        return claims(last.text).rows if last else []
    except MalformedMessage:
        return []


def _signed(said: Claims, keys: SigningKeys) -> str:
    from joserfc import jws  # noqa: PLC0415 - 60 ms to load

    key = keys.keys[-1]
    header = {"alg": ALGORITHM, "typ": _TYPE, "kid": key.kid}
    return jws.serialize_compact(header, encode(msgspec.to_builtins(said)), key.private, [ALGORITHM])


def append(path: Path, made: Signed) -> None:
    """Add what was signed to a file, and have it on disk. OSError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb") as file:
        file.write(made.text.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def claims(text: str) -> Claims:
    """Return what was signed, its signature not looked at. Raises MalformedMessage."""
    return _claims(signed_json.read(text, (ALGORITHM,), (_TYPE,), _bad).claims)


def verified(text: str, public: Callable[[str], Mapping[str, Any] | None]) -> Claims:
    """Return what was signed by one of our keys; `public` returns a key by its name. Raises MalformedMessage."""
    signed = signed_json.read(text, (ALGORITHM,), (_TYPE,), _bad)
    key = public(signed.kid)
    if key is None:
        raise _bad("unknown-key")
    signed_json.verify(signed, key, _bad)
    return _claims(signed.claims)


def _claims(said: Mapping[str, Any]) -> Claims:
    try:
        return _DECODER.decode(encode(dict(said)))
    except msgspec.DecodeError as error:
        raise _bad("no-heads") from error


def _bad(reason: str) -> MalformedMessage:
    return MalformedMessage(f"these are no heads that this gateway signed: {reason}")
