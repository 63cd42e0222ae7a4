"""A small world under the policy that ships: a referral from a hospital to a nursing home, and who else there is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from gateway import query
from gateway.access.partners import Partner
from gateway.access.policy import Caller, development_caller
from gateway.errors import GatewayError
from gateway.fhir.json import decode
from gateway.fhir.search import parse_query
from gateway.fhir.subsets import SUBSETTED
from gateway.fhir.types import Resource
from gateway.services import Services
from gateway.transact import Operation, Outcome, partners, transact

BASE = "https://gateway.example/fhir"
URA = "http://fhir.nl/fhir/NamingSystem/ura"


def _partner(id_: str, kind: str, ura: str, **more: Any) -> Partner:
    given = {"regions": ("west/haaglanden",), "networks": ("acute-zorg-west",), "scopes": ("system/*.cruds",)} | more
    return Partner(id=id_, name=id_, kind=kind, ura=ura, **given)


HOSPITAL = _partner("duinrand", "ziekenhuis", "00000002")
HOME = _partner("duinhof", "vvt", "00000006")
OTHER_HOME = _partner("gouwe", "vvt", "00000008")
CENTRE = _partner("zcc-west", "zcc", "00000010", regions=("west",), networks=())
TRANSFER = _partner("rtp-noord", "rtp", "00000017", regions=("noord",), networks=("transfer-noord",))
INSURER = _partner("zorgkantoor", "zorgkantoor", "00000018")
FAR = _partner("verweg", "vvt", "00000019", regions=("noord/stad",), networks=())
EVERYBODY = (HOSPITAL, HOME, OTHER_HOME, CENTRE, TRANSFER, INSURER, FAR)


def peopled(to: Services) -> Services:
    """Register everybody."""
    partners.add(EVERYBODY, replace(development_caller(), name="operator"), to)
    return to


def asking(partner: Partner, to: Services, **more: Any) -> Caller:
    """Return a partner as who asks now."""
    to.registry.partners()
    return to.registry.granted(replace(partner.caller(), **more), to.clock())


def does(partner: Partner, op: Operation, to: Services) -> Outcome:
    """Return what became of what a partner does."""
    (made,) = transact([op], asking(partner, to), to)
    return made


def reads(partner: Partner, type_: str, id_: str, to: Services) -> bool:
    """Return whether a partner is told of a whole resource, by its id and by a search alike; else AssertionError."""
    return told(partner, type_, id_, to) == "whole"


def told(partner: Partner, type_: str, id_: str, to: Services) -> Literal["whole", "reduced", ""]:
    """Return how much of a resource a partner is told, by its id and by a search alike; AssertionError if not alike."""
    found = everything_found(partner, type_, f"_id={id_}", to)
    try:
        body = decode(query.read(type_, id_, asking(partner, to), to).body)
    except GatewayError:
        assert not found
        return ""
    assert found == [body]
    return "reduced" if dict(SUBSETTED) in body["meta"].get("tag", []) else "whole"


def found_by(partner: Partner, type_: str, asked: str, to: Services) -> list[str]:
    """Return the ids that a partner finds; none where it may not search."""
    return [resource["id"] for resource in everything_found(partner, type_, asked, to)]


def everything_found(partner: Partner, type_: str, asked: str, to: Services) -> list[Resource]:
    """Return what a partner finds; nothing where it may not search."""
    try:
        bundle = decode(query.search(parse_query(type_, asked), asking(partner, to), to, base=to.settings.base_url))
    except GatewayError:
        return []
    return [entry["resource"] for entry in bundle.get("entry", [])]


def organisation(partner: Partner, *, by_reference: bool = False) -> dict[str, Any]:
    """Return a reference to a partner: by its URA, or to its Organization."""
    if by_reference:
        return {"reference": f"Organization/partner-{partner.id}"}
    return {"type": "Organization", "identifier": {"system": URA, "value": partner.ura}}


def patient(id_: str = "p", **elements: Any) -> Resource:
    return {"resourceType": "Patient", "id": id_, "name": [{"family": "Jansen"}], **elements}


def observation(id_: str, of: str = "p") -> Resource:
    coded = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
    subject = {"reference": f"Patient/{of}"}
    return {"resourceType": "Observation", "id": id_, "status": "final", "code": coded, "subject": subject}


def request(id_: str = "r", of: str = "p", **elements: Any) -> Resource:
    subject = {"reference": f"Patient/{of}"}
    said = {"id": id_, "status": "active", "intent": "order", "subject": subject}
    return {"resourceType": "ServiceRequest", **said, **elements}


def task(
    owner: dict[str, Any], status: str = "requested", id_: str = "t", about: str = "r", **elements: Any
) -> Resource:
    return {
        "resourceType": "Task",
        "id": id_,
        "status": status,
        "intent": "order",
        "focus": {"reference": f"ServiceRequest/{about}"},
        "owner": owner,
        **elements,
    }
