"""POST /ingest/<provider>: any message the gateway reads, answered as the sender likes to be answered."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType

from flask import Blueprint, Response, g, request

from gateway import report
from gateway.errors import NotAcceptable
from gateway.fhir import json, xml
from gateway.fhir.outcome import operation_outcome
from gateway.fhir.types import Resource
from gateway.ingest import Ingested, acknowledgement, control, ingest
from gateway.rest import signed, wire
from gateway.rest.headers import FHIR_JSON, FHIR_MEDIA_TYPES, FHIR_XML, media_type, negotiate

blueprint = Blueprint("ingest", __name__)

_ER7, _EDIFACT = "application/hl7-v2+er7", "application/edifact"
_TEXT, _JSON, _CSV = "text/plain", "application/json", "text/csv"
_OFFERED: Mapping[str, str] = {
    **dict.fromkeys((_ER7, "x-application/hl7-v2+er7", "application/hl7-v2"), _ER7),
    _EDIFACT: _EDIFACT,
    _TEXT: _TEXT,
    _JSON: _JSON,
    _CSV: _CSV,
    FHIR_JSON: FHIR_JSON,
    **dict.fromkeys((FHIR_XML, "application/xml", "text/xml"), FHIR_XML),
}
_BY_FORMAT: Mapping[str, str] = {"hl7v2": _ER7, "edifact": _EDIFACT, "csv": _TEXT}


@blueprint.post("/ingest/<provider>")
def post(provider: str) -> Response:
    """Take in the message(s) in the body: 200 when something was taken, else the status of the first refusal."""
    asked = negotiate(request.headers.get("Accept"), _OFFERED, default="")  # refused before anything is done
    sent = wire.sent()
    signed.check(provider, sent)  # before anything of it is inflated or read
    ingested = ingest(
        wire.plain(sent),
        provider=provider,
        content_type=request.headers.get("Content-Type"),
        caller=g.caller,
        to=wire.services(),
        language=wire.language(),
    )
    fhir = FHIR_MEDIA_TYPES.get(media_type(request.headers.get("Content-Type")), FHIR_JSON)
    chosen = asked or _BY_FORMAT.get(ingested.format, fhir)
    status = ingested.refusal.status if ingested.refusal else HTTPStatus.OK
    charset = "iso-8859-1" if chosen == _EDIFACT else "utf-8"  # an interchange says itself what it is in
    return Response(_ANSWERS[chosen](ingested), status, content_type=f"{chosen}; charset={charset}")


def _acknowledgement(ingested: Ingested) -> bytes:
    return acknowledgement(ingested, wire.services())


def _control(ingested: Ingested) -> bytes:
    return control(ingested, wire.services())


def _text(ingested: Ingested) -> bytes:
    return report.text(ingested, wire.language(), show_values=_show_values()).encode()


def _json(ingested: Ingested) -> bytes:
    return json.encode(report.rows(ingested, wire.language(), show_values=_show_values()))


def _csv(ingested: Ingested) -> bytes:
    return report.table(ingested, wire.language(), show_values=_show_values()).encode()


def _outcome(ingested: Ingested) -> bytes:
    return json.encode(_resource(ingested, show_values=_show_values()))


def _xml_outcome(ingested: Ingested) -> bytes:
    try:
        return xml.write(_resource(ingested, show_values=_show_values()))
    except NotAcceptable:  # one of the sender's values holds what XML cannot carry
        return xml.write(_resource(ingested, show_values=False))


def _resource(ingested: Ingested, *, show_values: bool) -> Resource:
    issues = ingested.issues if ingested.refusal else [report.summary(ingested, wire.language()), *ingested.issues]
    return operation_outcome(issues, show_values=show_values, language=wire.language())


def _show_values() -> bool:
    """Return whether the sender wants to see its own values beside the findings; nobody else gets to see them."""
    return wire.parameter("show-values") == "true"


_ANSWERS: Mapping[str, Callable[[Ingested], bytes]] = MappingProxyType(
    {
        _ER7: _acknowledgement,
        _EDIFACT: _control,
        _TEXT: _text,
        _JSON: _json,
        _CSV: _csv,
        FHIR_JSON: _outcome,
        FHIR_XML: _xml_outcome,
    }
)
