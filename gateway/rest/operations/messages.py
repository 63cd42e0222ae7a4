"""`$process-message`: a FHIR message in, the message that answers it out; or 202, and the answer sent elsewhere.

http://hl7.org/fhir/R4/messageheader-operation-process-message.html
"""

from __future__ import annotations

from http import HTTPStatus

from gateway.errors import BadRequest, Issue
from gateway.fhir import json
from gateway.messaging import Processed, check_may, process
from gateway.messaging.later import answer_later
from gateway.rest import answering, wire
from gateway.rest.interaction import Answer, Ask
from gateway.rest.operations.parameters import Takes, read
from gateway.rest.routes import Route

_NAME = "process-message"
_TAKES = (Takes("async", "boolean"), Takes("response-url", "url"))


def process_message(ask: Ask) -> Answer:
    """Take in the message in the body, and return what became of it: the status says it too.

    Forbidden for who may send no message at all, before anything is read of it; BadRequest for what is no message,
    UnsupportedMediaType, Forbidden for an answer to where nothing is sent.
    """
    check_may(ask.caller)
    said = read(_TAKES, ask.parameters)
    is_later, url = said.one("async") is True, said.text("response-url")
    if url is not None and not is_later:
        raise BadRequest("response-url goes with async=true: without it the answer is the response")
    bundle = ask.resource()
    if is_later:
        answer_later(bundle, url, ask.caller, ask.to)
        return Answer(HTTPStatus.ACCEPTED)
    return _answer(process(bundle, ask.caller, ask.to), ask)


def _answer(processed: Processed, ask: Ask) -> Answer:
    status = processed.refusal.status if processed.refusal else HTTPStatus.OK
    retry_after = getattr(processed.refusal, "retry_after", None)
    if ask.prefer.returned == "OperationOutcome":
        issues = processed.told.issues or [Issue("all-well", processed.told.code, "information")]
        body = answering.encoded_outcome(issues)
    else:
        body = json.encode(processed.response(ask.to, wire.language()))
    return Answer(status, body, repeated=processed.repeated, retry_after=retry_after)


ROUTES: tuple[Route, ...] = (
    Route(
        None,
        "POST",
        f"/${_NAME}",
        read=process_message,
        operation=_NAME,
        takes=tuple((one.name, one.in_json) for one in _TAKES if one.in_json),
        sends="Bundle",
        also=(HTTPStatus.ACCEPTED,),
    ),
)
