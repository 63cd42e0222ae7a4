"""What was known of places during a span: the numbers of each kind of care at each site, from when to when.

Numbers stand in Slots, services, places and reports; of a cell that several kinds of resource tell of, one kind counts,
the first of `_RANKS`, for the same bed is not there twice. Of two sources of one cell the one that spoke last counts.
A place that is held is neither free nor occupied; one of which nobody knows is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from gateway.fhir import freshness
from gateway.fhir.types import Resource
from gateway.kpi.facts import Expected, Reported, Span
from gateway.kpi.loading import said
from gateway.kpi.loading.ages import Moments
from gateway.kpi.loading.directory import Directory, Who
from gateway.kpi.loading.referrals import Version
from gateway.kpi.loading.telling import Told
from gateway.transact import holds

_RANKS = ("Slot", "HealthcareService", "Location", "MeasureReport", "bed")
_MEASURE = f"{said.OURS}/Measure/capacity"
_FIGURES = f"{said.OURS}/CodeSystem/capacity-figure"
_BED = "bd"
_SKEW = 120_000_000
_FOREVER = 2**62
_OF_BED = {"free": (1.0, 0.0, 1.0), "busy": (1.0, 1.0, 0.0), holds.HELD: (1.0, 0.0, 0.0)}


class Numbers(NamedTuple):
    """How many places there are, None where that is not said."""

    open: float | None
    occupied: float | None
    available: float | None


class _Where(NamedTuple):
    cell: str
    site: str
    care: str
    who: Who


def reported(
    directory: Directory, every: Iterable[Told], moments: Moments, until: int, flaws: Counter[str]
) -> tuple[Reported, ...]:
    """Return from when to when which numbers were the newest known, up to a moment; `flaws` counts what is amiss."""
    resources = [one for one in every if any(_says(version.resource) for version in one.versions)]
    _look_up(directory, resources)
    cells: dict[str, dict[str, list[Reported]]] = {}
    for one in resources:
        where = _where(directory, one)
        rank = "bed" if one.type == "Slot" and _is_bed(directory, one.last) else one.type
        if where.care:
            made = list(_of(one, where, rank, moments, directory, until, flaws))
            cells.setdefault(where.cell, {}).setdefault(rank, []).extend(made)
        else:
            flaws["no-care-type"] += 1
    return tuple(
        sorted(
            (part for ranks in cells.values() for part in _chosen(ranks, flaws)), key=lambda one: (one.cell, one.known)
        )
    )


def expected(directory: Directory, every: Iterable[Told], kinds: Iterable[str], span: Span) -> Iterator[Expected]:
    """Yield the cells that should report: those that are known, and a partner of these kinds that has none."""
    resources = [one for one in every if _says(one.last) or one.last.get("resourceType") == "HealthcareService"]
    _look_up(directory, resources)
    cells: dict[str, Expected] = {}
    for one in resources:
        where = _where(directory, one)
        if one.last.get("active") is False or not where.care:
            continue
        came = any(span[0] <= version.at < span[1] and _says(version.resource) for version in one.versions)
        before = cells.get(where.cell)
        cells[where.cell] = Expected(
            where.cell, where.who.code, where.care, where.who.region, came or (before is not None and before.reported)
        )
    yield from (cells[cell] for cell in sorted(cells))
    telling = {one.provider for one in cells.values()}
    for partner in directory.partners:
        should = partner.kind in set(kinds) and not partner.disabled and not partner.test
        if should and partner.code not in telling:
            yield Expected(f"partner {partner.id}", partner.code, "", next(iter(partner.regions), ""))


def _look_up(directory: Directory, resources: Iterable[Told]) -> None:
    """Read what these refer to, in batches, from one to the next."""
    every = [one.last for one in resources]
    directory.look_up("Schedule", said.targets([one.get("schedule") for one in every], "Schedule"))
    agendas = [directory.resource("Schedule", said.target(one.get("schedule"), "Schedule")) for one in every]
    actors = [actor for one in agendas for actor in one.get("actor", ())]
    directory.look_up("HealthcareService", said.targets(actors, "HealthcareService"))
    services = [directory.resource("HealthcareService", id_) for id_ in said.targets(actors, "HealthcareService")]
    places = [*actors, *(where for one in (*every, *services) for where in said.many(one, "location"))]
    places += [one.get("subject") for one in every] + [one.get("partOf") for one in every]
    directory.look_up("Location", said.targets(places, "Location"))


def _where(directory: Directory, one: Told) -> _Where:
    """Return the site and the kind of care that something tells of, and who is responsible."""
    last = one.last
    service, place, care = last, one.id, said.care(last)
    if one.type == "Slot":
        agenda = directory.resource("Schedule", said.target(last.get("schedule"), "Schedule"))
        actors = agenda.get("actor") or ()
        service = directory.resource("HealthcareService", next(iter(said.targets(actors, "HealthcareService")), ""))
        place = next(iter(said.targets(actors, "Location")), "")
    if one.type == "MeasureReport":
        place = said.target(last.get("subject"), "Location")
        service = {}
    place = next(iter(said.targets(said.many(service, "location"), "Location")), "") or place
    location = directory.resource("Location", place) if place else {}
    who = directory.who(
        service.get("providedBy") or location.get("managingOrganization") or last.get("managingOrganization")
    )
    if not who.registered:
        sender = directory.provider(str(said.extension(last, "capacity-source") or ""))
        who = sender if sender.registered else who
    care = care or said.care(service) or said.care(location)
    site = directory.site(place) if place else one.id
    return _Where(f"{site}#{care}", site, care, who)


def _is_bed(directory: Directory, slot: Resource) -> bool:
    if any(said.extensions(slot, "capacity-count")):
        return False
    agenda = directory.resource("Schedule", said.target(slot.get("schedule"), "Schedule"))
    places = said.targets(agenda.get("actor") or (), "Location")
    return any(_BED in said.codes(directory.resource("Location", id_).get("physicalType") or {}) for id_ in places)


def _says(resource: Resource) -> bool:
    """Return whether a resource tells of places at all."""
    if resource.get("resourceType") == "Slot":
        return True
    if resource.get("resourceType") == "MeasureReport":
        return str(resource.get("measure", "")).partition("|")[0] == _MEASURE
    return any(any(said.extensions(resource, f"capacity-{name}")) for name in ("count", "stop", "pressure"))


def _of(
    one: Told, where: _Where, rank: str, moments: Moments, directory: Directory, until: int, flaws: Counter[str]
) -> Iterator[Reported]:
    position = directory.position(where.site)
    for version, after in pairwise([*_present(one.versions), Version(until, {})]):
        if not version.resource or version.at >= after.at or version.resource.get("status") == "entered-in-error":
            continue
        resource = (
            freshness.bare(holds.bare(version.resource)) if one.type == "Slot" and rank != "bed" else version.resource
        )
        measured = said.at(said.extension(resource, "capacity-measured-at") or resource.get("date"))
        flaws["no-source-time"] += measured is None
        flaws["clock-ahead"] += measured is not None and measured > version.at + _SKEW
        at = None if measured is None else min(measured, version.at)
        fresh, stale = (0, 0) if at is None else moments(version.resource, at)
        begin, end = _valid(resource, version.at, after.at)
        numbers = _of_bed(version.resource) if rank == "bed" else _numbers(resource)
        pressure = next(said.extensions(resource, "capacity-pressure"), {})
        stop = next(said.extensions(resource, "capacity-stop"), {})
        if begin < end:
            yield Reported(
                where.cell, begin, end, at, fresh, stale, where.who.code or where.cell, where.care, where.who.region,
                str(said.extension(resource, "capacity-source") or ""),
                str(said.extension(resource, "capacity-method") or ""),
                *numbers, _stopped(stop, at), said.code(said.inside(pressure, "level")),
                position,
            )  # fmt: skip


def _present(every: Iterable[Version]) -> list[Version]:
    """Return the versions that were the present, one after the other."""
    return sorted((one for one in every if not one.late), key=lambda one: one.at)


def _valid(resource: Resource, begin: int, end: int) -> Span:
    """Return when a Slot counts: in its own time."""
    if resource.get("resourceType") != "Slot":
        return begin, end
    first, last = said.at(resource.get("start")), said.at(resource.get("end"))
    return max(begin, first or begin), min(end, last or _FOREVER)


def _stopped(stop: Resource, at: int | None) -> str:
    """Return the status of a stop; one whose announced end has passed already when it was told is over."""
    status = str(said.inside(stop, "status") or "")
    announced = said.at(said.inside(stop, "end") or said.inside(stop, "expectedEnd"))
    return "" if announced is not None and at is not None and announced <= at else status


def _numbers(resource: Resource) -> Numbers:
    """Return what a resource counts, in all units together; what is free in a Slot that is not offered is in doubt."""
    if resource.get("resourceType") == "MeasureReport":
        said_of = {
            said.code(group.get("code"), _FIGURES): (group.get("measureScore") or {}).get("value")
            for group in said.many(resource, "group")
        }
        values = {name: said.number(value) for name, value in said_of.items()}
        staffed = values.get("staffed")
        return Numbers(
            values.get("total") if staffed is None else staffed, values.get("occupied"), values.get("available")
        )
    counts = list(said.extensions(resource, "capacity-count"))
    staffed, free = _sum(counts, "staffed"), _sum(counts, "available")
    is_in_doubt = resource.get("resourceType") == "Slot" and resource.get("status") != "free" and bool(free)
    places = _sum(counts, "total") if staffed is None else staffed
    return Numbers(places, _sum(counts, "occupied"), None if is_in_doubt else free)


def _sum(counts: Iterable[Resource], name: str) -> float | None:
    found = [number for one in counts if (number := said.number(said.inside(one, name))) is not None]
    return sum(found) if found else None


def _of_bed(slot: Resource) -> Numbers:
    """Return what a Slot of one bed counts; one of which nobody knows, and one that is closed, counts as nothing."""
    status = str(freshness.bare(slot).get("status"))
    return Numbers(*_OF_BED.get(status, (None, None, None)))


def _chosen(ranks: dict[str, list[Reported]], flaws: Counter[str]) -> list[Reported]:
    """Return the numbers of a cell that count, and what tells of its stop and pressure alone."""
    counting = [rank for rank in _RANKS if any(_counts(one) for one in ranks.get(rank, ()))]
    others = [one for every in ranks.values() for one in every if not _counts(one)]
    if not counting:
        return others
    chosen = [one for one in ranks[counting[0]] if _counts(one)]
    sources = {one.source for one in chosen if one.source}
    if len(sources) > 1:
        flaws["reported-twice"] += 1
        newest = max(chosen, key=lambda one: (one.said_at or 0, one.known)).source
        chosen = [one for one in chosen if one.source == newest]
    return [*chosen, *others]


def _counts(one: Reported) -> bool:
    return one.open is not None or one.occupied is not None or one.available is not None
