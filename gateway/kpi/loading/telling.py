"""What tells of places during a span: each resource as it was at the beginning, and every version that came in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gateway.fhir.json import decode
from gateway.fhir.types import Resource
from gateway.kpi.facts import Span
from gateway.kpi.loading.directory import Directory
from gateway.kpi.loading.referrals import Version
from gateway.store.during import Kept, as_of, during, following

TYPES = ("Slot", "HealthcareService", "Location", "MeasureReport")
_STOP = b"/capacity-stop"
_MARKS = (b"/capacity-count", _STOP, b"/capacity-pressure")


class Told(NamedTuple):
    """A resource that tells of places, with its versions: the one at the beginning of the span, and all in it."""

    type: str
    id: str
    versions: tuple[Version, ...]

    @property
    def last(self) -> Resource:
        """Return what it said last, before it was deleted if it was."""
        return next((one.resource for one in reversed(self.versions) if one.resource), {})


def told(directory: Directory, types: Iterable[str], span: Span, known: int) -> list[Told]:
    """Return what tells of places during a span: each resource as it was at its beginning, and what came in it."""
    found = []
    for type_ in types:
        every: dict[int, list[Kept]] = {one.key: [one] for one in as_of(directory.db, type_, span[0])}
        for one in during(directory.db, type_, span[0], min(span[1], known + 1)):
            mine = every.setdefault(one.key, [])
            if one.late or not mine or mine[-1].version < one.version:  # what came right then was the present then
                mine.append(one)
        found += [Told(type_, every[key][0].id, tuple(map(_version, every[key]))) for key in sorted(every)]
    return found


def followed(directory: Directory, cares: Iterable[str], span: Span) -> list[Told]:
    """Return the departments of some kinds of care, and the places that tell of a stop, each with its versions from the
    beginning of a span to its end: by their keys, for a span may go on for weeks.
    """
    marks = {"HealthcareService": [f'"{care}"'.encode() for care in cares], "Location": [_STOP]}
    found = []
    for type_, wanted in marks.items():
        begun = {one.key: one for one in as_of(directory.db, type_, span[0])}
        last = {one.key: one for one in as_of(directory.db, type_, span[1] - 1)}
        chosen = {
            key
            for key in begun.keys() | last.keys()
            if any(mark in one.body for one in (begun.get(key), last.get(key)) if one for mark in wanted)
        }
        every: dict[int, list[Kept]] = {key: [begun[key]] if key in begun else [] for key in chosen}
        since = ((key, begun[key].version if key in begun else 0) for key in chosen)
        for one in following(directory.db, since, *span):
            every[one.key].append(one)
        found += [Told(type_, every[key][0].id, tuple(map(_version, every[key]))) for key in sorted(chosen)]
    return found


def _version(one: Kept) -> Version:
    """Return what a version says; a place that tells of no numbers, as a bed, says nothing here."""
    is_read = bool(one.body) and (
        b'"resourceType":"Location"' not in one.body[:40] or any(map(one.body.__contains__, _MARKS))
    )
    return Version(one.at, decode(one.body) if is_read else {}, one.late)
