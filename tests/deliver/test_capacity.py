"""Feeds of capacity: who takes no FHIR has the numbers; unknown is never none, old never free, nobody is named."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.deliver import feeds
from gateway.errors import BadSettings, Issue
from gateway.fhir.json import decode
from gateway.fhir.types import Resource
from gateway.ingest import ingest
from gateway.mapping.run import run
from gateway.notify.feeds import Feed, read
from gateway.services import Services, now
from gateway.store import open_store
from gateway.transact import Delete, Put, transact
from gateway.validation import Validator
from tests.conftest import NOW
from tests.deliver.telling import CALLER, alive, eventually, queue, rows, telling
from tests.receivers import Receiver, failing, never, outward, receiving, status
from tests.servers import serving

QUEUE = "feed/national"
_URL = "https://msb-gateway.example/fhir/StructureDefinition/"
_HEADER = "Zorgaanbieder;AGB-code;Locatie;Postcode;Plaats;Soort plek;Totaal;Bezet;Vrij;Per wanneer;Bijgewerkt op"
_BEDS = "Locatie;Afdeling;Kamer;Bed;Bedstatus;Specialisme;Categorie;Label;Isolatie;Beademing;Operationeel;Peilmoment"
STOP = """{"berichtId": "s-1", "berichtType": "OPENSTELLING", "organisatie": {"agb": "06999901",
"naam": "Ziekenhuis Duinrand", "locatieCode": "DUINRAND-N"}, "afdeling": {"code": "SEH", "omschrijving":
"Spoedeisende Hulp"}, "status": "STOP", "reden": "PERSONEEL", "ingangstijd": "2026-01-05T09:55:00+01:00",
"verwachtEinde": "2026-01-05T11:20:00+01:00"}"""


def place(kind: str, total: str, occupied: str, free: str, when: str = "", *, name: str = "De Duinhof Café") -> str:
    """Return a row of a bed list of nursing homes."""
    cells = ("De Duinhof", "41999901", name, "2584 AA", "Den Haag", kind, total, occupied, free, when)
    return ";".join((*cells, "5-1-2026 9:50"))


PLACES = (
    place("ELV laag complex", "6", "4", "2"),
    place("ELV hoog complex", "8", "8", "0"),
    place("Crisis Wlz", "2", "1", ""),
    place("Respijtzorg", "4", "3,5", "0,5"),
    place("GRZ", "10", "9", "1", "7-1-2026"),
)


def listed(*places: str, provider: str = "rtp-west", to: Services) -> None:
    """Take in a bed list of nursing homes."""
    take("\r\n".join((_HEADER, *places, "")), provider, "text/csv", to)


def beds(*states: str, to: Services) -> None:
    """Take in the beds of an IC, and which state each is in."""
    found = (f"DUINRAND-W;IC;IC1;{n};{word};INT;IC-VOLW;IC;N;J;J;05-01-2026 09:50" for n, word in enumerate(states, 1))
    take("\r\n".join((_BEDS, *found, "")), "duinrand", "text/csv", to)


def take(text: str, provider: str, content_type: str, to: Services) -> None:
    taken = ingest(text.encode(), provider=provider, content_type=content_type, caller=CALLER, to=to)
    assert not [one.refusal for one in taken.messages if one.refusal]


def fed(services: Services, receiver: Receiver, certificates: Path, kind: Any = "lpz-json", **more: Any) -> Services:
    resources = ("HealthcareService", "Slot")
    feed = Feed("national", receiver.base + "/capacity", resources, kind=kind, **more)
    to = replace(alive(services, outward(certificates, receiver)), clock=lambda: NOW, feeds=(feed,))
    feeds.register(to)
    return to


def tell(to: Services) -> None:
    with telling(to):
        eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])
        eventually(lambda: queue(to, QUEUE).told == queue(to, QUEUE).last > 0)


def lines(receiver: Receiver) -> dict[str, dict[str, Any]]:
    """Return the newest line of each row, with what its place is."""
    found: dict[str, dict[str, Any]] = {}
    for body in receiver.bodies("/capacity"):
        for site in decode(body)["organisations"]:
            found |= {one["regel"]: site | one for one in site["beschikbaarheid"]}
    return found


def _available(number: int) -> dict[str, Any]:
    return {"url": f"{_URL}capacity-count", "extension": [{"url": "available", "valueDecimal": number}]}


def by_kind(every: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["soortPlek"]: one for one in every}


def table(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig")), delimiter=";"))


def test_each_kind_of_care_at_a_location_is_a_line_of_what_its_source_says(
    services: Services, certificates: Path
) -> None:
    with receiving(certificates) as receiver:
        to = fed(services, receiver, certificates)
        listed(*PLACES, to=to)
        tell(to)

        found = by_kind(lines(receiver).values())
        assert receiver.requests[0].headers["content-type"] == "application/json"
        assert receiver.requests[0].headers["idempotency-key"].startswith('"feed/national#1-')
    free = dict(found["ELV laag complex"])
    del free["regel"], free["beschikbaarheid"]
    assert free == {
        "zorgaanbieder": "De Duinhof", "agb": "41999901", "ura": None, "locatie": "De Duinhof Café",
        "locatiecode": "41999901/DE DUINHOF CAFÉ", "postcode": "2584 AA", "plaats": "Den Haag",
        "vervallen": False, "zorgsoort": "elv-laag", "soortPlek": "ELV laag complex", "eenheid": "bed",
        "totaal": 6, "inzetbaar": None, "bezet": 4, "vrij": 2, "gereserveerd": None, "gesloten": None,
        "leeg": None, "inSchoonmaak": None, "overbezet": False,
        "onbekend": None, "vrijGemeld": 2, "aanbod": "ja", "perWanneer": None, "openstelling": "onbekend",
        "stopVanaf": None, "stopTot": None, "bijgewerktOp": "05-01-2026 09:50",
        "peilmoment": "2026-01-05T09:50:00+01:00", "leeftijdMinuten": 10,
        "geldigTot": "2026-01-05T20:50:00.000+00:00", "actualiteit": "vers", "bron": "rtp-west", "wijze": "handmatig",
    }  # fmt: skip
    told = {kind: (one["vrij"], one["vrijGemeld"], one["aanbod"]) for kind, one in found.items()}
    assert told == {
        "ELV laag complex": (2, 2, "ja"),
        "ELV hoog complex": (0, 0, "nee"),
        "Crisis Wlz": (None, None, "onbekend"),  # empty is not 0
        "Respijtzorg": (None, Decimal("0.5"), "onbekend"),  # half a place is none
        "GRZ": (1, 1, "ja"),
    }
    assert found["GRZ"]["perWanneer"] == "07-01-2026 00:00"


def test_what_is_old_is_told_with_its_age_and_never_as_free(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = fed(services, receiver, certificates)
        listed(PLACES[0], to=to)
        beds("VRIJ", "BEZET", to=to)
        tell(replace(to, clock=lambda: NOW + timedelta(hours=25)))

        (place_,) = [one for one in lines(receiver).values() if one["bron"] == "rtp-west"]
        (ward,) = [one for one in lines(receiver).values() if one["bron"] == "duinrand"]
    for one in (place_, ward):
        assert (one["vrij"], one["aanbod"], one["actualiteit"]) == (None, "onbekend", "verouderd")
        assert one["leeftijdMinuten"] == 25 * 60 + 10
    assert (place_["vrijGemeld"], ward["vrijGemeld"]) == (2, 1)
    assert (ward["totaal"], ward["onbekend"], ward["bezet"]) == (2, 2, None)


def test_beds_are_counted_by_kind_of_care_and_again_when_one_changes(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = fed(services, receiver, certificates)
        beds("VRIJ", "VRIJ", "BEZET", "GERESERVEERD", "SCHOONMAAK", to=to)
        tell(to)
        (first,) = lines(receiver).values()
        beds("BEZET", "VRIJ", "BEZET", "GERESERVEERD", "SCHOONMAAK", to=replace(to, clock=lambda: NOW))
        transact([Put({"resourceType": "Slot", "id": "x", "status": "free", "schedule": {"display": "elsewhere"},
                       "start": "2026-01-05T09:00:00Z", "end": "2026-01-05T10:00:00Z"})], CALLER, to)  # fmt: skip
        tell(to)
        (second,) = lines(receiver).values()

    names = ("zorgsoort", "eenheid", "totaal", "vrij", "bezet", "gereserveerd", "gesloten", "onbekend", "aanbod")
    assert [first[name] for name in names] == ["ic", "bed", 5, 2, 1, 1, 1, 0, "ja"]
    assert [second[name] for name in names] == ["ic", "bed", 5, 1, 2, 1, 1, 0, "ja"]
    assert first["peilmoment"] == "2026-01-05T09:50:00+01:00"


def test_all_beds_of_a_kind_are_counted_however_many_there_are(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = fed(services, receiver, certificates, most=500)
        beds(*["VRIJ"] * 600, *["BEZET"] * 450, to=to)
        tell(to)
        (line,) = lines(receiver).values()

    assert (line["totaal"], line["vrij"], line["bezet"], line["onbekend"]) == (1050, 600, 450, 0)


def test_a_new_feed_is_filled_with_what_is_there(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = fed(services, receiver, certificates)
        without = replace(to, feeds=())
        feeds.register(without)
        listed(*PLACES, to=to)
        with telling(without):
            eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])
        assert feeds.fill(to.feeds[0], to) == 2 * len(PLACES)  # a HealthcareService and a Slot of each
        tell(to)

        assert len(receiver.requests) == 1
        assert set(by_kind(lines(receiver).values())) == {row.split(";")[5] for row in PLACES}


def test_a_stop_is_told_and_nothing_is_on_offer_then(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = fed(services, receiver, certificates)
        take(STOP, "duinrand", "application/json", to)
        service = rows(to, "select id from current where type = 'HealthcareService'")[0][0]
        schedule = {"resourceType": "Schedule", "id": "s", "actor": [{"reference": f"HealthcareService/{service}"}]}
        slot = {"resourceType": "Slot", "id": "a", "status": "free", "schedule": {"reference": "Schedule/s"},
                "start": "2026-01-05T08:50:00Z", "end": "2026-01-05T12:50:00Z", "extension": [
                    {"url": f"{_URL}capacity-measured-at", "valueDateTime": "2026-01-05T08:50:00Z"},
                    _available(3)]}  # fmt: skip
        tell(to)
        (alone,) = lines(receiver).values()
        transact([Put(schedule), Put(slot)], CALLER, to)
        tell(to)
        counted = lines(receiver)["a"]

    for one in (alone, counted):
        assert (one["openstelling"], one["aanbod"], one["vrij"]) == ("stop", "nee", None)
        assert (one["stopVanaf"], one["stopTot"]) == ("2026-01-05T09:55:00+01:00", "2026-01-05T11:20:00+01:00")
    assert (alone["totaal"], alone["zorgsoort"], counted["vrijGemeld"]) == (None, "seh", 3)


def test_a_table_is_read_again_as_what_it_was(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = fed(services, receiver, certificates, "lpz-csv")
        listed(*PLACES, to=to)
        tell(to)
        (body,) = receiver.bodies("/capacity")

    assert body.startswith(b'\xef\xbb\xbf"Regel";"Vervallen";"Zorgaanbieder"')
    assert receiver.requests[0].headers["content-type"] == "text/csv; charset=utf-8; header=present"
    half = next(one for one in table(body) if one["Soort plek"] == "Respijtzorg")
    assert (half["Bezet"], half["Vrij"], half["Vrij gemeld"], half["Aanbod"]) == ("3,5", "", "0,5", "onbekend")
    again = run(to.library, body, provider="rtp-west", content_type="text/csv", received_at=NOW)
    slots = {r["id"]: r for mapped in again for r, _, _ in mapped.resources if r["resourceType"] == "Slot"}
    ours = {id_: decode(text) for id_, text in rows(to, """
        select c.id, r.body from current c join resource r on r.key = c.key and r.version = c.version
        where c.type = 'Slot'""")}  # fmt: skip
    assert set(slots) == set(ours)
    for id_, slot in slots.items():
        assert (slot["status"], slot["start"]) == (ours[id_]["status"], ours[id_]["start"])
        assert count(slot, "total") == count(ours[id_], "total")
        assert count(slot, "occupied") == count(ours[id_], "occupied")
        assert count(slot, "available") in {count(ours[id_], "available"), None}


def count(slot: dict[str, Any], figure: str) -> Decimal | None:
    counts = next(one for one in slot["extension"] if one["url"] == f"{_URL}capacity-count")
    return next((one["valueDecimal"] for one in counts["extension"] if one["url"] == figure), None)


def test_a_table_runs_no_formula_of_anybodys(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = fed(services, receiver, certificates, "lpz-csv")
        listed(place("GRZ", "1", "0", "1", name="=cmd|' /C calc'!A0"), to=to)
        tell(to)
        (body,) = receiver.bodies("/capacity")

    assert table(body)[0]["Locatie"] == "'=cmd|' /C calc'!A0"


class Unlooked(Validator):
    """Takes everything, as a store was filled before capacity was looked through for patients."""

    def issues(self, resource: Resource, asked: Sequence[str] = ()) -> list[Issue]:
        del resource, asked
        return []


def test_nothing_of_a_patient_leaves(services: Services, certificates: Path) -> None:
    bsn, name = "999900006", "Jansen"
    said = {"comment": f"voor {name} {bsn}", "text": {"status": "generated", "div": _div(bsn)}}
    with receiving(certificates) as receiver:
        to = fed(services, receiver, certificates)
        service = {"resourceType": "HealthcareService", "id": "s", "name": f"{name} {bsn}", "comment": bsn,
                   "type": [{"text": f"bed van {bsn}"}]}  # fmt: skip
        patient = {"resourceType": "Patient", "id": "p", "name": [{"family": name}], "active": True,
                   "identifier": [{"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": bsn}]}  # fmt: skip
        schedule = {"resourceType": "Schedule", "id": "s", "actor": [
            {"reference": "HealthcareService/s"}, {"reference": "Patient/p"}]}  # fmt: skip
        slot = {"resourceType": "Slot", "id": "a", "status": "free", "schedule": {"reference": "Schedule/s"},
                "start": "2026-01-05T09:00:00Z", "end": "2026-01-05T12:00:00Z", **said, "extension": [
                    {"url": f"{_URL}capacity-source", "valueString": "9999 00 006"},
                    _available(1)]}  # fmt: skip
        for resource in (patient, service, schedule, slot):
            transact([Put(resource)], to=replace(to, validator=Unlooked()), caller=CALLER)
        tell(to)

        (line,) = [one for one in lines(receiver).values() if one["regel"] == "a"]
        for request in receiver.requests:
            for word in (bsn, name, "Patient", "9999 00"):
                assert word.encode() not in request.body
                assert word not in str(request.headers)
    assert (line["vrijGemeld"], line["soortPlek"], line["bron"]) == (1, None, None)
    assert (line["vrij"], line["aanbod"], line["actualiteit"]) == (None, "onbekend", "onbekend")  # of no moment


def _div(text: str) -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>'


def test_what_is_gone_is_told_as_gone(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        to = fed(services, receiver, certificates)
        listed(PLACES[0], to=to)
        tell(to)
        ((slot,),) = rows(to, "select id from current where type = 'Slot'")
        transact([Delete("Slot", slot)], CALLER, to)
        tell(to)

        found = lines(receiver)
    assert (found[slot]["vervallen"], found[slot]["vrij"], found[slot]["totaal"]) == (True, None, None)


def test_a_partner_that_is_away_or_refuses_costs_nobody_else(services: Services, certificates: Path) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/capacity"] = failing(1, 503)
        to = replace(fed(services, receiver, certificates), clock=now)
        listed(PLACES[0], to=to)
        tell(to)
        assert receiver.times["/capacity"] == 2
        receiver.answers["/capacity"] = status(422)
        listed(PLACES[1], to=to)
        tell(to)

    dead = rows(to, "select reason from delivery where dead_at is not null")
    assert set(dead) == {("it answered 422",)}


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing_and_reorders_nothing(
    database_url: str, services: Services, certificates: Path, tmp_path: Path
) -> None:
    path = tmp_path / "feeds.yaml"
    with receiving(None) as receiver:
        path.write_text(f"feeds: [{{name: national, kind: lpz-json, to: '{receiver.base}/capacity', most: 1}}]")
        feed = Feed("national", f"{receiver.base}/capacity", ("HealthcareService", "Slot"), None, 1, "lpz-json")
        receiver.answers["/capacity"] = never
        services.store.close()
        with serving(tmp_path, database_url, FEEDS=str(path), ENDPOINTS=receiver.base) as running:
            store = open_store(database_url, durability="normal")
            to = replace(services, store=store, clock=lambda: NOW)
            for n in range(1, 6):
                listed(place("GRZ", "9", str(9 - n), str(n), name=f"Huis {n}"), to=to)
            receiver.wait_for(lambda one: one.times["/capacity"] == 1)
            running.kill()
        receiver.over.set()
        receiver.answers.clear()
        late = lambda: now() + timedelta(minutes=1)  # noqa: E731 - the lease of who was killed is over
        after = replace(alive(to, outward(certificates, receiver)), clock=late, feeds=(feed,))
        with telling(after):
            eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])
            eventually(lambda: queue(to, QUEUE).told == queue(to, QUEUE).last > 0)
        store.close()

        told = [decode(body) for body in receiver.bodies("/capacity")]
    moments = [datetime.fromisoformat(one["verzonden"]) for one in told]
    assert moments == sorted(moments)
    assert sorted(one["vrijGemeld"] for one in lines(receiver).values() if one["vrijGemeld"]) == [1, 2, 3, 4, 5]
    firsts = list(dict.fromkeys(one["organisations"][0]["locatie"] for one in told))
    assert firsts == [f"Huis {n}" for n in range(1, 6)]


def test_feeds_of_capacity_are_read_and_every_problem_is_told(tmp_path: Path) -> None:
    path, allowed = tmp_path / "feeds.yaml", outward(Path(), Receiver(port=1)).allowed
    path.write_text("feeds: [{name: n, kind: lpz-csv, to: 'https://127.0.0.1:1/in/'}]")
    (feed,) = read(path, allowed)
    assert feed == Feed("n", "https://127.0.0.1:1/in/", ("HealthcareService", "Slot"), kind="lpz-csv")
    assert feed.types == {"HealthcareService", "Slot", "Schedule", "Location", "Organization"}

    path.write_text(
        "feeds:\n- {name: a, kind: lpz, to: 'https://127.0.0.1:1/'}\n"
        "- {name: b, kind: lpz-json, to: 'https://127.0.0.1:1/', resources: [Patient]}\n"
    )
    with pytest.raises(BadSettings) as caught:
        read(path, allowed)
    texts = [issue.diagnostics for issue in caught.value.issues]
    assert texts == [
        "GATEWAY_FEEDS: feeds[0].kind is one of fhir, lpz-json, lpz-csv",
        "GATEWAY_FEEDS: feeds[1].resources: a feed of the kind lpz-json tells of all capacity and of nothing else; "
        "leave it out",
    ]
