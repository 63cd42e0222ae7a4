"""What stands before and behind every request: identify, authenticate, limit; and answer every error.

The order is fixed: who asks, then what it costs, and only then what it says. Nothing of a body is
read before the caller is known, nothing is parsed before it is known to be small enough.
"""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, Request, g, request
from werkzeug.exceptions import HTTPException, NotFound

from gateway.access.correlation import Correlation
from gateway.access.unknown import NotKnown
from gateway.errors import (
    BadRequest,
    Forbidden,
    GatewayError,
    Issue,
    MethodNotAllowed,
    ResourceNotFound,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from gateway.fhir.bsn import is_bsn
from gateway.fhir.search import refuse_bsn_in_url
from gateway.query import refusals
from gateway.rest import answering, ingest, wire
from gateway.rest.authenticated import authenticated, challenge
from gateway.rest.compression import compressed, is_not_taken
from gateway.rest.headers import PATCH_TYPES
from gateway.rest.lanes import lane
from gateway.rest.origins import keep_other_sites_out
from gateway.rest.protection import protection
from gateway.rest.response import Response
from gateway.rest.routes import NO_SUCH_PATH, allowed_methods, no_such_path
from gateway.telemetry import Span, Telemetry

if TYPE_CHECKING:
    from gateway.rest.wire import Http
    from gateway.services import Services

log = logging.getLogger("gateway.http")

MAX_URL = 8000
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_UNREAD = (NotKnown, TooManyRequests)  # nothing of the request is read, not even in which form it wants its answer
_PERSONS = {"Patient", "RelatedPerson", "Person"}
_WORDS: dict[int, tuple[type[GatewayError], str]] = {
    404: (ResourceNotFound, NO_SUCH_PATH),
    405: (MethodNotAllowed, "this method is not served here; Allow names those that are"),
    413: (TooLarge, "the body is larger than the gateway takes"),
}


class UrlTooLong(TooLarge):
    """The URL is longer than the stated limit."""

    status = HTTPStatus.REQUEST_URI_TOO_LONG


def guard(app: Flask) -> None:
    """Have all that goes wrong in `app` answered in the words of the gateway."""
    app.register_error_handler(GatewayError, _refuse)
    app.register_error_handler(HTTPException, _refuse_http)
    app.register_error_handler(Exception, _fail)


def answered(app: Flask, asked: Http) -> Response:
    """Return the answer to the request of this context: there is no other way through `app`."""
    began, to = perf_counter(), wire.services_of(app)
    try:
        _admit(asked, to)
        with lane(asked):
            response = _led(app, asked)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
        response = app.handle_user_exception(error)
    return _finished(cast("Response", response), asked, to, began)


def _led(app: Flask, asked: Http) -> object:
    """Return what the view of a request answers. HTTPException, where its path or method leads to none."""
    if asked.url_rule is None:
        raise asked.routing_exception or NotFound
    return app.view_functions[asked.url_rule.endpoint](**(asked.view_args or {}))


def _admit(asked: Http, to: Services) -> None:
    """Let a request in, or refuse it for the first thing that is wrong with it. GatewayError."""
    here = wire.here()
    here.caller = authenticated(asked, _identify(asked, to, here), to)
    keep_other_sites_out(asked)
    _limit(asked, to.settings.max_body)
    _keep_bsn_out_of_urls(asked)


def _identify(asked: Http, to: Services, here: Any) -> Correlation:
    """Return the ids by which the request is found again: those it came with, else new ones. BadRequest."""
    made = found = Correlation(to.new_id())  # a refusal has one too
    try:
        found = Correlation.of(asked.header, lambda: made.request_id)
    finally:
        found = here.correlation = _begun(asked, found, to.telemetry)
    return found


def _begun(asked: Request, correlation: Correlation, telemetry: Telemetry) -> Correlation:
    """Begin the span of the request, where spans are recorded; return the ids as they are told from then on."""
    if not telemetry.is_on:
        return correlation
    method, rule = _named(asked)
    about = {"http.request.method": method, "http.route": rule}
    begun, g.span = correlation.begin(f"{method} {rule}", about, telemetry)
    return begun


def _named(asked: Request) -> tuple[str, str]:
    """Return method and rule; never the URL, which may name a patient, nor what a client calls its method."""
    rule = asked.url_rule.rule if asked.url_rule else "-"
    return (asked.method if asked.method in _METHODS else "-"), rule


def _limit(asked: Http, max_body: int) -> None:
    if len(asked.path) + len(asked.query_string) > MAX_URL:
        raise UrlTooLong(f"the URL is longer than {MAX_URL} bytes; POST <Type>/_search takes parameters in the body")
    if asked.length > max_body:
        raise TooLarge(f"the body is larger than {max_body} bytes")


def _keep_bsn_out_of_urls(asked: Http) -> None:
    """Refuse a BSN in the URL: URLs end up in logs, histories and proxies."""
    path = asked.path
    if asked.query_string:
        is_asked = asked.method in {"GET", "HEAD"} or path.endswith("/_search") or "$" in path
        type_ = (asked.view_args or {}).get("type", "Patient")
        refuse_bsn_in_url(asked.url_parameters, type_, is_write=not is_asked)
    if any(kind in _PERSONS and is_bsn(id_) for kind, id_ in pairwise(path.split("/"))):
        raise BadRequest("a BSN may not be the id of a resource, nor stand in any URL", code="bsn-in-url")


def _finished(response: Response, asked: Http, to: Services, began: float) -> Response:
    here = wire.here()
    correlation = cast("Correlation", here.correlation)
    always = protection(is_tls=to.settings.base_url.startswith("https:"))
    response.headers = dict(always) | response.headers | correlation.headers()
    if "cookie" in here:
        response.headers["Set-Cookie"] = here.cookie
    if "cache_control" in here:  # what is published is neither
        response.headers["Cache-Control"] = here.cache_control
    method, rule = _named(asked)
    seconds = perf_counter() - began
    to.metrics.answered(method, rule, response.status, seconds)
    if log.isEnabledFor(logging.INFO):
        answered = {"method": method, "rule": rule, "status": response.status, "ms": round(1000 * seconds, 1)}
        log.info("answered", extra=correlation.noted() | answered)
    if "span" in here:
        _end_span(here.span, response.status)
    return compressed(response)


def _end_span(span: Span, status: int) -> None:
    span.note({"http.response.status_code": status})
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.fail(str(status))
    span.end()


def _refuse(error: GatewayError) -> Response:
    _note_refusal(error)
    at_ingest = ingest.refusal(error) if request.blueprint == ingest.blueprint.name else None
    answered = answering.refused if isinstance(error, _UNREAD) else answering.refusal
    response = at_ingest or answering.respond(answered(error))
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(allowed_methods(request.path))
    if isinstance(error, UnsupportedMediaType) and is_not_taken():
        response.headers["Accept-Encoding"] = "gzip"  # RFC 9110, 15.5.16
    elif isinstance(error, UnsupportedMediaType) and request.method == "PATCH":
        response.headers["Accept-Patch"] = ", ".join(PATCH_TYPES)
    if isinstance(error, Unavailable | TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthenticated):
        # a 401 without one is no HTTP: RFC 9110, 15.5.2
        response.headers["WWW-Authenticate"] = challenge(error) if isinstance(error, NotKnown) else "HMAC-SHA256"
    elif isinstance(error, Forbidden) and wire.services().identities and "Authorization" in request.headers:
        response.headers["WWW-Authenticate"] = challenge(error)
    return response


def _note_refusal(error: GatewayError) -> None:
    """Add to the audit that somebody who is known was refused, or asked for what is not there for it."""
    caller, path = g.get("caller"), request.view_args or {}
    if caller is not None:
        refusals.note(error, caller, wire.services(), path.get("type", ""), path.get("id", ""))


def _refuse_http(error: HTTPException) -> Response:
    """Answer what Flask itself refuses in the words of the gateway."""
    ours, words = _WORDS.get(error.code or 0, (BadRequest, "the request cannot be read"))
    words = no_such_path(request.path) if words == NO_SUCH_PATH else words
    return _refuse(ours(words))


def _fail(error: Exception) -> Response:
    """Answer a bug with a bare 500; log where it happened, and none of the values it happened to."""
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    noted = g.correlation.noted()
    log.error("failed", extra=noted | {"error": type(error).__name__, "trace": frames})
    issue = Issue("exception", f"the gateway failed; its log has the particulars under {noted['request']}", "fatal")
    return answering.respond(answering.refused(GatewayError([issue])))
