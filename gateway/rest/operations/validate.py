"""`$validate`: everything that is wrong with a resource, or with what somebody would do with it. Nothing is stored.

http://hl7.org/fhir/R4/resource-operation-validate.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flask import g, request

from gateway import query
from gateway.access.policy import may
from gateway.access.scopes import RIGHTS
from gateway.errors import BadRequest, Forbidden, GatewayError, Issue, ResourceGone, ResourceNotFound
from gateway.fhir import json
from gateway.rest import answering
from gateway.rest.interaction import Answer, Ask
from gateway.rest.operations.definition import INSTANCE, TYPE, Served
from gateway.rest.operations.parameters import Said, Takes
from gateway.transact import Create, Delete, Operation, Put, rehearse

if TYPE_CHECKING:
    from gateway.fhir.types import Resource

_TAKES = (Takes("resource", "Resource"), Takes("mode", "code"), Takes("profile", "canonical"))


def validate(ask: Ask, said: Said) -> Answer:
    """Return an OperationOutcome with every problem and its place; 200, for the question was answered.

    BadRequest where the question itself cannot be understood, Forbidden where the caller may not ask it.
    """
    if not any(may(ask.caller, right, ask.type) for right in RIGHTS):
        raise Forbidden(f"this caller may neither read nor write {ask.type}")
    mode = said.text("mode") or ""
    if mode not in _MODES:
        raise BadRequest("mode is create, update, delete or profile", code="bad-value")
    issues = _MODES[mode](ask, said)
    return Answer(HTTPStatus.OK, answering.encoded_outcome(_placed(issues, said)), is_outcome=False)


def _alone(ask: Ask, said: Said) -> Sequence[Issue]:
    """Return what is wrong with the resource that was sent or, where none was, with the one that is stored."""
    return _content(ask, _sent(said), said) if said.one("resource") or not ask.id else _stored(ask, said)


def _stored(ask: Ask, said: Said) -> Sequence[Issue]:
    """Return what is wrong with the resource as it is stored, by the profile that is asked for too."""
    if not ask.id or said.one("resource"):
        raise BadRequest("mode=profile is about a stored resource: its id stands in the URL, and nothing is sent")
    return _if_there(ask, lambda resource: _content(ask, resource, said))


def _create(ask: Ask, said: Said) -> Sequence[Issue]:
    if ask.id:
        raise BadRequest("mode=create is asked of the type, for there is no id yet")
    sent = _sent(said)
    return _with_rehearsal(ask, _content(ask, sent, said), Create(sent))


def _update(ask: Ask, said: Said) -> Sequence[Issue]:
    sent = _sent(said)
    issues = [*_content(ask, sent, said)]
    if ask.id and sent.get("id") != ask.id:
        text = "the id in the resource is not the id in the URL"
        issues.append(Issue("bad-request", text, expression=f"{ask.type}.id"))
    elif "id" not in sent:
        issues.append(Issue("bad-request", "an update names the id of the resource", expression=f"{ask.type}.id"))
    return _with_rehearsal(ask, issues, Put(sent))


def _delete(ask: Ask, said: Said) -> Sequence[Issue]:
    if not ask.id or said.one("resource"):
        raise BadRequest("mode=delete is about a stored resource: its id stands in the URL, and nothing is sent")
    return _if_there(ask, lambda _: _with_rehearsal(ask, [], Delete(ask.type, ask.id)))


_MODES: Mapping[str, Callable[[Ask, Said], Sequence[Issue]]] = MappingProxyType(
    {"": _alone, "create": _create, "update": _update, "delete": _delete, "profile": _stored}
)


def _sent(said: Said) -> Resource:
    sent: Resource | None = said.one("resource")
    if sent is None:
        raise BadRequest("$validate needs the resource: as the body, or as the parameter 'resource'")
    return sent


def _content(ask: Ask, resource: Resource, said: Said) -> Sequence[Issue]:
    """Return what is wrong with a resource by itself, by the profiles it claims, and by the one that is asked for."""
    if resource.get("resourceType") != ask.type:
        text = f"the resource sent here must be a {ask.type}"
        return [Issue("bad-request", text, expression=f"{ask.type}.resourceType")]
    return ask.to.validator.issues(resource, said.all("profile"))


def _if_there(ask: Ask, then: Callable[[Resource], Sequence[Issue]]) -> Sequence[Issue]:
    try:
        stored: Any = json.decode(query.read(ask.type, ask.id, ask.caller, ask.to).body)
    except (ResourceNotFound, ResourceGone) as error:
        return error.issues
    return then(stored)


def _with_rehearsal(ask: Ask, issues: Sequence[Issue], operation: Operation) -> Sequence[Issue]:
    """Return the findings and, when there is no error yet, those that only carrying it out would bring up."""
    if any(issue.severity in {"fatal", "error"} for issue in issues):
        return issues
    try:
        found = rehearse([operation], ask.caller, ask.to)[0].issues
    except GatewayError as error:
        found = error.issues
    return [*issues, *(issue for issue in found if issue not in issues)]


def _placed(issues: Sequence[Issue], said: Said) -> Sequence[Issue]:
    """Return the findings with their lines, where the resource came as XML and by itself."""
    if "places" in g and said.is_alone and request.path.endswith("$validate"):
        return [g.places.placed(issue) for issue in issues]
    return issues


OPERATIONS = (Served("validate", (TYPE, INSTANCE), _TAKES, validate),)
