"""The names of Bundles that clients send: by these the same request is recognised when it comes again.

A Bundle is known by its identifier, else by the id of its MessageHeader, and always by who sends it. FHIR lets servers
pass over the identifier of a transaction; here it makes sending again safe.
https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.identifier
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from gateway.fhir import bundle
from gateway.fhir.json import canonical, encode
from gateway.store.inbox import API
from gateway.transact import Create, Received
from gateway.transact.once import once

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.rest.interaction import Ask
    from gateway.transact import Operation

_STORED = (
    "document",
    "message",
    "collection",
)  # Bundles that are something; others are an answer, or ask for something


def of_request(sent: Resource, ask: Ask) -> Received | None:
    """Return a transaction or a batch as what has a name, None when it has none."""
    return _received(sent, ask, "")


def of_entry(whole: Received | None, index: int) -> Received | None:
    """Return an entry of a batch that has a name: each has its effect once, though the batch was broken off."""
    if whole is None:
        return None
    assert whole.once is not None
    return replace(whole, content=b"", once=once(whole.provider, API, "entry", whole.once, str(index)))


def of_operation(operation: Operation, ask: Ask) -> Received | None:
    """Return a Bundle that is to be stored as what has a name, None for anything else."""
    if ask.received is not None:
        return ask.received
    if not isinstance(operation, Create) or operation.resource.get("type") not in _STORED:
        return None
    return _received(operation.resource, ask, "Bundle") if ask.type == "Bundle" else None


def _received(sent: Resource, ask: Ask, target: str) -> Received | None:
    name = bundle.name(sent)
    if not name:
        return None
    caller = ask.caller
    return Received(
        provider=caller.organisation,
        format=API,
        content=encode(sent),
        received_at=ask.to.clock(),
        control_id=name,
        once=once(caller.asker, API, target, name),
        digest=sha256(canonical(sent)).digest(),
        by_client=True,
    )
