"""Lines of capacity as they are written: JSON by location, or a table for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from gateway.fhir.datetime import format_instant
from gateway.fhir.json import encode
from gateway.fhir.types import Resource
from gateway.formats.delimited.writing import spreadsheet

Cell = str | int | Decimal | bool | None
Line = dict[str, Cell]

COLUMNS: Mapping[str, str] = {
    "regel": "Regel", "vervallen": "Vervallen", "zorgaanbieder": "Zorgaanbieder", "agb": "AGB-code", "ura": "URA",
    "locatie": "Locatie", "locatiecode": "Locatiecode", "postcode": "Postcode", "plaats": "Plaats",
    "zorgsoort": "Zorgsoort", "soortPlek": "Soort plek", "eenheid": "Eenheid", "totaal": "Totaal",
    "inzetbaar": "Inzetbaar", "bezet": "Bezet", "vrij": "Vrij", "gereserveerd": "Gereserveerd",
    "gesloten": "Gesloten",
    "leeg": "Leeg", "inSchoonmaak": "In schoonmaak", "overbezet": "Overbezet",
    "onbekend": "Onbekend", "vrijGemeld": "Vrij gemeld", "aanbod": "Aanbod",
    "perWanneer": "Per wanneer", "openstelling": "Openstelling", "stopVanaf": "Stop vanaf", "stopTot": "Stop tot",
    "bijgewerktOp": "Bijgewerkt op", "peilmoment": "Peilmoment", "leeftijdMinuten": "Leeftijd (minuten)",
    "geldigTot": "Geldig tot", "actualiteit": "Actualiteit", "bron": "Bron", "wijze": "Wijze",
}  # fmt: skip
"""The names of a line's cells, in order, each with its header in a table."""

_PLACE = ("zorgaanbieder", "agb", "ura", "locatie", "locatiecode", "postcode", "plaats")


def as_json(every: Iterable[Line], at: datetime) -> bytes:
    """Return lines by location, as they are sent at a moment: `organisations`, and in each `beschikbaarheid`."""
    places: dict[tuple[Cell, ...], Resource] = {}
    for line in every:
        place: Resource = {name: line[name] for name in _PLACE}
        found = places.setdefault(tuple(place.values()), place | {"beschikbaarheid": []})
        found["beschikbaarheid"].append({name: cell for name, cell in line.items() if name not in _PLACE})
    return encode({"verzonden": format_instant(at), "organisations": list(places.values())})


def as_csv(every: Iterable[Line]) -> bytes:
    """Return lines under a header, with decimal commas; what is not known is empty."""
    rows = [[_text(line[name]) for name in COLUMNS] for line in every]
    return spreadsheet([list(COLUMNS.values()), *rows]).encode()


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "ja" if cell else "nee"
        case Decimal():
            return f"{cell:f}".replace(".", ",")
        case _:
            return str(cell)
