"""Patches: from what a client sent to a change of a resource, and from that to a version.

A patch is applied to the newest version and stored only if that is still the newest: else it is applied anew, so that
of clients who patch one resource at the same time no change is lost. https://hl7.org/fhir/R4/http.html#patch
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from gateway.access.policy import Caller, may_write, visible, written
from gateway.access.scopes import Right
from gateway.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    GatewayError,
    InvalidResource,
    Issue,
    MultipleMatches,
    ResourceGone,
    ResourceNotFound,
    Unavailable,
    UnsupportedMediaType,
    VersionConflict,
)
from gateway.fhir.json import decode
from gateway.fhir.search import SearchRequest, parse_condition
from gateway.fhir.search.reduced import answers
from gateway.store import Identity, Stored
from gateway.store.matching import matches
from gateway.store.reads import is_readable
from gateway.store.records import microseconds
from gateway.store.search import Scope, seen
from gateway.transact import json_patch, parts, path_patch, xml_patch
from gateway.transact.operations import Change, ConditionalPatch, ConditionalPut, Operation, Patch, Put, Write

if TYPE_CHECKING:
    from gateway.fhir.reduced import Form, Part
    from gateway.fhir.types import Resource
    from gateway.services import Services

T = TypeVar("T")

ACCEPTED = f"{json_patch.MEDIA_TYPE}, {xml_patch.MEDIA_TYPE}, application/fhir+json, application/fhir+xml"
_ATTEMPTS = 500
_RIGHTS: Mapping[type[Operation], Sequence[Right]] = {Patch: ("u", "r"), ConditionalPatch: ("u", "r", "s")}
_PATCHES = frozenset(_RIGHTS)
_OVERTAKEN = (VersionConflict, Conflict, BadRequest)
"""What a write raises where another one came between; it may also be what the client asked that is wrong."""


def read(sent: Resource) -> Change:
    """Return the change that a patch asks for: Parameters (FHIRPath Patch), or a Binary with a JSON or XML Patch.

    Raises BadRequest, MalformedMessage, UnsupportedMediaType. https://hl7.org/fhir/R4/http.html#patch
    """
    match sent:
        case {"resourceType": "Parameters"}:
            return path_patch.read(sent)
        case {"resourceType": "Binary", "contentType": str(said), "data": str(data)}:
            return _binary(said, data)
    raise BadRequest(
        "a patch is a Parameters resource (FHIRPath Patch) or, in a Bundle, a Binary with a JSON or XML Patch"
    )


def _binary(content_type: str, data: str) -> Change:
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in {json_patch.MEDIA_TYPE, xml_patch.MEDIA_TYPE}:
        raise UnsupportedMediaType(f"a patch is one of {ACCEPTED}")
    try:
        content = b64decode(data, validate=True)
    except ValueError as error:
        raise BadRequest("data is base64", expression="Binary.data") from error
    return xml_patch.read(content) if kind == xml_patch.MEDIA_TYPE else json_patch.read(decode(content))


def are_among(ops: Sequence[Operation]) -> bool:
    """Return whether there are patches among the operations."""
    return not _PATCHES.isdisjoint(map(type, ops))


def check_may(ops: Sequence[Operation], caller: Caller) -> None:
    """Raise Forbidden with each patch of a type that the caller may not read and write: a patch can ask too."""
    refused = [
        Issue("forbidden", "this caller may not do this", expression=_where(number, op, ops))
        for number, op in enumerate(ops)
        if isinstance(op, Patch | ConditionalPatch) and not may_write(caller, op.type, _RIGHTS[op.__class__])
    ]
    if refused:
        raise Forbidden(refused)


def carry_out(ops: Sequence[Operation], caller: Caller, to: Services, write: Callable[[Sequence[Write]], T]) -> T:
    """Return what `write` does with `ops` in which every patch is the version that it makes of the newest one.

    Raises what `write` raises; Forbidden, ResourceNotFound, ResourceGone, MultipleMatches, VersionConflict and
    InvalidResource with every patch that cannot be applied; Unavailable when others keep changing the resource.
    """
    if not are_among(ops):
        return write(cast("Sequence[Write]", ops))
    before: list[Any] = []
    for _ in range(_ATTEMPTS):
        settled = _settled(ops, caller, to)
        now = [(op.resource.get("id"), op.if_match) for op in settled if isinstance(op, Put | ConditionalPut)]
        try:
            return write(settled)
        except _OVERTAKEN as error:
            if now == before:  # nobody came between: it is what was asked that is wrong
                raise _as_told(error, settled) from error
            before = now
        except GatewayError as error:
            raise _as_told(error, settled) from error
    raise Unavailable.later("others keep changing what this patch changes")


def _as_told(error: GatewayError, settled: Sequence[Write]) -> GatewayError:
    """Return what is wrong, without what is wrong with what the caller does not see of a resource."""
    error.issues = parts.told_of(error.issues, settled)
    return error


def _settled(ops: Sequence[Operation], caller: Caller, to: Services) -> list[Write]:
    settled: list[Write] = []
    refused: list[GatewayError] = []
    for number, op in enumerate(ops):
        try:
            settled.append(_put(op, caller, to) if isinstance(op, Patch | ConditionalPatch) else op)
        except GatewayError as error:
            refused.append(type(error)([_placed(issue, number, op, ops) for issue in error.issues]))
    if refused:
        raise type(refused[0])([issue for error in refused for issue in error.issues])
    return settled


def _where(number: int, op: Operation, ops: Sequence[Operation]) -> str | None:
    if len(ops) > 1:
        return f"Bundle.entry[{number}].request"
    return op.type if isinstance(op, Patch | ConditionalPatch) else None


def _placed(issue: Issue, number: int, op: Operation, ops: Sequence[Operation]) -> Issue:
    """Return what is told of one patch, seen from the Bundle."""
    if len(ops) > 1 and (issue.expression or "").startswith("Parameters."):
        inside = (issue.expression or "").removeprefix("Parameters")
        return replace(issue, expression=f"Bundle.entry[{number}].resource{inside}")
    return replace(issue, expression=issue.expression or _where(number, op, ops))


def _put(op: Patch | ConditionalPatch, caller: Caller, to: Services) -> Put | ConditionalPut:
    """Return the write of what a patch makes of the newest version, on condition that it still is the newest."""
    condition = parse_condition(op.type, op.search) if isinstance(op, ConditionalPatch) else None
    identity = Identity(op.type, op.id) if isinstance(op, Patch) else _match(condition, caller, to)
    stored, form = _read(identity, caller, to)
    if stored is None:
        raise ResourceNotFound(f"there is no such {op.type}")
    if stored.deleted:
        raise ResourceGone(f"this {op.type} was deleted")
    version = str(stored.version)
    if op.if_match not in {None, "*", version}:
        raise VersionConflict(f"If-Match names another version than the newest, which is {version}")
    patched, part = _patched(op, stored, form, caller, to)
    if isinstance(op, Patch):
        return Put(patched, version, patched=True, holds=op.holds, ages=op.ages, part=part)
    assert condition is not None
    return ConditionalPut(patched, condition, version, patched=True)


def _patched(
    op: Patch | ConditionalPatch, stored: Stored, form: Form | None, caller: Caller, to: Services
) -> tuple[Resource, Part | None]:
    """Return what a patch makes of a resource; of one that is seen in a reduced form, with what it changes of it."""
    identity, whole = Identity(stored.type, stored.id), decode(stored.body)
    if form is None:
        return _checked(op.change(whole), identity), None
    limit = written(caller, "u", op.type)
    if limit is not None and not answers(form, [limit]):
        raise Forbidden("the scope of this caller asks what it does not see of this resource")
    return parts.changed(whole, form, to.settings.base_url, lambda seen: _checked(op.change(seen), identity))


def _read(identity: Identity, caller: Caller, to: Services) -> tuple[Stored | None, Form | None]:
    """Return the newest version, and the form in which the caller sees it if that is not the whole.

    None where there is none that the caller may read.
    """
    sight, form = visible(caller), None
    if sight.condition(identity.type) is not None:
        scope = Scope(to.settings.base_url, sight)
        with to.store.reading(snapshot=False) as db:
            if not is_readable(db, identity, scope, sight.own(identity.type)):
                part = sight.reduced(identity.type)
                if part is None or not seen(db, [identity], replace(scope, with_reduced=True)):
                    return None, None
                form = part.form
    return to.store.read(identity), form


def _match(condition: SearchRequest | None, caller: Caller, to: Services) -> Identity:
    if condition is None or not condition.conditions:
        raise BadRequest("a condition without a parameter would match everything")
    scope = Scope(to.settings.base_url, visible(caller, "s"), now=microseconds(to.clock()))
    with to.store.reading() as db:
        found = matches(db, condition, scope, limit=2)
    if not found:
        raise ResourceNotFound("nothing matches the condition")
    if len(found) > 1:
        raise MultipleMatches("the condition matches more than one resource")
    return found[0]


def _checked(patched: Resource, identity: Identity) -> Resource:
    if (patched.get("resourceType"), patched.get("id")) != identity:
        raise InvalidResource([Issue("patch-failed", "a patch changes neither the type nor the id of a resource")])
    return patched
