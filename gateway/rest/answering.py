"""HTTP out: from what is answered to a response. The way in is `gateway.rest.wire`.

https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import g
from werkzeug.exceptions import HTTPException

from gateway.errors import GatewayError, Issue, NotAcceptable
from gateway.fhir import json, xml
from gateway.fhir.outcome import operation_outcome
from gateway.rest import wire
from gateway.rest.headers import FHIR_XML, Return
from gateway.rest.interaction import Answer
from gateway.rest.response import Response

if TYPE_CHECKING:
    from gateway.rest.wire import Http
    from gateway.store import Stored
    from gateway.transact import Outcome

REPEATED = "Idempotent-Replayed"
"""The header that says that a request was carried out before, and that this is its first answer again."""
_WRITTEN = {"created": HTTPStatus.CREATED}


def stored(version: Stored) -> Answer:
    """Return the answer that a stored version is; one that is made when it is asked (0) has none to be known by."""
    if not version.version:
        return Answer(HTTPStatus.OK, version.body)
    return Answer(
        HTTPStatus.OK,
        version.body,
        version=version.version,
        last_updated=version.last_updated,
        is_reduced=version.reduced,
        varies=version.varies,
    )


def written(outcome: Outcome, returned: Return | None) -> Answer:
    """Return the answer to a write, with as much in it as was asked to come back.

    https://hl7.org/fhir/R4/http.html#ops
    """
    is_gone = outcome.status == "deleted" or (outcome.status == "unchanged" and outcome.body is None)
    status = HTTPStatus.NO_CONTENT if is_gone else _WRITTEN.get(outcome.status, HTTPStatus.OK)
    location = None if is_gone else f"{outcome.type}/{outcome.id}/_history/{outcome.version}"
    shown = outcome.body or b"" if returned == "representation" else b""
    if returned == "OperationOutcome":
        status = HTTPStatus.OK if is_gone else status
        shown = encoded_outcome([Issue("all-well", outcome.status, "information"), *outcome.issues])
    version = outcome.version or None  # 0: it never was there
    last_updated = outcome.last_updated if version else None
    is_outcome, is_reduced = returned == "OperationOutcome", outcome.reduced
    return Answer(status, shown, is_outcome, version, last_updated, location, is_reduced=is_reduced)


def refused(error: GatewayError) -> Answer:
    """Return `error` as an answer: its status, and every issue in an OperationOutcome."""
    return Answer(error.status, encoded_outcome(error.issues), is_outcome=True)


def encoded_outcome(issues: Iterable[Issue]) -> bytes:
    """Return `issues` as an encoded OperationOutcome, in the caller's language."""
    return json.encode(operation_outcome(issues, language=wire.language()))


def respond(answer: Answer) -> Response:
    """Return `answer` as an HTTP response."""
    return Response(answer.body, answer.status, headers=dict(_headers(answer)))


def _headers(answer: Answer) -> Iterator[tuple[str, str]]:
    if answer.body:
        yield "Content-Type", f"{answer.media_type}; charset=utf-8"
    if answer.version is not None:
        yield "ETag", f'W/"{answer.tag}"'
    if answer.last_updated and answer.status != HTTPStatus.NOT_MODIFIED:  # its ETag says it
        yield "Last-Modified", format_datetime(answer.last_updated.astimezone(UTC), usegmt=True)
    if answer.repeated:
        yield REPEATED, "true"
    if answer.retry_after is not None:
        yield "Retry-After", str(answer.retry_after)
    if answer.location:
        yield "Location", f"{wire.services().settings.base_url}/{answer.location}"


def as_liked(answer: Answer, asked: Http) -> Answer:
    """Return `answer` in XML or JSON, as the caller takes it, and indented when `_pretty` asks for it.

    Raises NotAcceptable for what XML cannot carry; the answer to what was done by then stays JSON instead.
    """
    if not answer.body:
        return answer
    if asked.media_type == FHIR_XML:
        try:
            return replace(answer, body=_in_xml(answer.body, pretty=asked.is_pretty), media_type=FHIR_XML)
        except NotAcceptable:
            if asked.method in {"GET", "HEAD"}:
                raise
    return replace(answer, body=json.encode_pretty(json.decode(answer.body))) if asked.is_pretty else answer


def refusal(error: GatewayError) -> Answer:
    """Return `error` as an answer in XML or JSON; what the caller asked may itself be what is wrong.

    Findings on a resource that came as XML name their line.
    """
    if "places" in g:
        error.issues = tuple(map(g.places.placed, error.issues))
    answer, asked = refused(error), wire.http()
    try:
        wire.check_acceptable(asked)
        return as_liked(answer, asked)
    except (GatewayError, HTTPException):
        return answer


def _in_xml(body: bytes, *, pretty: bool) -> bytes:
    try:
        return xml.write(json.decode(body), pretty=pretty)
    except GatewayError as error:
        raise NotAcceptable("this cannot be written as XML; ask for JSON") from error
