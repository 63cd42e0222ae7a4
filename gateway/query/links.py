"""The links of a searchset: to itself, and to the page after it. https://hl7.org/fhir/R4/http.html#paging"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from gateway.fhir.frozen import frozen
from gateway.fhir.search import SearchRequest, SeveralRequest, bears_bsn, page_query
from gateway.store.search import link, page_secret, seal

if TYPE_CHECKING:
    from gateway.access.policy import Caller
    from gateway.services import Services
    from gateway.store import Database
    from gateway.store.search import Position


def secret(db: Database, caller: Caller) -> bytes:
    """Return the key that seals the page links of a caller: those of another do not open."""
    return page_secret(db, caller.asker, caller.name)


def secret_of(caller: Caller, to: Services) -> bytes:
    """Return the same where nothing is being read. Raises Unavailable."""
    with to.store.reading(snapshot=False) as db:
        return secret(db, caller)


_ESCAPED = re.compile(r"[^A-Za-z0-9_.~:,/-]+")


def _written(text: str) -> str:
    """Return a name or a value as it stands in a query; most of it needs no escape, and the library looks at all."""
    return _ESCAPED.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    text = found[0]
    return "%7C" if text == "|" else quote_plus(text)  # nearly always it is the bar between a system and a code


@frozen()
class Links:
    """Where a page begins and where the next one does; None: at the beginning, and nowhere."""

    request: SearchRequest | SeveralRequest
    base: str
    position: Position | None
    next: Position | None

    def sealed(self, secret: Callable[[], bytes]) -> list[tuple[str, str]]:
        """Return (relation, url) of each link; `secret` is asked only for a link that is sealed.

        The first page of a search links to itself with the parameters that are in force. Pages further on are sealed,
        and so is a first page whose parameters say a BSN, which may not stand in a URL.
        """
        found = [("self", self._self(secret))]
        if self.next is not None:
            found.append(("next", self._sealed(self.next, secret())))
        return found

    def _self(self, secret: Callable[[], bytes]) -> str:
        request = self.request
        if self.position is not None or bears_bsn(request.applied):
            return self._sealed(self.position, secret())
        query = "&".join([f"{_written(name)}={_written(value)}" for name, value in request.applied])
        return f"{self._here}{'?' if query else ''}{query}"

    @property
    def _here(self) -> str:
        return f"{self.base}/{self.request.address}" if self.request.address else self.base

    def _sealed(self, position: Position | None, secret: bytes) -> str:
        content = link(self.request.address, self.request.applied, position)
        return f"{self._here}?{page_query(seal(content, secret), self.request.applied)}"
