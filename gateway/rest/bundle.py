"""Bundles sent to the base: a transaction, all or nothing, and a batch, each entry on its own.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import msgspec

from gateway.errors import BadRequest, GatewayError, InvalidResource, Issue, MethodNotAllowed, TooLarge
from gateway.fhir import json
from gateway.fhir.bundle import MAX_ENTRIES
from gateway.fhir.datetime import format_instant
from gateway.fhir.types import Resource
from gateway.query import refusals
from gateway.rest import answering, named, searches, wire
from gateway.rest.body import as_resource
from gateway.rest.bundle_findings import of_bundle, of_resources
from gateway.rest.interaction import UNCONDITIONAL, Answer, Ask, Conditions, Pairs
from gateway.rest.metadata import check_served
from gateway.rest.placed import of_entries, within
from gateway.rest.routes import Route, carry_out, find
from gateway.transact import Operation


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a Bundle as the interaction it asks for."""

    index: int
    route: Route
    ask: Ask
    is_head: bool = False


def transaction_or_batch(ask: Ask) -> Answer:
    """https://hl7.org/fhir/R4/http.html#transaction"""
    ask.check_parameters()
    bundle = ask.resource()
    entries = _entries(bundle)
    # what was written comes back only when that is asked for: a Bundle of thousands would be answered by as much
    ask = replace(ask, prefer=replace(ask.prefer, returned=ask.prefer.returned or "minimal"))
    match bundle.get("type"):
        case "transaction":
            answers, repeated = _transaction(ask, bundle, entries)
        case "batch":
            answers, repeated = _batch(ask, bundle, entries)
        case _:
            raise BadRequest("POST to the base takes a Bundle of type transaction or batch", expression="Bundle.type")
    responses = [_response(answer) for answer in answers]
    body = json.encode(_bundle(f"{bundle['type']}-response", responses))
    return Answer(HTTPStatus.OK, body, repeated=repeated)


def _entries(bundle: Resource) -> list[Any]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise BadRequest("entry is a list", expression="Bundle.entry")
    if len(entries) > MAX_ENTRIES:
        raise TooLarge(f"a Bundle holds at most {MAX_ENTRIES} entries", expression="Bundle.entry")
    return entries


def _transaction(ask: Ask, bundle: Resource, sent: list[Any]) -> tuple[list[Answer], bool]:
    """Carry out every write in one commit, then answer the reads; answers stand in the order of the entries.

    What is carried out under a name is told again when it comes again; reads are read again.
    """
    check_served("", "transaction")
    entries, refused = _all_asked(ask, sent)
    refused += _operations_asked(entries)
    writes = [entry for entry in entries if entry.route.write and not entry.route.operation]
    received = named.of_request(bundle, ask) if writes and not refused else None  # before its references are resolved
    operations = _operations(writes, refused)
    refused += _of_searches(entries)
    refused += _besides(refused, of_bundle(bundle, ask) if len(entries) == len(sent) else [])
    if refused:
        _raise_all([*refused, *_besides(refused, of_resources(sent, operations, ask))])
    try:
        outcomes, repeated = carry_out(list(operations.values()), ask, ask.prefer.returned or "minimal", received)
    except GatewayError as error:
        error.issues = of_entries([entry.index for entry in writes], error.issues)
        raise
    answers = {e.index: answering.written(o, ask.prefer.returned) for e, o in zip(writes, outcomes, strict=True)}
    return [answers.get(entry.index) or _answered(entry) for entry in entries], repeated


def _besides(refused: list[GatewayError], issues: Sequence[Issue]) -> list[GatewayError]:
    """Return as an error what was found of other places than was told of already: each is told of once."""
    told = {issue.expression for error in refused for issue in error.issues}
    new = [issue for issue in issues if issue.expression not in told]
    return [InvalidResource(new)] if new else []


def _of_searches(entries: list[Entry]) -> list[GatewayError]:
    """Return what is wrong with each search or history: after the commit it would be too late to refuse."""
    refused = []
    for entry in entries:
        try:
            searches.check(entry.route.interaction, entry.ask)
        except GatewayError as error:
            refused.append(within(entry.index, error))
    return refused


def _operations_asked(entries: list[Entry]) -> list[GatewayError]:
    """Return what is wrong with every operation: none of them can promise to be undone with the rest."""
    why = "an operation stands in a batch, not in a transaction"
    asked = [entry for entry in entries if entry.route.operation]
    return [MethodNotAllowed(why, expression=f"Bundle.entry[{entry.index}].request") for entry in asked]


def _all_asked(ask: Ask, sent: list[Any]) -> tuple[list[Entry], list[GatewayError]]:
    """Return every entry as what it asks, and what is wrong with those that ask nothing that is served."""
    entries, refused = [], []
    for index, entry in enumerate(sent):
        try:
            entries.append(_asked(ask, index, entry))
        except GatewayError as error:
            refused.append(error)
    return entries, refused


def _operations(writes: list[Entry], refused: list[GatewayError]) -> dict[int, Operation]:
    """Return what is to be written, by entry, and add what is wrong with any to what is `refused` already."""
    operations = {}
    for entry in writes:
        try:
            operations[entry.index] = entry.route.operation_of(entry.ask)
        except GatewayError as error:
            refused.append(within(entry.index, error))
    return operations


def _raise_all(refused: list[GatewayError]) -> None:
    """Raise one error with each issue once, of the class of the first; never 405: the base does take what is posted."""
    if refused:
        kind = BadRequest if isinstance(refused[0], MethodNotAllowed) else type(refused[0])
        raise kind(list(dict.fromkeys(issue for error in refused for issue in error.issues)))


def _batch(ask: Ask, bundle: Resource, sent: list[Any]) -> tuple[list[Answer], bool]:
    """Answer every entry of a batch. One that has a name is noted first, so that it comes with one content only."""
    check_served("", "batch")
    received = named.of_request(bundle, ask) if any(map(_may_write, sent)) else None
    repeated = received is not None and carry_out([], ask, "minimal", received)[1]
    alone = (_alone(replace(ask, received=named.of_entry(received, n)), n, entry) for n, entry in enumerate(sent))
    return list(alone), repeated


def _may_write(sent: Any) -> bool:
    match sent:
        case {"request": {"method": "GET" | "HEAD"}}:
            return False
    return True


def _alone(ask: Ask, index: int, sent: Any) -> Answer:
    """Answer one entry of a batch; what is wrong with it concerns nobody else."""
    try:
        entry = _asked(ask, index, sent)
    except GatewayError as error:
        return answering.refused(error)
    return _answered(entry)


def _answered(entry: Entry) -> Answer:
    try:
        answer = entry.route.answer(entry.ask)
        return replace(answer, body=b"") if entry.is_head else answer
    except GatewayError as error:
        refusals.note(error, entry.ask.caller, entry.ask.to, entry.ask.type, entry.ask.id)
        return answering.refused(within(entry.index, error))


def _asked(ask: Ask, index: int, sent: Any) -> Entry:
    """Return what one entry asks. BadRequest, ResourceNotFound, MethodNotAllowed, with the entry's place."""
    try:
        request = _request(sent)
        path, _, query = _relative(request["url"], ask).partition("?")
        is_head = request["method"] == "HEAD"
        route, found = find("GET" if is_head else request["method"], path)
        if route.interaction is None and route.operation is None:
            raise MethodNotAllowed("an entry asks for an interaction on a resource, or for an operation")
        return Entry(index, route, _ask(ask, sent, wire.pairs(query.encode()) if query else [], found), is_head)
    except GatewayError as error:
        raise within(index, error) from error


def _ask(ask: Ask, sent: Resource, parameters: Pairs, found: dict[str, str]) -> Ask:
    return Ask(
        caller=ask.caller,
        to=ask.to,
        read_body=lambda: as_resource(sent.get("resource")),
        parameters=[pair for pair in parameters if pair[0] not in wire.GENERAL_PARAMETERS],
        conditions=_conditions(sent["request"]),
        prefer=ask.prefer,
        full_url=_text(sent, "fullUrl"),
        received=ask.received,
        is_bare="resource" not in sent,
        **found,
    )


def _request(sent: Any) -> Resource:
    request = sent.get("request") if isinstance(sent, dict) else None
    if not isinstance(request, dict):
        raise BadRequest("the entry has no request", expression="request")
    if not all(isinstance(request.get(name), str) for name in ("method", "url")):
        raise BadRequest("the request names a method and a url", expression="request")
    return request


def _relative(url: str, ask: Ask) -> str:
    """Return `url` relative to the base; another server's URL is never followed. BadRequest."""
    relative = url.removeprefix(ask.to.settings.base_url).removeprefix("/")
    if "://" in relative.partition("?")[0]:
        raise BadRequest("the url of a request is relative to this server", expression="request.url")
    return relative


def _conditions(request: Resource) -> Conditions:
    """https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.request"""
    if len(request) == 2:  # method and url alone, as nearly always
        return UNCONDITIONAL
    since = _text(request, "ifModifiedSince")
    return Conditions(
        _text(request, "ifMatch"),
        _text(request, "ifNoneMatch"),
        _text(request, "ifNoneExist"),
        wire.point_in_time(since) if since else None,
    )


def _text(holder: Resource, name: str) -> str | None:
    value = holder.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"{name} is a text", expression=f"request.{name}" if name != "fullUrl" else name)
    return value


def _bundle(kind: str, entries: list[Resource]) -> Resource:
    bundle: Resource = {"resourceType": "Bundle", "type": kind}
    return bundle | {"entry": entries} if entries else bundle


def _response(answer: Answer) -> Resource:
    """https://hl7.org/fhir/R4/http.html#trules, "response" """
    response: Resource = {"status": f"{answer.status.value} {answer.status.phrase}"}
    if answer.location:
        response["location"] = answer.location
    if answer.version is not None:
        response["etag"] = f'W/"{answer.tag}"'
    if answer.last_updated:
        response["lastModified"] = format_instant(answer.last_updated)
    if answer.is_outcome:
        return {"response": response | {"outcome": msgspec.Raw(answer.body)}}
    return ({"resource": msgspec.Raw(answer.body)} if answer.body else {}) | {"response": response}
