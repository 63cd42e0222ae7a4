"""The partners as they are now, for who has to know who asks: read from the store when something of them changed.

Every question looks whether something changed, by one row; so a partner that is disabled is unknown at the next request
to any process of any node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gateway.access.partners import NOBODY, Partners, decode
from gateway.granting import Granting
from gateway.store import partners

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.access.policy import Caller
    from gateway.store import Store


class _Seen(NamedTuple):
    version: int
    partners: Partners


class Registry:
    """The partners in a store, with what the policy gives each."""

    def __init__(self, store: Store, granting: Granting | None = None) -> None:
        self._store = store
        self.granting = granting or Granting()
        self._seen = _Seen(0, NOBODY)

    def partners(self) -> Partners:
        """Return the partners at this moment. Raises Unavailable when the store cannot be asked."""
        seen = self._seen
        with self._store.reading(snapshot=False) as db:
            version = partners.version(db)
        if version != seen.version:
            self._seen = seen = self._read()
        return seen.partners

    def granted(self, caller: Caller, at: datetime) -> Caller:
        """Return a caller with what the policy gives the partner that it is, by the partners of the last look."""
        return self.granting.granted(caller, self._seen.partners, at)

    def _read(self) -> _Seen:
        with self._store.reading() as db:
            return _Seen(partners.version(db), Partners(decode(row.content) for row in partners.newest(db)))
