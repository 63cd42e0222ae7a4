"""Findings about files, as the command line shows them: text, an OperationOutcome a line, or SARIF.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.errors import Issue
from gateway.fhir.json import encode
from gateway.fhir.outcome import catalogue, operation_outcome

_LEVELS = {"fatal": "error", "error": "error", "warning": "warning", "information": "note"}


@dataclass(frozen=True, slots=True)
class Finding:
    """The issues of one resource or message in one file; `line` where the file holds one a line."""

    file: str
    line: int | None
    issues: Sequence[Issue]

    @property
    def where(self) -> str:
        """Return `beds.ndjson:3`, as compilers write it."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    @property
    def has_errors(self) -> bool:
        """Return whether any issue is an error, not a warning."""
        return any(issue.severity in {"fatal", "error"} for issue in self.issues)


def as_text(finding: Finding, *, show_values: bool) -> Iterator[str]:
    """Yield a line for each issue, or one that says there is none."""
    if not finding.issues:
        yield f"{finding.where}: ok"
    for issue in finding.issues:
        value = f" [{issue.value}]" if show_values and issue.value is not None else ""
        yield f"{finding.where}: {issue.severity}: {issue} ({issue.code}){value}"


def as_outcome(finding: Finding, *, show_values: bool, language: str) -> str:
    """Return an OperationOutcome on one line; its `id` is not set, its order is that of the files."""
    return encode(operation_outcome(finding.issues, show_values=show_values, language=language)).decode()


def as_sarif(findings: Iterable[Finding]) -> str:
    """Return all findings as one SARIF 2.1.0 log, for editors and code review."""
    from importlib.metadata import version  # noqa: PLC0415 - slow to load, and only this format names the version

    results = [_result(finding, issue) for finding in findings for issue in finding.issues]
    rules = [{"id": code, "shortDescription": {"text": catalogue()[code].display["en"]}} for code in _codes(results)]
    driver = {"name": "gateway", "version": version("msb-gateway"), "rules": rules}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(log, indent=2, ensure_ascii=False)


def _codes(results: list[dict[str, Any]]) -> list[str]:
    return sorted({result["ruleId"] for result in results} & catalogue().keys())


def _result(finding: Finding, issue: Issue) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": finding.file}}}
    line = issue.place.line if issue.place and issue.place.line else finding.line
    if line is not None:
        location["physicalLocation"]["region"] = {"startLine": line}
    if issue.expression:
        location["logicalLocations"] = [{"fullyQualifiedName": issue.expression}]
    level = _LEVELS[issue.severity]
    return {"ruleId": issue.code, "level": level, "message": {"text": issue.diagnostics}, "locations": [location]}
