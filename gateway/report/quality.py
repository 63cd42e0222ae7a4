"""How well messages arrive, for who talks to a provider about it: text, JSON, CSV; Dutch or English."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from types import MappingProxyType
from typing import Any

from gateway.mapping.findings import LANGUAGES, Language
from gateway.report.particulars import filled
from gateway.store.quality import Count, Quality

_MOST = 3  # of the codes and fields found most that a line of text shows
_WORST = 10  # of the fields that JSON and CSV name
_COLUMNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "provider": ("provider", "aanbieder"),
        "format": ("format", "formaat"),
        "mapping": ("mapping", "mapping"),
        "messages": ("messages", "berichten"),
        "taken": ("taken", "verwerkt"),
        "right": ("right", "goed"),
        "messageShare": ("messageShare", "aandeel berichten"),
        "rows": ("rows", "rijen"),
        "rowsApart": ("rowsApart", "rijen apart"),
        "rowShare": ("rowShare", "aandeel rijen"),
        "fieldsWanted": ("fieldsWanted", "velden gevraagd"),
        "fieldsRight": ("fieldsRight", "velden goed"),
        "fieldShare": ("fieldShare", "aandeel velden"),
        "codes": ("codes", "codes"),
        "worstFields": ("worstFields", "slechtste velden"),
    }
)
_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "messages": (
            "{right} of {messages} {messages:message|messages} as {messages:it|they} should be{share}, {refused} "
            "refused",
            "{right} van {messages} {messages:bericht|berichten} zoals het hoort{share}, {refused} geweigerd",
        ),
        "rows": (
            "{taken} of {rows} {rows:row|rows} taken{share}",
            "{taken} van {rows} {rows:rij|rijen} verwerkt{share}",
        ),
        "fields": (
            "{right} of {wanted} {wanted:field|fields} as {wanted:it|they} should be{share}",
            "{right} van {wanted} {wanted:veld|velden} zoals het hoort{share}",
        ),
        "worst": ("worst fields: {fields}", "slechtste velden: {fields}"),
        "nowhere": ("without a mapping", "zonder mapping"),
        "nothing": ("no messages", "geen berichten"),
    }
)


def text(found: Sequence[Quality], language: Language) -> str:
    """Return a line for each provider and format, below it one for each mapping and the fields most is wrong with."""
    lines = [line for one in found for line in _lines(one, language)]
    return "\n".join(lines or [_say("nothing", language)]) + "\n"


def rows(found: Sequence[Quality]) -> list[dict[str, Any]]:
    """Return the same for programs, by provider and format, with its mappings under `mappings`."""
    return [
        {"provider": one.provider, "format": one.format, **_numbers(one)}
        | {"mappings": [{"mapping": name or None, **_numbers(count)} for name, count in sorted(one.mappings.items())]}
        for one in found
    ]


def table(found: Sequence[Quality], language: Language) -> str:
    """Return the same as CSV: of each provider and format a row of everything (no mapping), then one a mapping."""
    out = StringIO()
    written = csv.writer(out, delimiter=";", lineterminator="\r\n")
    index = LANGUAGES.index(language)
    written.writerow(column[index] for column in _COLUMNS.values())
    for one in found:
        for name, count in (("", one), *sorted(one.mappings.items())):
            told = (name or _say("nowhere", language)) if count is not one else ""
            numbers = {"provider": one.provider, "format": one.format, "mapping": told} | _numbers(count)
            written.writerow(_cell(numbers[column]) for column in _COLUMNS)
    return out.getvalue()


def _lines(one: Quality, language: Language) -> Iterator[str]:
    yield f"{one.provider} {one.format}: {_sums(one, language)}"
    if one.flaws:
        yield "  " + _say("worst", language, fields=_most(one.flaws, _MOST))
    if len(one.mappings) > 1 or "" not in one.mappings:
        for name, count in sorted(one.mappings.items()):
            yield f"  {name or _say('nowhere', language)}: {_sums(count, language)}"


def _sums(one: Count, language: Language) -> str:
    parts = [
        _say("messages", language, right=one.right, messages=one.messages, refused=one.messages - one.taken,
             share=_percent(one.message_share, language))
    ]  # fmt: skip
    if one.row_share is not None:
        share = _percent(one.row_share, language)
        parts.append(_say("rows", language, taken=one.rows, rows=one.rows + one.rows_apart, share=share))
    if one.field_share is not None:
        share = _percent(one.field_share, language)
        parts.append(_say("fields", language, right=one.fields_right, wanted=one.fields_wanted, share=share))
    if one.codes:
        parts.append(_most(one.codes, _MOST))
    return "; ".join(parts)


def _numbers(one: Count) -> dict[str, Any]:
    return {
        "messages": one.messages,
        "taken": one.taken,
        "right": one.right,
        "messageShare": _rounded(one.message_share),
        "rows": one.rows,
        "rowsApart": one.rows_apart,
        "rowShare": _rounded(one.row_share),
        "fieldsWanted": one.fields_wanted,
        "fieldsRight": one.fields_right,
        "fieldShare": _rounded(one.field_share),
        "codes": dict(one.codes.most_common()),
        "worstFields": dict(one.flaws.most_common(_WORST)),
    }


def _say(word: str, language: Language, **particulars: object) -> str:
    return filled(_WORDS[word][LANGUAGES.index(language)], particulars)


def _cell(value: Any) -> Any:
    return ", ".join(f"{name} {number}" for name, number in value.items()) if isinstance(value, dict) else value


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _most(counted: Counter[str], most: int) -> str:
    return ", ".join(f"{name} {number}" for name, number in counted.most_common(most))


def _percent(share: float | None, language: Language) -> str:
    if share is None:
        return ""
    number = f"{share * 100:.1f}"
    return f" ({number.replace('.', ',') if language == 'nl' else number} %)"
