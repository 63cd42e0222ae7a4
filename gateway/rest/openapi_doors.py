"""The paths beside `/fhir`, for the OpenAPI document: what takes messages, and what an operator looks at."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_MESSAGES = (
    "application/hl7-v2+er7",
    "application/edifact",
    "text/csv",
    "application/json",
    "application/x-ndjson",
    "application/xml",
    "application/fhir+json",
    "application/fhir+xml",
    "multipart/form-data",
)
_REPORTS = (
    "application/hl7-v2+er7",
    "application/edifact",
    "text/plain",
    "text/csv",
    "application/json",
    "application/fhir+json",
    "application/fhir+xml",
)


def _told(summary: str, operation: str, media: str, *, not_ready: bool = False) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": summary, "content": {media: {}}}}
    if not_ready:
        responses["503"] = {"description": "Not ready; `parts` says which part, and why.", "content": {media: {}}}
    return {"get": {"operationId": operation, "tags": ["operation"], "summary": summary, "responses": responses}}


_INGEST: dict[str, Any] = {
    "operationId": "post-ingest",
    "tags": ["messages"],
    "summary": "Take in a message, a list or a file of a provider",
    "parameters": [
        {
            "name": "provider",
            "in": "path",
            "required": True,
            "description": "Under whose name it is sent.",
            "schema": {"type": "string"},
        }
    ],
    "requestBody": {"required": True, "content": {media: {} for media in _MESSAGES}},
    "responses": {
        "200": {"description": "Something was taken.", "content": {media: {} for media in _REPORTS}},
        "4XX": {
            "description": "Nothing was taken, and why.",
            "content": {media: {} for media in _REPORTS},
        },
        "503": {"$ref": "#/components/responses/later"},
    },
}

_EXPORT_TAKES = ("_type", "_since", "_outputFormat")


def _in_path(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _export(operation: str, summary: str, *path: str) -> dict[str, Any]:
    asked = _in_path(*path) + [{"name": name, "in": "query", "schema": {"type": "string"}} for name in _EXPORT_TAKES]
    prefer = {"name": "Prefer", "in": "header", "required": True, "schema": {"const": "respond-async"}}
    responses = {
        "202": {"description": "Begun; Content-Location tells where to ask how it is."},
        "4XX": {"$ref": "#/components/responses/refused"},
        "503": {"$ref": "#/components/responses/later"},
    }
    told = {"tags": ["export"], "summary": summary, "parameters": [prefer, *asked], "responses": responses}
    return {method: told | {"operationId": f"{method}-{operation}"} for method in ("get", "post")}


def _of_export(name: str, summary: str, media: str) -> dict[str, Any]:
    responses = {
        "200": {"description": summary, "content": {media: {}}},
        "202": {"description": "Not ready yet: ask again after Retry-After seconds."},
        "4XX": {"$ref": "#/components/responses/refused"},
        "503": {"$ref": "#/components/responses/later"},
    }
    return {"tags": ["export"], "summary": summary, "parameters": _in_path(name), "responses": responses}


_STATUS = {
    "get": _of_export("id", "The files of an export", "application/json") | {"operationId": "export-status"},
    "delete": _of_export("id", "End an export", "application/json") | {"operationId": "export-end"},
}
_FILE = {"get": _of_export("sealed", "A file of an export", "application/fhir+ndjson") | {"operationId": "export-file"}}

DOORS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "/ingest/{provider}": {"post": _INGEST},
        "/fhir/$export": _export("export", "Export everything"),
        "/fhir/Patient/$export": _export("patient-export", "Export all patients and what is about them"),
        "/fhir/Group/{id}/$export": _export(
            "group-export", "Export the patients in a Group and what is about them", "id"
        ),
        "/fhir/$export-status/{id}": _STATUS,
        "/fhir/$export-file/{sealed}": _FILE,
        "/health/live": _told("Whether this process answers", "live", "application/json"),
        "/health/ready": _told("Whether messages can be taken", "ready", "application/json", not_ready=True),
        "/metrics": _told("What was counted, for Prometheus", "metrics", "text/plain"),
        "/openapi.json": _told("This document", "openapi", "application/json"),
    }
)
"""Path -> Path Item Object. https://spec.openapis.org/oas/v3.1.1.html#path-item-object"""
