"""What is asked of a history, and the links of its pages, which need no memory on the server.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from gateway.errors import BadRequest, Issue, ResourceNotFound
from gateway.fhir.datetime import Moment
from gateway.fhir.datetime import read as read_moment
from gateway.fhir.search import Page, page_of, page_query
from gateway.store import Identity
from gateway.store import history as stored_history
from gateway.store.history import Span, Versions
from gateway.store.reads import is_readable
from gateway.store.reads import read as read_stored
from gateway.store.search import NOTHING_ASKED, Position, link, seal, sees, unseal, versions

if TYPE_CHECKING:
    from gateway.store import Database
    from gateway.store.search import Scope

COUNT, MAX_COUNT = 50, 1000


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """A history that is asked: of a resource, of a type, or ('' for both) of everything.

    `applied` are the parameters as they were understood; `page` is what a page link says, until it is unsealed.
    """

    type: str = ""
    id: str = ""
    count: int = COUNT
    since: Moment | None = None
    at: Moment | None = None
    applied: tuple[tuple[str, str], ...] = ()
    page: Page | None = None
    after: tuple[int, ...] | None = None

    @property
    def address(self) -> str:
        """Return where it is found, relative to the FHIR base."""
        return "/".join(part for part in (self.type, self.id, "_history") if part)


def parse(resource_type: str, id_: str, pairs: Sequence[tuple[str, str]]) -> HistoryRequest:
    """Return the history that the parameters ask for. BadRequest names what is wrong and what is known."""
    request = HistoryRequest(resource_type, id_)
    names = [name for name, _ in pairs]
    page = page_of(pairs)
    if page is not None:
        return replace(request, page=page)
    if set(names) - _READERS.keys():
        unknown = sorted(set(names) - _READERS.keys())
        known = f"a history takes {', '.join(_READERS)}"
        raise BadRequest([Issue("unknown-parameter", f"no parameter '{name[:60]}'; {known}") for name in unknown])
    if len(set(names)) < len(names):
        raise BadRequest("a parameter of a history is given once")
    said = {name.removeprefix("_"): _READERS[name](value) for name, value in pairs}
    applied = tuple((name, str(said["count"]) if name == "_count" else value) for name, value in pairs)
    return replace(request, applied=applied, **said)


def unsealed(request: HistoryRequest, secret: bytes) -> HistoryRequest:
    """Return the history that a page link holds, and where its page begins; any other as it is. BadRequest."""
    if request.page is None:
        return request
    found = unseal(request.page, secret)
    if found.resource_type != request.address:
        raise BadRequest("this page link is of something else")
    asked = parse(request.type, request.id, found.pairs)
    return replace(asked, after=None if found.position is None else (*found.position.values, found.position.key))


def read(db: Database, asked: HistoryRequest, scope: Scope, own: Collection[str]) -> Versions:
    """Return the versions of the page that is asked: of what the caller may see, as it is now.

    The history of one resource is told of `own` also after it was deleted. ResourceNotFound when there never was such
    a resource.
    """
    since = asked.since.low if asked.since else 0
    span = Span(asked.count, since, (asked.at.low, asked.at.high) if asked.at else None, asked.after)
    if not asked.id:
        types = [asked.type] if asked.type else filter(scope.visible.admits, stored_history.types(db))
        shown = {type_: sees(type_, "r.key", scope.of(db), asked=NOTHING_ASKED) for type_ in types}
        found = stored_history.of_types(db, shown, span)
        return replace(found, found=versions(db, found.found, scope))
    identity = Identity(asked.type, asked.id)
    readable = is_readable(db, identity, scope, own)
    found = stored_history.of_instance(db, identity, span) if readable else Versions([])
    if not found.found and not (readable and read_stored(db, identity)):
        raise ResourceNotFound(f"there is no such {asked.type}")
    return replace(found, found=versions(db, found.found, scope))


def links(asked: HistoryRequest, after: tuple[int, ...] | None, base: str, secret: bytes) -> list[tuple[str, str]]:
    """Return (relation, url) of the page itself and of the next one, if there is one."""
    here = f"{base}/{asked.address}"

    def sealed(begin: tuple[int, ...]) -> str:
        content = link(asked.address, asked.applied, Position(begin[:-1], begin[-1]))
        return f"{here}?{page_query(seal(content, secret), asked.applied)}"

    query = urlencode(asked.applied, safe=":,/")
    found = [("self", sealed(asked.after) if asked.after else f"{here}{'?' if query else ''}{query}")]
    return [*found, ("next", sealed(after))] if after else found


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text)):
        raise BadRequest("_count is a whole number above 0")
    return min(int(text), MAX_COUNT)


def _since(text: str) -> Moment:
    since = read_moment(text)
    if since is None:
        raise BadRequest("_since is an instant: 2026-01-05T10:00:00+01:00; a + in a URL is written %2B")
    return since


def _at(text: str) -> Moment:
    at = read_moment(text)
    if at is None:
        raise BadRequest("_at is a date or a moment: 2026-01-05, 2026-01-05T10:00:00%2B01:00")
    return at


_READERS: Mapping[str, Callable[[str], Any]] = MappingProxyType({"_count": _count, "_since": _since, "_at": _at})
