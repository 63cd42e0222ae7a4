"""POST /ingest/<provider>: any message the gateway reads, answered as the sender likes to be answered."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple

from flask import Blueprint, g, request

from gateway import report
from gateway.errors import GatewayError, Issue, NotAcceptable
from gateway.fhir import json, xml
from gateway.fhir.outcome import operation_outcome
from gateway.fhir.types import Resource
from gateway.ingest import Ingested, Taken, acknowledgement, control, ingest
from gateway.rest import signed, wire
from gateway.rest.headers import FHIR_JSON, FHIR_MEDIA_TYPES, FHIR_XML, media_type, negotiate
from gateway.rest.response import Response
from gateway.rest.upload import FORM, File, files
from gateway.transact import Received

blueprint = Blueprint("ingest", __name__)

_ER7, _EDIFACT = "application/hl7-v2+er7", "application/edifact"
_TEXT, _JSON, _CSV = "text/plain", "application/json", "text/csv"
_OFFERED: Mapping[str, str] = {
    **dict.fromkeys((_ER7, "x-application/hl7-v2+er7", "application/hl7-v2"), _ER7),
    _EDIFACT: _EDIFACT,
    **dict.fromkeys((_TEXT, "text/html"), _TEXT),  # a browser is shown the report for people
    _JSON: _JSON,
    _CSV: _CSV,
    FHIR_JSON: FHIR_JSON,
    **dict.fromkeys((FHIR_XML, "application/xml", "text/xml"), FHIR_XML),
}
_BY_FORMAT: Mapping[str, str] = {"hl7v2": _ER7, "edifact": _EDIFACT, "csv": _TEXT}


_FILE = {"en": "File {number} of {number_of_files}", "nl": "Bestand {number} van {number_of_files}"}
_MARK = "\N{BYTE ORDER MARK}".encode()


class _Answered(NamedTuple):
    """What became of one file, and what its sender calls it."""

    name: str
    ingested: Ingested


@blueprint.post("/ingest/<provider>")
def post(provider: str) -> Response:
    """Take in the message(s) in the body, or in the files of a form that is uploaded.

    200 when something was taken, else the status of the first refusal.
    """
    asked = negotiate(request.headers.get("Accept"), _OFFERED, default="")  # refused before anything is done
    sent = wire.sent()
    signed.check(provider, sent)  # before anything of it is inflated or read
    content_type = request.headers.get("Content-Type")
    every = [_taken(file, provider) for file in files(wire.plain(sent), content_type)]
    chosen = asked or _usual(every, content_type)
    refusals = [one.ingested.refusal for one in every]
    status = refusals[0].status if refusals[0] and all(refusals) else HTTPStatus.OK
    return _response(chosen, every, status)


def refusal(error: GatewayError) -> Response | None:
    """Return why nothing was even received, in the form that is asked for; None when no form of ours is.

    What is wrong may be the very thing that says how the sender likes to be answered.
    """
    content_type = request.headers.get("Content-Type")
    received = Received(request.path.rpartition("/")[2], "unknown", b"", received_at=wire.services().clock())
    every = [_Answered("", Ingested("unknown", [Taken(received, error.issues, refusal=error)]))]
    try:
        chosen = negotiate(request.headers.get("Accept"), _OFFERED, default="") or _usual(every, content_type)
        return _response(chosen, every, error.status)
    except GatewayError:
        return None


def _response(chosen: str, every: Sequence[_Answered], status: HTTPStatus) -> Response:
    charset = "iso-8859-1" if chosen == _EDIFACT else "utf-8"  # an interchange says itself what it is in
    return Response(_ANSWERS[chosen](every), status, content_type=f"{chosen}; charset={charset}")


def _taken(file: File, provider: str) -> _Answered:
    ingested = ingest(
        file.content,
        provider=provider,
        content_type=file.content_type,
        caller=g.caller,
        to=wire.services(),
        language=wire.language(),
    )
    return _Answered(file.name, ingested)


def _usual(every: Sequence[_Answered], content_type: str | None) -> str:
    """Return what is answered to who has no wish: people upload forms, systems send messages."""
    sent = media_type(content_type)
    if sent == FORM:
        return _TEXT
    return _BY_FORMAT.get(every[0].ingested.format, FHIR_MEDIA_TYPES.get(sent, FHIR_JSON))


def _acknowledgement(every: Sequence[_Answered]) -> bytes:
    return b"".join(acknowledgement(one.ingested, wire.services()) for one in every)


def _control(every: Sequence[_Answered]) -> bytes:
    return b"".join(control(one.ingested, wire.services()) for one in every)


def _text(every: Sequence[_Answered]) -> bytes:
    return "\n".join(_headed(number, one, len(every)) for number, one in enumerate(every, 1)).encode()


def _headed(number: int, one: _Answered, of: int) -> str:
    said = report.text(one.ingested, wire.language(), show_values=_show_values())
    if of == 1:
        return said
    head = _FILE[wire.language()].format(number=number, number_of_files=of)
    return f"{head} ({one.name})\n{said}" if _show_values() else f"{head}\n{said}"


def _json(every: Sequence[_Answered]) -> bytes:
    said = [report.rows(one.ingested, wire.language(), show_values=_show_values()) for one in every]
    return json.encode(said[0] if len(said) == 1 else {"files": said})


def _csv(every: Sequence[_Answered]) -> bytes:
    tables = [report.table(one.ingested, wire.language(), show_values=_show_values()).encode() for one in every]
    return tables[0] + b"".join(table.removeprefix(_MARK) for table in tables[1:])


def _outcome(every: Sequence[_Answered]) -> bytes:
    return json.encode(_resource(every, show_values=_show_values()))


def _xml_outcome(every: Sequence[_Answered]) -> bytes:
    try:
        return xml.write(_resource(every, show_values=_show_values()))
    except NotAcceptable:  # one of the sender's values holds what XML cannot carry
        return xml.write(_resource(every, show_values=False))


def _resource(every: Sequence[_Answered], *, show_values: bool) -> Resource:
    issues = [issue for one in every for issue in _issues(one.ingested)]
    return operation_outcome(issues, show_values=show_values, language=wire.language())


def _issues(ingested: Ingested) -> list[Issue]:
    language = wire.language()
    issues = [report.in_language(issue, language) for issue in ingested.issues]
    return issues if ingested.refusal else [report.summary(ingested, language), *issues]


def _show_values() -> bool:
    """Return whether the sender wants to see its own values beside the findings; nobody else gets to see them."""
    return wire.parameter("show-values") == "true"


_ANSWERS: Mapping[str, Callable[[Sequence[_Answered]], bytes]] = MappingProxyType(
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
