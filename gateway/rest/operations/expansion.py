"""`ValueSet/$expand`: the codes of a value set, filtered and a page at a time.

http://hl7.org/fhir/R4/valueset-operation-expand.html
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from gateway.errors import InvalidResource, Issue
from gateway.fhir import json
from gateway.fhir.datetime import format_instant
from gateway.fhir.search import fold
from gateway.query import terminology
from gateway.rest.interaction import Answer, Ask
from gateway.rest.operations.definition import Served
from gateway.rest.operations.parameters import Said, Takes
from gateway.rest.operations.values import canonical, whole_resource
from gateway.validation.terms import Member, expand

if TYPE_CHECKING:
    from gateway.fhir.types import Resource

MOST = 10_000
"""So many codes are answered at once; more are asked for by count and offset."""
_TAKES = (
    Takes("url", "uri"),
    Takes("valueSet", "Resource"),
    Takes("valueSetVersion"),
    Takes("filter"),
    Takes("offset", "unsignedInt"),
    Takes("count", "unsignedInt"),
    Takes("includeDesignations", "boolean"),
    Takes("activeOnly", "boolean"),
    Takes("excludeNested", "boolean"),
    Takes("displayLanguage", "code"),
)
_HEAD = ("url", "identifier", "version", "name", "title", "status", "experimental", "date", "publisher")


def expanded(ask: Ask, said: Said) -> Answer:
    """Return the ValueSet with its expansion: flat, in the order of its definition.

    NotInstalled where a code system or value set that is not here would have to be listed.
    """
    terms = terminology.terms("expand", "ValueSet", ask.caller, ask.to)
    sent = whole_resource("ValueSet", "valueSet", ask, said)
    wanted = said.text("url")
    value_set = sent or terms.value_set(canonical(wanted, said.text("valueSetVersion"), "the url of the value set"))
    found = [member for member in expand(terms, value_set) if _is_wanted(member, said)]
    first, count = said.one("offset") or 0, said.one("count")
    if count is None and len(found) - first > MOST:
        raise InvalidResource(
            [Issue("too-costly", f"there are more than {MOST} codes: ask for them by count and offset")]
        )
    shown = found[first:] if count is None else found[first : first + min(count, MOST)]
    head = {name: value_set[name] for name in _HEAD if name in value_set}
    body = {"resourceType": "ValueSet", **head, "expansion": _expansion(value_set, found, shown, ask, said)}
    return Answer(HTTPStatus.OK, json.encode({"status": "active", **body} if "status" not in head else body))


def _is_wanted(member: Member, said: Said) -> bool:
    if said.one("activeOnly") and member.is_inactive:
        return False
    text = said.text("filter")
    if text is None:
        return True
    words = fold(member.shown(said.text("displayLanguage")) or "")
    return fold(text) in words or member.code.lower().startswith(text.lower())


def _expansion(value_set: Resource, found: list[Member], shown: list[Member], ask: Ask, said: Said) -> Resource:
    moment = format_instant(ask.to.clock())
    name = f"{value_set.get('url', '')}|{value_set.get('version', '')}|{moment}"
    contains = [_contained(member, said) for member in shown]
    return {
        "identifier": f"urn:uuid:{uuid5(NAMESPACE_URL, name)}",
        "timestamp": moment,
        "total": len(found),
        "offset": said.one("offset") or 0,
        "parameter": list(_applied(found, said)),
    } | ({"contains": contains} if contains else {})


def _applied(found: list[Member], said: Said) -> Iterator[Resource]:
    """Yield what was asked and which versions of code systems were used."""
    keys = {"unsignedInt": "valueInteger", "boolean": "valueBoolean", "string": "valueString", "code": "valueCode"}
    for takes in _TAKES:
        if takes.type in keys and said.one(takes.name) is not None:
            yield {"name": takes.name, keys[takes.type]: said.one(takes.name)}
    for system, version in sorted({(one.system, one.version) for one in found if one.version}):
        yield {"name": "version", "valueUri": f"{system}|{version}"}


def _contained(member: Member, said: Said) -> dict[str, Any]:
    row: dict[str, Any] = {"system": member.system, "code": member.code}
    display = member.shown(said.text("displayLanguage"))
    if display:
        row["display"] = display
    if member.concept is None:
        return row
    if member.concept.is_abstract:
        row["abstract"] = True
    if member.is_inactive:
        row["inactive"] = True
    designations = member.concept.designations() if said.one("includeDesignations") else []
    return row | ({"designation": designations} if designations else {})


OPERATIONS = (Served("expand", ("/ValueSet", "/ValueSet/<fhir_id:id>"), _TAKES, expanded),)
