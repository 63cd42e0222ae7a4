"""Indicators for who reads them: text, JSON, CSV, MeasureReports; Dutch or English. What is hidden is told by none."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from io import StringIO
from types import MappingProxyType
from typing import Any

from gateway.data import shipped
from gateway.fhir.json import decode, encode
from gateway.kpi import told
from gateway.kpi.definitions import Definition
from gateway.kpi.measured import measure_report
from gateway.kpi.results import Cell, Figure, Result
from gateway.kpi.usage import Usage
from gateway.kpi.usage import rows as usage_rows
from gateway.mapping.findings import LANGUAGES, Language

_COLUMNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "kpi": ("kpi", "kpi"),
        "version": ("version", "versie"),
        "from": ("from", "van"),
        "until": ("until", "tot"),
        "region": ("region", "regio"),
        "cell": ("cell", "cel"),
        "figure": ("figure", "cijfer"),
        "value": ("value", "waarde"),
        "unit": ("unit", "eenheid"),
        "n": ("n", "n"),
        "part": ("part", "deel"),
        "providers": ("providers", "aanbieders"),
        "badge": ("badge", "kwaliteit"),
        "reasons": ("reasons", "redenen"),
        "known": ("known", "bekend tot"),
        "computedAt": ("computedAt", "berekend op"),
    }
)
_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "period": ("period", "periode"),
        "quality": ("quality", "kwaliteit"),
        "computed": ("computed", "berekend"),
        "known": ("known up to", "bekend tot"),
        "all": ("all regions", "alle regio's"),
        "none": ("no figure", "geen cijfer"),
        "owner": ("owner", "eigenaar"),
        "counts": ("counts", "telt"),
        "pitfalls": ("beware", "let op"),
        "figures": ("figures", "cijfers"),
        "splits": ("split by", "uitgesplitst naar"),
        "parameters": ("parameters", "parameters"),
        "settles": ("hours after a period that still count to it", "uren na een periode die nog meetellen"),
        "providers": ("providers", "aanbieders"),
    }
)
_USE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "partner": ("partner", "partner"),
        "asked": ("asked", "gevraagd"),
        "placed": ("placed", "geplaatst"),
        "offered": ("offered", "aangeboden gekregen"),
        "delivered": ("delivered", "geleverd"),
        "refused": ("refused", "geweigerd"),
        "taken_over": ("taken over from another subregion", "overgenomen van een andere subregio"),
        "messages": ("messages", "berichten"),
        "asked_twice": ("requests made twice", "dubbele aanvragen"),
        "accepted_twice": ("requests accepted twice", "dubbel geaccepteerde aanvragen"),
    }
)
SPLITS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "region": ("region", "regio"),
        "care": ("care", "zorgsoort"),
        "urgency": ("urgency", "urgentie"),
        "place": ("place", "locatie"),
        "provider": ("provider", "aanbieder"),
        "reason": ("reason", "reden"),
        "exception": ("exception", "uitzondering"),
        "step": ("step", "stap"),
        "kind": ("kind", "soort"),
        "network": ("network", "netwerk"),
        "format": ("format", "formaat"),
    }
)
"""What each split is called in each language."""

_VALUES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"unknown": ("unknown", "onbekend"), "none": ("none", "geen")}
)
_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula where a text begins with it."""


def text(results: Sequence[Result], language: Language) -> str:
    """Return each result with its period, version and quality, and a line for each cell."""
    return "\n".join(line for one in results for line in _lines(one, language)) + "\n"


def json(results: Sequence[Result]) -> str:
    """Return the results for programs, as one array."""
    return encode([told.row(one) for one in results]).decode() + "\n"


def bundle(results: Sequence[Result]) -> str:
    """Return the results as MeasureReports, in a Bundle of the type collection."""
    entries = [{"resource": measure_report(one)} for one in results]
    return encode({"resourceType": "Bundle", "type": "collection", "entry": entries}).decode() + "\n"


def table(results: Sequence[Result], language: Language) -> str:
    """Return the results as CSV: a row for each figure of each cell."""
    heads = [column[LANGUAGES.index(language)] for column in _COLUMNS.values()]
    return _sheet(
        heads, ([row[column] for column in _COLUMNS] for one in results for row in _rows(one, language)), language
    )


def listed(found: Sequence[Definition], language: Language) -> str:
    """Return a line for each definition."""
    return "".join(f"{one.id}  {one.name[language]}  ({one.version}, {one.owner}, {one.status})\n" for one in found)


def shown(one: Definition, language: Language) -> str:
    """Return what a definition says."""
    say = _Saying(language)
    figures = "; ".join(f"{figure.name[language]} ({figure.unit})" for figure in one.figures)
    splits = (
        "; ".join(" x ".join(SPLITS[kind][LANGUAGES.index(language)] for kind in split) for split in one.splits) or "-"
    )
    parameters = "; ".join(f"{name} = {_plain(value)}" for name, value in one.parameters.items()) or "-"
    return (
        f"{one.id} {one.name[language]}, {one.version} ({one.status})\n"
        f"  {say('owner')}: {one.owner}\n"
        f"  {say('counts')}: {one.counts[language]}\n"
        f"  {say('pitfalls')}: {one.pitfalls[language]}\n"
        f"  {say('figures')}: {figures}\n"
        f"  {say('splits')}: {splits}\n"
        f"  {say('parameters')}: {parameters}\n"
        f"  {say('settles')}: {one.settles}\n"
    )


def used(every: Usage, as_: str, language: Language) -> str:
    """Return what partners did, as text, JSON or CSV, and which requests would be counted twice."""
    rows = usage_rows(every.partners)
    if as_ == "json":
        twice = {"askedTwice": list(every.asked_twice), "acceptedTwice": list(every.accepted_twice)}
        return encode({"partners": rows, **twice}).decode() + "\n"
    index = LANGUAGES.index(language)
    heads = [_USE[name][index] for name in rows[0]] if rows else []
    if as_ == "csv":
        return _sheet(heads, ([*row.values()] for row in rows), language)
    lines = [
        f"{row['partner']}: " + ", ".join(f"{_USE[name][index]} {row[name]}" for name in list(row)[1:]) for row in rows
    ]
    for word, ids in (("asked_twice", every.asked_twice), ("accepted_twice", every.accepted_twice)):
        lines.append(f"{_USE[word][index]}: {len(ids)}" + "".join(f"\n  ServiceRequest/{one}" for one in ids))
    return "\n".join(lines) + "\n"


def pseudonymous(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], language: Language) -> str:
    """Return rows for research as CSV."""
    return _sheet(columns, ([row[name] for name in columns] for row in rows), language)


def _sheet(heads: Sequence[str], rows: Iterable[Sequence[Any]], language: Language) -> str:
    out = StringIO()
    written = csv.writer(out, delimiter=";", lineterminator="\r\n")
    written.writerow(heads)
    for row in rows:
        written.writerow([_safe(value, language) for value in row])
    return out.getvalue()


class _Saying:
    """Words in one language."""

    def __init__(self, language: Language) -> None:
        self._index = LANGUAGES.index(language)

    def __call__(self, word: str) -> str:
        return _WORDS[word][self._index]


def _lines(one: Result, language: Language) -> Iterator[str]:
    say = _Saying(language)
    since, until = told.period(one.span)
    yield f"{one.definition.id} {one.definition.name[language]} ({one.definition.version})"
    yield f"  {say('period')}: {since} - {until}; {one.region or say('all')}"
    reasons = "; ".join(f"{_named('kpi-reason', code, language)} ({number})" for code, number in one.reasons)
    badge = _named("kpi-badge", one.badge, language)
    yield f"  {say('quality')}: {badge}{f': {reasons}' if reasons else ''}"
    yield (
        f"  {say('computed')}: {told.clock(one.computed_at)}"
        + (f"; {say('known')}: {told.clock(one.known)}" if one.known != one.computed_at else "")
    )
    for cell in one.cells:
        yield f"    {_cell(one, cell, language)}"


def _cell(one: Result, cell: Cell, language: Language) -> str:
    say = _Saying(language)
    name = f"{_name(cell, language)}: " if cell.about else ""
    if cell.hidden:
        return f"{name}n {told.mark(cell)}"
    figures = ", ".join(_figure(one, figure, language) for figure in cell.figures)
    return f"{name}{figures}; n {cell.n}, {cell.providers} {say('providers')}"


def _name(cell: Cell, language: Language) -> str:
    """Return the name of a cell: `zorgsoort=elv-hoog, urgentie=stat`; '' for the whole."""
    index = LANGUAGES.index(language)
    named = ((SPLITS[kind][index], _VALUES.get(value, (value, value))[index]) for kind, value in cell.about)
    return ", ".join(f"{kind}={value}" for kind, value in named)


def _figure(one: Result, figure: Figure, language: Language) -> str:
    shown_as = one.definition.shown(figure.code)
    value = told.rounded(one, figure)
    unit = "" if shown_as.unit.startswith(("1", "{")) else f" {shown_as.unit}"
    number = _Saying(language)("none") if value is None else _number(value, language) + unit
    return f"{shown_as.name[language]} {number}"


def _rows(one: Result, language: Language) -> Iterator[dict[str, Any]]:
    since, until = told.period(one.span)
    same = {
        "kpi": one.definition.id,
        "version": one.definition.version,
        "from": since,
        "until": until,
        "region": one.region,
        "badge": _named("kpi-badge", one.badge, language),
        "reasons": ", ".join(f"{code} {number}" for code, number in one.reasons),
        "known": told.clock(one.known),
        "computedAt": told.clock(one.computed_at),
    }
    for cell in one.cells:
        for figure in cell.figures:
            yield same | {
                "cell": _name(cell, language),
                "figure": one.definition.shown(figure.code).name[language],
                "value": told.mark(cell) or told.rounded(one, figure),
                "unit": one.definition.shown(figure.code).unit,
                "n": told.mark(cell) or figure.n,
                "part": figure.part,
                "providers": None if cell.hidden else cell.providers,
            }


def _safe(value: Any, language: Language) -> Any:
    """Return a cell that no spreadsheet takes for a formula; a number as it is written in the language."""
    if isinstance(value, Decimal):
        return _number(value, language)
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value


def _number(value: Decimal, language: Language) -> str:
    return f"{value:f}".replace(".", ",") if language == "nl" else f"{value:f}"


def _plain(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {number}" for name, number in value.items()) or "-"
    return str(value)


@cache
def _names(system: str) -> Mapping[str, tuple[str, str]]:
    found = decode((shipped("profiles") / f"CodeSystem-{system}.json").read_bytes())
    return {one["code"]: (one["designation"][0]["value"], one["display"]) for one in found["concept"]}


def _named(system: str, code: str, language: Language) -> str:
    return _names(system)[code][LANGUAGES.index(language)]
