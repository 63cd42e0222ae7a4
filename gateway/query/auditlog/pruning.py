"""How long the audit is kept: what is older goes, up to heads that were signed, and the audit says so.

The law asks for five years at least from the moment that a row is written. That somebody was erased stays known for
good: such a row is said again before it goes. https://zoek.officielebekendmakingen.nl/stcrt-2019-38007.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gateway.access.policy import Caller
from gateway.errors import Conflict
from gateway.fhir.datetime import format_instant
from gateway.fhir.json import decode, encode
from gateway.query.audit import audit_row
from gateway.query.auditlog.signing import verified
from gateway.store import chain
from gateway.store.auditing import heads, pruning
from gateway.store.auditing.heads import Head
from gateway.store.auditing.index import Name
from gateway.store.records import microseconds

if TYPE_CHECKING:
    from gateway.access.signing_keys import SigningKeys
    from gateway.services import Services

_TOMBSTONE = b'"erase"'


def prune(before: datetime, keys: SigningKeys, caller: Caller, to: Services) -> int:
    """Have the rows go that were covered by signed heads before a moment, and return how many went.

    Raises Conflict when the audit is not as it was signed: then nothing goes. Unavailable.
    """
    ends = _ends(before, keys, to)
    if not ends:
        return 0
    named = [f"{chain.UNTIL}{one.lane}-{one.seq}" for one in ends]
    to.store.audit(audit_row(caller, to.clock(), chain.PRUNED, named, [format_instant(before)], node=to.settings.node))
    return sum(_pruned(one, to) for one in ends)


def _ends(before: datetime, keys: SigningKeys, to: Services) -> list[Head]:
    """Return of each lane the last row that goes, where any does: the one before the head that was signed."""
    with to.store.reading() as db:
        signed = heads.last_until(db, microseconds(before))
        if signed is None:
            return []
        said, anchors = verified(signed.text, keys.public).rows, heads.anchors(db)
        if any(chain.against(db, head, anchors.get(head.lane)) for head in said):
            raise Conflict(
                "the audit is not as it was signed: nothing of it goes; `gateway audit verify` says what is wrong"
            )
        found = [Head(head.lane, head.seq - 1, b"") for head in said]
        return [one for one in found if one.seq > (anchors[one.lane].seq if one.lane in anchors else 0)]


def _pruned(until: Head, to: Services) -> int:
    number = 0
    while True:
        with to.store.changing() as db:
            rows = pruning.oldest(db, until)
            if not rows:
                return number
            for tombstone in _tombstones(rows):
                pruning.append(db, tombstone)
            pruning.let_go(db, rows)
        number += len(rows)


def _tombstones(rows: Sequence[tuple[Name, bytes, bytes]]) -> Iterator[bytes]:
    """Yield the rows that tell of who was erased, with the name that each had first."""
    for name, content, _ in rows:
        row: dict[str, Any] = decode(content) if _TOMBSTONE in content else {}
        if row.get("action") == "erase":
            yield encode({"first": name.id} | row)
