"""The definitions that are installed (profiles, value sets, maps …), read and searched like resources.

They come with the gateway, with packages, with mappings and with R4's own tables; nobody writes them over the API, so
they have no versions. What the CapabilityStatement names by canonical is found here by `url`. https://hl7.org/fhir/R4/canonicalresource.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from gateway.access.policy import Caller, may
from gateway.access.scopes import Right
from gateway.errors import BadRequest, Forbidden, Issue, ResourceNotFound
from gateway.fhir import bundle
from gateway.fhir.bundle import Match
from gateway.fhir.json import encode
from gateway.fhir.outcome import operation_outcome
from gateway.fhir.search import page_query
from gateway.query.audit import note
from gateway.query.installed.asked import Asked, parameters, parse
from gateway.query.installed.catalogue import TYPES, Catalogue, Definition, catalogue
from gateway.query.links import secret
from gateway.store import Stored
from gateway.store.search import Position, link, seal, unseal

if TYPE_CHECKING:
    from gateway.services import Services

__all__ = ["TYPES", "Catalogue", "Definition", "catalogue", "parameters", "parse", "read", "search"]


_NOT_INSTALLED = Issue(
    "not-searched",
    "only what is installed here is found: what comes with the gateway, with packages and with mappings, and of R4 "
    "itself the code systems of which every code is known and the value sets that it requires",
    "information",
)


def read(resource_type: str, id_: str, caller: Caller, to: Services) -> Stored:
    """Return a definition, as version 0. Raises Forbidden, ResourceNotFound."""
    authorise(resource_type, caller)
    found = catalogue(to).find(resource_type, id_)
    if found is None:
        raise ResourceNotFound(f"no such {resource_type} is installed")
    note(to, caller, "read", [f"{resource_type}/{id_}"])
    return Stored(resource_type, id_, 0, to.clock(), encode(found.resource()), deleted=False)


def search(asked: Asked, caller: Caller, to: Services, *, base: str) -> bytes:
    """Return the encoded searchset Bundle of a page. Raises Forbidden, BadRequest for a page link that is not ours."""
    authorise(asked.type, caller, "s")
    with to.store.reading(snapshot=False) as db:
        asked, first = _unsealed(asked, secret(db, caller))
        every = [one for one in catalogue(to).all(asked.type) if all(holds(one) for holds in asked.conditions)]
        shown = [] if asked.only_count else every[first : first + asked.count]
        following = first + len(shown) if shown and first + len(shown) < len(every) else 0
        links = _links(asked, first, following, base, secret(db, caller))
    note(to, caller, "search", [f"{asked.type}/{one.id}" for one in shown], [name for name, _ in asked.applied])
    matches = [Match(bundle.full_url(base, asked.type, one.id), one.resource()) for one in shown]
    if not every:
        matches.append(Match(f"urn:uuid:{uuid5(NAMESPACE_URL, base)}", operation_outcome([_NOT_INSTALLED]), "outcome"))
    return encode(bundle.searchset(matches, total=len(every), links=links))


def authorise(resource_type: str, caller: Caller, right: Right = "r") -> None:
    """Raise Forbidden where the caller may not read this type, or not search it."""
    if not may(caller, right, resource_type):
        raise Forbidden(f"this caller may not read {resource_type}")


def _unsealed(asked: Asked, secret: bytes) -> tuple[Asked, int]:
    """Return the search that a page link holds and where its page begins; any other search as it is."""
    if asked.page is None:
        return asked, 0
    found = unseal(asked.page, secret)
    if found.resource_type != asked.type:
        raise BadRequest("this page link is of a search on another resource type")
    return parse(asked.type, found.pairs), found.key


def _links(asked: Asked, first: int, following: int, base: str, secret: bytes) -> list[tuple[str, str]]:
    here = f"{base}/{asked.type}"

    def sealed(begin: int) -> str:
        token = seal(link(asked.type, asked.applied, Position((), begin)), secret)
        return f"{here}?{page_query(token, asked.applied)}"

    query = urlencode(asked.applied, safe=":,/")
    found = [("self", sealed(first) if first else f"{here}{'?' if query else ''}{query}")]
    return [*found, ("next", sealed(following))] if following else found
