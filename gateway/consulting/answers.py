"""What a register answered, as a Consent among what the keeper of the record keeps: good for minutes.

A denial is kept too, as a Consent that permits nothing (`rejected`), so that the register is not asked at each read. It
closes nothing that is open on another ground.
https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.consulting.table import table
from gateway.fhir import made_consents
from gateway.fhir.consents import URA
from gateway.fhir.made_consents import end_of, limited
from gateway.store.records import microseconds

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.notify.closed_question import Decision

_BASIS = "closed-question"


def id_of(patient: str, ura: str, base: str) -> str:
    """Return the id of what is answered about a patient to an organisation: one, with a version for each answer."""
    return made_consents.id_of(base, _BASIS, patient, ura)


def answered(
    id_: str, patient: str, owner: str, asker: str, decisions: Mapping[str, Decision], at: datetime
) -> Resource:
    """Return the Consent that an answer is."""
    permitted = [category for category, decision in decisions.items() if decision == "permit"]
    end = at + (table().permit_life if permitted else table().deny_life)
    actor = {"type": "Organization", "identifier": {"system": URA, "value": asker}}
    made = made_consents.permit(id_, _BASIS, patient, owner, actor, (at, end))
    ours = dict.fromkeys(code for category in permitted for code in table().categories[category])
    return limited(made, list(ours)) if permitted else {**made, "status": "rejected"}


def is_good(consent: Resource | None, at: datetime) -> bool:
    """Return whether an answer is taken still, whatever it was; one that its keeper has ended is asked anew."""
    there = consent is not None and consent.get("status") in {"active", "rejected"}
    return there and consent is not None and end_of(consent) > microseconds(at)
