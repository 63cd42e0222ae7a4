"""What an interaction is asked and what it answers, by an HTTP request or by an entry of a Bundle. Pure, no Flask.

Both are the same for either, so that one function per interaction serves both. https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from gateway.errors import BadRequest, Issue
from gateway.fhir.frozen import frozen
from gateway.fhir.types import Resource
from gateway.rest.headers import AS_USUAL, FHIR_JSON, REDUCED, Prefer, versions_of

if TYPE_CHECKING:
    from gateway.access.policy import Caller
    from gateway.services import Services
    from gateway.transact import Received

Pairs = Sequence[tuple[str, str]]


@frozen()
class Conditions:
    """What the caller makes an interaction depend on, in the words of HTTP or of Bundle.entry.request."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_none_exist: str | None = None
    if_modified_since: datetime | None = None

    def check_written(self, *, is_create: bool) -> None:
        """Raise BadRequest for a condition that this write does not know: passed over, it would just be broken."""
        if self.if_none_match is not None:
            raise BadRequest("If-None-Match is of reads; to write only what is not there, POST with If-None-Exist")
        if is_create and self.if_match is not None:
            raise BadRequest("If-Match names a version, and what is created has none yet: leave it out")
        if not is_create and self.if_none_exist is not None:
            raise BadRequest("If-None-Exist is of creates; the condition of another write stands in its URL")


UNCONDITIONAL = Conditions()


@frozen()
class Ask:
    """One interaction as it is asked, by an HTTP request or by an entry of a Bundle."""

    caller: Caller
    to: Services
    read_body: Callable[[], Resource]
    type: str = ""
    id: str = ""
    version: str = ""
    compartment: str = ""
    parameters: Pairs = ()
    conditions: Conditions = UNCONDITIONAL
    prefer: Prefer = AS_USUAL
    full_url: str | None = None
    received: Received | None = None  # the entry of a batch that has a name
    is_bare: bool = False  # nothing was sent with it

    def check_parameters(self, *known: str, hint: str = "") -> None:
        """Raise BadRequest with each parameter that is not `known` here: one that is passed over says something else.

        https://hl7.org/fhir/R4/http.html#parameters
        """
        there = f"known here are {', '.join(known)}" if known else "none is known here"
        unknown = [f"no parameter '{name[:60]}'; {there}{hint}" for name, _ in self.parameters if name not in known]
        if unknown:
            raise BadRequest([Issue("unknown-parameter", text) for text in unknown])

    def resource(self) -> Resource:
        """Return the resource that was sent, when it is of the type the URL names. MalformedMessage, BadRequest."""
        sent = self.read_body()
        if sent.get("resourceType") != (self.type or "Bundle"):
            wanted = self.type or "Bundle"
            raise BadRequest(f"the resource sent here must be a {wanted}", expression=f"{wanted}.resourceType")
        return sent


@frozen()
class Answer:
    """What an interaction answers; `location` is relative to the FHIR base, `body` an outcome or a resource.

    `repeated`: it was carried out before, and this is what was answered then. `retry_after`: seconds after which it is
    worth trying again. `is_reduced`: the reduced form, which has an entity tag of its own; `varies`: whether it is told
    so is no matter of when it was changed.
    """

    status: HTTPStatus
    body: bytes = b""
    is_outcome: bool = False
    version: int | None = None
    last_updated: datetime | None = None
    location: str | None = None
    media_type: str = FHIR_JSON
    repeated: bool = False
    retry_after: int | None = None
    is_reduced: bool = False
    varies: bool = False

    @property
    def tag(self) -> str:
        """Return what an entity tag says: the version, and that it is the reduced form of it."""
        return f"{self.version}{REDUCED if self.is_reduced else ''}"

    def unless_known(self, conditions: Conditions) -> Answer:
        """Return this, or 304 without a body when the caller has this version already."""
        return replace(self, status=HTTPStatus.NOT_MODIFIED, body=b"") if self._is_known(conditions) else self

    def _is_known(self, conditions: Conditions) -> bool:
        if conditions.if_none_match is not None:  # it goes before If-Modified-Since: RFC 9110, 13.2.2
            return bool(versions_of(conditions.if_none_match) & {"*", self.tag})
        since, last = conditions.if_modified_since, self.last_updated
        return not self.varies and since is not None and last is not None and last.replace(microsecond=0) <= since
