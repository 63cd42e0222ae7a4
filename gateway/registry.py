"""The partners as they are now, for who has to know who asks: read from the store when something of them changed.

Every question looks whether something changed, by one row; so a partner that is disabled is unknown at the next request
to any process of any node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gateway.access.partners import NOBODY, Partners, decode
from gateway.store import partners

if TYPE_CHECKING:
    from gateway.store import Store


class _Seen(NamedTuple):
    version: int
    partners: Partners


class Registry:
    """The partners in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen = _Seen(0, NOBODY)

    def partners(self) -> Partners:
        """Return the partners at this moment. Raises Unavailable when the store cannot be asked."""
        seen = self._seen
        with self._store.reading(snapshot=False) as db:
            version = partners.version(db)
        if version != seen.version:
            self._seen = seen = self._read()
        return seen.partners

    def _read(self) -> _Seen:
        with self._store.reading() as db:
            return _Seen(partners.version(db), Partners(decode(row.content) for row in partners.newest(db)))
