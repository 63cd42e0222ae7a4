"""Spans: what was done for which request, as one trace through who asked, this gateway and whom it sends to.

Nobody records them unless the operator names a collector; then `gateway.telemetry.otlp` is loaded, and nothing of it
otherwise. The trace itself is passed on all the same. What is noted of a span is our own words and numbers (rules,
statuses, providers, formats, outcomes, counts), never a URL nor a value out of a message.

https://www.w3.org/TR/trace-context/, https://opentelemetry.io/docs/specs/otel/trace/api/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from types import TracebackType
from typing import Literal, Self

Kind = Literal["server", "client", "consumer"]
Value = str | int

HEADER = "traceparent"


class Span:
    """Something that is done, from its beginning to `end`; until then it is the current one of its thread.

    This kind is not recorded: `traceparent` is that of the trace which it belongs to, '' when there is none.
    """

    is_recorded = False

    def __init__(self, traceparent: str = "") -> None:
        self.traceparent = traceparent
        self._before: Span | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.fail(kind.__name__)
        self.end()

    def begin(self) -> Self:
        """Make it the current one, and return it."""
        self._before = current()
        _current.set(self)
        return self

    def note(self, attributes: Mapping[str, Value]) -> None:
        """Note something of it."""

    def fail(self, kind: str) -> None:
        """Note that it went wrong; `kind` is a word of ours or the name of an exception, never its text."""

    def end(self) -> None:
        """End it; what was the current one before is that again."""
        _current.set(self._before)

    def headers(self) -> dict[str, str]:
        """Return the headers by which its trace is passed on."""
        return {HEADER: self.traceparent} if self.traceparent else {}


_current: ContextVar[Span | None] = ContextVar("current", default=None)
_NOTHING = Span()


def current() -> Span:
    """Return the span that is under way in this thread; where there is none, one that goes nowhere."""
    return _current.get() or _NOTHING


class Telemetry:
    """Begins spans. This one has nobody record them."""

    is_on = False

    def begin(
        self,
        name: str,  # noqa: ARG002 - who records looks at it
        kind: Kind,  # noqa: ARG002 - as above
        attributes: Mapping[str, Value],  # noqa: ARG002 - as above
        *,
        own: str = "",
        parent: str | None = None,
        links: Sequence[str] = (),  # noqa: ARG002 - as above
    ) -> Span:
        """Return a span that has begun.

        `own` is the `traceparent` that it must have, when it was told already; `parent` that of what it is part of: ''
        for a trace of its own, None for that of the current span. `links` are those of others that led to it.
        """
        return Span(own or (current().traceparent if parent is None else parent)).begin()

    def close(self) -> None:
        """Send what was recorded and is not sent yet; nothing is recorded after it."""


OFF = Telemetry()
