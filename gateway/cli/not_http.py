"""The answer to what gunicorn cannot read as HTTP: an OperationOutcome, as everywhere else.

gunicorn's own answer and its own log quote what was sent. An HL7 v2 message sent to this port is to it one
long request line: the whole patient would stand in both.
"""

from http import HTTPStatus

from gunicorn.http import errors

from gateway.errors import Issue, Severity
from gateway.fhir import json
from gateway.fhir.outcome import operation_outcome
from gateway.rest.protection import protection

_OUR_FAULT = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName, errors.ConfigurationProblem)
_REFUSALS: tuple[tuple[type[Exception], HTTPStatus, str, str], ...] = (
    (errors.LimitRequestLine, HTTPStatus.REQUEST_URI_TOO_LONG, "too-large", "the request line is too long"),
    (errors.LimitRequestHeaders, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too-large", "the headers are too large"),
    (errors.UnsupportedTransferCoding, HTTPStatus.NOT_IMPLEMENTED, "bad-request", "Transfer-Encoding is chunked"),
    (errors.ExpectationFailed, HTTPStatus.EXPECTATION_FAILED, "bad-request", "Expect is 100-continue"),
    (errors.InvalidRequestLine, HTTPStatus.BAD_REQUEST, "malformed", "the request line is not HTTP"),
    (errors.InvalidRequestMethod, HTTPStatus.BAD_REQUEST, "malformed", "the method in the request line is not HTTP"),
    (errors.InvalidHTTPVersion, HTTPStatus.BAD_REQUEST, "malformed", "the version in the request line is not HTTP 1.1"),
    (errors.InvalidChunkSize, HTTPStatus.BAD_REQUEST, "malformed", "the body is not well-formed chunks"),
)
_HEADERS = (errors.ParseException, HTTPStatus.BAD_REQUEST, "malformed", "a header is not well-formed HTTP")
_FAILED = (Exception, HTTPStatus.INTERNAL_SERVER_ERROR, "exception", "the gateway failed; its log has the particulars")


def refusal(error: Exception, *, is_tls: bool) -> tuple[HTTPStatus, bytes]:
    """Return the status that `error` deserves, and the whole response. 500: it is a bug, and not the sender's."""
    _, status, code, words = _kind(error)
    severity: Severity = "fatal" if code == "exception" else "error"
    return status, response(status, [Issue(code, words, severity)], is_tls=is_tls)


def response(
    status: int,
    body: bytes | list[Issue],
    *headers: str,
    is_tls: bool,
    content_type: str = "application/fhir+json",
) -> bytes:
    """Return a whole response, with findings as an OperationOutcome."""
    content = body if isinstance(body, bytes) else json.encode(operation_outcome(body))
    lines = (
        f"HTTP/1.1 {HTTPStatus(status).value} {HTTPStatus(status).phrase}",
        "Connection: close",
        f"Content-Type: {content_type}; charset=utf-8",
        f"Content-Length: {len(content)}",
        *(f"{name}: {value}" for name, value in protection(is_tls=is_tls).items()),
        *headers,
    )
    return "\r\n".join([*lines, "", ""]).encode("ascii") + content


def _kind(error: Exception) -> tuple[type[Exception], HTTPStatus, str, str]:
    if isinstance(error, _OUR_FAULT) or not isinstance(error, errors.ParseException):
        return _FAILED
    return next((kind for kind in _REFUSALS if isinstance(error, kind[0])), _HEADERS)
