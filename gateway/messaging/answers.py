"""The message that answers a message: what became of it, with every finding, and its focus as it is stored.

The same answer is made of the same outcome, byte for byte, whenever it is asked for again. A message that was refused
is tried anew when it comes again: what it is told then is another answer, under an id of its own.
https://hl7.org/fhir/R4/messageheader-definitions.html#MessageHeader.response
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from gateway import __version__
from gateway.errors import Issue, TooManyRequests, Unavailable
from gateway.fhir.datetime import format_instant
from gateway.fhir.outcome import operation_outcome
from gateway.fhir.types import Resource
from gateway.messaging.making import name_of
from gateway.messaging.reading import endpoint, header
from gateway.store.records import Identity

if TYPE_CHECKING:
    from gateway.errors import GatewayError

Code = Literal["ok", "transient-error", "fatal-error"]
Bodies = Callable[[Identity, int], bytes | None]
"""What finds the body of a version."""

_TRANSIENT = (Unavailable, TooManyRequests)


@dataclass(frozen=True, slots=True)
class Told:
    """What its sender is told of a message: `focus` are the versions that it made or confirmed of its focus."""

    bundle: Resource
    name: str
    sender: str
    code: Code
    issues: Sequence[Issue]
    at: datetime
    focus: Sequence[tuple[str, str, int]] = ()


def code_of(error: GatewayError | None) -> Code:
    """Return what the answer to a message says of it. https://hl7.org/fhir/R4/valueset-response-code.html"""
    if error is None:
        return "ok"
    return "transient-error" if isinstance(error, _TRANSIENT) else "fatal-error"


def response(told: Told, bodies: Bodies, *, base: str, language: str = "en") -> Resource:
    """Return the message that answers one. `base` is the address of the FHIR API."""
    id_, outcome_id = _id(told, "answer"), _id(told, "outcome")
    outcome = {"resourceType": "OperationOutcome", "id": outcome_id}
    outcome |= operation_outcome(told.issues, language=language)
    shown = [(kind, id_, body) for kind, id_, version in told.focus if (body := bodies(Identity(kind, id_), version))]
    entries = [
        {"fullUrl": f"urn:uuid:{id_}", "resource": _header(told, id_, outcome_id, base, [s[:2] for s in shown])},
        {"fullUrl": f"urn:uuid:{outcome_id}", "resource": outcome},
        *({"fullUrl": f"{base}/{kind}/{id_}", "resource": msgspec.Raw(body)} for kind, id_, body in shown),
    ]
    return {
        "resourceType": "Bundle",
        "id": _id(told, "bundle"),
        "type": "message",
        "timestamp": format_instant(told.at),
        "entry": entries,
    }


def _id(told: Told, what: str) -> str:
    attempt = () if told.code == "ok" else (told.code, format_instant(told.at))
    return name_of(told.sender, told.name, what, *attempt)


def _header(told: Told, id_: str, outcome: str, base: str, shown: Sequence[tuple[str, str]]) -> Resource:
    asked = header(told.bundle) or {}
    answer: Resource = {"resourceType": "MessageHeader", "id": id_, **_event(asked)}
    if source := endpoint(told.bundle):
        answer["destination"] = [{"endpoint": source}]
    answer["source"] = {
        "name": "msb-gateway",
        "software": "msb-gateway",
        "version": __version__,
        "endpoint": f"{base}/$process-message",
    }
    details = {"reference": f"urn:uuid:{outcome}"}
    answer["response"] = {"identifier": told.name, "code": told.code, "details": details}
    if shown:
        answer["focus"] = [{"reference": f"{base}/{kind}/{one}", "type": kind} for kind, one in shown]
    return answer


def _event(asked: Resource) -> Resource:
    """Return the event of what is answered, as far as it can be told again."""
    match asked:
        case {"eventCoding": {"code": str(code), **others}} if code:
            system = others.get("system")
            return {"eventCoding": {**({"system": system} if isinstance(system, str) else {}), "code": code}}
        case {"eventUri": str(uri)} if uri:
            return {"eventUri": uri}
    return {"eventUri": "urn:ietf:rfc:3986"}
