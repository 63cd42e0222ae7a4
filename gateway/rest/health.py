"""Whether the gateway lives, and whether it is ready to take messages. Answers nothing about what is in it."""

import os
from http import HTTPStatus
from pathlib import Path

from flask import Blueprint

from gateway.errors import GatewayError
from gateway.fhir import json
from gateway.rest import wire
from gateway.rest.response import Response
from gateway.services import Services
from gateway.store.readiness import check_ready

blueprint = Blueprint("health", __name__, url_prefix="/health")

_READY = "ready"


@blueprint.get("/live")
def live() -> Response:
    """Return 200 as long as this process answers."""
    return Response(b'{"status":"live"}', content_type="application/json")


@blueprint.get("/ready")
def ready() -> Response:
    """Return each part and whether it is ready, and if not why: 200 when all are, else 503."""
    to = wire.services()
    parts = {"store": _store(to)} | ({"folder": _folder(to.settings.folder)} if to.settings.folder else {})
    is_ready = all(state == _READY for state in parts.values())
    body = json.encode({"status": _READY if is_ready else "not-ready", "parts": parts})
    status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return Response(body, status, content_type="application/json")


def _store(to: Services) -> str:
    try:
        check_ready(to.store)
    except GatewayError as error:
        return "; ".join(issue.diagnostics for issue in error.issues)
    return _READY


def _folder(folder: Path) -> str:
    if not folder.is_dir():
        return "the watched folder is not there"
    return _READY if os.access(folder, os.R_OK | os.W_OK | os.X_OK) else "the watched folder cannot be written"
