"""A row of the audit as FHIR tells it: an AuditEvent with the facts that NEN 7513 asks for, as IHE BALP places them.

Nothing of it is stored so: it is made of the row when it is read.
https://hl7.org/fhir/R4/auditevent.html, https://profiles.ihe.net/ITI/BALP/
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from gateway.fhir.types import Resource
from gateway.store.audited import Row
from gateway.store.auditing.index import reference
from gateway.store.auditing.meanings import DICOM, EMERGENCIES, Code, meaning

TYPE = "AuditEvent"
_URA = "http://fhir.nl/fhir/NamingSystem/ura"
_OURS = "https://msb-gateway.example/fhir/CodeSystem/"
_POLICIES = "https://msb-gateway.example/fhir/policy/"
_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_BALP = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
_TYPES = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLES = "http://terminology.hl7.org/CodeSystem/object-role"
_LIFE = "http://terminology.hl7.org/CodeSystem/dicom-audit-lifecycle"
_SOURCES = "http://terminology.hl7.org/CodeSystem/security-source-type"

_PERSON, _SYSTEM_OBJECT = ("1", "Person"), ("2", "System Object")
_PATIENT, _DOMAIN, _SECURITY, _QUERY = (
    ("1", "Patient"),
    ("4", "Domain Resource"),
    ("13", "Security Resource"),
    ("24", "Query"),
)
_LIVES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "created": ("1", "Origination / Creation"),
        "updated": ("3", "Amendment"),
        "deleted": ("14", "Logical deletion"),
        "erased": ("15", "Permanent erasure / Physical destruction"),
    }
)
_READ = ("6", "Access / Use")
_RESOURCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}(/_history/[A-Za-z0-9\-.]{1,64})?")
_URA_FORM = re.compile(r"\d{8}")
_REASONED = frozenset(
    {"refused", "break-glass", "audit-verify"}
)  # of these the parameters are reasons, or what came of it
_SCOPED = frozenset({"login"})  # and of this one scopes


def told(row: Row, id_: str, base: str) -> Resource:
    """Return the AuditEvent of a row, under an id of `gateway.query.auditlog.names`.

    `base` is the address of the gateway whose row it is.
    """
    means = meaning(row)
    event: Resource = {
        "resourceType": TYPE,
        "id": id_,
        "type": _coding(means.type),
        "subtype": [_coding(code) for code in means.subtypes],
        "action": means.action,
        "recorded": row.at,
        "outcome": means.outcome,
    }
    if row.action in _REASONED and row.parameters:
        event["outcomeDesc"] = ", ".join(row.parameters)
    if purpose := list(_purposes(row)):
        event["purposeOfEvent"] = purpose
    event["agent"] = list(_agents(row, base))
    event["source"] = {
        "site": base,
        "observer": {"display": row.node or "msb-gateway"},
        "type": [{"system": _SOURCES, "code": "4", "display": "Application Server"}],
    }
    if entities := list(_entities(row)):
        event["entity"] = entities
    return event


def _purposes(row: Row) -> Iterator[Resource]:
    if row.purpose:
        yield {"coding": [{"system": _REASON, "code": row.purpose}]}
    if row.reason:
        yield {"text": row.reason}


def _agents(row: Row, base: str) -> Iterator[Resource]:
    """Yield who asks: the person, and the organisation or program; and the gateway itself."""
    if row.person:
        yield {
            "type": _concept(_PARTICIPATION, "IRCP", "information recipient"),
            **_role(row, "person-role"),
            "who": {"identifier": {"value": row.person}},
            "requestor": True,
        }
    yield _organisation(row)
    yield {
        "type": _concept(DICOM, "110152", "Destination Role ID"),
        "who": {"identifier": {"system": "urn:ietf:rfc:3986", "value": base}, "display": row.node or "msb-gateway"},
        "requestor": False,
    }


def _organisation(row: Row) -> Resource:
    who: Resource = {"reference": f"Organization/partner-{row.partner}"} if row.partner else {}
    if row.organisation:
        system = {"system": _URA} if _URA_FORM.fullmatch(row.organisation) else {}
        who["identifier"] = {**system, "value": row.organisation}
    who["display"] = row.caller or "unknown"
    agent: Resource = {
        "type": _concept(DICOM, "110153", "Source Role ID"),
        **({} if row.person else _role(row, "partner-kind")),
        "who": who,
        **({"altId": row.by} if row.by else {}),
        "requestor": not row.person,
        **({"policy": _policy(row)} if row.policy else {}),
    }
    if row.address:
        agent["network"] = {"address": row.address, "type": "2"}
    if row.purpose in EMERGENCIES:
        agent["purposeOfUse"] = [_concept(_REASON, row.purpose)]
    return agent


def _policy(row: Row) -> list[str]:
    """Return the policy that was in force, and each rule of it by which something was seen."""
    policy = f"{_POLICIES}{quote(row.policy, safe='|')}"
    return [policy, *(f"{policy}#{quote(rule, safe='')}" for rule in row.rules)]


def _role(row: Row, codes: str) -> Resource:
    return {"role": [_concept(_OURS + codes, row.role)]} if row.role else {}


def _entities(row: Row) -> Iterator[Resource]:
    for patient in row.patients:
        yield _entity(_PERSON, _PATIENT, what={"reference": f"Patient/{patient}"})
    for entity in row.entities:
        yield _of(entity)
    for partner in row.partners:
        yield _entity(_SYSTEM_OBJECT, _SECURITY, name=partner)
    for ground in row.basis:
        yield _entity(_SYSTEM_OBJECT, _SECURITY, name=f"basis: {ground}")
    for number in row.inbox:
        yield _entity(_SYSTEM_OBJECT, _DOMAIN, name=f"inbox row {number}")
    if row.parameters and row.action not in _SCOPED | _REASONED:
        names = "&".join(row.parameters)  # the values that were searched for are not kept
        yield _entity(_SYSTEM_OBJECT, _QUERY, query=b64encode(names.encode()).decode())
    elif row.parameters and row.action in _SCOPED:
        yield _entity(_SYSTEM_OBJECT, _SECURITY, name=" ".join(row.parameters))
    yield from _requests(row)


def _of(entity: str) -> Resource:
    """Return the entity that a resource is, or another thing that a row names."""
    became, _, identity = entity.rpartition(" ")
    if not _RESOURCE.fullmatch(identity):
        return _entity(_SYSTEM_OBJECT, _SECURITY if ":" in entity else _DOMAIN, name=entity)
    code, display = _LIVES.get(became, _READ)
    made = _entity(_SYSTEM_OBJECT, _DOMAIN, what={"reference": identity, "type": reference(entity).partition("/")[0]})
    return made | {"lifecycle": {"system": _LIFE, "code": code, "display": display}}


def _requests(row: Row) -> Iterator[Resource]:
    """Yield the request that led to it, with the ids that it came with."""
    if not row.request:
        return
    others = {"X-Correlation-Id": row.correlation, "AORTA-ID": row.aorta, "trace-id": row.trace_id}
    detail = [{"type": "X-Request-Id", "valueString": row.request}]
    detail += [{"type": name, "valueString": value} for name, value in others.items() if value]
    yield {
        "what": {"identifier": {"value": row.request}},
        "type": {"system": _BALP, "code": "XrequestId"},
        "detail": detail,
    }


def _entity(type_: tuple[str, str], role: tuple[str, str], **more: Any) -> Resource:
    return {
        **({"what": more["what"]} if "what" in more else {}),
        "type": {"system": _TYPES, "code": type_[0], "display": type_[1]},
        "role": {"system": _ROLES, "code": role[0], "display": role[1]},
        **{name: value for name, value in more.items() if name != "what"},
    }


def _coding(code: Code) -> Resource:
    return {"system": code.system, "code": code.code, "display": code.display}


def _concept(system: str, code: str, display: str = "") -> Resource:
    return {"coding": [{"system": system, "code": code, **({"display": display} if display else {})}]}
