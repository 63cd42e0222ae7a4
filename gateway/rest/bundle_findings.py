"""What is wrong with a transaction beside what its entries ask: with the Bundle itself, and with its resources.

https://hl7.org/fhir/R4/bundle.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.errors import InvalidResource, Issue
from gateway.fhir.types import Resource
from gateway.rest.interaction import Ask
from gateway.rest.metadata import SERVED
from gateway.rest.placed import of_entries, within
from gateway.transact import ConditionalPatch, Operation, Patch, problems

_PLAIN_BUNDLE, _PLAIN_ENTRY = {"resourceType", "type", "entry"}, {"fullUrl", "resource", "request"}
_URN = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ANY_UUID = "urn:uuid:00000000-0000-0000-0000-000000000000"


def of_bundle(bundle: Resource, ask: Ask) -> Sequence[Issue]:
    """Return what is wrong with the Bundle itself; its resources are the business of `transact`."""
    if bundle.keys() <= _PLAIN_BUNDLE and all(_is_plain(entry) for entry in bundle.get("entry", [])):
        return []
    issues = ask.to.validator.bundle_issues(bundle)
    return issues if any(map(_is_error, issues)) else []


def _is_error(issue: Issue) -> bool:
    return issue.severity in {"fatal", "error"}


def of_resources(sent: Sequence[Any], operations: Mapping[int, Operation], ask: Ask) -> Sequence[Issue]:
    """Return what is wrong with the resources of a transaction that is refused anyway: all is told at once.

    What is to be written is asked of `transact`; of an entry that asks for nothing, the resource alone.
    """
    whole = {index: one for index, one in operations.items() if not isinstance(one, Patch | ConditionalPatch)}
    issues = list(of_entries(list(whole), problems(list(whole.values()), ask.caller, ask.to)))
    for index, entry in enumerate(sent):
        resource = entry.get("resource") if isinstance(entry, dict) and index not in operations else None
        if isinstance(resource, dict) and resource.get("resourceType") in SERVED:
            own = [issue for issue in ask.to.validator.issues(resource) if _is_error(issue)]
            issues += within(index, InvalidResource(own)).issues if own else ()
    return [issue for issue in issues if ".fullUrl" not in (issue.expression or "")]  # which is of the Bundle


def _is_plain(entry: Resource) -> bool:
    """Return whether an entry holds nothing that a rule of Bundles could speak against, beyond what is checked here."""
    request, resource, full_url = entry["request"], entry.get("resource"), entry.get("fullUrl", _ANY_UUID)
    if not (entry.keys() <= _PLAIN_ENTRY and len(request) == 2 and request["method"] in {"PUT", "POST"}):
        return False
    if not isinstance(resource, dict):
        return False
    own = f"/{resource.get('resourceType')}/{resource.get('id')}"
    return isinstance(full_url, str) and (
        _URN.fullmatch(full_url) is not None or (full_url.startswith("http") and full_url.endswith(own))
    )
