"""What a register answered, as a Consent among what the keeper of the record keeps: good for minutes.

A denial is kept too, as a Consent that permits nothing (`rejected`), so that the register is not asked at each read. It
closes nothing that is open on another ground.
https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from gateway.consulting.table import table
from gateway.fhir.consents import CATEGORIES, URA
from gateway.fhir.datetime import format_instant, read
from gateway.fhir.owner import labelled
from gateway.store.records import microseconds

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.notify.closed_question import Decision

TYPE = "Consent"
_BASIS = {"system": "https://msb-gateway.example/fhir/CodeSystem/consent-basis", "code": "closed-question"}
_TERMS = "http://terminology.hl7.org/CodeSystem/"
_SCOPE = {"coding": [{"system": f"{_TERMS}consentscope", "code": "patient-privacy"}]}
_RECIPIENT = {"coding": [{"system": f"{_TERMS}v3-ParticipationType", "code": "PRCP"}]}
_POLICY = "https://msb-gateway.example/fhir/CodeSystem/consent-basis"


def id_of(patient: str, ura: str, base: str) -> str:
    """Return the id of what is answered about a patient to an organisation: one, with a version for each answer."""
    return str(uuid5(NAMESPACE_URL, "\x1f".join((base, "closed-question", patient, ura))))


def answered(
    id_: str, patient: str, owner: str, asker: str, decisions: Mapping[str, Decision], at: datetime
) -> Resource:
    """Return the Consent that an answer is."""
    permitted = [category for category, decision in decisions.items() if decision == "permit"]
    end = at + (table().permit_life if permitted else table().deny_life)
    actor = {"role": _RECIPIENT, "reference": {"type": "Organization", "identifier": {"system": URA, "value": asker}}}
    made: dict[str, Any] = {
        "resourceType": TYPE,
        "id": id_,
        "status": "active" if permitted else "rejected",
        "scope": _SCOPE,
        "category": [{"coding": [_BASIS]}],
        "patient": {"reference": f"Patient/{patient}"},
        "dateTime": format_instant(at),
        "policy": [{"uri": _POLICY}],
        "provision": {
            "type": "permit" if permitted else "deny",
            "period": {"start": format_instant(at), "end": format_instant(end)},
            "actor": [actor],
            **({"class": _contents(permitted)} if permitted else {}),
        },
    }
    return labelled(made, owner)


def is_good(consent: Resource | None, at: datetime) -> bool:
    """Return whether an answer is taken still, whatever it was; one that its keeper has ended is asked anew."""
    if consent is None or consent.get("status") not in {"active", "rejected"}:
        return False
    end = read(consent["provision"]["period"]["end"])
    return end is not None and end.high > microseconds(at)


def _contents(permitted: Sequence[str]) -> list[dict[str, str]]:
    ours = dict.fromkeys(code for category in permitted for code in table().categories[category])
    return [{"system": CATEGORIES, "code": code} for code in ours]
