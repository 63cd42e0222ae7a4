"""`$everything` of a patient or an encounter (R4's), and of a place or a service (ours).

http://hl7.org/fhir/R4/patient-operation-everything.html, http://hl7.org/fhir/R4/encounter-operation-everything.html,
`profiles/OperationDefinition-location-everything.json`
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus

from gateway.errors import BadRequest, Issue
from gateway.fhir.datetime import Moment
from gateway.fhir.datetime import read as read_moment
from gateway.fhir.search import PAGE, page_of
from gateway.fhir.search.served import suggestion
from gateway.fhir.types import resource_types
from gateway.query import everything
from gateway.query.everything import MAX_COUNT, Everything
from gateway.referral import holds
from gateway.rest.consulted import consulted
from gateway.rest.interaction import Answer, Ask
from gateway.rest.operations.definition import Served
from gateway.rest.operations.parameters import Said, Takes, read

_LAST = 2**62
_TAKES = (Takes("_since", "instant"), Takes("_type", "string", many=True), Takes("_count", "positiveInt"), Takes(PAGE))
_SPAN = (Takes("start", "date"), Takes("end", "date"), *_TAKES)


def _answer(resource_type: str, takes: Sequence[Takes], ask: Ask, said: Said) -> Answer:
    """Return the page that is asked: a searchset Bundle."""
    after: int | None = None
    page = page_of(_applied(said))
    if page is not None:
        *pairs, (_, key) = everything.opened(page, f"{resource_type}/{ask.id}/$everything", ask.caller, ask.to)
        said, after = read(takes, pairs), int(key)
    asked = Everything(
        resource_type,
        ask.id,
        types=_types(said),
        count=min(said.one("_count") or everything.COUNT, MAX_COUNT),
        since=_moment(said, "_since"),
        span=_span(said),
        applied=_applied(said),
        after=after,
    )
    holds.end_before_look(ask.to)
    with consulted(ask):
        return Answer(HTTPStatus.OK, everything.everything(asked, ask.caller, ask.to, base=ask.to.settings.base_url))


def _applied(said: Said) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, values in said.values.items() for value in values)


def _types(said: Said) -> frozenset[str]:
    named = [name.strip() for value in said.all("_type") for name in value.split(",")]
    unknown = [name for name in named if name not in resource_types()]
    if unknown:
        near = suggestion(unknown[0][:60], resource_types()).partition("?")[0]
        text = f"_type names resource types{near}?" if "did you mean" in near else "_type names resource types"
        raise BadRequest([Issue("bad-value", text)])
    return frozenset(named)


def _span(said: Said) -> tuple[int, int] | None:
    start, end = _moment(said, "start"), _moment(said, "end")
    if start is None and end is None:
        return None
    if start and end and start.low >= end.high:
        raise BadRequest("end is not before start", code="bad-value")
    return start.low if start else -_LAST, end.high if end else _LAST


def _moment(said: Said, name: str) -> Moment | None:
    text = said.text(name)
    return read_moment(text) if text is not None else None


def _of(resource_type: str, takes: Sequence[Takes]) -> Served:
    answer: Callable[[Ask, Said], Answer] = partial(_answer, resource_type, takes)
    return Served("everything", (f"/{resource_type}/<fhir_id:id>",), tuple(takes), answer)


OPERATIONS = (
    _of("Patient", _SPAN),
    _of("Encounter", _TAKES),
    _of("Location", _SPAN),
    _of("HealthcareService", _SPAN),
)
