"""Profiles written in a few lines, and what they find."""

from typing import Any

from gateway.errors import Issue
from gateway.validation.profiles import Definitions, ProfileLibrary, profile_issues

Resource = dict[str, Any]
BASE = "https://example.org/StructureDefinition/"
R4 = "http://hl7.org/fhir/StructureDefinition/"


def element(id_: str, **says: Any) -> Resource:
    """Return one element of a differential; the path and the slice name are in the id."""
    parts = [part.partition(":") for part in id_.split(".")]
    made: Resource = {"id": id_, "path": ".".join(name for name, _, _ in parts)}
    if parts[-1][2]:
        made["sliceName"] = parts[-1][2]
    return made | {key.rstrip("_"): value for key, value in says.items()}


def profile(type_: str, *elements: Resource, name: str = "asked", base: str | None = None, **more: Any) -> Resource:
    """Return a StructureDefinition with a differential only."""
    return {
        "resourceType": "StructureDefinition",
        "id": name,
        "url": BASE + name,
        "name": name.capitalize(),
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": type_,
        "baseDefinition": base or R4 + type_,
        "derivation": "constraint",
        "differential": {"element": [element(type_), *elements]},
    } | more


def sliced(path: str, *by: tuple[str, str], rules: str = "open", ordered: bool = False, **more: Any) -> Resource:
    """Return the element that is sliced; `by` are pairs of discriminator type and path."""
    discriminators = [{"type": kind, "path": at} for kind, at in by]
    return element(path, slicing={"discriminator": discriminators, "rules": rules, "ordered": ordered}, **more)


def library(*definitions: Resource) -> ProfileLibrary:
    """Return the profiles of some definitions."""
    known = Definitions()
    for definition in definitions:
        known.add_resource(definition)
    return ProfileLibrary(known)


def issues(resource: Resource, *definitions: Resource) -> list[Issue]:
    """Return what the first of the definitions finds in a resource."""
    return profile_issues(library(*definitions), resource, [definitions[0]["url"]])


def found(resource: Resource, *definitions: Resource) -> list[tuple[str, str | None]]:
    """Return (code, expression) of each finding."""
    return [(issue.code, issue.expression) for issue in issues(resource, *definitions)]


def value_set(name: str, **compose: Any) -> Resource:
    """Return a ValueSet."""
    return {
        "resourceType": "ValueSet",
        "url": f"https://example.org/ValueSet/{name}",
        "status": "active",
        "compose": compose,
    }


def code_system(name: str, *concepts: Resource, content: str = "complete") -> Resource:
    """Return a CodeSystem."""
    return {
        "resourceType": "CodeSystem",
        "url": f"https://example.org/CodeSystem/{name}",
        "status": "active",
        "content": content,
        "caseSensitive": True,
        "concept": list(concepts),
    }
