"""What is served: one table, from which requests are dispatched and the CapabilityStatement is made.

`scripts/profile_guide.py` publishes the statement in `profiles/`: run it when the table changes.

https://hl7.org/fhir/R4/http.html#capabilities, https://hl7.org/fhir/R4/capabilitystatement.html
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal

from gateway import __version__
from gateway.errors import MethodNotAllowed, ResourceNotFound
from gateway.fhir import json
from gateway.fhir.parameters import SearchParameter
from gateway.fhir.search import compartments, is_followed, served
from gateway.fhir.types import Resource
from gateway.messaging.published import capability as messages_taken
from gateway.notify.subscription import BACKPORT
from gateway.notify.topics import TOPICS
from gateway.query import auditlog, installed
from gateway.rest import documented
from gateway.rest.claimed import PROFILES, SUPPORTED
from gateway.rest.headers import FHIR_JSON, FHIR_XML, PATCH_TYPES
from gateway.rest.security import KnownBy, of_statement

CANONICAL = "https://msb-gateway.example/fhir/CapabilityStatement/gateway"
PUBLISHED = "2026-11-22"

GUIDE = "https://msb-gateway.example/fhir/ImplementationGuide/msb-gateway-profiles"
Interaction = Literal[
    "read",
    "vread",
    "history-instance",
    "history-type",
    "history-system",
    "search-system",
    "search-type",
    "create",
    "update",
    "patch",
    "delete",
    "transaction",
    "batch",
]

_READ: tuple[Interaction, ...] = ("read", "vread", "history-instance", "history-type", "search-type")
_LOOK: tuple[Interaction, ...] = ("read", "search-type")  # what nobody writes over the API
_KEEP: tuple[Interaction, ...] = (*_READ, "create")  # what is said stays said
_ALL: tuple[Interaction, ...] = (*_READ, "create", "update", "patch", "delete")

SYSTEM: tuple[Interaction, ...] = ("transaction", "batch", "history-system", "search-system")

SERVED: Mapping[str, tuple[Interaction, ...]] = MappingProxyType(
    {
        "AllergyIntolerance": _ALL,
        "Appointment": _ALL,
        "AuditEvent": _LOOK,
        "Binary": _ALL,
        "Bundle": _ALL,
        "CarePlan": _ALL,
        "CareTeam": _ALL,
        "Communication": _ALL,
        "CommunicationRequest": _ALL,
        "Composition": _ALL,
        "Condition": _ALL,
        "Consent": _ALL,
        "Coverage": _ALL,
        "Device": _ALL,
        "DocumentReference": _ALL,
        "Encounter": _ALL,
        "Endpoint": _ALL,
        "EpisodeOfCare": _ALL,
        "Flag": _ALL,
        "Group": _ALL,
        "HealthcareService": _ALL,
        "Immunization": _ALL,
        "List": _ALL,
        "Location": _ALL,
        "MeasureReport": _ALL,
        "Medication": _ALL,
        "MedicationRequest": _ALL,
        "MedicationStatement": _ALL,
        "MessageHeader": _KEEP,
        "Observation": _ALL,
        "Organization": _ALL,
        "OrganizationAffiliation": _ALL,
        "Patient": _ALL,
        "Practitioner": _ALL,
        "PractitionerRole": _ALL,
        "Procedure": _ALL,
        "Provenance": _KEEP,
        "QuestionnaireResponse": _ALL,
        "RelatedPerson": _ALL,
        "Schedule": _ALL,
        "ServiceRequest": _ALL,
        "Slot": _ALL,
        "Subscription": _ALL,
        "Task": _ALL,
    }
    | dict.fromkeys(sorted(installed.TYPES), _LOOK)
)


_TOPIC = f"{BACKPORT}capabilitystatement-subscriptiontopic-canonical"
_R4 = "http://hl7.org/fhir/OperationDefinition/"
_BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-"
_BULK = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/"
_OURS = "https://msb-gateway.example/fhir/OperationDefinition/"
_PLACE_EVERYTHING = f"{_OURS}place-everything"
EVERY_TYPE = "Resource"

OPERATIONS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "": (
            ("export", f"{_BULK}export"),
            ("meta", f"{_R4}Resource-meta"),
            ("process-message", f"{_R4}MessageHeader-process-message"),
        ),
        EVERY_TYPE: (("meta", f"{_R4}Resource-meta"), ("validate", f"{_R4}Resource-validate")),
        "Encounter": (("everything", f"{_R4}Encounter-everything"),),
        "Group": (("export", f"{_BULK}group-export"),),
        "HealthcareService": (("everything", _PLACE_EVERYTHING),),
        "Location": (("everything", _PLACE_EVERYTHING),),
        "Slot": tuple((name, f"{_OURS}slot-{name}") for name in ("extend-hold", "hold", "release-hold")),
        "Subscription": (("events", f"{_BACKPORT}subscription-events"), ("status", f"{_BACKPORT}subscription-status")),
        "Observation": (("lastn", f"{_R4}Observation-lastn"),),
        "Patient": (
            ("break-glass", f"{_OURS}patient-break-glass"),
            ("end-break-glass", f"{_OURS}patient-end-break-glass"),
            ("everything", f"{_R4}Patient-everything"),
            ("export", f"{_BULK}patient-export"),
        ),
        "CodeSystem": (
            ("lookup", f"{_R4}CodeSystem-lookup"),
            ("validate-code", f"{_R4}CodeSystem-validate-code"),
        ),
        "ValueSet": (("expand", f"{_R4}ValueSet-expand"), ("validate-code", f"{_R4}ValueSet-validate-code")),
        "ConceptMap": (("translate", f"{_R4}ConceptMap-translate"),),
        "StructureMap": (("transform", f"{_R4}StructureMap-transform"),),
    }
)
"""The operations that are served: on a type, on every type of which something is stored, or ('') on the system."""
_OF_WHAT_CHANGES = (("meta-add", f"{_R4}Resource-meta-add"), ("meta-delete", f"{_R4}Resource-meta-delete"))


def lists(resource_type: str, interaction: Interaction) -> bool:
    """Return whether the CapabilityStatement lists `interaction`, for `resource_type` or ('') for the system."""
    return interaction in (SERVED.get(resource_type, ()) if resource_type else SYSTEM)


def check_served(resource_type: str, interaction: Interaction) -> None:
    """Raise ResourceNotFound for a type that is not served, MethodNotAllowed for an interaction that is not."""
    if resource_type and resource_type not in SERVED:
        raise ResourceNotFound("this resource type is not served; GET metadata lists those that are")
    if not lists(resource_type, interaction):
        raise MethodNotAllowed(f"{interaction} is not served for {resource_type}; GET metadata lists what is")


def operations_of(resource_type: str) -> tuple[tuple[str, str], ...]:
    """Return name and definition of the operations that are served on `resource_type` or ('') on the system."""
    interactions = SERVED.get(resource_type, ())
    common = OPERATIONS[EVERY_TYPE] if "create" in interactions else ()
    return (*common, *(_OF_WHAT_CHANGES if "patch" in interactions else ()), *OPERATIONS.get(resource_type, ()))


def lists_operation(resource_type: str | None, name: str) -> bool:
    """Return whether an operation is served on a type; None: its path names the type itself, or it is the system's."""
    return resource_type is None or any(name == known for known, _ in operations_of(resource_type))


def check_operation(resource_type: str | None, name: str) -> None:
    """Raise ResourceNotFound for a type on which the operation is not served."""
    if not lists_operation(resource_type, name):
        raise ResourceNotFound(f"${name} is not served for this resource type; GET metadata lists where it is")


@lru_cache(maxsize=8)
def encoded_statement(base: str, known_by: KnownBy) -> bytes:
    """Return the CapabilityStatement of this instance, encoded. Made once: it is the same for every caller."""
    return json.encode(capability_statement(base, known_by))


def capability_statement(base: str, known_by: KnownBy) -> Resource:
    """Return the CapabilityStatement of the instance at `base`, made from the table above."""
    return {
        "resourceType": "CapabilityStatement",
        "id": "gateway",
        "url": CANONICAL,
        "version": __version__,
        "name": "GatewayCapabilities",
        "title": "What this gateway serves",
        "status": "active",
        "date": PUBLISHED,
        "publisher": "msb-gateway",
        "kind": "instance",
        "software": {"name": "msb-gateway", "version": __version__},
        "implementation": {"description": "FHIR gateway for acute-care coordination", "url": base},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, "json", FHIR_XML, "xml"],
        "patchFormat": list(PATCH_TYPES),
        "implementationGuide": [GUIDE],
        "rest": [_rest(base, known_by)],
        "messaging": [messages_taken(base)],
    }


def _rest(base: str, known_by: KnownBy) -> dict[str, Any]:
    return {
        "mode": "server",
        "documentation": documented.SYSTEM,
        "security": of_statement(base, known_by),
        "resource": [
            *(_resource(resource_type, interactions) for resource_type, interactions in SERVED.items()),
            *({"type": name} | _operations(name) for name in OPERATIONS if name not in {*SERVED, EVERY_TYPE, ""}),
        ],
        "interaction": [{"code": code} for code in SYSTEM],
        "searchParam": [_parameter(p) for p in search_parameters("Resource")],
        "compartment": list(compartments().values()),
    } | _operations("")


def _operations(resource_type: str) -> dict[str, Any]:
    found = [{"name": name, "definition": url} for name, url in operations_of(resource_type)]
    return {"operation": found} if found else {}


def search_parameters(resource_type: str) -> Sequence[SearchParameter]:
    """Return what a type is searched by."""
    if resource_type in installed.TYPES:
        return installed.parameters(resource_type)
    if resource_type == auditlog.TYPE:
        return auditlog.parameters()
    return list(served(resource_type).values())


def _made(resource_type: str) -> dict[str, Any]:
    """Return what is served of definitions, which are installed, and of the audit, which is told as it is read."""
    return {
        "type": resource_type,
        "profile": f"http://hl7.org/fhir/StructureDefinition/{resource_type}",
        "documentation": documented.DOCUMENTED.get(resource_type, documented.INSTALLED),
        "interaction": [{"code": code} for code in _LOOK],
        "versioning": "no-version",
        "readHistory": False,
        "updateCreate": False,
        "conditionalCreate": False,
        "conditionalRead": "not-supported",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "searchParam": [_parameter(p) for p in search_parameters(resource_type)],
    } | _operations(resource_type)


def _topics(resource_type: str) -> dict[str, Any]:
    """Return what can be subscribed to, where that is told. https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/"""
    if resource_type != "Subscription":
        return {}
    return {"extension": [{"url": _TOPIC, "valueCanonical": url} for url in TOPICS]}


def _parameter(parameter: SearchParameter) -> dict[str, Any]:
    return {"name": parameter.code, "definition": parameter.url, "type": parameter.type}


def _resource(resource_type: str, interactions: tuple[Interaction, ...]) -> dict[str, Any]:
    if resource_type in {*installed.TYPES, auditlog.TYPE}:
        return _made(resource_type)
    parameters = search_parameters(resource_type)
    includes = [f"{resource_type}:{p.code}" for p in parameters if is_followed(p)]
    supported = [PROFILES + name for name in SUPPORTED.get(resource_type, ())]
    return (
        {
            "type": resource_type,
            "profile": f"http://hl7.org/fhir/StructureDefinition/{resource_type}",
            **_topics(resource_type),
            **({"supportedProfile": supported} if supported else {}),
            **(
                {"documentation": documented.DOCUMENTED[resource_type]}
                if resource_type in documented.DOCUMENTED
                else {}
            ),
            "interaction": [{"code": code} for code in interactions],
            "versioning": "versioned",
            "readHistory": True,
            "updateCreate": "update" in interactions,
            "conditionalCreate": "create" in interactions,
            "conditionalRead": "full-support",
            "conditionalUpdate": "update" in interactions,
            "conditionalDelete": "single" if "delete" in interactions else "not-supported",
            "searchParam": [_parameter(p) for p in parameters],
        }
        | ({"searchInclude": includes} if includes else {})
        | _operations(resource_type)
    )
