"""What somebody who asks has open in an emergency: so that each access which uses it is marked in the audit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.emergency import consents
from gateway.emergency.table import table
from gateway.fhir import made_consents
from gateway.fhir.consents import CATEGORIES, actor
from gateway.store.emergencies import emergencies
from gateway.store.records import microseconds

if TYPE_CHECKING:
    from gateway.access.policy import Caller
    from gateway.services import Services


def using(caller: Caller, to: Services) -> Caller:
    """Return who asks, with the patients whose record the person has opened. Raises Unavailable."""
    person = caller.person
    if person is None or person.role not in table().roles:
        return caller
    basis, contents = (made_consents.BASIS, consents.BASIS), [f"{CATEGORIES}|{table().content}"]
    with to.store.reading(snapshot=False) as db:
        found = emergencies(db, actor(person.issuer, person.id), contents, basis, microseconds(to.clock()))
    return replace(caller, emergencies=found) if found else caller
