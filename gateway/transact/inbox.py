"""What an operator changes of the inbox: each in one commit, with an audit row that names the rows and the caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gateway.access.policy import Caller
from gateway.access.sealing import row_name
from gateway.errors import BadSettings
from gateway.fhir.datetime import format_instant
from gateway.fhir.json import encode
from gateway.store import Batch, queues, subscribers
from gateway.store.inbox import content, purgeable, unsealed
from gateway.store.records import Mark, microseconds

if TYPE_CHECKING:
    from gateway.access.sealing import Keys
    from gateway.settings import Settings
    from gateway.store import Store
    from gateway.store.inbox import Entered


class Keeper(Protocol):
    """What is needed to keep an inbox; Services has it."""

    @property
    def store(self) -> Store:
        """Return the store that it is in."""

    @property
    def settings(self) -> Settings:
        """Return the settings of the gateway."""

    @property
    def keys(self) -> Keys:
        """Return the keys that messages are sealed with."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """Return what tells the time."""


_BATCH = 50  # contents that are sealed anew in one commit
_ROWS = 1000  # rows that are looked at for their age at a time


def content_of(row: Entered, to: Keeper) -> bytes:
    """Return the content of a row, opened; empty when it has none. Raises BadSettings when it cannot be opened."""
    return to.keys.open(
        row.sealed_with, content(to.store, row.id), row_name(row.provider, microseconds(row.received_at))
    )


def rekey(caller: Caller, to: Keeper) -> int:
    """Seal every content with the present key, and return how many were sealed otherwise.

    Raises BadSettings when there is no key, or one that is needed to open a content is not here.
    """
    if to.keys.present is None:
        raise BadSettings("GATEWAY_DATA_KEYS is not set: there is no key to seal with")
    number = 0
    while rows := unsealed(to.store, to.keys.present, _BATCH):  # another may have become the present one meanwhile
        mark([Mark((row.id,), sealed=_sealed(row, to)) for row in rows], "rekey", caller, to)
        number += len(rows)
    _reseal_headers(to)
    return number


def _reseal_headers(to: Keeper) -> None:
    """Seal the headers of subscribers with the present key too."""
    with to.store.changing() as db:
        for queue in queues.queues(db, subscribers.KIND):
            if queue.secret is not None and queue.sealed_with != to.keys.present:
                row = queue.name.encode()
                name, sealed = to.keys.seal(to.keys.open(queue.sealed_with, queue.secret, row), row)
                subscribers.reseal(db, queue.name, name, sealed, queue.secret)


def _sealed(row: Entered, to: Keeper) -> tuple[str, bytes]:
    name, sealed = to.keys.seal(content_of(row, to), row_name(row.provider, microseconds(row.received_at)))
    return name or "", sealed


def purge(before: datetime, caller: Caller, to: Keeper) -> int:
    """Delete the content of every message that was received before a moment, and return of how many.

    The row stays: what it made, what was found in it, and by what its repetition is known.
    """
    number = after = 0
    while rows := purgeable(to.store, before, after, _ROWS):
        old = tuple(id_ for id_, has_old in rows if has_old)
        if old:
            mark([Mark(old, purged_at=microseconds(to.clock()))], "purge", caller, to)
        number, after = number + len(old), rows[-1][0]
    return number


def mark(marks: Sequence[Mark], action: str, caller: Caller, to: Keeper) -> None:
    """Change rows of the inbox. `action` is the word for it in the audit. Raises Unavailable."""
    row = {
        "action": action,
        "at": format_instant(to.clock()),
        **caller.noted(),
        "node": to.settings.node,
        "inbox": [id_ for one in marks for id_ in one.ids],
    }
    batch = Batch(encode(row), marks=list(marks))
    to.store.write(lambda _: (batch, None))
