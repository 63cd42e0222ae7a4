"""Stops of departments: from what each channel said of them, one version after the other.

A stop begins when its source says, goes on however often that is told again, and ends when the source says that it did:
by its end, or by the beginning of what came after it. One whose end nobody reported ends as it was announced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import time
from typing import NamedTuple

from gateway.fhir.datetime import dutch_time
from gateway.fhir.types import Resource
from gateway.kpi.facts import Department, Span, Stop
from gateway.kpi.loading import said
from gateway.kpi.loading.directory import Directory, Who
from gateway.kpi.loading.referrals import Version
from gateway.kpi.spans import at_clock, days, union
from gateway.store.records import moment

_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_STOPS = frozenset({"stop", "closed", "threatened"})


class Channel(NamedTuple):
    """One resource that can say of a department whether it has a stop, with its versions; an empty one: deleted."""

    name: str
    place: str
    who: Who
    versions: tuple[Version, ...]


class _Open(NamedTuple):
    start: int
    announced: int | None


def stops(channel: Channel, statuses: Iterable[str], until: int) -> Iterator[Stop]:
    """Yield the stops that a channel told of up to a moment; those of some statuses, without a gap between these."""
    wanted, present = frozenset(statuses) & _STOPS, None
    for at, resource in _in_order(channel.versions):
        stop = next(said.extensions(resource, "capacity-stop"), {})
        status, start = said.inside(stop, "status"), said.at(said.inside(stop, "start"))
        begins = at if start is None else start
        if status in wanted:
            announced = said.at(said.inside(stop, "expectedEnd"))
            if present is not None and present.announced is not None and present.announced < begins:
                yield _ended(channel, present, present.announced, announced=True)
                present = None
            present = _Open(min(begins, present.start) if present else begins, announced)
            if (end := said.at(said.inside(stop, "end"))) is not None:
                yield _ended(channel, present, end)
                present = None
        elif present is not None:
            end = said.at(said.inside(stop, "end"))
            yield _ended(channel, present, begins if end is None else end)
            present = None
    if present is not None and present.announced is not None and present.announced <= until:
        yield _ended(channel, present, present.announced, announced=True)
    elif present is not None:
        yield _ended(channel, present, until, is_open=True)


def department(channel: Channel, span: Span) -> Department:
    """Return the department that a channel is about, and its hours if it is not always open."""
    last = next((one.resource for one in reversed(channel.versions) if one.resource), {})
    return Department(channel.place, channel.who.region, channel.who.code, _hours(last, span))


def channel(id_: str, versions: tuple[Version, ...], directory: Directory) -> Channel:
    """Return a channel of versions of a HealthcareService or a Location, of which one at least says something."""
    last = next(one.resource for one in reversed(versions) if one.resource)
    if last["resourceType"] == "Location":
        place, who = id_, directory.who(last.get("managingOrganization"))
    else:
        place = next(iter(said.targets(last.get("location"), "Location")), "") or id_
        who = directory.who(last.get("providedBy"))
    if not who.registered:
        who = _sender(last, directory) or who
    return Channel(f"{last['resourceType']}/{id_}", directory.site(place), who, versions)


def _sender(resource: Resource, directory: Directory) -> Who | None:
    found = directory.provider(str(said.extension(resource, "capacity-source") or ""))
    return found if found.registered else None


def _in_order(versions: Iterable[Version]) -> list[tuple[int, Resource]]:
    """Return what was said in the order in which it was so, which may not be that in which it came."""
    found = []
    for number, (came, resource, _) in enumerate(versions):
        measured = said.at(said.extension(resource, "capacity-measured-at"))
        found.append((came if measured is None else min(measured, came), number, resource))
    return [(at, resource) for at, _, resource in sorted(found, key=lambda one: one[:2])]


def _ended(channel: Channel, present: _Open, end: int, *, announced: bool = False, is_open: bool = False) -> Stop:
    who = channel.who
    return Stop(channel.place, present.start, max(end, present.start), who.region, announced, is_open, who.code)


def _hours(resource: Resource, span: Span) -> tuple[Span, ...] | None:
    """Return when something is open in a span, with a day before and after it; None: always."""
    every = said.many(resource, "availableTime")
    if not every or any(one.get("allDay") and not one.get("daysOfWeek") for one in every):
        return None
    wide = span[0] - 36 * 3_600_000_000, span[1] + 36 * 3_600_000_000
    found: list[Span] = []
    for begin, end in days(wide):
        day = moment(begin).astimezone(dutch_time()).date()
        for one in every:
            if _WEEK[day.weekday()] in (one.get("daysOfWeek") or _WEEK):
                opens, closes = one.get("availableStartTime"), one.get("availableEndTime")
                first = at_clock(day, time.fromisoformat(opens)) if opens and not one.get("allDay") else begin
                last = at_clock(day, time.fromisoformat(closes)) if closes and not one.get("allDay") else end
                found.append((first, last if last > first else end))
    return tuple(union(found))
