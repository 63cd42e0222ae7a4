"""`$meta`, `$meta-add` and `$meta-delete`: profiles, tags and security labels, read, added and taken away.

Adding and taking away make a version: what was said, and with which labels, stays as it was.
http://hl7.org/fhir/R4/resource-operation-meta.html, http://hl7.org/fhir/R4/resource-operation-meta-add.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gateway import query
from gateway.errors import BadRequest, Issue
from gateway.fhir import json
from gateway.query import metas
from gateway.rest.headers import version_of
from gateway.rest.interaction import Answer, Ask
from gateway.rest.operations.definition import INSTANCE, SYSTEM, TYPE, Served
from gateway.rest.operations.parameters import Said, Takes, read
from gateway.rest.routes import Route
from gateway.transact import Operation, Outcome, Patch

if TYPE_CHECKING:
    from gateway.fhir.types import Resource

Meta = dict[str, Any]
_TAKES = (Takes("meta", "Meta"),)
_LABELS = ("profile", "security", "tag")
_OURS = frozenset({"versionId", "lastUpdated"})  # a meta that was read may come back with them


def meta(ask: Ask, _: Said) -> Answer:
    """Return the meta of a resource, or which profiles and labels are in use."""
    if not ask.id:
        return _told(metas.in_use(ask.type, ask.caller, ask.to))
    stored = query.read(ask.type, ask.id, ask.caller, ask.to)
    return _told(json.decode(stored.body).get("meta", {}))


def _told(found: Meta) -> Answer:
    parameter = {"name": "return", "valueMeta": found}
    return Answer(HTTPStatus.OK, json.encode({"resourceType": "Parameters", "parameter": [parameter]}))


def _written(outcome: Outcome) -> Answer:
    told = _told(json.decode(outcome.body or b"{}").get("meta", {}))
    return Answer(told.status, told.body, version=outcome.version, last_updated=outcome.last_updated)


def _change(change: Callable[[Meta, Meta], Meta], ask: Ask) -> Operation:
    """Return the patch that adds labels or takes them away. BadRequest."""
    asked = _asked(read(_TAKES, ask.parameters, ask.read_body()))

    def changed(resource: Resource) -> Resource:
        new = change(resource.get("meta", {}), asked)
        return {name: value for name, value in {**resource, "meta": new}.items() if value or name != "meta"}

    return Patch(ask.type, ask.id, changed, version_of(ask.conditions.if_match))


def _asked(said: Said) -> Meta:
    """Return the labels that are named. BadRequest for a meta that names others things, or none."""
    sent: Meta | None = said.one("meta")
    if sent is None:
        raise BadRequest("the parameter meta names the profiles, security labels and tags")
    issues = [
        Issue("bad-value", f"only profile, security and tag are added or taken away, no {name[:30]}")
        for name in sent.keys() - {*_LABELS, *_OURS}
    ]
    asked = {name: sent[name] for name in _LABELS if name in sent}
    issues += [
        Issue("bad-value", f"{name} is a list that is not empty") for name in asked if not _is_right(asked[name])
    ]
    if issues or not asked:
        raise BadRequest(issues or "the parameter meta names the profiles, security labels and tags")
    return asked


def _is_right(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str | dict) for one in value)


def _key(label: Any) -> Any:
    """Return what a label is told apart by: a coding by its system and code, a profile by its canonical."""
    return (label.get("system"), label.get("code")) if isinstance(label, dict) else label


def _added(present: Meta, asked: Meta) -> Meta:
    new = dict(present)
    for name, labels in asked.items():
        held = {repr(_key(one)) for one in present.get(name, [])}
        fresh = {repr(_key(one)): one for one in labels if repr(_key(one)) not in held}
        new[name] = [*present.get(name, []), *fresh.values()]
    return {name: value for name, value in new.items() if value}


def _removed(present: Meta, asked: Meta) -> Meta:
    new = dict(present)
    for name, labels in asked.items():
        gone = {repr(_key(one)) for one in labels}
        new[name] = [one for one in present.get(name, []) if repr(_key(one)) not in gone]
    return {name: value for name, value in new.items() if value}


OPERATIONS = (Served("meta", (SYSTEM, TYPE, INSTANCE), (), meta),)
ROUTES: tuple[Route, ...] = tuple(
    Route(None, "POST", f"{INSTANCE}/${name}", write=partial(_change, change), operation=name, told=_written)
    for name, change in (("meta-add", _added), ("meta-delete", _removed))
)
