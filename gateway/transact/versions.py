"""From an operation and the newest version of its resource: the next version to be written, or none.

https://hl7.org/fhir/R4/http.html#update and https://hl7.org/fhir/R4/http.html#versions
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from gateway.errors import Conflict, VersionConflict
from gateway.fhir.datetime import format_instant
from gateway.store import Current, Identity, Version
from gateway.store.bodies import body, says_the_same
from gateway.store.index_tables import difference, unpack
from gateway.store.records import EPOCH, Method, microseconds, moment
from gateway.transact.content import Content
from gateway.transact.entries import Entry
from gateway.transact.operations import ConditionalCreate, ConditionalPut, Create
from gateway.transact.parts import part_of

_METHODS: Mapping[type, Method] = MappingProxyType({Create: "POST", ConditionalCreate: "POST"})
_MILLISECOND = 1_000  # in microseconds, the precision of an instant


@dataclass(slots=True)
class Times:
    """The times of the versions of one commit: now, but always later than the version before."""

    now: datetime
    _at: int = 0
    text: str = ""
    _moment: datetime = EPOCH

    def __post_init__(self) -> None:
        at = microseconds(self.now)
        self._at = at - at % _MILLISECOND
        self.text = format_instant(self.now)
        self._moment = moment(self._at)

    def moment(self, at: int) -> datetime:
        """Return `at` as a moment."""
        return self._moment if at == self._at else moment(at)

    def after(self, last_updated: int) -> tuple[int, str]:
        """Return the time of the version after one of `last_updated`, in microseconds and as an instant."""
        if last_updated < self._at:
            return self._at, self.text
        at = last_updated + _MILLISECOND
        return at, format_instant(moment(at).astimezone(self.now.tzinfo))


def check_versions(entries: Iterable[Entry], currents: dict[Identity, Current]) -> None:
    """Raise VersionConflict for every If-Match that is not the newest version, Conflict for an id that is taken."""
    stale, taken = [], []
    for entry in entries:
        assert entry.identity is not None
        wanted = getattr(entry.op, "if_match", None)
        if wanted is not None and not _is_meant(_version_id(wanted), currents[entry.identity]):
            stale.append(entry.request("version-conflict", _stale(currents[entry.identity])))
        if entry.condition is not None and _is_taken(entry, currents[entry.identity]):
            taken.append(entry.request("conflict", "nothing matches the condition, yet the id is that of a resource"))
    if stale:
        raise VersionConflict([*stale, *taken])
    if taken:
        raise Conflict(taken)


def next_version(entry: Entry, current: Current, times: Times, new: Content | None) -> Version | None:
    """Return the version that comes after `current`, None when nothing would change. `new` None is a deletion.

    What a client says is so from now on; what a message says, from the moment of its fact. Who changes what it does not
    see whole is not told by the version that it guessed what stood there.
    """
    assert entry.identity is not None
    is_there = current.version > 0 and not current.deleted
    is_same = is_there and new is not None and not _is_of_part(entry) and _is_same(current, new)
    if entry.satisfied or is_same or (new is None and not is_there):
        return None
    at, text = times.after(current.last_updated)
    number = current.version + 1
    present = unpack(current.indexed) if current.indexed else {}
    fact, seen_as = entry.fact, current.indexed_as if current.version else None
    since, counted = (fact.at, fact.number) if fact is not None else (at, None)
    if new is None:
        return Version(
            current.key, entry.identity, number, at, True, b"", b"", {}, present, since, counted, "DELETE", seen_as,  # noqa: FBT003
        )  # fmt: skip
    added, removed = (difference(new.tables, present), difference(present, new.tables)) if present else (new.tables, {})
    encoded = body(entry.identity, new.resource.get("meta"), new.rest, number, text)
    return Version(
        current.key, entry.identity, number, at, False, new.packed, encoded, added, removed, since, counted,  # noqa: FBT003
        "PATCH" if getattr(entry.op, "patched", False) else _METHODS.get(entry.op.__class__, "PUT"), seen_as,
        new.generation,
    )  # fmt: skip


def _is_of_part(entry: Entry) -> bool:
    part = part_of(entry)
    return part is not None and bool(part.changed)


def _is_same(current: Current, new: Content) -> bool:
    return says_the_same(new.resource, new.rest, current.body)


def _version_id(etag: str) -> str:
    """Return the version id of `3`, `"3"` or `W/"3"`."""
    return etag.strip().removeprefix("W/").strip('"')


def _is_meant(version: str, current: Current) -> bool:
    """Return whether If-Match means the newest version; `*` is any of what is there: RFC 9110, 13.1.1."""
    if version == "*":
        return current.version > 0 and not current.deleted
    return version == str(current.version or "")


def _stale(current: Current) -> str:
    if not current.version or current.deleted:
        return "If-Match names a version, and there is no such resource"
    return f"If-Match names another version than the newest, which is {current.version}"


def _is_taken(entry: Entry, current: Current) -> bool:
    return isinstance(entry.op, ConditionalPut) and entry.found is None and current.version > 0 and not current.deleted
