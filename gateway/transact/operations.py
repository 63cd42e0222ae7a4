"""What can be asked of the door in, and what it answers.

https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from gateway.errors import Issue
from gateway.fhir.search import SearchRequest
from gateway.fhir.types import Resource

Status = Literal["created", "updated", "unchanged", "deleted"]


class Create(NamedTuple):
    """Store a new resource under a new id. https://hl7.org/fhir/R4/http.html#create"""

    resource: Resource
    full_url: str | None = None


class Put(NamedTuple):
    """Store a next version, or the first, if `if_match` is still the current one. https://hl7.org/fhir/R4/http.html#update"""

    resource: Resource
    if_match: str | None = None
    full_url: str | None = None


class Delete(NamedTuple):
    """Delete a resource; its versions stay. https://hl7.org/fhir/R4/http.html#delete"""

    type: str
    id: str
    if_match: str | None = None


class ConditionalCreate(NamedTuple):
    """Store a new resource unless `search` (a query string, or read already) finds one: then that one is the outcome.

    https://hl7.org/fhir/R4/http.html#ccreate
    """

    resource: Resource
    search: str | SearchRequest
    full_url: str | None = None


class ConditionalPut(NamedTuple):
    """Store a next version of the one that `search` finds, or a new resource. https://hl7.org/fhir/R4/http.html#cond-update"""

    resource: Resource
    search: str | SearchRequest
    if_match: str | None = None
    full_url: str | None = None


Operation = Create | Put | Delete | ConditionalCreate | ConditionalPut


class Outcome(NamedTuple):
    """What became of one operation.

    `unchanged`: the resource is there already, or is gone already (version 0: it never was there). `body` is the
    encoded resource, None when there is none to show; `issues` are warnings.
    """

    status: Status
    type: str
    id: str
    version: int
    last_updated: datetime
    body: bytes | None = None
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """The message that operations come from, as it was received; `result` is what mapping it had to say."""

    provider: str
    format: str
    content: bytes
    received_at: datetime
    control_id: str | None = None
    event_time: datetime | None = None
    mapping: str | None = None
    result: tuple[Issue, ...] = ()
