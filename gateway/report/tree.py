"""The report for programs."""

from typing import Any

from gateway.ingest import Ingested, Taken
from gateway.report.phrases import Language
from gateway.report.sums import sums
from gateway.report.told import Told, told


def rows(ingested: Ingested, language: Language = "en", *, show_values: bool = False) -> dict[str, Any]:
    """Return what became of each message: the sums, the resources, every finding also in words (`said`)."""
    return {
        "format": ingested.format,
        "language": language,
        "sums": sums(ingested),
        "results": [_result(ingested, message, language, show_values=show_values) for message in ingested.messages],
    }


def _result(ingested: Ingested, message: Taken, language: Language, *, show_values: bool) -> dict[str, Any]:
    alone = Ingested(ingested.format, [message])
    return {
        "state": "refused" if message.refusal else "accepted",
        "mapping": message.received.mapping,
        "control_id": message.received.control_id,
        "rows": message.rows,
        "resources": [
            {"reference": f"{one.type}/{one.id}", "version": one.version, "status": one.status} for one in message.made
        ],
        "issues": [
            _finding(one, show_value=show_values) for one in told(alone, language, show_values=show_values, every=True)
        ],
    }


def _finding(finding: Told, *, show_value: bool) -> dict[str, Any]:
    """Return a finding without what is not known of it."""
    issue, place = finding.issue, finding.issue.place
    known = {
        "severity": issue.severity,
        "code": issue.code,
        "meaning": finding.meaning,
        "diagnostics": issue.diagnostics,
        "said": finding.text,
        "where": finding.where,
        "place": place.path if place else None,
        "line": place.line if place else None,
        "others": [{"place": other.path, "line": other.line} for other in issue.others] or None,
        "row": finding.cell.row,
        "column": finding.cell.column,
        "about": issue.about or None,
        "expression": issue.expression,
        "rule": issue.rule,
        "value": issue.value if show_value else None,
        "expected": finding.expected,
        "outcome": finding.outcome,
    }
    return {name: value for name, value in known.items() if value is not None}
