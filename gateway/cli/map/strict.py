"""The full check of a Bundle: R4 by the gateway's validator, and a second reader's opinion."""

from typing import Any

from gateway.errors import Issue
from gateway.validation import Validator

_VALIDATORS: list[Validator] = []


def findings_of(bundle: dict[str, Any]) -> list[Issue]:
    """Return what the validator and fhir.resources find in a Bundle."""
    from gateway.validation.second_opinion import second_opinion  # noqa: PLC0415 - fhir.resources is slow to load

    if not _VALIDATORS:
        _VALIDATORS.append(Validator())
    issues = _VALIDATORS[0].bundle_issues(bundle)
    for entry in bundle.get("entry") or []:
        issues += second_opinion(entry["resource"])
    return issues
