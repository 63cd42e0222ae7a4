"""POST /ingest/<provider>: any message the gateway reads, answered as the sender likes to be answered."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType

from flask import Blueprint, Response, g, request

from gateway.fhir import json
from gateway.fhir.outcome import operation_outcome
from gateway.ingest import Ingested, acknowledgement, ingest
from gateway.rest import report, wire
from gateway.rest.headers import FHIR_JSON, negotiate

blueprint = Blueprint("ingest", __name__)

_ER7, _TEXT, _JSON = "application/hl7-v2+er7", "text/plain", "application/json"
_OFFERED: Mapping[str, str] = {
    **dict.fromkeys((_ER7, "x-application/hl7-v2+er7", "application/hl7-v2"), _ER7),
    _TEXT: _TEXT,
    _JSON: _JSON,
    FHIR_JSON: FHIR_JSON,
}
_BY_FORMAT: Mapping[str, str] = {"hl7v2": _ER7, "csv": _TEXT}


@blueprint.post("/ingest/<provider>")
def post(provider: str) -> Response:
    """Take in the message(s) in the body: 200 when something was taken, else the status of the first refusal."""
    asked = negotiate(request.headers.get("Accept"), _OFFERED, default="")  # refused before anything is done
    ingested = ingest(
        wire.content(),
        provider=provider,
        content_type=request.headers.get("Content-Type"),
        caller=g.caller,
        to=wire.services(),
        language=wire.language(),
    )
    chosen = asked or _BY_FORMAT.get(ingested.format, FHIR_JSON)
    status = ingested.refusal.status if ingested.refusal else HTTPStatus.OK
    return Response(_ANSWERS[chosen](ingested), status, content_type=f"{chosen}; charset=utf-8")


def _acknowledgement(ingested: Ingested) -> bytes:
    return acknowledgement(ingested, wire.services())


def _text(ingested: Ingested) -> bytes:
    return report.text(ingested, wire.language(), show_values=_show_values()).encode()


def _json(ingested: Ingested) -> bytes:
    return json.encode(report.rows(ingested, show_values=_show_values()))


def _outcome(ingested: Ingested) -> bytes:
    issues = ingested.issues if ingested.refusal else [report.summary(ingested, wire.language()), *ingested.issues]
    return json.encode(operation_outcome(issues, show_values=_show_values(), language=wire.language()))


def _show_values() -> bool:
    """Return whether the sender wants to see its own values beside the findings; nobody else gets to see them."""
    return wire.parameter("show-values") == "true"


_ANSWERS: Mapping[str, Callable[[Ingested], bytes]] = MappingProxyType(
    {_ER7: _acknowledgement, _TEXT: _text, _JSON: _json, FHIR_JSON: _outcome}
)
