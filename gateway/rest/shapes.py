"""What the parameters of an interaction on one resource say: how much of it is told, and nothing else.

https://hl7.org/fhir/R4/http.html#parameters, https://hl7.org/fhir/R4/search.html#summary
"""

from dataclasses import replace
from typing import cast

from gateway.errors import BadRequest, InvalidResource, Issue
from gateway.fhir import json
from gateway.fhir.elements import children
from gateway.fhir.search.served import suggestion
from gateway.fhir.subsets import SUBSETTED, SUMMARIES, Summary, of_elements, of_summary
from gateway.fhir.types import Resource
from gateway.rest.interaction import Answer, Ask

_SHAPES = ("_elements", "_summary")


def shaped(ask: Ask, answer: Answer) -> Answer:
    """Return as much of a resource as `_elements` or `_summary` asks for. Raises what `parse` raises."""
    elements, summary = parse(ask)
    if not answer.body or not (elements or summary):
        return answer
    resource = json.decode(answer.body)
    part = of_elements(resource, elements) if elements else of_summary(resource, cast("Summary", summary))
    return replace(answer, body=json.encode(part))


def check_whole(resource: Resource) -> None:
    """Raise InvalidResource for a part of a resource: stored, it would take the place of the whole.

    https://hl7.org/fhir/R4/search.html#summary
    """
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    if any(
        isinstance(tag, dict) and dict(SUBSETTED).items() <= tag.items() for tag in tags or () if isinstance(tags, list)
    ):
        text = "this is a part of the resource (SUBSETTED): stored, it would take the place of the whole"
        raise InvalidResource([Issue("invalid-resource", text, expression=f"{resource.get('resourceType')}.meta.tag")])


def parse(ask: Ask) -> tuple[tuple[str, ...], str | None]:
    """Return the elements that are asked for, and the summary. BadRequest with everything that is wrong."""
    if not ask.parameters:
        return (), None
    ask.check_parameters(*_SHAPES)
    said = dict(ask.parameters)
    elements = tuple(said["_elements"].split(",")) if "_elements" in said else ()
    summary = said.get("_summary", "false")
    known = children(ask.type)
    issues = [Issue("bad-request", "_elements and _summary are given once")] if len(said) < len(ask.parameters) else []
    issues += [
        Issue("bad-value", f"_elements names elements of {ask.type}{suggestion(name[:60], known)}")
        for name in elements
        if name not in known
    ]
    if summary not in SUMMARIES:
        issues.append(Issue("bad-value", f"_summary of one resource is {', '.join(SUMMARIES)}"))
    if issues:
        raise BadRequest(issues)
    return elements, None if summary == "false" else summary
