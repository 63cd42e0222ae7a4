"""`Observation/$lastn`: the newest Observations of each kind, out of those that a search finds.

http://hl7.org/fhir/R4/observation-operation-lastn.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gateway.errors import BadRequest, Issue
from gateway.fhir import search
from gateway.fhir.search.served import RESULT_PARAMETERS
from gateway.query import lastn as newest
from gateway.rest.interaction import Answer, Ask, Pairs
from gateway.rest.routes import Route

if TYPE_CHECKING:
    from gateway.fhir.types import Resource

TYPE = "Observation"
_MOST = 1000
_SUBJECTS = frozenset({"patient", "subject"})
_KINDS = frozenset({"category", "code", "combo-code", "component-code", "code-value-concept", "code-value-quantity"})


def _asked(ask: Ask) -> Answer:
    return _answer(ask, ask.parameters)


def _posted(ask: Ask) -> Answer:
    return _answer(ask, [*ask.parameters, *(() if ask.is_bare else _pairs(ask.read_body()))])


def _answer(ask: Ask, pairs: Pairs) -> Answer:
    """Return the searchset. BadRequest where no subject, or no category or code, says what is looked for."""
    asked = [pair for pair in pairs if pair[0] != "max"]
    _check(asked)
    request = search.parse(TYPE, asked, strict=ask.prefer.strict)
    most = _most([value for name, value in pairs if name == "max"])
    return Answer(HTTPStatus.OK, newest.lastn(request, most, ask.caller, ask.to, base=ask.to.settings.base_url))


def _check(pairs: Pairs) -> None:
    issues = [
        Issue("unknown-parameter", f"$lastn shapes its own answer: {name[:30]} is not among its parameters")
        for name, _ in pairs
        if name.partition(":")[0] in {*RESULT_PARAMETERS, search.PAGE}
    ]
    names = {name.partition(":")[0].partition(".")[0] for name, _ in pairs}
    if not names & _SUBJECTS:
        issues.append(Issue("bad-request", "$lastn needs whom it is about: patient or subject"))
    if not names & _KINDS:
        issues.append(Issue("bad-request", f"$lastn needs what it is about: {' or '.join(sorted(_KINDS)[:2])}"))
    if issues:
        raise BadRequest(issues)


def _most(values: Sequence[str]) -> int:
    if not values:
        return 1
    if len(values) > 1 or not (values[0].isascii() and values[0].isdigit() and 0 < int(values[0][:9]) <= _MOST):
        raise BadRequest(f"max is a whole number from 1 to {_MOST}, once", code="bad-value")
    return int(values[0])


def _pairs(sent: Resource) -> Iterator[tuple[str, str]]:
    """Yield the parameters of a Parameters resource as those of a search. BadRequest."""
    listed = sent.get("parameter", [])
    if sent.get("resourceType") != "Parameters" or not isinstance(listed, list):
        raise BadRequest("an operation is asked with a Parameters resource")
    for number, one in enumerate(listed):
        value = _value(one)
        if value is None:
            text = "a parameter of $lastn is a name and a plain value"
            raise BadRequest(text, expression=f"Parameters.parameter[{number}]")
        yield one["name"], value


def _value(one: Any) -> str | None:
    if not isinstance(one, dict) or not isinstance(one.get("name"), str):
        return None
    held = [value for name, value in one.items() if name.startswith("value")]
    return str(held[0]) if len(held) == 1 and isinstance(held[0], str | int) and held[0] != "" else None


_TAKES = (("max", "integer"), ("patient", "string"), ("subject", "string"), ("category", "string"), ("code", "string"))
ROUTES: tuple[Route, ...] = (
    Route(None, "GET", f"/{TYPE}/$lastn", read=_asked, operation="lastn", takes=_TAKES),
    Route(None, "POST", f"/{TYPE}/$lastn", read=_posted, operation="lastn"),
)
