"""The tokens that were taken back, on whichever node: read from the store once a second at most."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.store import tokens

if TYPE_CHECKING:
    from gateway.store import Store

_LOOK_SECONDS = 1.0


class Revoked:
    """What is known of tokens that were taken back."""

    def __init__(self, store: Store, seconds: Callable[[], float]) -> None:
        self._store = store
        self._seconds = seconds
        self._looked = float("-inf")
        self._found: frozenset[str] = frozenset()

    def holds(self, jti: str, at: datetime) -> bool:
        """Return whether a token was taken back: by this process just now, by another a second ago. Unavailable."""
        if self._seconds() - self._looked >= _LOOK_SECONDS:
            with self._store.reading(snapshot=False) as db:
                self._found = tokens.revoked(db, int(at.timestamp()))
            self._looked = self._seconds()
        return jti in self._found

    def add(self, jti: str, until: int, at: datetime) -> None:
        """Take a token back. Unavailable."""
        with self._store.changing() as db:
            tokens.revoke(db, jti, until, int(at.timestamp()))
        self._looked = float("-inf")
