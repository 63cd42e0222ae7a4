"""The ids by which a request is found again: in the answer, in the log, in the audit, and at whoever sent it.

One id is enough to find all of them: those that the caller did not send are made of the request's own, so that
the audit need not repeat what follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from uuid import UUID, uuid5

from gateway.errors import BadRequest
from gateway.fhir.bsn import is_bsn
from gateway.fhir.frozen import frozen
from gateway.telemetry import Span, Telemetry, Value

REQUEST, CORRELATION, AORTA, TRACE = "X-Request-Id", "X-Correlation-Id", "AORTA-ID", "traceparent"

_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_OWN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # as we write them
_AORTA = re.compile(rf"\s*initialRequestID=({_UUID})\s*;\s*requestID=({_UUID})\s*;?\s*", re.IGNORECASE)
_TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_OURS = UUID("6f3d4a52-5a0b-5f0e-9a58-4c8f4f1f2f60")  # ids that are no UUID get one in this namespace
_NOTHING = (None, None, None, None)
_UNSAMPLED, _SAMPLED = "00", "01"  # whether it is recorded is for the caller to say, and for who records it here


@frozen()
class Correlation:
    """The ids of one request. The fields are what was sent; '' is what was not, and then follows from `request_id`."""

    request_id: str
    correlation_id: str = ""
    aorta_id: str = ""
    trace_id: str = ""
    parent_id: str = ""
    flags: str = _UNSAMPLED

    @classmethod
    def of(cls, header: Callable[[str], str | None], new_id: Callable[[], str]) -> Correlation:
        """Return the ids that a request came with; `header` returns one of its headers.

        One that cannot be logged safely is as good as none, as W3C wants it of traceparent. Only of AORTA-ID, which
        all parties must log, BadRequest says what it should look like.

        https://www.w3.org/TR/trace-context/#traceparent-header
        """
        sent = header(REQUEST), header(CORRELATION), header(AORTA), header(TRACE)
        if sent == _NOTHING:
            return cls(new_id())
        request_id, correlation_id, aorta_id, traceparent = sent
        trace = _TRACE.fullmatch((traceparent or "").strip())
        return cls(
            _safe(request_id) or new_id(),
            _safe(correlation_id),
            _aorta(aorta_id),
            trace[1] if trace else "",
            trace[2] if trace else "",
            trace[3] if trace else _UNSAMPLED,
        )

    def headers(self) -> dict[str, str]:
        """Return all four, as the answer carries them: our own span in the caller's trace."""
        uuid = _uuid(self.request_id)
        return {
            REQUEST: self.request_id,
            CORRELATION: self.correlation_id or self.request_id,
            AORTA: self.aorta_id or f"initialRequestID={uuid}; requestID={uuid}",
            TRACE: self.traceparent(),
        }

    def traceparent(self) -> str:
        """Return our own span in the caller's trace, or in one of our own."""
        trace_id = self.trace_id or _uuid(self.request_id).replace("-", "")
        return f"00-{trace_id}-{sha256(self.request_id.encode()).hexdigest()[:16]}-{self.flags}"

    def parent(self) -> str:
        """Return the span of the caller, '' when it named none."""
        return f"00-{self.trace_id}-{self.parent_id}-{self.flags}" if self.trace_id else ""

    def begin(self, name: str, attributes: Mapping[str, Value], telemetry: Telemetry) -> tuple[Correlation, Span]:
        """Return the span of this request, begun, and the ids as they are told from then on."""
        span = telemetry.begin(name, "server", attributes, own=self.traceparent(), parent=self.parent())
        return (replace(self, flags=_SAMPLED) if span.is_recorded else self), span

    def noted(self) -> dict[str, str]:
        """Return what the audit and the log keep: the request's id, and of the others those that were sent."""
        noted = {"request": self.request_id}
        if self.correlation_id or self.aorta_id or self.trace_id:
            sent = {"correlation": self.correlation_id, "aorta": self.aorta_id, "trace_id": self.trace_id}
            noted |= {name: id_ for name, id_ in sent.items() if id_}
        return noted


def _safe(given: str | None) -> str:
    return given if given and _SAFE.fullmatch(given) and not is_bsn(given) else ""


def _aorta(given: str | None) -> str:
    if given is None:
        return ""
    found = _AORTA.fullmatch(given)
    if found is None:
        raise BadRequest("AORTA-ID must be: initialRequestID=<uuid>; requestID=<uuid>")
    return f"initialRequestID={found[1]}; requestID={found[2]}"


@lru_cache(maxsize=64)  # each header that is made of it asks again
def _uuid(request_id: str) -> str:
    if _OWN.fullmatch(request_id):
        return request_id
    try:
        return str(UUID(request_id))
    except ValueError:
        return str(uuid5(_OURS, request_id))
