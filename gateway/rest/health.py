"""Whether the gateway lives, and whether it is ready to take messages. Answers nothing about what is in it."""

from flask import Blueprint, Response

from gateway.rest import wire

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.get("/live")
def live() -> Response:
    """Return 200 as long as this process answers."""
    return Response(b'{"status":"live"}', content_type="application/json")


@blueprint.get("/ready")
def ready() -> Response:
    """Return 200 when the store answers; Unavailable otherwise."""
    with wire.services().store.reading(snapshot=False) as database:
        database.rows("select 1")
    return Response(b'{"status":"ready"}', content_type="application/json")
