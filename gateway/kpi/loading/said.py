"""What a resource says, read without trust in its shape: codes, extensions, references, moments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.fhir.datetime import read
from gateway.fhir.types import Resource

OURS = "https://msb-gateway.example/fhir"
EXTENSION = f"{OURS}/StructureDefinition/"
FACT = f"{OURS}/CodeSystem/kpi-fact"
CARE_TYPE = f"{OURS}/CodeSystem/care-type"


def extensions(of: Any, name: str) -> Iterator[Resource]:
    """Yield the extensions of a name."""
    for one in many(of, "extension"):
        if isinstance(one, dict) and one.get("url") == EXTENSION + name:
            yield one


def extension(of: Any, name: str) -> Any:
    """Return the value of the first extension of a name, None where there is none."""
    return next((value(one) for one in extensions(of, name)), None)


def inside(of: Resource, name: str) -> Any:
    """Return the value of a part of an extension."""
    return next((value(one) for one in parts(of, name)), None)


def parts(of: Resource, name: str) -> Iterator[Resource]:
    """Yield the parts of an extension that have a name."""
    return (one for one in many(of, "extension") if isinstance(one, dict) and one.get("url") == name)


def value(of: Resource) -> Any:
    """Return what stands in `value[x]`."""
    return next((found for name, found in of.items() if name.startswith("value")), None)


def many(of: Any, name: str) -> list[Any]:
    """Return what is repeated in an element, one thing as a list of it."""
    found = of.get(name) if isinstance(of, dict) else None
    return found if isinstance(found, list) else [] if found is None else [found]


def codes(concept: Any, system: str = "") -> list[str]:
    """Return the codes of a concept, those of a system where one is named."""
    every = many(concept, "coding")
    return [str(one["code"]) for one in every if "code" in one and system in {"", one.get("system")}]


def code(concepts: Any, system: str = "") -> str:
    """Return the first code of some concepts, or of one; '' where there is none."""
    every = concepts if isinstance(concepts, list) else [concepts] if concepts else []
    return next((found for one in every for found in codes(one, system)), "")


def is_a(concepts: Any, system_and_code: str) -> bool:
    """Return whether one of some concepts has a code, written `system|code`."""
    system, _, wanted = system_and_code.rpartition("|")
    every = concepts if isinstance(concepts, list) else [concepts] if concepts else []
    return any(wanted in codes(one, system) for one in every)


def care(resource: Resource) -> str:
    """Return the kind of care that a resource is about, '' where it says none."""
    said = extension(resource, "care-type")
    named = [said] if said else [*many(resource, "serviceType"), *many(resource, "type"), *many(resource, "code")]
    return code(named, CARE_TYPE)


def at(moment: Any) -> int | None:
    """Return a moment in microseconds, the beginning of what is no moment; None where it is none."""
    found = read(moment) if isinstance(moment, str) else None
    return found.low if found else None


def target(of: Any, type_: str) -> str:
    """Return the id of what a Reference names of a type, '' where it names none."""
    found = of.get("reference") if isinstance(of, dict) else None
    kind, _, id_ = str(found or "").rpartition("/")
    return id_ if kind == type_ or kind.endswith(f"/{type_}") else ""


def targets(of: Any, type_: str) -> list[str]:
    """Return the ids of what some References name of a type."""
    return [found for one in of or () if (found := target(one, type_))]


def number(said: Any) -> float | None:
    """Return a number, None where it is none."""
    return None if said is None or isinstance(said, bool | str | dict | list) else float(said)
