"""Every error a caller can act on, in one tree, and the findings they carry.

    GatewayError
    ├── MalformedMessage      400 structure        the bytes are not what they claim to be
    ├── BadRequest            400 invalid          a parameter, header or URL cannot be used as it stands
    ├── Unauthenticated       401 login            the caller is not known
    ├── Forbidden             403 forbidden        the caller is known and may not do this
    ├── ResourceNotFound      404 not-found        no such resource, version or path
    ├── MethodNotAllowed      405 not-supported    the CapabilityStatement does not list this interaction
    ├── NotAcceptable         406 not-supported    no representation the caller accepts
    ├── Conflict              409 conflict         the state of the store forbids it
    ├── ResourceGone          410 deleted          the resource was deleted
    ├── VersionConflict       412 conflict         If-Match names another version
    ├── MultipleMatches       412 multiple-matches a condition matches more than one resource
    ├── TooLarge              413 too-long         larger than the stated limit
    ├── UnsupportedMediaType  415 not-supported    the Content-Type is not one the gateway reads
    ├── UnsupportedMessage    422 not-supported    well-formed, but nothing here maps it
    ├── MappingFailed         422 processing       a mapping rule could not be applied
    ├── InvalidResource       422 invalid          a resource does not conform
    ├── TooManyRequests       429 throttled        this sender asks for more than its share; try again later
    ├── Unavailable           503 transient        try again later; Overloaded (throttled) is one of its kind
    ├── BadMapping            500 exception        a mapping file cannot be loaded
    └── BadSettings           500 exception        the settings cannot be used

Each class states, once, the HTTP status and the FHIR issue type; the edges (REST, MLLP, CLI)
only render them. Anything that is not a GatewayError is a bug and is allowed to propagate.
https://hl7.org/fhir/R4/operationoutcome.html
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import ClassVar, Literal, Self

Severity = Literal["fatal", "error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a source, in the words of its format.

    `path` is `PID-3[2].1` (HL7 v2), `row 17 column "Vrij"` (delimited text), a JSON pointer (FHIR).
    `line` counts from 1, `byte` is the offset from 0 in the bytes as received.
    """

    path: str
    line: int | None = None
    byte: int | None = None

    def __str__(self) -> str:
        """Return `PID-3[2].1 (line 4, byte 118)`, leaving out what is not known."""
        known = [f"{name} {n}" for name, n in (("line", self.line), ("byte", self.byte)) if n is not None]
        return f"{self.path} ({', '.join(known)})" if known else self.path


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding. `code` is a concept of `profiles/CodeSystem-gateway-issue.json`.

    That CodeSystem says which FHIR issue type the code is and who must act (sender, gateway, receiver).
    `value` is the offending value; a renderer shows it only when the caller asks for values.
    `diagnostics` therefore never holds a value that came out of a message. `about` names the beds it is about as their
    source does; these names are those of capacity that is served, never of persons, so every answer may show them.
    """

    code: str
    diagnostics: str
    severity: Severity = "error"
    expression: str | None = None  # FHIRPath of the target element: 'Patient.birthDate'
    place: Place | None = None
    rule: str | None = None  # 'mappings/hl7v2/adt_a20_bed/mapping.yaml:31'
    value: str | None = None
    expected: str | None = field(default=None, compare=False)  # what should stand there, in the reader's language
    about: tuple[str, ...] = ()  # 'DUINRAND/3B/12/1'
    others: tuple[Place, ...] = ()  # where else in the source it is about, beside `place`

    def __str__(self) -> str:
        """Return one line: place, target, text, rule. Never the value."""
        parts = [str(self.place) if self.place else None, f"for {self.expression}" if self.expression else None]
        where = " ".join(part for part in parts if part)
        text = f"{where}: {self.diagnostics}" if where else self.diagnostics
        return f"{text} ({self.rule})" if self.rule else text


class GatewayError(Exception):
    """Base of all errors that are reported to the caller as issues.

    Made from a text (one issue) or from the issues themselves; `issues` is never empty.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    code: ClassVar[str] = "exception"
    issue_code: ClassVar[str] = "exception"  # the catalogue's concept when only a text is given

    def __init__(self, what: str | Sequence[Issue], *, code: str | None = None, expression: str | None = None) -> None:
        if isinstance(what, str):
            self.issues: tuple[Issue, ...] = (Issue(code or self.issue_code, what, expression=expression),)
        else:
            self.issues = tuple(what)
        super().__init__("; ".join(str(issue) for issue in self.issues if issue.severity in {"fatal", "error"}))


class MalformedMessage(GatewayError):
    """The bytes are not a message of the format they came in as."""

    status, code, issue_code = HTTPStatus.BAD_REQUEST, "structure", "malformed"


class BadRequest(GatewayError):
    """A parameter, header or URL cannot be used as it stands."""

    status, code, issue_code = HTTPStatus.BAD_REQUEST, "invalid", "bad-request"


class Unauthenticated(GatewayError):
    """The caller is not known."""

    status, code, issue_code = HTTPStatus.UNAUTHORIZED, "login", "unauthenticated"


class Forbidden(GatewayError):
    """The caller is known and may not do this."""

    status, code, issue_code = HTTPStatus.FORBIDDEN, "forbidden", "forbidden"


class ResourceNotFound(GatewayError):
    """No such resource, version or path."""

    status, code, issue_code = HTTPStatus.NOT_FOUND, "not-found", "not-found"


class MethodNotAllowed(GatewayError):
    """The CapabilityStatement does not list this interaction."""

    status, code, issue_code = HTTPStatus.METHOD_NOT_ALLOWED, "not-supported", "interaction-not-supported"


class NotAcceptable(GatewayError):
    """No representation the caller accepts."""

    status, code, issue_code = HTTPStatus.NOT_ACCEPTABLE, "not-supported", "not-acceptable"


class Conflict(GatewayError):
    """The state of the store forbids it."""

    status, code, issue_code = HTTPStatus.CONFLICT, "conflict", "conflict"


class ResourceGone(GatewayError):
    """The resource was deleted."""

    status, code, issue_code = HTTPStatus.GONE, "deleted", "deleted"


class VersionConflict(GatewayError):
    """The caller's If-Match names a version that is not the current one."""

    status, code, issue_code = HTTPStatus.PRECONDITION_FAILED, "conflict", "version-conflict"


class MultipleMatches(GatewayError):
    """A condition matches more than one resource."""

    status, code, issue_code = HTTPStatus.PRECONDITION_FAILED, "multiple-matches", "multiple-matches"


class TooLarge(GatewayError):
    """Larger than the stated limit."""

    status, code, issue_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-long", "too-large"


class UnsupportedMediaType(GatewayError):
    """The Content-Type is not one the gateway reads here."""

    status, code, issue_code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not-supported", "media-type"


class UnsupportedMessage(GatewayError):
    """Well-formed, but no mapping accepts it."""

    status, code, issue_code = HTTPStatus.UNPROCESSABLE_ENTITY, "not-supported", "no-mapping"


class MappingFailed(GatewayError):
    """A mapping rule could not be applied to this message.

    Where it is known, `mapping` names the mapping, and `fields` is how many fields were wanted and were right.
    """

    mapping: str | None = None
    fields: tuple[int, int] | None = None
    status, code, issue_code = HTTPStatus.UNPROCESSABLE_ENTITY, "processing", "rule-failed"


class InvalidResource(GatewayError):
    """A resource does not conform to FHIR R4 or to its profile."""

    status, code, issue_code = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "invalid-resource"


class TooManyRequests(GatewayError):
    """This sender asks for more at once than its share; nothing of this was read."""

    status, code, issue_code = HTTPStatus.TOO_MANY_REQUESTS, "throttled", "too-many-requests"
    retry_after: int = 10  # seconds


class Unavailable(GatewayError):
    """The gateway cannot do this now; try again later."""

    status, code, issue_code = HTTPStatus.SERVICE_UNAVAILABLE, "transient", "unavailable"
    retry_after: ClassVar[int] = 10  # seconds

    @classmethod
    def later(cls, why: str) -> Self:
        """Return the error with the hint that every sender gets, also those that see no header of HTTP."""
        return cls(f"{why}; try again in {cls.retry_after} seconds")


class Overloaded(Unavailable):
    """More is waiting than the gateway lets wait; nothing of this was read."""

    status, code, issue_code = HTTPStatus.SERVICE_UNAVAILABLE, "throttled", "overloaded"
    retry_after: ClassVar[int] = 5


class BadMapping(GatewayError):
    """A mapping, ConceptMap or overlay file cannot be loaded."""

    status, code, issue_code = HTTPStatus.INTERNAL_SERVER_ERROR, "exception", "bad-mapping"


class BadSettings(GatewayError):
    """The settings cannot be used; every problem is an issue."""

    status, code, issue_code = HTTPStatus.INTERNAL_SERVER_ERROR, "exception", "bad-settings"
