"""What is in a value set, code by code. https://hl7.org/fhir/R4/valueset.html#expansion"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.errors import InvalidResource, Issue
from gateway.validation.profiles.definitions import SHAPELESS
from gateway.validation.profiles.terminology import contained
from gateway.validation.terms.known import NotInstalled, Terms, not_installed

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.validation.terms.systems import Concept

MOST = 50_000
"""So many codes are looked at for one value set; a larger one is too costly."""
_DEEPEST = 12  # value sets that take in value sets

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Member:
    """One code of a value set; `concept` is what its system says of it, where that is here."""

    system: str
    code: str
    display: str | None = None
    concept: Concept | None = None
    version: str | None = None

    def shown(self, language: str | None = None) -> str | None:
        """Return how it is shown: as the value set says, else as its system does."""
        own = self.concept.display(language) if self.concept else None
        return own if language and own else self.display or own

    @property
    def is_inactive(self) -> bool:
        """Return whether it is out of use."""
        return self.concept is not None and self.concept.is_inactive


def expand(terms: Terms, value_set: Resource) -> list[Member]:
    """Return every code of a value set, each once, in the order of its definition.

    NotInstalled where a code system or value set that is not here would have to be listed; InvalidResource where the
    value set has not the shape of one, or is too costly.
    """
    try:
        return list(_Expansion(terms).of(value_set, 0).values())
    except SHAPELESS as error:
        raise InvalidResource("the value set has not the shape of one", code="bad-profile") from error


class _Expansion:
    """The work of one expansion, which is bounded as a whole."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._looked_at = 0

    def of(self, value_set: Resource, depth: int) -> dict[Key, Member]:
        if depth > _DEEPEST:
            raise _too_costly("value sets take in value sets too deeply")
        compose = value_set.get("compose") or {}
        if not compose.get("include"):
            return self._published(value_set)
        try:
            return self._composed(compose, depth)
        except NotInstalled:
            published = value_set.get("expansion") or {}
            if published.get("total") is not None and published.get("total") == len(_listed(value_set)):
                return self._published(value_set)
            raise

    def _composed(self, compose: Resource, depth: int) -> dict[Key, Member]:
        found: dict[Key, Member] = {}
        for part in compose["include"]:
            for key, member in self._part(part, depth):
                found.setdefault(key, member)
        for part in compose.get("exclude") or []:
            for key, _ in self._part(part, depth):
                found.pop(key, None)
        return found

    def _part(self, part: Resource, depth: int) -> Iterator[tuple[Key, Member]]:
        sets = [self.of(self._terms.value_set(str(url)), depth + 1) for url in part.get("valueSet") or []]
        own = self._of_system(part) if "system" in part else list(sets.pop(0).values()) if sets else []
        for member in own:
            key = member.system, member.code
            if all(key in others for others in sets):
                yield key, member

    def _of_system(self, part: Resource) -> list[Member]:
        url = str(part["system"])
        named = f"{url}|{part['version']}" if "version" in part else url
        if "concept" in part:
            return list(self._enumerated(url, part["concept"]))
        system = self._terms.system(named)
        if not system.is_complete:
            raise not_installed("code system (of which only a part is here)", named)
        rules = part.get("filter") or []
        self._look(len(system.concepts) * (1 + len(rules)))
        kept = [c for c in system.concepts.values() if not rules or self._passes(url, c, part)]
        return [Member(url, concept.code, None, concept, system.version) for concept in kept]

    def _passes(self, url: str, concept: Concept, part: Resource) -> bool:
        answer = self._terms.holds({"compose": {"include": [part]}}, url, concept.code)
        if answer is None:
            raise InvalidResource("the value set has a filter that is not understood here", code="bad-profile")
        return answer

    def _enumerated(self, url: str, concepts: Iterable[Resource]) -> Iterator[Member]:
        try:
            system = self._terms.system(url)
        except NotInstalled:  # the value set lists its codes, so they are known all the same
            system = None
        for one in concepts:
            self._look(1)
            concept = system.find(str(one["code"])) if system else None
            yield Member(url, str(one["code"]), one.get("display"), concept, system.version if system else None)

    def _published(self, value_set: Resource) -> dict[Key, Member]:
        listed = _listed(value_set)
        if not listed:
            raise not_installed("value set (it does not say what is in it)", str(value_set.get("url", "")))
        self._look(len(listed))
        return {(str(one.get("system", "")), one["code"]): _member(one) for one in listed}

    def _look(self, count: int) -> None:
        self._looked_at += count
        if self._looked_at > MOST:
            raise _too_costly(f"to expand this value set, more than {MOST} codes would have to be looked at")


def _listed(value_set: Resource) -> list[Resource]:
    """Return the codes of the expansion that a published value set holds."""
    held = contained((value_set.get("expansion") or {}).get("contains") or [])
    return [one for one in held if "code" in one and not one.get("abstract")]


def _member(one: Resource) -> Member:
    return Member(str(one.get("system", "")), one["code"], one.get("display"), None, one.get("version"))


def _too_costly(why: str) -> InvalidResource:
    return InvalidResource([Issue("too-costly", why)])
