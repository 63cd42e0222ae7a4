"""`GET /metrics`, for Prometheus: what was counted, and what the store shows at this moment.

Nothing in it concerns a patient: rules instead of URLs, providers, numbers.
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Callable, Iterator

from flask import Blueprint

from gateway import __version__
from gateway.errors import Unavailable
from gateway.metrics import CONTENT_TYPE, Gauge
from gateway.rest import wire
from gateway.rest.response import Response
from gateway.services import Services
from gateway.store import queues
from gateway.store.inbox import last_heard
from gateway.store.queues import Backlog
from gateway.store.records import microseconds

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Return all metrics as text. When the store is away `gateway_up` of it is 0, and what it would tell is absent."""
    to = wire.services()
    return Response(to.metrics.exposition(_gauges(to)), content_type=CONTENT_TYPE)


def _gauges(to: Services) -> Iterator[Gauge]:
    yield Gauge("gateway_build_info", "The version that runs.", "version", {__version__: 1})
    try:
        stored = list(_stored(to))
    except Unavailable:
        stored = []
    yield Gauge("gateway_up", "Whether a part answers.", "part", {"store": int(bool(stored))})
    yield from stored


def _stored(to: Services) -> Iterator[Gauge]:
    heard = last_heard(to.store, sorted(to.library.providers))
    yield Gauge(
        "gateway_provider_last_message_timestamp_seconds",
        "When the last message of a provider came in; one that was never heard is absent.",
        "provider",
        {provider: at.timestamp() for provider, at in heard.items()},
    )
    with to.store.reading(snapshot=False) as db:
        backlog = queues.backlog(db)
    now = microseconds(to.clock())
    for name, documentation, number in _OUTWARD:
        yield Gauge(name, documentation, "queue", {kind: number(of, now) for kind, of in backlog.items()})


_OUTWARD: tuple[tuple[str, str, Callable[[Backlog, int], float]], ...] = (
    ("gateway_outbox_waiting", "Deliveries that wait to be told.", lambda of, _: of.waiting),
    ("gateway_outbox_failing", "Queues of which the last delivery failed.", lambda of, _: of.failing),
    ("gateway_outbox_given_up", "Deliveries that were given up and not sent again.", lambda of, _: of.given_up),
    (
        "gateway_outbox_lag_seconds",
        "How long the delivery waits that waits longest.",
        lambda of, now: max(0, now - of.oldest) / 1_000_000 if of.oldest is not None else 0,
    ),
)
