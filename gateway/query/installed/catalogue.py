"""Which definitions are installed, each under the id by which it is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from gateway.data import shipped
from gateway.notify.published import CODE, basics
from gateway.validation.profiles.definitions import KINDS, Definitions, Found, Head
from gateway.validation.terms import of_r4

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.services import Services

TOPIC = "Basic"
"""The type that the topics of subscriptions have in R4."""

TYPES = frozenset(KINDS) | {TOPIC}
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_MAPS = "concept_maps"


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition and the id it has here."""

    id: str
    found: Found

    def value(self, code: str) -> str:
        """Return what a search parameter looks at, '' where there is nothing."""
        if code == "code":
            return CODE["code"]
        return self.id if code == "_id" else str(getattr(self.found.head, code))

    def resource(self) -> Resource:
        """Return the definition itself."""
        return {**self.found.content(), "id": self.id}


class Catalogue:
    """Every definition by type, in order of id."""

    def __init__(self, sources: Iterable[Definitions]) -> None:
        known = list(sources)
        self._by_type = {kind: _numbered(_of_kind(kind, known)) for kind in KINDS}
        self._by_type[TOPIC] = _numbered(map(_topic, basics()))

    def all(self, resource_type: str) -> Sequence[Definition]:
        """Return every definition of a type."""
        return list(self._by_type[resource_type].values())

    def find(self, resource_type: str, id_: str) -> Definition | None:
        """Return the definition with this id, or None."""
        return self._by_type[resource_type].get(id_)


def _of_kind(kind: str, sources: Sequence[Definitions]) -> Iterator[Found]:
    """Yield what the sources have, then what only R4's own tables do."""
    urls = set()
    for source in sources:
        for found in source.all(kind):
            urls.add(found.head.url)
            yield found
    yield from (found for found in of_r4(kind) if found.head.url not in urls)


def _topic(resource: Resource) -> Found:
    """Return a topic as a definition: it has its URL in an extension, and so is not found by it."""
    return Found(Head(TOPIC, id=resource["id"], status="active"), "", lambda: resource, resource)


def catalogue(to: Services) -> Catalogue:
    """Return what is installed at this gateway."""
    profiles = to.validator.profiles
    folders = (shipped("mappings"), *to.settings.mappings)
    return _made(profiles.definitions if profiles else Definitions(), tuple(map(Path, folders)))


@lru_cache(maxsize=4)
def _made(definitions: Definitions, mappings: tuple[Path, ...]) -> Catalogue:
    maps = Definitions()
    for folder in mappings:
        if (folder / _MAPS).is_dir():
            maps.add_folder(folder / _MAPS)
    return Catalogue([definitions, maps])


def _numbered(found: Iterable[Found]) -> dict[str, Definition]:
    """Return the definitions by id: their own, or where that is no id or is taken one that goes by their canonical."""
    by_id: dict[str, Definition] = {}
    for one in found:
        id_ = one.head.id
        if not _ID.fullmatch(id_) or id_ in by_id:
            id_ = str(uuid5(NAMESPACE_URL, f"{one.head.url}|{one.head.version}"))
        by_id.setdefault(id_, Definition(id_, one))
    return dict(sorted(by_id.items()))
