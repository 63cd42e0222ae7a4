"""How fast the rows of real lists become resources, each against its floor: csv.reader and the dump of the same output.

The lists are as hospitals and nursing homes send them: the beds of a hospital ward by ward, each with its state. Every
round takes another hospital, so no bed was ever seen before; only the extract that is sent again, with the beds in
other states, is of one hospital, as it is every five minutes.
"""

import csv
import gc
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from io import BytesIO, StringIO

from bench.report import CORE, Row, against, show
from gateway.data import shipped
from gateway.fhir.json import encode
from gateway.fhir.types import Resource
from gateway.mapping.library import Library
from gateway.mapping.run import Messages

RECEIVED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ROWS = 2000

_BEDS = "Locatie;Afdeling;Kamer;Bed;Bedstatus;Specialisme;Categorie;Label;Isolatie;Beademing;Operationeel;Peilmoment"
_WARDS = (
    ("INT", "KLINIEK", "Kliniek non-Covid"), ("CHI", "KLINIEK", ""), ("ORT", "KLINIEK", "orthopedie, raam"),
    ("INT", "IC-VOLW", "IC non-Covid"), ("KIND", "KLINIEK-KIND", ""), ("GYN", "VERLOSKAMER", ""),
    ("CAR", "CCU", "hartbewaking"), ("LON", "KLINIEK", ""), ("NEU", "KLINIEK", "stroke unit"), ("URO", "KLINIEK", ""),
)  # fmt: skip
_STATES = ("BEZET",) * 7 + ("VRIJ", "VRIJ", "SCHOONMAAK", "BEZET", "GERESERVEERD", "VRIJ", "GESLOTEN")

_PLACES = (
    "Zorgaanbieder;AGB-code;Locatie;Postcode;Plaats;Soort plek;Totaal;Bezet;Vrij;Per wanneer;M/V;Leeftijd vanaf;"
    "Onvrijwillige zorg;Opname tot;Verzekeraars;Opmerking;Bijgewerkt op"
)
_CARE = ("ELV laag complex", "ELV hoog complex", "GRZ", "Crisis Wlz", "ELV palliatief")

_TEAMS = (
    "wijkteam;agb;postcodegebied;dagdeel;datum;vrije_zorgmomenten;vrije_uren;inzet_binnen_min;kan_infuus;"
    "kan_palliatief;gewijzigd"
)
_PARTS = ("ochtend", "middag", "avond", "nacht")


def beds(hospital: int, times: int = 0) -> Iterator[str]:
    """Yield a row for each bed of a hospital: wards of 28 beds, in rooms of four; each ward knows its moment."""
    for n in range(ROWS):
        ward, bed = divmod(n, 28)
        specialty, category, label = _WARDS[ward % len(_WARDS)]
        state = _STATES[(n + times) % len(_STATES)]
        at = f"05-01-2026 {8 + (ward + times) % 2:02}:{(ward + times) % 60:02}"
        marks = f"{'J' if n % 19 == 0 else 'N'};{'J' if category == 'IC-VOLW' else 'N'};{'N' if n % 41 == 0 else 'J'}"
        yield (
            f"ZKH-{hospital:03};{ward // 10 + 1}{'ABCDEFGHIJ'[ward % 10]};{300 + bed // 4};{1 + bed % 4};{state};"
            f"{specialty};{category};{label};{marks};{at}"
        )


def places(homes: int) -> Iterator[str]:
    """Yield a row for each kind of place of a nursing home."""
    for n in range(ROWS):
        home, kind = divmod(n, len(_CARE))
        provider = home // 8
        free = n % 4
        yield (
            f"Stichting {homes}-{provider};{41000000 + homes * 1000 + provider};Huize {home};2584 AA;Den Haag;"
            f"{_CARE[kind]};{10 + n % 9};{10 + n % 9 - free};{free};vandaag;;{'65' if n % 3 else ''};nee;20:00;alle;;"
            f"05-01-2026 {7 + provider % 2}:{provider % 60:02}"
        )


def teams(region: int) -> Iterator[str]:
    """Yield a row for each part of the day of a team for district nursing."""
    for n in range(ROWS):
        team, part = divmod(n, len(_PARTS))
        yield (
            f"Team {region}-{team};{42000000 + region * 1000 + team // 10};{2500 + team}-{2501 + team};{_PARTS[part]};"
            f"2026-01-05;{n % 5};{n % 5},5;120;{'ja' if team % 3 else 'nee'};ja;2026-01-05 08:{team % 60:02}:12"
        )


def rows(*, full: bool = False) -> list[Row]:
    """Return the rows of the scoreboard."""
    library = Library.read([shipped("mappings")])
    gc.collect()
    gc.freeze()  # as the server does after its start
    gc.set_threshold(50_000, 20, 20)
    rounds = 11 if full else 7
    job = Messages(library, library.provider("duinrand"), RECEIVED)
    own = Messages(library, library.provider("dev"), RECEIVED)
    return [
        _row("bed extract of a hospital never seen before", job, _BEDS, beds, rounds, 30_000),
        _row("the same sent again, the beds in other states", job, _BEDS, partial(beds, 0), rounds, 30_000),
        _row("bed list of nursing homes", own, _PLACES, places, rounds),
        _row("capacity of district nursing", own, _TEAMS, teams, rounds),
    ]


def _row(
    what: str, job: Messages, header: str, made: Callable[[int], Iterator[str]], rounds: int, least: float | None = None
) -> Row:
    lists = ["\r\n".join([header, *made(n)]) for n in range(rounds + 2)]
    outputs = _resources(job, lists[-1].encode())
    fresh = iter(lists)

    def whole() -> None:
        for resources in _chunks(job, next(fresh).encode()):
            encode(resources)

    def floor() -> None:
        for _ in csv.reader(StringIO(lists[0]), delimiter=";"):
            pass
        for resources in outputs:
            encode(resources)

    pair = against(whole, floor, rounds=rounds, clock=CORE)
    rate = ROWS / pair.work
    size = sum(len(encode(resources)) for resources in outputs) / ROWS / 1000
    each = sum(map(len, outputs)) / ROWS
    work = f"{what}: a row → {each:.1f} resources, {size:.1f} kB, trace on, JSON out"
    bar = f"≥ {least:,.0f} rows/s" if least else ""
    return Row(work, bar, f"{rate:,.0f} rows/s, {pair.ratio:.1f} x the floor", rate >= least if least else None)


def _resources(job: Messages, data: bytes) -> Sequence[list[Resource]]:
    outputs = list(_chunks(job, data))
    assert sum(map(len, outputs)) >= ROWS
    return outputs


def _chunks(job: Messages, data: bytes) -> Iterator[list[Resource]]:
    for mapped in job.table(BytesIO(data)):
        assert mapped.rows == len(mapped.source), mapped.found[:3]
        yield [resource for resource, _, _ in mapped.resources]


def main() -> None:
    """Print the rows."""
    show(rows())


if __name__ == "__main__":
    main()
