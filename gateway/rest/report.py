"""What became of a message or a list, for people and for programs.

The reader of the text may be the administrator of a nursing home: it names row and column, what is wrong
there, and what should stand there.
"""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gateway.errors import Issue
from gateway.ingest import Ingested, Taken

_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "taken": "Taken in: {taken} of {all} parts. Refused: {refused}.",
            "made": "Resources: {created} created, {updated} updated, {unchanged} unchanged.",
            "set apart": "{rows} row(s) set apart: nothing of them was used. Correct them and send them again.",
            "fatal": "ERROR",
            "error": "ERROR",
            "warning": "Warning",
            "information": "Note",
        },
        "nl": {
            "taken": "Verwerkt: {taken} van {all} delen. Geweigerd: {refused}.",
            "made": "Resources: {created} nieuw, {updated} gewijzigd, {unchanged} ongewijzigd.",
            "set apart": "{rows} rij(en) apart gezet: daarvan is niets gebruikt. Verbeter ze en stuur ze opnieuw.",
            "fatal": "FOUT",
            "error": "FOUT",
            "warning": "Let op",
            "information": "Opmerking",
        },
    }
)


def text(ingested: Ingested, language: str) -> str:
    """Return the report for people, in `nl` or `en`: the sums, then a line for each finding."""
    words = _WORDS[language]
    lines = [words["taken"].format(**_messages(ingested)), words["made"].format(**_resources(ingested))]
    rows = sum(issue.code == "row-quarantined" for issue in ingested.issues)
    if rows:
        lines.append(words["set apart"].format(rows=rows))
    lines += [f"{words[issue.severity]}: {issue}" for issue in ingested.issues]
    return "\n".join(lines) + "\n"


def rows(ingested: Ingested) -> dict[str, Any]:
    """Return the report for programs."""
    return {
        "format": ingested.format,
        "messages": _messages(ingested),
        "resources": _resources(ingested),
        "results": [_result(message) for message in ingested.messages],
    }


def summary_issues(ingested: Ingested) -> list[Issue]:
    """Return what was stored as a finding that asks for nothing; none when nothing was."""
    if ingested.refusal:
        return []
    said = " ".join(
        _WORDS["en"][name].format(**_messages(ingested), **_resources(ingested)) for name in ("taken", "made")
    )
    return [Issue("all-well", said, "information")]


def _messages(ingested: Ingested) -> dict[str, int]:
    refused = sum(message.refusal is not None for message in ingested.messages)
    return {"all": len(ingested.messages), "taken": len(ingested.messages) - refused, "refused": refused}


def _resources(ingested: Ingested) -> dict[str, int]:
    counted = Counter(outcome.status for message in ingested.messages for outcome in message.outcomes)
    return {status: counted[status] for status in ("created", "updated", "unchanged", "deleted")}


def _result(message: Taken) -> dict[str, Any]:
    return {
        "state": "refused" if message.refusal else "accepted",
        "mapping": message.received.mapping,
        "control_id": message.received.control_id,
        "resources": [
            {"reference": f"{o.type}/{o.id}", "version": o.version, "status": o.status} for o in message.outcomes
        ],
        "issues": [_finding(issue) for issue in message.issues],
    }


def _finding(issue: Issue) -> dict[str, Any]:
    """Return an issue without what it does not know, and without the value."""
    known = {
        "severity": issue.severity,
        "code": issue.code,
        "diagnostics": issue.diagnostics,
        "place": issue.place.path if issue.place else None,
        "line": issue.place.line if issue.place else None,
        "expression": issue.expression,
        "rule": issue.rule,
    }
    return {name: value for name, value in known.items() if value is not None}
