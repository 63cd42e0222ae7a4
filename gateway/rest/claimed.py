"""Which of our profiles a resource of each type may claim: it is held against those it does.

https://hl7.org/fhir/R4/profiling.html#CapabilityStatement
"""

from collections.abc import Mapping
from types import MappingProxyType

PROFILES = "https://msb-gateway.example/fhir/StructureDefinition/"
SUPPORTED: Mapping[str, tuple[str, ...]] = MappingProxyType(  # checked where a resource claims them
    {
        "Bundle": ("az-referral-bundle",),
        "Composition": ("az-referral-composition",),
        "DocumentReference": ("az-referral-document",),
        "HealthcareService": ("capacity-service", "stopped-service"),
        "Location": ("capacity-bed", "capacity-location"),
        "MeasureReport": ("capacity-counts",),
        "Organization": ("az-organization",),
        "Patient": ("az-patient",),
        "Provenance": ("gateway-provenance",),
        "Schedule": ("capacity-schedule",),
        "ServiceRequest": ("az-referral-request", "referral-request"),
        "Slot": ("capacity-slot",),
        "Task": ("referral-task",),
    }
)
