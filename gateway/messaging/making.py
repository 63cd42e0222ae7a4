"""What a message makes here: the id of each of its resources, and an operation for each.

A sender's resources have ids of its own, made of who sends them and of what it calls them, so the same thing told again
is the same resource, and nothing of another sender is ever met by chance. Only the focus is looked up among
everything, by its identifiers: whose it is decides `transact`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from gateway.errors import InvalidResource, Issue
from gateway.fhir import reference
from gateway.fhir.search import parse_query
from gateway.fhir.types import Resource
from gateway.messaging.entries import Entries
from gateway.messaging.events import BASE, NAMED_ONLY
from gateway.messaging.reading import Message
from gateway.store import Identity
from gateway.store.matching import matches
from gateway.store.sealed import noted
from gateway.store.search.scope import Everything, Scope
from gateway.transact import ConditionalPut, Put, Write
from gateway.transact.senders import sender_of

if TYPE_CHECKING:
    from gateway.services import Services

_NAMESPACE = uuid5(NAMESPACE_URL, f"{BASE}messages")
_CANCELS = frozenset({"revoked", "cancelled", "entered-in-error"})
_MOST_IDENTIFIERS = 20

_SLOT = "this Slot is not known here, so nobody can tell that it is free"
_NOBODY = (
    "nothing that messages of this sender made is known by this id, and it has no identifier by which a request could "
    "be found: nothing was changed"
)
_DANGLING = "no entry of this message is what this reference names"
_ELSEWHERE = "what this names is not in the message: it stays a reference to the server of its sender"
_BY_SEARCH = "a message refers to what it holds or to what is stored, not by a search"


@dataclass(slots=True)
class Made:
    """The operations of a message. `numbers` are the entries that they are of; `focus` the operations of its focus."""

    operations: list[Write] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    focus: list[int] = field(default_factory=list)
    warnings: list[Issue] = field(default_factory=list)


def name_of(sender: str, *parts: str) -> str:
    """Return an id that is the same for the same sender and parts, and for nothing else."""
    return str(uuid5(_NAMESPACE, "\x1f".join((sender, *parts))))


def make(message: Message, to: Services) -> Made:
    """Return what a message makes here. Raises InvalidResource with everything that names nothing."""
    return _Making(message, to).made()


class _Making:
    def __init__(self, message: Message, to: Services) -> None:
        self.message, self.to = message, to
        self.entries = Entries(message.entries)
        self.ids = _own_ids(message)
        self.here: dict[int, str] = {}  # entries that are only named, by the id that they have here
        self.issues: list[Issue] = []
        self.warnings: list[Issue] = []

    def made(self) -> Made:
        for number, entry in enumerate(self.message.entries):
            if entry["resource"]["resourceType"] in NAMED_ONLY and (id_ := self._named(number, entry)):
                self.here[number] = id_
        focus = {number: self._focus(number) for number in self.message.focus}
        made = Made()
        for number, entry in enumerate(self.message.entries):
            if entry["resource"]["resourceType"] in NAMED_ONLY:
                continue
            if number in focus:
                made.focus.append(len(made.operations))
            made.numbers.append(number)
            made.operations.append(self._operation(number, focus.get(number)))
        if self.issues:
            raise InvalidResource(self.issues)
        made.warnings = self.warnings
        return made

    def _operation(self, number: int, search: str | None) -> Write:
        resource = self._rewritten(number)
        id_ = self.ids[number]
        if search is None:
            return Put({**resource, "id": id_}, full_url=_urn(id_))
        resource.pop("id", None)
        return ConditionalPut(resource, search, full_url=_urn(id_), new_id=id_)

    def _focus(self, number: int) -> str | None:
        """Return the search that finds what a focus is, None when its id is known."""
        resource = self.message.entries[number]["resource"]
        given = str(resource.get("id", ""))
        if given and self._is_own(Identity(self.message.event.focus, given)):
            self.ids[number] = given
            return None
        if names := list(_identifiers(resource)):
            return urlencode({"identifier": ",".join(names[:_MOST_IDENTIFIERS])})
        if self.message.repeats or resource.get("status") in _CANCELS:
            self._check_known(number, resource["resourceType"])
        return None

    def _check_known(self, number: int, kind: str) -> None:
        """Note a problem when a change has no name by which what it changes could ever be found."""
        is_lasting = self.entries.address(number).kind == "absolute"
        if not is_lasting and self.to.store.read(Identity(kind, self.ids[number])) is None:
            self.issues.append(Issue("request-unknown", _NOBODY, expression=f"Bundle.entry[{number}].resource.id"))

    def _is_own(self, identity: Identity) -> bool:
        """Return whether messages of this sender made the resource of that identity."""
        with self.to.store.reading(snapshot=False) as db:
            held = list(noted(db, [f"sender/{identity.type}/{identity.id}"]).values())
        return bool(held) and sender_of(held[0]) == self.message.sender

    # ---- what is only named

    def _named(self, number: int, entry: Resource) -> str | None:
        """Return the id here of what a message only names: by its address, its id or its identifiers."""
        resource = entry["resource"]
        kind, meant = resource["resourceType"], self.entries.address(number)
        own = meant.id if meant.kind == "absolute" and meant.base == f"{self.to.settings.base_url}/" else None
        for id_ in (own, resource.get("id")):
            if id_ and self._is_here(Identity(kind, str(id_))):
                return str(id_)
        names = list(_identifiers(resource))
        return self._found(kind, names) if names else None

    def _is_here(self, identity: Identity) -> bool:
        found = self.to.store.read(identity)
        return found is not None and not found.deleted

    def _found(self, kind: str, names: list[str]) -> str | None:
        asked = parse_query(kind, urlencode({"identifier": ",".join(names[:_MOST_IDENTIFIERS])}))
        with self.to.store.reading() as db:
            found = matches(db, asked, Scope(self.to.settings.base_url, Everything()), limit=2)
        return found[0].id if len(found) == 1 else None

    # ---- references

    def _rewritten(self, number: int) -> Resource:
        """Return a resource of which every reference says what it means here."""
        resource: Resource = deepcopy(self.message.entries[number]["resource"])
        for holder, _, path in list(reference.walk(resource)):
            _, _, below = path.partition(".")
            place = f"Bundle.entry[{number}].resource.{below}"
            holder["reference"] = self._meant(number, holder["reference"], place)
        return resource

    def _meant(self, number: int, text: str, place: str) -> str:
        at = self.entries.named(text, number)
        if at is not None:
            return self._entry(at, text, place)
        meant = reference.parse(text)
        base = f"{self.to.settings.base_url}/"
        if meant.kind == "absolute" and meant.base == base:
            return text.removeprefix(base)
        if meant.kind in {"urn", "malformed"}:
            self.issues.append(Issue("bad-reference", _DANGLING, expression=f"{place}.reference"))
        elif meant.kind == "conditional":
            self.issues.append(Issue("bad-reference", _BY_SEARCH, expression=f"{place}.reference"))
        own = self.entries.address(number)
        if meant.kind == "relative" and own.kind == "absolute" and own.base != base:
            self.warnings.append(Issue("bad-reference", _ELSEWHERE, "warning", f"{place}.reference"))
            return f"{own.base}{text}"  # of the sender's server: what has that id here is something else
        return text

    def _entry(self, at: int, text: str, place: str) -> str:
        """Return how a reference names an entry of the message."""
        kind = self.message.entries[at]["resource"]["resourceType"]
        if kind not in NAMED_ONLY:
            return _urn(self.ids[at])
        if at not in self.here:
            code, why = ("slot-unknown", _SLOT) if kind == "Slot" else ("bad-reference", _DANGLING)
            self.issues.append(Issue(code, why, expression=place))
            return text
        return f"{kind}/{self.here[at]}"


def _urn(id_: str) -> str:
    return f"urn:uuid:{id_}"


def _own_ids(message: Message) -> dict[int, str]:
    """Return the id that each entry has among those of its sender."""
    named = {number: _key(message, number) for number in range(len(message.entries))}
    times = Counter(named.values())
    found: dict[int, str] = {}
    for number, key in named.items():
        more = () if times[key] == 1 else (_url(message, number),)
        found[number] = name_of(message.sender, *key, *more)
    return found


def _key(message: Message, number: int) -> tuple[str, ...]:
    """Return what the sender calls a resource: its identifier, else the address or UUID that it gave it."""
    resource: Mapping[str, Any] = message.entries[number]["resource"]
    kind = str(resource["resourceType"])
    if number == 0:
        return kind, message.name
    first = next(_identifiers(resource), None)
    return (kind, first) if first else (kind, "", _url(message, number))


def _url(message: Message, number: int) -> str:
    return str(message.entries[number].get("fullUrl") or f"{message.name}#{number}")


def _identifiers(resource: Mapping[str, Any]) -> Iterator[str]:
    """Yield the identifiers that can name a resource, as a search writes them."""
    for one in resource.get("identifier", ()):
        if isinstance(one, dict) and one.get("system") and one.get("value") and one.get("use") != "old":
            yield f"{_escaped(one['system'])}|{_escaped(one['value'])}"


def _escaped(text: str) -> str:
    """https://hl7.org/fhir/R4/search.html#escaping"""
    for character in "\\$,|":
        text = text.replace(character, f"\\{character}")
    return text
