"""The references of a transaction: to its own entries, by a condition, and to what is stored.

https://hl7.org/fhir/R4/http.html#trules and https://hl7.org/fhir/R4/bundle.html#references
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from gateway.access.policy import Caller, may_search
from gateway.errors import Forbidden, GatewayError, InvalidResource, Issue, MultipleMatches, Severity
from gateway.fhir import reference
from gateway.fhir.search import SearchRequest, parse_condition
from gateway.store import Identity
from gateway.store.bodies import rest_of
from gateway.store.index import plain
from gateway.transact.entries import Entry, criteria
from gateway.transact.parts import written

_URN = "urn:uuid:"
_NO_ENTRY = "no entry of this transaction has this fullUrl"
_ALONE = "a urn names another entry of a transaction, and this resource came alone: refer to what is here as Type/id"
_BUNDLE = "Bundle"  # what refers in a Bundle that is kept refers within it, and stays as it was sent
_REFERENCE = b'"reference":"'  # what is escaped in a string never looks like this


class Link(NamedTuple):
    """One reference: its entry, the dict that holds it, and the text as it came."""

    entry: Entry
    holder: dict[str, Any]
    text: str

    def point_at(self, identity: Identity) -> None:
        """Write what the reference turned out to mean."""
        self.holder["reference"] = f"{identity.type}/{identity.id}"
        self.entry.rest = b""  # no longer what the resource says

    def condition(self, resource_type: str) -> SearchRequest:
        """Return the search that the reference is written as. BadRequest, TooLarge, with the place of the reference."""
        try:
            return parse_condition(resource_type, self.text)
        except GatewayError as error:
            raise type(error)(
                [self.entry.at(replace(i, expression=_paths([self])[0])) for i in error.issues]
            ) from error


def issues(about: Sequence[Link], text: str, *, code: str = "bad-reference", warning: bool = False) -> list[Issue]:
    """Return an issue about each reference, seen from the Bundle."""
    severity: Severity = "warning" if warning else "error"
    paths = _paths(about)
    return [
        link.entry.at(Issue(code, text, severity, path, value=link.text))
        for link, path in zip(about, paths, strict=True)
    ]


def _paths(about: Sequence[Link]) -> list[str]:
    """Return the FHIRPath of each reference. A resource is walked once, however many of them it holds."""
    entries = {id(link.entry): link.entry for link in about}
    walks = (reference.walk(entry.resource or {}) for entry in entries.values())
    at = {id(holder): path for walk in walks for holder, _, path in walk}
    return [f"{at.get(id(link.holder), link.entry.type)}.reference" for link in about]


@dataclass(slots=True)
class Links:
    """Every reference that means something in a transaction, by what it means; `stored` are what literal ones name.

    `has_modifiers`: a modifier extension stands in one of the resources.
    """

    to_entries: list[tuple[Link, Entry]] = field(default_factory=list)
    by_condition: list[tuple[Link, SearchRequest]] = field(default_factory=list)
    stored: set[Identity] = field(default_factory=set)
    dangling: list[Link] = field(default_factory=list)
    has_modifiers: bool = False

    def unsettled(self) -> set[int]:
        """Return the `id()` of each entry whose content depends on what a condition will find."""
        if not self.to_entries and not self.by_condition:
            return set()
        to_unknown = {id(link.entry) for link, target in self.to_entries if target.identity is None}
        return to_unknown | {id(link.entry) for link, _ in self.by_condition}

    def point_at_entries(self) -> None:
        """Resolve the references to entries. One whose identity a condition is to find has at least its type."""
        for link, target in self.to_entries:
            if target.identity is not None:
                link.point_at(target.identity)
            elif link.text.startswith(_URN):
                link.holder["reference"] = f"{target.type}/{link.text.removeprefix(_URN)}"

    def restore(self) -> None:
        """Write every reference back as it came, so that the operations can be handed in again."""
        for link, _ in (*self.to_entries, *self.by_condition):
            link.holder["reference"] = link.text


def collect(entries: Sequence[Entry], caller: Caller) -> Links:
    """Return the references of all entries, and encode each entry on the way.

    Raises InvalidResource when a reference needs an entry that is not there, Forbidden when the caller may not search
    what a reference is searched by, BadRequest when such a search cannot be read.
    """
    links = Links()
    by_url = {url: entry for entry in entries if (url := getattr(entry.op, "full_url", None))}
    _encode(entries)
    whole = b"".join([entry.rest for entry in entries])
    links.has_modifiers = b'"modifierExtension":' in whole
    if any(entry.type == _BUNDLE for entry in entries):
        whole = b"".join([entry.rest for entry in entries if entry.type != _BUNDLE])
    if others := _other_than_plain(_texts(whole), by_url, links):
        _sort_all(entries, others, by_url, links)
        if links.dangling:
            is_alone = all(entry.number is None for entry in entries)
            raise InvalidResource(issues(links.dangling, _ALONE if is_alone else _NO_ENTRY))
        _check_may_search(links, caller)
    return links


def _encode(entries: Iterable[Entry]) -> None:
    for entry in entries:
        if entry.resource is not None:
            try:
                entry.rest = rest_of(entry.resource)
            except UnicodeEncodeError as error:
                text = "a text holds half a surrogate pair: it is not valid Unicode"
                raise InvalidResource([entry.at(Issue("wrong-type", text, expression=entry.type))]) from error


def _texts(encoded: bytes) -> set[str]:
    """Return every text of a `reference` in encoded resources, as far as an escape in it."""
    _, *after = encoded.split(_REFERENCE)
    return {rest[: rest.index(b'"')].decode() for rest in after}


def _other_than_plain(texts: Iterable[str], by_url: Mapping[str, Entry], into: Links) -> set[str]:
    """Note the references of the form `Type/id`, and return the others.

    Nearly all are of that form, and in the encoded resources they are found without a walk through them.
    """
    others = set()
    for text in texts:
        identity = plain(text)
        if identity is not None and text not in by_url:
            into.stored.add(identity)
        else:
            others.add(text)
    return others


def _sort_all(entries: Iterable[Entry], others: set[str], by_url: Mapping[str, Entry], into: Links) -> None:
    for entry in entries:
        if entry.resource is None or entry.type == _BUNDLE:
            continue
        if not others.isdisjoint(_texts(entry.rest)):
            for holder in reference.holders(entry.resource):
                _sort(Link(entry, holder, holder["reference"]), by_url, into)


def _sort(link: Link, by_url: Mapping[str, Entry], into: Links) -> None:
    if (target := by_url.get(link.text)) is not None:
        into.to_entries.append((link, target))
        return
    meant = reference.parse(link.text)
    if meant.kind == "relative" and meant.type and meant.id and meant.version:
        into.stored.add(Identity(meant.type, meant.id))
    elif meant.kind == "conditional" and meant.type:
        into.by_condition.append((link, link.condition(meant.type)))
    elif link.text.startswith(_URN):
        into.dangling.append(link)


def _check_may_search(links: Links, caller: Caller) -> None:
    refused = [link for link, condition in links.by_condition if not may_search(caller, condition.resource_type)]
    if refused:
        raise Forbidden(issues(refused, "this caller may not search there", code="forbidden"))


def resolve(links: Links, found: Mapping[object, Sequence[Identity]]) -> None:
    """Point the references by a condition at what was found for their criteria.

    Raises MultipleMatches when all that is wrong is that some find more than one, else InvalidResource.
    """
    none: list[Link] = []
    many: list[Link] = []
    for link, condition in links.by_condition:
        match found[criteria(condition)]:
            case [identity]:
                link.point_at(identity)
            case []:
                none.append(link)
            case _:
                many.append(link)
    several = issues(many, "the condition of this reference matches more than one resource")
    if none:
        raise InvalidResource([*issues(none, "the condition of this reference matches nothing"), *several])
    if several:
        raise MultipleMatches(several)


def missing(links: Links, entries: Sequence[Entry], present: set[Identity]) -> list[Link]:
    """Return the literal references to what is neither stored nor written by this transaction."""
    written = {entry.identity for entry in entries if entry.resource is not None}
    deleted = {entry.identity for entry in entries if entry.resource is None}
    gone = {target for target in links.stored if target in deleted or not (target in present or target in written)}
    return [link for entry in entries for link in _to(gone, entry)] if gone else []


def _to(targets: set[Identity], entry: Entry) -> Iterator[Link]:
    """Yield each reference of an entry to one of `targets`."""
    if entry.type == _BUNDLE:
        return
    for holder in reference.holders(written(entry)):
        meant = reference.parse(holder["reference"])
        if meant.kind == "relative" and meant.type and meant.id and Identity(meant.type, meant.id) in targets:
            yield Link(entry, holder, holder["reference"])
