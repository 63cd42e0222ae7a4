"""The operations on maps: `StructureMap/$transform` and `ConceptMap/$translate`. Nothing is stored.

http://hl7.org/fhir/R4/operations.html
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gateway.access.policy import may_send, may_write
from gateway.errors import BadRequest, Forbidden
from gateway.fhir import json
from gateway.rest.interaction import Answer, Ask
from gateway.rest.routes import Route

if TYPE_CHECKING:
    from gateway.fhir.types import Resource


def transform(ask: Ask) -> Answer:
    """http://hl7.org/fhir/R4/structuremap-operation-transform.html"""
    from gateway.mapping import operations  # noqa: PLC0415 - the mapping engine is slow to load

    parameters = _parameters(ask, ("source", "sourceMap", "trace", "provider"))
    asked = operations.asked(ask.to.library, parameters, ask.to.clock(), ask.id or None)
    if not may_send(ask.caller, asked.provider):
        raise Forbidden("this caller may not send messages as this provider")
    if (asked.maps or asked.supporting) and not may_write(ask.caller, "StructureMap"):
        raise Forbidden("this caller may not bring maps of its own")
    return Answer(HTTPStatus.OK, json.encode(operations.transformed(asked)))


def translate(ask: Ask) -> Answer:
    """http://hl7.org/fhir/R4/conceptmap-operation-translate.html"""
    from gateway.mapping.translation import translate as translated  # noqa: PLC0415 - the mapping engine is slow to load

    return Answer(HTTPStatus.OK, json.encode(translated(ask.to.library, dict(ask.parameters), ask.id or None)))


def translate_posted(ask: Ask) -> Answer:
    """The same with the parameters in the body."""
    from gateway.mapping.translation import translate as translated  # noqa: PLC0415 - as above

    said = dict(ask.parameters) | {str(p.get("name")): _value(p) for p in _listed(ask.read_body())}
    return Answer(HTTPStatus.OK, json.encode(translated(ask.to.library, said, ask.id or None)))


def _parameters(ask: Ask, known: tuple[str, ...]) -> Resource:
    """Return the Parameters in the body, those of the URL added to them. BadRequest, MalformedMessage."""
    sent = ask.read_body()
    listed = _listed(sent)
    for name, value in ask.parameters:
        if name not in known:
            raise BadRequest(f"in the URL, this operation takes {', '.join(known)}", code="unknown-parameter")
        listed = [*listed, {"name": name, "valueString": value}]
    return {"resourceType": "Parameters", "parameter": listed}


def _listed(sent: Resource) -> list[dict[str, Any]]:
    listed = sent.get("parameter", [])
    if sent.get("resourceType") != "Parameters" or not isinstance(listed, list):
        raise BadRequest("an operation is asked with a Parameters resource")
    if not all(isinstance(one, dict) for one in listed):
        raise BadRequest("a parameter is an object")
    return listed


def _value(parameter: dict[str, Any]) -> Any:
    return next((value for key, value in parameter.items() if key.startswith("value")), None)


ROUTES: tuple[Route, ...] = (
    Route(None, "POST", "/StructureMap/$transform", read=transform, operation="transform"),
    Route(None, "POST", "/StructureMap/<fhir_id:id>/$transform", read=transform, operation="transform"),
    Route(None, "GET", "/ConceptMap/$translate", read=translate, operation="translate"),
    Route(None, "POST", "/ConceptMap/$translate", read=translate_posted, operation="translate"),
    Route(None, "GET", "/ConceptMap/<fhir_id:id>/$translate", read=translate, operation="translate"),
    Route(None, "POST", "/ConceptMap/<fhir_id:id>/$translate", read=translate_posted, operation="translate"),
)
