"""The paths of an export: to begin it, to ask how it is, to fetch its files, to end it.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

from flask import Blueprint, g, request

from gateway.access.policy import may_read
from gateway.errors import BadRequest, Issue
from gateway.fhir.datetime import read as read_moment
from gateway.fhir.search import types_in
from gateway.query import exports, groups
from gateway.query.exports import Wanted
from gateway.referral import holds
from gateway.rest import answering, wire
from gateway.rest.headers import prefer
from gateway.rest.interaction import Answer
from gateway.rest.metadata import SERVED
from gateway.rest.response import Response
from gateway.rest.routes import PREFIX
from gateway.store.records import moment

blueprint = Blueprint("exports", __name__, url_prefix=PREFIX)

_NDJSON = "application/fhir+ndjson"
_FORMATS = {_NDJSON, "application/ndjson", "ndjson"}
_TAKES = ("_outputFormat", "_since", "_type")


@blueprint.route("/$export", methods=["GET", "POST"])
def of_everything() -> Response:
    """Begin an export of every type: 202, and where to ask how it is."""
    return _begun([name for name, interactions in SERVED.items() if "create" in interactions])


@blueprint.route("/Patient/$export", methods=["GET", "POST"])
def of_patients() -> Response:
    """Begin an export of all patients and what is in their compartments: 202, and where to ask how it is."""
    return _begun(_of_patients())


@blueprint.route("/Group/<fhir_id:id>/$export", methods=["GET", "POST"])
def of_group(**path: str) -> Response:
    """Begin an export of the patients in a Group and what is in their compartments: 202, and where to ask how it is."""
    return _begun(_of_patients(), path["id"])


@blueprint.get("/$export-status/<id_>")
def status(id_: str) -> Response:
    """Return 202 while it is not ready, then the manifest."""
    to = wire.services()
    left, ends = exports.times(id_, g.caller, to)
    if left:
        return Response(status=HTTPStatus.ACCEPTED, headers={"Retry-After": str(left), "X-Progress": "begun"})
    body = exports.manifest(id_, f"{to.settings.base_url}/$export-file/", g.caller, to)
    expires = format_datetime(ends.astimezone(UTC), usegmt=True)
    return Response(body, content_type="application/json", headers={"Expires": expires})


@blueprint.delete("/$export-status/<id_>")
def ended(id_: str) -> Response:
    """End it: 202, with an outcome that says so."""
    asked = wire.http()
    wire.check_acceptable(asked)
    exports.end(id_, g.caller, wire.services())
    told = answering.encoded_outcome([Issue("all-well", "the export has ended: its files are gone", "information")])
    return answering.respond(answering.as_liked(Answer(HTTPStatus.ACCEPTED, told, is_outcome=True), asked))


@blueprint.get("/$export-file/<sealed>")
def file(sealed: str) -> Response:
    """Return a file."""
    return Response(exports.content(sealed, g.caller, wire.services()), content_type=_NDJSON)


def _of_patients() -> Sequence[str]:
    return sorted(types_in("Patient") & {name for name, codes in SERVED.items() if "create" in codes})


def _begun(types: Sequence[str], group: str | None = None) -> Response:
    to = wire.services()
    wanted, since = _understood(_said(), types)
    members = groups.members(group, g.caller, to) if group else None
    holds.end_before_look(to)
    id_ = exports.begin(Wanted(wanted, since, _asked(), members), g.caller, to)
    answer = answering.respond(Answer(HTTPStatus.ACCEPTED))
    answer.headers["Content-Location"] = f"{to.settings.base_url}/$export-status/{id_}"
    return answer


def _said() -> list[tuple[str, str]]:
    """Return the parameters of the URL and of the body."""
    found = [pair for pair in wire.pairs(request.query_string) if pair[0] not in wire.GENERAL_PARAMETERS]
    if request.method == "POST" and request.content_length:
        sent = wire.resource()
        if sent.get("resourceType") != "Parameters":
            raise BadRequest("an export is asked with a Parameters resource")
        listed: list[dict[str, Any]] = sent.get("parameter", [])
        found += [(str(one.get("name")), str(_value(one))) for one in listed]
    return found


def _value(parameter: dict[str, Any]) -> Any:
    return next((value for name, value in parameter.items() if name.startswith("value")), "")


def _understood(said: Sequence[tuple[str, str]], types: Sequence[str]) -> tuple[Sequence[str], datetime | None]:
    """Return of which of `types` and since when is asked. BadRequest with everything that is wrong."""
    wishes = [wish.strip() for wish in request.headers.get("Prefer", "").replace(";", ",").split(",")]
    issues = (
        [] if "respond-async" in wishes else [Issue("bad-request", "an export is asked with Prefer: respond-async")]
    )
    if prefer(request.headers.get("Prefer")).strict:
        known = f"an export takes {', '.join(_TAKES)}"
        issues += [
            Issue("unknown-parameter", f"no parameter '{name[:60]}'; {known}") for name, _ in said if name not in _TAKES
        ]
    formats = [value.replace(" ", "+") for name, value in said if name == "_outputFormat"]
    issues += [Issue("bad-value", f"_outputFormat is {_NDJSON}") for value in formats if value not in _FORMATS]
    named = [part for name, value in said if name == "_type" for part in value.split(",")]
    issues += [
        Issue("bad-value", f"_type: '{name[:60]}' is not exported here; exported are {', '.join(types)}")
        for name in named
        if name not in types
    ]
    since = [read_moment(value.replace(" ", "+")) for name, value in said if name == "_since"]
    if len(since) > 1 or None in since:
        issues.append(Issue("bad-value", "_since is one instant: 2026-01-05T10:00:00+01:00"))
    if issues:
        raise BadRequest(issues)
    wanted = list(dict.fromkeys(named)) or [name for name in types if may_read(g.caller, name)]
    return wanted, next((moment(found.low) for found in since if found), None)


def _asked() -> str:
    """Return the URL that asked, as the client knows this gateway; a BSN never gets here."""
    base = wire.services().settings.base_url.removesuffix(PREFIX)
    query = request.query_string.decode("ascii", errors="replace")
    return f"{base}{request.path}{'?' if query else ''}{query}"
