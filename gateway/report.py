"""What became of a message or a table, for people and for programs.

The reader of the text may be the administrator of a nursing home: it names row and column, says what is
wrong there and what should stand there, and shows what stands there when that was asked for.
"""

import re
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from gateway.errors import Issue
from gateway.ingest import Ingested, Taken

Language = Literal["en", "nl"]

_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "rows": "Rows: {rows} taken in, {apart} set apart.",
            "messages": "Messages: {taken} taken in, {refused} refused.",
            "resources": "Resources: {created} created, {updated} updated, {deleted} deleted, {unchanged} unchanged.",
            "superseded": "{superseded} resources are older than what is known: kept as history.",
            "apart": "Nothing of a row that is set apart was used. Correct these rows and send them again.",
            "refused": "Nothing was used.",
            "value": "What stands there: {value}",
            "fatal": "ERROR",
            "error": "ERROR",
            "warning": "Warning",
            "information": "Note",
        },
        "nl": {
            "rows": "Rijen: {rows} verwerkt, {apart} apart gezet.",
            "messages": "Berichten: {taken} verwerkt, {refused} geweigerd.",
            "resources": "Resources: {created} nieuw, {updated} gewijzigd, {deleted} weg, {unchanged} ongewijzigd.",
            "superseded": "{superseded} resources zijn ouder dan wat bekend is: bewaard als historie.",
            "apart": "Van een rij die apart is gezet, is niets gebruikt. Verbeter deze rijen en stuur ze opnieuw.",
            "refused": "Er is niets gebruikt.",
            "value": "Wat er staat: {value}",
            "fatal": "FOUT",
            "error": "FOUT",
            "warning": "Let op",
            "information": "Opmerking",
        },
    }
)
_PLACES_NL = (
    (re.compile(r"^row (\d+)"), r"rij \1"),
    (re.compile(r" column "), " kolom "),
    (re.compile(r"\(line (\d+)"), r"(regel \1"),
)


def text(ingested: Ingested, language: Language, *, show_values: bool = False) -> str:
    """Return the report for people: the sums, then every finding with its place."""
    words, sums = _WORDS[language], _sums(ingested)
    lines = [words["rows" if ingested.format == "csv" else "messages"].format(**sums)]
    lines.append(words["refused"] if ingested.refusal else words["resources"].format(**sums))
    if sums["superseded"]:
        lines.append(words["superseded"].format(**sums))
    if sums["apart"]:
        lines.append(words["apart"])
    for issue in ingested.issues:
        lines.append(f"{words[issue.severity]}: {_said(issue, language)}")
        if show_values and issue.value is not None:
            lines.append("    " + words["value"].format(value=issue.value))
    return "\n".join(lines) + "\n"


def rows(ingested: Ingested, *, show_values: bool = False) -> dict[str, Any]:
    """Return the report for programs."""
    return {
        "format": ingested.format,
        "sums": _sums(ingested),
        "results": [_result(message, show_values=show_values) for message in ingested.messages],
    }


def summary(ingested: Ingested, language: Language) -> Issue:
    """Return what was taken in as a finding that asks for nothing."""
    return Issue("all-well", " ".join(text(ingested, language).splitlines()[:2]), "information")


def _sums(ingested: Ingested) -> dict[str, int]:
    refused = sum(message.refusal is not None for message in ingested.messages)
    made = Counter(one.status for message in ingested.messages for one in message.made)
    return {
        "taken": len(ingested.messages) - refused,
        "refused": refused,
        "rows": sum(message.rows for message in ingested.messages),
        "apart": sum(issue.code == "row-quarantined" for issue in ingested.issues),
        **{status: made[status] for status in ("created", "updated", "deleted", "unchanged", "superseded")},
    }


def _said(issue: Issue, language: Language) -> str:
    """Return place and text of a finding; where in the mapping it was found is for the other reports."""
    place = str(issue.place) if issue.place else issue.expression or ""
    if language == "nl":
        for pattern, dutch in _PLACES_NL:
            place = pattern.sub(dutch, place)
    return f"{place}: {issue.diagnostics}" if place else issue.diagnostics


def _result(message: Taken, *, show_values: bool) -> dict[str, Any]:
    return {
        "state": "refused" if message.refusal else "accepted",
        "mapping": message.received.mapping,
        "control_id": message.received.control_id,
        "rows": message.rows,
        "resources": [
            {"reference": f"{one.type}/{one.id}", "version": one.version, "status": one.status} for one in message.made
        ],
        "issues": [_finding(issue, show_value=show_values) for issue in message.issues],
    }


def _finding(issue: Issue, *, show_value: bool) -> dict[str, Any]:
    """Return an issue without what it does not know."""
    known = {
        "severity": issue.severity,
        "code": issue.code,
        "diagnostics": issue.diagnostics,
        "place": issue.place.path if issue.place else None,
        "line": issue.place.line if issue.place else None,
        "expression": issue.expression,
        "rule": issue.rule,
        "value": issue.value if show_value else None,
    }
    return {name: value for name, value in known.items() if value is not None}
