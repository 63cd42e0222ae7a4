"""A partner as FHIR shows it: an Organization, and an Endpoint for each way in which it is reached.

https://hl7.org/fhir/R4/organization.html, https://hl7.org/fhir/R4/endpoint.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from gateway.access.partners import Connection, Partner
from gateway.data import shipped
from gateway.fhir.json import decode
from gateway.fhir.owner import labelled
from gateway.fhir.types import Resource

PREFIX = "partner-"
"""How the ids of these resources begin; the registry alone writes such an Organization or Endpoint."""

TYPES = frozenset({"Organization", "Endpoint"})

_URA = "http://fhir.nl/fhir/NamingSystem/ura"
_AGB = "http://fhir.nl/fhir/NamingSystem/agb-z"
_OIN = "https://msb-gateway.example/fhir/NamingSystem/oin"
_DUTCH_TYPES = "http://nictiz.nl/fhir/NamingSystem/organization-type"
_CONNECTIONS = "http://terminology.hl7.org/CodeSystem/endpoint-connection-type"
_PAYLOADS = "http://terminology.hl7.org/CodeSystem/endpoint-payload-type"


@cache
def _types() -> Mapping[str, list[dict[str, Any]]]:
    """Return the codings of each kind of partner: ours, and that of the Dutch table where it has one."""
    system = decode((shipped("profiles") / "CodeSystem-partner-kind.json").read_bytes())
    return MappingProxyType(
        {
            concept["code"]: [
                {"system": system["url"], "code": concept["code"], "display": concept["display"]},
                *({"system": _DUTCH_TYPES, "code": known["valueString"]} for known in concept.get("property", ())),
            ]
            for concept in system["concept"]
        }
    )


def kinds() -> frozenset[str]:
    """Return the codes of the kinds of partners."""
    return frozenset(_types())


def organisation_type(kind: str) -> str:
    """Return the code of a kind of partner in the Dutch table of organisation types, '' where it has none there."""
    codings = _types().get(kind, ())
    return next((coding["code"] for coding in codings if coding["system"] == _DUTCH_TYPES), "")


def resources(partner: Partner) -> list[Resource]:
    """Return the Organization of a partner, then its Endpoints; the partner is the owner of all of them."""
    shown = [_organization(partner), *(_endpoint(partner, one) for one in partner.endpoints)]
    return [labelled(one, partner.code) for one in shown]


def _organization(partner: Partner) -> Resource:
    numbers = ((_URA, partner.ura), (_AGB, partner.agb), (_OIN, partner.oin))
    found: Resource = {
        "resourceType": "Organization",
        "id": PREFIX + partner.id,
        "identifier": [{"system": system, "value": number} for system, number in numbers if number],
        "active": not partner.disabled,
        "type": [{"coding": _types()[partner.kind]}],
        "name": partner.name,
        "endpoint": [{"reference": f"Endpoint/{_id(partner, one)}"} for one in partner.endpoints],
    }
    return {name: value for name, value in found.items() if value != []}


def _endpoint(partner: Partner, connection: Connection) -> Resource:
    return {
        "resourceType": "Endpoint",
        "id": _id(partner, connection),
        "status": "off" if partner.disabled else "active",
        "connectionType": {"system": _CONNECTIONS, "code": connection.type},
        "managingOrganization": {"reference": f"Organization/{PREFIX}{partner.id}"},
        "payloadType": [{"coding": [{"system": _PAYLOADS, "code": "any"}]}],
        "address": connection.address,
    }


def _id(partner: Partner, connection: Connection) -> str:
    return f"{PREFIX}{partner.id}-{connection.type}"
