"""What the CapabilityStatement says in words. https://hl7.org/fhir/R4/capabilitystatement.html"""

from collections.abc import Mapping
from types import MappingProxyType

DOCUMENTED: Mapping[str, str] = MappingProxyType(
    {
        "Bundle": "A document, message or collection that has an identifier (or a MessageHeader) is stored once: the "
        "same Bundle of the same sender is answered as it was the first time, with the header Idempotent-Replayed.",
        "AuditEvent": "Who did what, told as it is read, newest first; nobody writes, changes or deletes it. An "
        "organisation is told what it did and what was done to its own, who is registered for AuditEvent everything.",
        "Basic": "The topics that can be subscribed to. They are not written here.",
        "Subscription": "By rest-hook, to endpoints that the operator lists; criteria are a search without chains, "
        "or a topic with filters. The status is the gateway's: requested, then active once the endpoint has answered, "
        "or error with the reason. Headers are kept sealed and never told.",
        "Provenance": "Which message made which version, by which map, is told beside what clients stored: by target "
        "or _id, with recorded, entity:identifier and agent:identifier beside them. It is made when it is asked, so it "
        "has no versions of its own.",
    }
)
"""What is to be known of a type beside its interactions."""

INSTALLED = (
    "What is installed: with the gateway, by packages, by mappings and of R4's own codes. It is not written here."
)
SYSTEM = (
    "A transaction or batch that has an identifier, or begins with a MessageHeader, has its effect once: the same "
    "Bundle of the same sender is answered as it was the first time, with the header Idempotent-Replayed. Another "
    "content under the same name is a conflict."
)
