"""People who open records in an emergency, in the world of the policy that ships."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway.access.partners import Partner
from gateway.access.person import Person
from gateway.access.policy import Caller
from gateway.emergency import using
from gateway.services import Services
from tests.policy_world import asking

BSN = "http://fhir.nl/fhir/NamingSystem/bsn"
NUMBER = {"system": BSN, "value": "999900006"}
REASON = {
    "coding": [{"system": "https://msb-gateway.example/fhir/CodeSystem/break-glass-reason", "code": "incapable"}],
    "text": "niet aanspreekbaar binnengebracht",
}


def person(id_: str = "dokter", role: str = "referrer", organisation: str = "verweg") -> Person:
    return Person(id=id_, issuer="https://login.example", name="A. Dokter", role=role, organisation=organisation)


def as_person(partner: Partner, to: Services, who: Person | None = None) -> Caller:
    """Return a person of a partner as who asks now, as the door finds out."""
    return using(asking(partner, to, person=who or person(organisation=partner.id)), to)


def later(to: Services, **span: Any) -> Services:
    """Return the services at a later moment."""
    then = to.clock() + timedelta(**span)
    return replace(to, clock=lambda: then)
