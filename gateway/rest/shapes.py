"""What the parameters of an interaction on one resource say: how much of it is told, and nothing else.

https://hl7.org/fhir/R4/http.html#parameters, https://hl7.org/fhir/R4/search.html#summary
"""

from dataclasses import replace
from typing import cast

from gateway.errors import BadRequest, Issue
from gateway.fhir import json
from gateway.fhir.elements import children
from gateway.fhir.search.served import suggestion
from gateway.fhir.subsets import SUMMARIES, Summary, of_elements, of_summary
from gateway.rest.wire import Answer, Ask

_SHAPES = ("_elements", "_summary")


def shaped(ask: Ask, answer: Answer) -> Answer:
    """Return as much of a resource as `_elements` or `_summary` asks for. Raises what `parse` raises."""
    elements, summary = parse(ask)
    if not answer.body or not (elements or summary):
        return answer
    resource = json.decode(answer.body)
    part = of_elements(resource, elements) if elements else of_summary(resource, cast("Summary", summary))
    return replace(answer, body=json.encode(part))


def parse(ask: Ask) -> tuple[tuple[str, ...], str | None]:
    """Return the elements that are asked for, and the summary. BadRequest with everything that is wrong."""
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
