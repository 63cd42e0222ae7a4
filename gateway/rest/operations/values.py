"""What operations on code systems and value sets have in common: which one is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import BadRequest, Issue, TooLarge
from gateway.query import terminology
from gateway.rest.operations.parameters import Said

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.rest.interaction import Ask

MOST_CONCEPTS = 10_000
"""So many concepts may stand in a code system or value set that is sent along."""


def whole_resource(resource_type: str, name: str, ask: Ask, said: Said) -> Resource | None:
    """Return the one that the URL names by id, or that was sent along; None when neither is.

    BadRequest, TooLarge, ResourceNotFound.
    """
    sent: Resource | None = said.one(name)
    named = [way for way in ("id" if ask.id else "", name if sent else "", "url" if said.one("url") else "") if way]
    if len(named) > 1:
        raise BadRequest(f"one {resource_type} is asked about, by {' or '.join(named)}")
    if ask.id:
        return terminology.definition(resource_type, ask.id, ask.to)
    if sent is not None:
        _check(resource_type, name, sent, ask)
    return sent


def canonical(url: str | None, version: str | None, what: str) -> str:
    """Return a canonical with its version. BadRequest where there is none."""
    if not url:
        raise BadRequest(f"the operation needs {what}")
    return f"{url}|{version}" if version and "|" not in url else url


def _check(resource_type: str, name: str, sent: Resource, ask: Ask) -> None:
    if sent.get("resourceType") != resource_type:
        raise BadRequest([Issue("bad-value", f"'{name}' is a {resource_type}")])
    issues = [issue for issue in ask.to.validator.issues(sent) if issue.severity in {"fatal", "error"}]
    if issues:
        raise BadRequest(issues)
    if _concepts(sent) > MOST_CONCEPTS:
        raise TooLarge(f"a {resource_type} that is sent along has at most {MOST_CONCEPTS} concepts")


def _concepts(node: object) -> int:
    """Return how many concepts, filters and value sets stand in a resource."""
    if isinstance(node, dict):
        return sum(map(_concepts, node.values())) + ("code" in node or "op" in node)
    return sum(map(_concepts, node)) + len(node) if isinstance(node, list) else 0
