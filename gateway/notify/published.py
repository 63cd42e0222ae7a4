"""The topics as they are published: a Basic resource each, as the guide of the R5 backport says of R4.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/components.html#subscription-topics-in-fhir-r4
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.notify.topics import TOPICS, Topic, Trigger

if TYPE_CHECKING:
    from gateway.fhir.types import Resource

_R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."
_R4B = "http://hl7.org/fhir/4.3/StructureDefinition/extension-SubscriptionTopic."
CODE = {"system": "http://hl7.org/fhir/fhir-types", "code": "SubscriptionTopic"}


def basics() -> list[Resource]:
    """Return every topic as a Basic resource."""
    return [_basic(topic) for topic in TOPICS.values()]


def _basic(topic: Topic) -> Resource:
    return {
        "resourceType": "Basic",
        "id": topic.name,
        "extension": [
            {"url": f"{_R5}url", "valueUri": topic.url},
            {"url": f"{_R5}title", "valueString": topic.title},
            {"url": f"{_R5}description", "valueMarkdown": topic.description},
            *(_trigger(trigger) for trigger in topic.triggers),
            *(_shape(trigger) for trigger in topic.triggers),
        ],
        "modifierExtension": [{"url": f"{_R5}status", "valueCode": "active"}],
        "code": {"coding": [CODE]},
    }


def _trigger(trigger: Trigger) -> dict[str, Any]:
    path = [{"url": "fhirPathCriteria", "valueString": trigger.path}] if trigger.path else []
    return {
        "url": f"{_R4B}resourceTrigger",
        "extension": [
            {"url": "resource", "valueUri": f"http://hl7.org/fhir/StructureDefinition/{trigger.type}"},
            *({"url": "supportedInteraction", "valueCode": interaction} for interaction in trigger.on),
            *path,
        ],
    }


def _shape(trigger: Trigger) -> dict[str, Any]:
    return {"url": f"{_R4B}notificationShape", "extension": [{"url": "resource", "valueUri": trigger.type}]}
