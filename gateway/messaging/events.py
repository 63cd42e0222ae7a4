"""Which messages are taken: one table, from which they are recognised and the MessageDefinitions are made.

https://hl7.org/fhir/R4/messagedefinition.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

BASE = "https://msb-gateway.example/fhir/"
_BARS = "https://fhir.nhs.uk/CodeSystem/message-events-bars"
_BARS_REASON = "https://fhir.nhs.uk/CodeSystem/message-reason-bars"

NAMED_ONLY = frozenset({"Slot", "Schedule"})
"""What a message names and never makes or changes: what can be had is told by who has it."""

CONTENT = frozenset({
    "AllergyIntolerance", "Appointment", "Binary", "CarePlan", "CareTeam", "Communication", "CommunicationRequest",
    "Composition", "Condition", "Consent", "Coverage", "Device", "DocumentReference", "Encounter", "EpisodeOfCare",
    "Flag", "HealthcareService", "Immunization", "List", "Location", "Medication", "MedicationRequest",
    "MedicationStatement", "Observation", "Organization", "Patient", "Practitioner", "PractitionerRole", "Procedure",
    "QuestionnaireResponse", "RelatedPerson", "ServiceRequest", "Task",
})  # fmt: skip
"""What may stand in a message beside its MessageHeader and what it only names."""

REASONS: Mapping[str, bool] = MappingProxyType({"new": False, "update": True})
"""The reasons that are known, and whether something was told before."""


@dataclass(frozen=True, slots=True)
class Event:
    """A kind of message: its event, what its focus is (by profile, if it has one), and how it is published."""

    id: str
    system: str
    code: str
    title: str
    says: str
    focus: str
    profile: str | None = None
    reasons: str | None = None  # the system of MessageHeader.reason, where it is asked for

    @property
    def url(self) -> str:
        """Return the canonical of its definition."""
        return f"{BASE}MessageDefinition/{self.id}"

    def __str__(self) -> str:
        """Return it as a token, `system|code`."""
        return f"{self.system}|{self.code}"


_ANY_ORDER = (
    " What it says is stored as given. What is older than what is known is kept as history. Of what has ended only "
    "that it was entered in error is taken. No other sender's message changes it."
)
EVENTS: tuple[Event, ...] = (
    Event(
        "az-ambulance-referral",
        "http://nictiz.nl/fhir/CodeSystem/hg-message-event",
        "145",
        "Ambulance referral to an out-of-hours GP post",
        "The referral that an ambulance service makes, and what becomes of it: on its way (active), cancelled "
        "(revoked) or handed over (completed)." + _ANY_ORDER,
        "ServiceRequest",
        f"{BASE}StructureDefinition/az-referral-request",
    ),
    Event(
        "bars-servicerequest-request",
        _BARS,
        "servicerequest-request",
        "Referral, or a change or cancellation of one",
        "MessageHeader.reason is new or update; an update whose ServiceRequest is revoked or entered-in-error cancels "
        "it. It is known by its identifiers, or by the id that it has here." + _ANY_ORDER,
        "ServiceRequest",
        reasons=_BARS_REASON,
    ),
    Event(
        "bars-booking-request",
        _BARS,
        "booking-request",
        "Booking, or a change or cancellation of one",
        "MessageHeader.reason is new or update; an update whose Appointment is cancelled or entered-in-error cancels "
        "it. It is known by its identifiers, or by the id that it has here. Each Slot that the Appointment names must "
        "be known here and free; it becomes busy with the booking, and free again when that is cancelled and nobody "
        "has said anything else of it since." + _ANY_ORDER,
        "Appointment",
        reasons=_BARS_REASON,
    ),
)


def find(system: str, code: str) -> Event | None:
    """Return the event of a coding, None when its messages are not taken."""
    return next((event for event in EVENTS if (event.system, event.code) == (system, code)), None)
