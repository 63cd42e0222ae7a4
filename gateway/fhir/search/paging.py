"""What a page link asks: a sealed token, and beside it how many matches a page has.

Some clients put a `_count` of their own into every link they follow. The size of a page is the client's to choose, on
any page; whatever else is added to a link would change what was asked, and is refused.
https://hl7.org/fhir/R4/http.html#paging
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gateway.errors import BadRequest
from gateway.fhir.search.served import GENERAL_PARAMETERS, PAGE

_COUNT = "_count"


class Page(NamedTuple):
    """The token of a page link, and the size of the page where the client says it."""

    token: str
    size: str | None = None

    def sized(self, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Return the parameters of the search, with the size of this page in place of theirs."""
        if self.size is None:
            return tuple(pairs)
        sized = {name: self.size for name, _ in pairs if name == _COUNT} or {_COUNT: self.size}
        found = [(name, sized.pop(name, value) if name == _COUNT else value) for name, value in pairs]
        return (*found, *sized.items())


def page_of(pairs: Sequence[tuple[str, str]]) -> Page | None:
    """Return the page that parameters ask for, None when they ask a search. BadRequest when they ask both."""
    asked = [pair for pair in pairs if pair[0] not in GENERAL_PARAMETERS]
    names = [name for name, _ in asked]
    if PAGE not in names:
        return None
    if sorted(names) not in ([PAGE], sorted((_COUNT, PAGE))):
        raise BadRequest("a page link is used as it was given: only _count can be set anew")
    said = dict(asked)
    return Page(said[PAGE], said.get(_COUNT))


def page_query(token: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Return the query of a page link to a search with these parameters."""
    count = dict(pairs).get(_COUNT)
    return f"{PAGE}={token}" if count is None else f"{PAGE}={token}&{_COUNT}={count}"
