"""What the structures that a map `uses` are: FHIR types, HL7 v2 messages, tables, documents of HL7 v3.

HL7's v2 logical models are named after message structures (`http://hl7.org/v2/StructureDefinition/ADT_A20`); a rule
steps to a segment by its name and from there by number.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from gateway.fhir.elements import is_primitive, is_type
from gateway.fhir.types import resource_types

CORE = "http://hl7.org/fhir/StructureDefinition/"
V2 = re.compile(r"https?://hl7\.org/v2/StructureDefinition/([A-Z0-9]{3})(?:_([A-Z0-9]{3}))?")
EDIFACT = re.compile(r"https?://.*/StructureDefinition/edifact-([A-Z]{6})")
TABLE = "http://hl7.org/fhir/tools/StructureDefinition/CSV"
V3: Mapping[str, str] = MappingProxyType(
    {
        "http://hl7.org/fhir/cda/StructureDefinition/": "urn:hl7-org:v3",
        "http://hl7.org/cda/stds/core/StructureDefinition/": "urn:hl7-org:v3",
        "http://hl7.org/fhir/cdatest/StructureDefinition/": "urn:hl7-org:v3-test",
    }
)
"""Where the models of HL7 v3 documents stand, and the namespace of what they describe."""

DOCUMENT = "V3"
"""The type of everything in a v3 document; which elements repeat shows only when it is made."""


def format_of(url: str) -> str | None:
    """Return the format of the messages that a structure describes, or None for one that is no message.

    >>> format_of("http://hl7.org/v2/StructureDefinition/ADT_A20"), format_of("http://hl7.org/fhir/StructureDefinition/Slot")
    ('hl7v2', 'resource')
    """
    if V2.fullmatch(url):
        return "hl7v2"
    if url == TABLE:
        return "csv"
    if EDIFACT.fullmatch(url):
        return "edifact"
    return "resource" if fhir_type(url) else None


def fhir_type(url: str) -> str | None:
    """Return the R4 type that a structure is, or None."""
    name = url.removeprefix(CORE)
    return name if url.startswith(CORE) and is_type(name) else None


def namespace(url: str) -> str | None:
    """Return the XML namespace of a v3 document's model, or None for any other structure."""
    return next((space for base, space in V3.items() if url.startswith(base)), None)


def type_of(name: str | None, models: Mapping[str, str]) -> str | None:
    """Return what a type written in a map is: an R4 type, a v3 document, or None where it is not known."""
    if name is None:
        return None
    url = models.get(name)
    if url is None:
        return name if is_type(name) else None
    return DOCUMENT if namespace(url) else fhir_type(url)


def is_resource(type_name: str | None) -> bool:
    """Return whether a type is a resource.

    >>> is_resource("Slot"), is_resource("HumanName"), is_resource(None)
    (True, False, False)
    """
    return type_name is not None and type_name in resource_types()


def is_plain(type_name: str | None) -> bool:
    """Return whether values of a type are plain ones."""
    return type_name is not None and type_name != DOCUMENT and is_primitive(type_name)
