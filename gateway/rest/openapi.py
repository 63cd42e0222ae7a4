"""`GET /openapi.json`: what is served, in OpenAPI 3.1, from the routes and the table of the CapabilityStatement.

A path with a resource type in it stands there once for each type that is served so, hence what is listed is there and
what is not is not. https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from flask import Blueprint, current_app

from gateway import __version__
from gateway.fhir import json
from gateway.fhir.parameters import SearchParameter
from gateway.fhir.search import RESULT_PARAMETERS, compartments, modifiers, types_in
from gateway.fhir.types import Resource
from gateway.rest import wire
from gateway.rest.headers import FHIR_JSON, FHIR_XML, JSON_PATCH, XML_PATCH
from gateway.rest.metadata import SERVED, lists, lists_operation, search_parameters
from gateway.rest.openapi_doors import DOORS
from gateway.rest.response import Response
from gateway.rest.routes import PREFIX, Route
from gateway.rest.security import TOKEN_DOORS, KnownBy, known_by, of_openapi

blueprint = Blueprint("openapi", __name__)

_CONVERTED = re.compile(r"<(?:\w+:)?(\w+)>")
_ID = r"^[A-Za-z0-9\-.]{1,64}$"
_FORM = "application/x-www-form-urlencoded"
_SUCCESS: Mapping[str, tuple[HTTPStatus, ...]] = MappingProxyType(
    {
        "create": (HTTPStatus.CREATED, HTTPStatus.OK),
        "update": (HTTPStatus.OK, HTTPStatus.CREATED),
        "delete": (HTTPStatus.OK, HTTPStatus.NO_CONTENT),
        "read": (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED),
        "vread": (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED),
    }
)
_OF_DOCUMENTS = frozenset({"create", "read", "update", "vread"})
_HEADERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "read": ("If-None-Match", "If-Modified-Since"),
        "vread": ("If-None-Match", "If-Modified-Since"),
        "create": ("If-None-Exist", "Prefer"),
        "update": ("If-Match", "Prefer"),
        "patch": ("If-Match", "Prefer"),
        "delete": ("If-Match", "Prefer"),
        "search-type": ("Prefer",),
        "search-system": ("Prefer",),
    }
)
_SAYS: Mapping[str, str] = MappingProxyType(
    {
        "If-None-Match": 'Versions that the caller has: `W/"3"`; 304 when the newest is one of them.',
        "If-Modified-Since": "304 when it was not changed since.",
        "If-None-Exist": "Search parameters; when something matches them nothing is created.",
        "If-Match": 'The version that is to be changed: `W/"3"`; 412 when it is not the newest.',
        "Prefer": "`return=minimal`, `representation` or `OperationOutcome`; `handling=strict` or `lenient`.",
    }
)
_HISTORY = ("_count", "_since", "_at")


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Return the document. It is the same for every caller."""
    settings = wire.services().settings
    address = settings.base_url.removesuffix(PREFIX)
    routes: tuple[Route, ...] = current_app.extensions["gateway.routes"]
    return Response(_encoded(address, routes, known_by(settings)), content_type="application/json")


@lru_cache(maxsize=8)
def _encoded(address: str, routes: tuple[Route, ...], known: KnownBy) -> bytes:
    return json.encode(document(address, routes, known))


def document(address: str, routes: Sequence[Route], known: KnownBy) -> Resource:
    """Return the OpenAPI document of a gateway at `address` that answers `routes` under /fhir, to whom it knows."""
    doors = {**DOORS, **TOKEN_DOORS} if known == "certificates or tokens" else DOORS
    paths: dict[str, dict[str, Any]] = {path: dict(methods) for path, methods in doors.items()}
    schemes, security = of_openapi(address, known)
    components = {"schemas": dict(_schemas()), "parameters": dict(_parameters()), "responses": _refused()}
    for route in (route for route in routes if route.path != "/"):  # the same as without the slash
        for path, operation in _operations(route):
            paths.setdefault(path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "msb-gateway",
            "version": __version__,
            "description": "FHIR R4 gateway for acute-care coordination. Refusals are OperationOutcomes. A search "
            "parameter may be followed by a modifier (`name:exact`), or a chain (`subject.identifier`).",
        },
        "servers": [{"url": address}],
        "paths": dict(sorted(paths.items())),
        "components": components | ({"securitySchemes": schemes} if schemes else {}),
    } | ({"security": security} if security else {})


def _operations(route: Route) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the path and the operation of a route, for each type that is served by it."""
    path = _CONVERTED.sub(r"{\1}", f"{PREFIX}{route.path}")
    if "{type}" not in path:
        if _is_listed("", route):
            yield path, _operation(route, "")
        return
    for resource_type in SERVED:
        if _is_listed(resource_type, route) and ("{compartment}" not in path or _compartments(resource_type)):
            yield path.replace("{type}", resource_type), _operation(route, resource_type)


def _is_listed(resource_type: str, route: Route) -> bool:
    if route.operation:
        return lists_operation(resource_type or None, route.operation)
    return route.interaction is None or lists(resource_type, route.interaction)


def _operation(route: Route, resource_type: str) -> dict[str, Any]:
    """Return the Operation Object. https://spec.openapis.org/oas/v3.1.1.html#operation-object"""
    what = route.operation or route.interaction or "system"
    scope = re.sub(r"[^A-Za-z_]", "-", _CONVERTED.sub(r"\1", route.path).replace("type", resource_type)).strip("-")
    body = _body(route, resource_type)
    return {
        "operationId": f"{route.method.lower()}-{scope or 'system'}",
        "tags": [resource_type or "system"],
        "summary": f"{what} {resource_type}".strip(),
        "parameters": [*_in_path(route, resource_type), *_in_query(route, resource_type), *_in_headers(route)],
        "responses": _responses(route, resource_type),
    } | ({"requestBody": body} if body else {})


def _in_path(route: Route, resource_type: str) -> Iterator[dict[str, Any]]:
    for name in ("id", "version"):
        if f":{name}>" in route.path:
            yield {"$ref": f"#/components/parameters/{name}"}
    if ":compartment>" in route.path:
        kinds = {"type": "string", "enum": _compartments(resource_type)}
        yield {"name": "compartment", "in": "path", "required": True, "schema": kinds}


def _compartments(resource_type: str) -> list[str]:
    """Return the compartments that a resource type is in; all of them without a type."""
    return [name for name in compartments() if not resource_type or resource_type in types_in(name)]


def _in_query(route: Route, resource_type: str) -> Iterator[dict[str, Any]]:
    names: Sequence[str] = ()
    if route.interaction == "search-type" and route.method == "GET":
        yield from (_asked(p, resource_type) for p in search_parameters(resource_type))
        names = RESULT_PARAMETERS
    elif route.interaction == "search-system" and route.method == "GET":
        yield from (_asked(p, "Resource") for p in search_parameters("Resource"))
        names = ("_type", *RESULT_PARAMETERS)
    elif route.operation and (route.method == "GET" or route.sends != "Parameters"):
        yield from ({"name": name, "in": "query", "schema": {"type": kind}} for name, kind in route.takes)
    elif route.interaction and route.interaction.startswith("history"):
        names = _HISTORY
    for name in (*names, "_format", "_pretty"):
        yield {"$ref": f"#/components/parameters/{name}"}


def _asked(parameter: SearchParameter, resource_type: str) -> dict[str, Any]:
    told = " ".join(f":{name}" for name in modifiers(resource_type, parameter))
    return {
        "name": parameter.code,
        "in": "query",
        "description": f"{parameter.type} ({told}), {parameter.url}",
        "schema": {"type": "array", "items": {"type": "string"}},
    }


def _in_headers(route: Route) -> Iterator[dict[str, Any]]:
    for name in _HEADERS.get(route.interaction or "", ()):
        yield {"$ref": f"#/components/parameters/{name}"}


def _body(route: Route, resource_type: str) -> dict[str, Any]:
    """Return the Request Body Object, {} where there is none."""
    if route.method not in {"POST", "PUT", "PATCH"}:
        return {}
    if route.interaction in {"search-type", "search-system"}:
        return {"content": {_FORM: {"schema": {"type": "object"}}}}
    if route.interaction == "patch":
        patch = {
            JSON_PATCH: {"schema": {"type": "array", "items": {"type": "object"}}},
            XML_PATCH: {"schema": {"type": "string"}},
        }
        return {"required": True, "content": patch | _content("Parameters")}
    kind = route.sends if route.operation else resource_type or "Bundle"
    return {"required": True, "content": _content(kind) | _as_it_is(resource_type, route)}


def _responses(route: Route, resource_type: str) -> dict[str, Any]:
    what = route.interaction or ""
    kind = "Resource" if route.operation else resource_type or "Resource"
    if what.startswith(("search", "history")) or (route.method, route.path) == ("POST", ""):
        kind = "Bundle"
    content = _content(kind) | (_as_it_is(resource_type, route) if what in {"read", "vread"} else {})
    shown: dict[str, Any] = {}
    for status in (*_SUCCESS.get(what, (HTTPStatus.OK,)), *route.also):
        is_empty = status in {HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
        shown[str(status.value)] = {"description": status.phrase} | ({} if is_empty else {"content": content})
    if route.sends == "Bundle":  # a message is refused by a message
        refused = {"description": "Refused; nothing of it was done.", "content": _content("Resource")}
        return shown | {"4XX": refused, "503": refused}
    return shown | {"4XX": {"$ref": "#/components/responses/refused"}, "503": {"$ref": "#/components/responses/later"}}


def _as_it_is(resource_type: str, route: Route) -> dict[str, Any]:
    """Return the content of a document that stands for the Binary which holds it."""
    return {"*/*": {}} if resource_type == wire.BINARY and route.interaction in _OF_DOCUMENTS else {}


def _content(kind: str) -> dict[str, Any]:
    return {media: {"schema": {"$ref": f"#/components/schemas/{kind}"}} for media in (FHIR_JSON, FHIR_XML)}


def _refused() -> dict[str, Any]:
    outcome = _content("OperationOutcome")
    return {
        "refused": {"description": "Refused; the outcome names every problem and its place.", "content": outcome},
        "later": {"description": "Not now: come back after `Retry-After` seconds.", "content": outcome},
    }


def _schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "Resource", {"type": "object", "required": ["resourceType"]}
    for kind in sorted({*SERVED, "Parameters", "OperationOutcome", "CapabilityStatement"}):
        yield (
            kind,
            {
                "type": "object",
                "required": ["resourceType"],
                "properties": {"resourceType": {"const": kind}, "id": {"type": "string", "pattern": _ID}},
                "externalDocs": {"url": f"https://hl7.org/fhir/R4/{kind.lower()}.html"},
            },
        )


def _parameters() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in ("id", "version"):
        yield name, {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": _ID}}
    for name in dict.fromkeys(("_type", *RESULT_PARAMETERS, *_HISTORY, "_format", "_pretty")):
        yield name, {"name": name, "in": "query", "schema": {"type": "string"}}
    for name, says in _SAYS.items():
        yield name, {"name": name, "in": "header", "description": says, "schema": {"type": "string"}}
