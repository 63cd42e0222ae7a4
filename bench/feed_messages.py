"""The streams of a country's partners at ten times their peak, as messages that each say something new.

Rates are those of docs of volumes: messages a second of each kind. The moments lie some days back and go on in steps,
so that no message is older than the one before it of the same thing, and none speaks of the future.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.fhir.json import encode

_BEGIN = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0) - timedelta(days=20)
_HOSPITALS, _BEDS = 40, 360
_STATES = ("VRIJ", "BEZET", "SCHOONMAAK", "BEZET", "BEZET")
_EXTRACT = "Locatie;Afdeling;Kamer;Bed;Bedstatus;Specialisme;Categorie;Label;Isolatie;Beademing;Operationeel;Peilmoment"
_VVT = (
    "Zorgaanbieder;AGB-code;Locatie;Postcode;Plaats;Soort plek;Totaal;Bezet;Vrij;Per wanneer;M/V;Leeftijd vanaf;"
    "Onvrijwillige zorg;Opname tot;Verzekeraars;Opmerking;Bijgewerkt op"
)


@dataclass(frozen=True)
class Stream:
    """One kind of message: how many a second, and the n-th of them."""

    name: str
    per_second: float
    media_type: str
    message: Callable[[int], bytes]


def bed_status(n: int) -> bytes:
    """Return ADT^A20 number n: 2,000 beds, each in turn."""
    at = f"{_moment(n // 2_000, 60):%Y%m%d%H%M%S}"
    msh = f"MSH|^~\\&|BEDDENBORD|ZKH_DUINRAND|GATEWAY|ROAZ|{at}||ADT^A20^ADT_A20|LOAD-{n}|P|2.5.1||||||UNICODE UTF-8"
    npu = f"NPU|W{n % 50}^{n // 50 % 40}^1^ZKH_DUINRAND^^B|{'UOHUO'[n % 5]}"
    return f"{msh}\rEVN|A20|{at}\r{npu}\r".encode()


def bed_extract(n: int) -> bytes:
    """Return the n-th bed extract: 360 beds of one of 40 hospitals, a tenth of them changed since the last."""
    hospital, turn = n % _HOSPITALS, n // _HOSPITALS
    at = f"{_moment(turn, 300):%d-%m-%Y %H:%M}"
    rows = [
        f"Z{hospital};A{bed // 30};K{bed // 4};{bed};{_STATES[(bed + (turn if bed % 10 == 0 else 0)) % 5]};"
        f"INT;KLINIEK;Kliniek;N;N;J;{at}"
        for bed in range(_BEDS)
    ]
    return "\r\n".join((_EXTRACT, *rows, "")).encode()


def bed_list(n: int) -> bytes:
    """Return the n-th list of a nursing home: two kinds of place of one of 500 locations."""
    at = f"{_moment(n // 500, 300):%d-%m-%Y %H:%M}"
    rows = (
        f"Huis {n % 500};41999901;Locatie {n % 500};2584 AA;Den Haag;{kind};6;{n % 5};{n % 2};"
        f"vandaag;;18;nee;20:00;alle;;{at}"
        for kind in ("ELV laag complex", "GRZ")
    )
    return "\r\n".join((_VVT, *rows, "")).encode()


def transfer(n: int) -> bytes:
    """Return the n-th event of a transfer: 200 transfers at a time, four events each."""
    file, version = divmod(n, 800)[0] * 200 + n % 200, n % 800 // 200 + 1
    status = ("VERSTUURD", "IN_BEHANDELING", "GEACCEPTEERD", "OVERGEDRAGEN")[version - 1]
    transfer: dict[str, Any] = {
        "dossiernummer": f"LOAD-{file}",
        "status": status,
        "versie": version,
        "soortZorg": "ELV_LAAG",
        "gewensteDatum": f"{_moment(n, 1):%Y-%m-%d}",
        "urgentie": "BINNEN_48_UUR",
        "verzender": {"agb": "06999901", "afdeling": "Transferpunt"},
        "ontvanger": {"agb": "41999901", "locatie": "De Duinhof"},
        "client": {"bsn": "999900079", "geboortedatum": "1944-06-30", "geslacht": "V", "toestemming": True},
        "zorgvraag": {"adl": "VOLLEDIG", "isolatie": "GEEN"},
        "bijlagen": [],
    }
    moment = _moment(n, 1).isoformat()
    event = {"event": "transfer.status_gewijzigd", "eventId": f"load-{n}", "tijdstip": moment, "transfer": transfer}
    return encode(event)


def opening(n: int) -> bytes:
    """Return the n-th opening or stop of one of 80 emergency departments."""
    begin = _moment(n // 80, 600)
    status = ("OPEN", "STOP")[n // 80 % 2]
    message = {
        "berichtId": f"opening-{n}",
        "berichtType": "OPENSTELLING",
        "organisatie": {"agb": "06999901", "naam": "Ziekenhuis Duinrand", "locatieCode": f"SEH-{n % 80}"},
        "afdeling": {"code": "SEH", "omschrijving": "Spoedeisende Hulp"},
        "status": status,
        "ingangstijd": begin.isoformat(),
    }
    if status == "STOP":
        message |= {"reden": "PIEK_PATIENTEN", "verwachtEinde": (begin + timedelta(hours=1)).isoformat()}
    return encode(message)


def births(n: int) -> bytes:
    """Return the n-th announcement of one of 71 birth centres."""
    rooms = {"capaciteit": 8, "bezet": n // 71 % 8, "beschikbaar": 8 - n // 71 % 8}
    moment = _moment(n // 71, 300).isoformat()
    return encode({"locatie": f"VK-{n % 71}", "tijd": moment, "verloskamers": {"klinisch": rooms}})


def vehicle(n: int) -> bytes:
    """Return the n-th state of one of 940 vehicles."""
    line = {
        "type": "voertuigstatus",
        "rav": "15",
        "voertuig": f"15-{n % 940:03}",
        "dienst": "ALS",
        "status": ("VRIJ_OP_POST", "BUITEN_DIENST")[n // 940 % 2],
        "standplaats": "Zoetermeer",
        "tijd": _moment(n // 940, 60).isoformat(),
    }
    return encode(line) + b"\n"


def _moment(step: int, seconds: int) -> datetime:
    return _BEGIN + timedelta(seconds=step * seconds)


STREAMS = (
    Stream("ADT^A20", 30.0, "application/hl7-v2+er7", bed_status),
    Stream("bed extract of 360 rows", 3.7, "text/csv", bed_extract),
    Stream("bed list of a nursing home", 6.9, "text/csv", bed_list),
    Stream("transfer event", 15.7, "application/json", transfer),
    Stream("opening or stop", 3.5, "application/json", opening),
    Stream("birth centre (also for mental health and district nursing)", 9.2, "application/json", births),
    Stream("vehicle", 9.9, "application/x-ndjson", vehicle),
)
