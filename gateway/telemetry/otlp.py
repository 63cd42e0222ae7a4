"""Spans that are recorded and sent to a collector over OTLP/HTTP, by the SDK of OpenTelemetry (the extra `otel`).

The SDK looks at its own variables `OTEL_…` for whatever is not said here: headers, authorities, sampling, batches.
https://opentelemetry.io/docs/specs/otlp/#otlphttp, https://opentelemetry.io/docs/languages/sdk-configuration/
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, Tracer, get_current_span
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gateway.telemetry import HEADER, Kind, Span, Telemetry, Value, current

_PATH = "/v1/traces"
_EXPORT_SECONDS = 5  # also what a stop waits for a collector that is away
_propagator = TraceContextTextMapPropagator()
_own: ContextVar[SpanContext | None] = ContextVar("own", default=None)


class Otlp(Telemetry):
    """Has spans recorded. What sends them is made by the process that begins the first: threads do not survive a fork.

    `endpoint` is the base address of the collector, without `/v1/traces`.
    """

    is_on = True

    def __init__(self, endpoint: str, version: str) -> None:
        self._endpoint = endpoint.rstrip("/") + _PATH
        self._version = version
        self._mutex = threading.Lock()
        self._process = 0
        self._provider: TracerProvider
        self._tracer: Tracer

    def begin(
        self,
        name: str,
        kind: Kind,
        attributes: Mapping[str, Value],
        *,
        own: str = "",
        parent: str | None = None,
        links: Sequence[str] = (),
    ) -> Span:
        """Return a span that has begun; it is recorded unless its parent is not, or the sampler says otherwise."""
        context = _context(current().traceparent if parent is None else parent)
        led = [Link(_span_context(link)) for link in links]
        _own.set(_span_context(own) if own else None)
        found = self._recording().start_span(name, context, SpanKind[kind.upper()], attributes, led)
        _own.set(None)
        return Recorded(found).begin()

    def close(self) -> None:
        """Send what was recorded and is not sent yet; nothing is recorded after it."""
        if self._process == os.getpid():
            self._provider.shutdown()

    def _recording(self) -> Tracer:
        with self._mutex:
            if self._process != os.getpid():
                self._provider, self._process = self._made(), os.getpid()
                self._tracer = self._provider.get_tracer("gateway", self._version)
        return self._tracer

    def _made(self) -> TracerProvider:
        about = Resource.create({"service.name": "msb-gateway", "service.version": self._version})
        provider = TracerProvider(resource=about, id_generator=_Ids(), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=self._endpoint, timeout=_EXPORT_SECONDS, session=_Straight())
        provider.add_span_processor(BatchSpanProcessor(exporter))
        return provider


class _Straight(requests.Session):
    """Goes to the collector and nowhere else: by no proxy or password of this machine, and by no redirect."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send it, and return whatever is answered."""
        return super().send(request, **(kwargs | {"allow_redirects": False}))


class Recorded(Span):
    """A span of the SDK."""

    def __init__(self, span: OtelSpan) -> None:
        context = span.get_span_context()
        super().__init__(f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags & 1:02x}")
        self._span = span
        self.is_recorded = span.is_recording()

    def note(self, attributes: Mapping[str, Value]) -> None:
        """Note something of it."""
        self._span.set_attributes(attributes)

    def fail(self, kind: str) -> None:
        """Note that it went wrong; `kind` is a word of ours or the name of an exception, never its text."""
        self._span.set_attribute("error.type", kind)
        self._span.set_status(StatusCode.ERROR)

    def end(self) -> None:
        """End it; it is sent a while later."""
        super().end()
        self._span.end()


class _Ids(RandomIdGenerator):
    """The ids that a span must have, for its caller was told them; by chance where there are none."""

    def generate_span_id(self) -> int:
        own = _own.get()
        return own.span_id if own else super().generate_span_id()

    def generate_trace_id(self) -> int:
        own = _own.get()
        return own.trace_id if own else super().generate_trace_id()

    def is_trace_id_random(self) -> bool:
        return False


def _context(traceparent: str) -> Context:
    return _propagator.extract({HEADER: traceparent} if traceparent else {}, Context())


def _span_context(traceparent: str) -> SpanContext:
    return get_current_span(_context(traceparent)).get_span_context()
