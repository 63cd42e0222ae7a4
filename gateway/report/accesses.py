"""Rows of the audit in plain words: who did what, to what, when and why; Dutch or English, a line an access."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gateway.data import shipped
from gateway.fhir.datetime import dutch_time
from gateway.fhir.json import decode
from gateway.mapping.findings import Language
from gateway.store.auditing.index import reference

if TYPE_CHECKING:
    from gateway.store.audited import Row

_HEADS = {
    "en": ("when", "who", "what", "why"),
    "nl": ("wanneer", "wie", "wat", "waarom"),
}
_WIDTHS = (19, 40, 60)
_PURPOSES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "TREAT": ("treatment", "behandeling"),
        "ETREAT": ("treatment in an emergency", "behandeling bij spoed"),
        "BTG": ("emergency: outside what was permitted", "noodgeval: buiten wat was toegestaan"),
        "HOPERAT": ("healthcare operations", "bedrijfsvoering van de zorg"),
        "HSYSADMIN": ("administration of the gateway", "beheer van de gateway"),
    }
)
_TYPES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "AllergyIntolerance": ("allergy", "allergie"),
        "Appointment": ("appointment", "afspraak"),
        "AuditEvent": ("line of this log", "regel van deze logging"),
        "Binary": ("document", "document"),
        "CarePlan": ("care plan", "zorgplan"),
        "CareTeam": ("care team", "zorgteam"),
        "Communication": ("message", "bericht"),
        "Condition": ("condition", "aandoening"),
        "Consent": ("consent", "toestemming"),
        "Coverage": ("insurance", "verzekering"),
        "DocumentReference": ("document", "document"),
        "Encounter": ("stay or contact", "opname of contact"),
        "EpisodeOfCare": ("episode of care", "zorgepisode"),
        "Immunization": ("vaccination", "vaccinatie"),
        "MedicationRequest": ("prescription", "medicatievoorschrift"),
        "MedicationStatement": ("medication in use", "medicatiegebruik"),
        "Observation": ("measurement", "meting"),
        "Patient": ("personal details", "persoonsgegevens"),
        "Procedure": ("procedure", "verrichting"),
        "QuestionnaireResponse": ("form", "vragenlijst"),
        "RelatedPerson": ("contact person", "contactpersoon"),
        "ServiceRequest": ("referral or request", "verwijzing of aanvraag"),
        "Task": ("task", "taak"),
    }
)


def heading(language: Language) -> str:
    """Return the line above the others."""
    return _line(*_HEADS[language])


def line(row: Row, language: Language) -> str:
    """Return the line that tells of a row."""
    at = datetime.fromisoformat(row.at).astimezone(dutch_time())
    return _line(f"{at:%d-%m-%Y %H:%M:%S}", _who(row, language), _what(row, language), _why(row, language))


def _line(*cells: str) -> str:
    *first, last = cells
    return "  ".join([*(cell.ljust(width) for cell, width in zip(first, _WIDTHS, strict=True)), last]).rstrip()


def _who(row: Row, language: Language) -> str:
    role = _displays("person-role", language).get(row.role) or _displays("partner-kind", language).get(row.role)
    person = f", {row.person}" if row.person else ""
    return f"{row.caller}{person}" + (f" ({role})" if role else "")


def _what(row: Row, language: Language) -> str:
    done = _displays("audit-action", language).get(row.action, row.action)
    kinds = Counter(reference(entity).partition("/")[0] for entity in row.entities)
    seen = ", ".join(_kind(kind, number, language) for kind, number in kinds.items())
    return f"{done}: {seen}" if seen else done


def _kind(kind: str, number: int, language: Language) -> str:
    name = _TYPES[kind][language == "nl"] if kind in _TYPES else kind
    return f"{name} ({number})" if number > 1 else name


def _why(row: Row, language: Language) -> str:
    purpose = _PURPOSES[row.purpose][language == "nl"] if row.purpose in _PURPOSES else row.purpose
    return "; ".join(part for part in (purpose, row.reason) if part)


@cache
def _displays(code_system: str, language: Language) -> Mapping[str, str]:
    """Return what the codes of a CodeSystem of ours are called."""
    content: Any = decode((shipped("profiles") / f"CodeSystem-{code_system}.json").read_bytes())
    return {one["code"]: _display(one, language) for one in content["concept"]}


def _display(concept: Any, language: Language) -> str:
    others = {one["language"]: one["value"] for one in concept.get("designation", ())}
    return str(others.get(language, concept["display"]))
