"""A Binary as what it holds: the document itself, for who asks for anything but FHIR.

It is told so that no browser runs it: as a download, of which the type is not guessed, in a sandbox.
https://hl7.org/fhir/R4/binary.html#rest
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from http import HTTPStatus

from flask import Blueprint, request

from gateway import query
from gateway.errors import NotAcceptable
from gateway.fhir import json
from gateway.fhir.types import Resource
from gateway.rest import answering, wire
from gateway.rest.headers import FHIR_MEDIA_TYPES, ranges_by_preference
from gateway.rest.response import Response
from gateway.rest.routes import PREFIX, find, respond

blueprint = Blueprint("binaries", __name__, url_prefix=PREFIX)

_ANYTHING = "application/octet-stream"
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+\-]+/[A-Za-z0-9!#$&^_.+\-]+(?:\s*;\s*[\x20-\x7e]+)?")
_CONTEXT = re.compile(r"[\x21-\x7e]+")
_UNTRUSTED = {
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}


@blueprint.get("/Binary/<fhir_id:id>")
@blueprint.get("/Binary/<fhir_id:id>/_history/<fhir_id:version>")
def content(**path: str) -> Response:
    """Return the document to who prefers its type, else the resource. NotAcceptable, and what a read raises."""
    liked = ranges_by_preference(request.headers.get("Accept", ""))
    if wire.parameter("_format") or not liked or _is_of_resource(liked[0]):
        return _as_resource()
    ask = wire.ask(wire.http(), type=wire.BINARY, **path)
    ask.check_parameters(hint="; of a FHIR resource more is")
    if ask.version:
        stored = query.vread(ask.type, ask.id, ask.version, ask.caller, ask.to)
    else:
        stored = query.read(ask.type, ask.id, ask.caller, ask.to)
    binary = json.decode(stored.body)
    chosen = next((name for name in liked if _is_of_resource(name) or _fits(name, binary["contentType"])), None)
    if chosen is None:
        raise NotAcceptable(f"this is {_type(binary)}: it is told as that, or as a FHIR resource")
    if _is_of_resource(chosen):
        return _as_resource()
    return _told(binary, answering.respond(replace(answering.stored(stored), body=b"").unless_known(ask.conditions)))


def _as_resource() -> Response:
    route, named = find("GET", request.path.removeprefix(f"{PREFIX}/"))
    return respond(route, named)


def _is_of_resource(media_range: str) -> bool:
    return media_range in FHIR_MEDIA_TYPES or media_range in {"*/*", "*"}


def _fits(media_range: str, content_type: str) -> bool:
    own = content_type.partition(";")[0].strip().lower()
    kind, _, rest = media_range.partition("/")
    return media_range in {own, _ANYTHING} or (rest == "*" and own.startswith(f"{kind}/"))


def _told(binary: Resource, response: Response) -> Response:
    """Return the response with the document in it, unless the caller has it."""
    if response.status == HTTPStatus.OK:
        response.body = b64decode(binary.get("data", ""))
        response.headers["Content-Type"] = _type(binary)
    response.headers.update(_UNTRUSTED)
    context = binary.get("securityContext", {}).get("reference", "")
    if _CONTEXT.fullmatch(context):
        response.headers["X-Security-Context"] = context
    return response


def _type(binary: Resource) -> str:
    """Return the type it says it is, where a header can hold that."""
    said = str(binary["contentType"])
    return said if _TYPE.fullmatch(said) else _ANYTHING
