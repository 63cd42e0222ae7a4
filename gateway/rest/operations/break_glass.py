"""`Patient/$break-glass` and `Patient/$end-break-glass`: a record is opened in an emergency, and closed again.

https://msb-gateway.example/fhir/OperationDefinition/patient-break-glass
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gateway import emergency
from gateway.errors import BadRequest
from gateway.fhir.json import encode
from gateway.rest.interaction import Answer
from gateway.rest.operations.definition import TYPE, Served
from gateway.rest.operations.parameters import Said, Takes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.rest.interaction import Ask

_IDENTIFIER = Takes("identifier", "Identifier")


def _open(ask: Ask, said: Said) -> Answer:
    """Answer what is open now. Raises what `gateway.emergency.open_record` raises."""
    reason = said.one("reason")
    if reason is None:
        raise BadRequest("the parameter reason says why: a code, and text")
    found = emergency.open_record(_of(said), reason, ask.caller, ask.to, confirm=said.one("confirm") is True)
    content = [{"name": "content", "valueCode": found.content}] if found.content else []
    return _answered([{"name": "until", "valueInstant": found.until}, *content], found.patients)


def _end(ask: Ask, said: Said) -> Answer:
    """Answer what was closed. Raises what `gateway.emergency.close` raises."""
    return _answered([], emergency.close(_of(said), ask.caller, ask.to))


def _of(said: Said) -> dict[str, Any]:
    identifier: dict[str, Any] | None = said.one("identifier")
    if identifier is None:
        raise BadRequest("the parameter identifier says who it is about")
    return identifier


def _answered(parameters: Sequence[dict[str, Any]], patients: Sequence[str]) -> Answer:
    named = [{"name": "patient", "valueReference": {"reference": f"Patient/{id_}"}} for id_ in patients]
    return Answer(HTTPStatus.OK, encode({"resourceType": "Parameters", "parameter": [*parameters, *named]}))


OPERATIONS = (
    Served(
        "break-glass",
        (TYPE,),
        (_IDENTIFIER, Takes("reason", "CodeableConcept"), Takes("confirm", "boolean")),
        _open,
        by_get=False,
    ),
    Served("end-break-glass", (TYPE,), (_IDENTIFIER,), _end, by_get=False),
)
