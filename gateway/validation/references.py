"""Whether a Reference can be read, and whether its element may point to such a resource.

Whether the resource exists is the store's to say. https://hl7.org/fhir/R4/references.html
"""

from collections.abc import Iterator

from gateway.fhir import reference
from gateway.fhir.types import Resource, resource_types

_Fault = tuple[str, str]  # code, text


def faults(value: Resource, targets: tuple[str, ...]) -> Iterator[_Fault]:
    """Yield what is wrong with a Reference of an element that may point to `targets` (empty: to anything)."""
    text, named = value.get("reference"), value.get("type")
    pointed = reference.parse(text) if isinstance(text, str) else None
    if pointed and pointed.kind == "malformed":
        yield "bad-reference", "a reference is Type/id, an absolute URL, urn:uuid:…, #id or Type?search"
    type_ = pointed.type if pointed else None
    if type_ and isinstance(named, str) and named in resource_types() and type_ != named:
        yield "bad-reference", f"the reference points to {type_}, its type says {named}"
    for found in dict.fromkeys(name for name in (type_, named) if isinstance(name, str)):
        if found in resource_types() and targets and found not in targets:
            yield "bad-reference", f"this element refers to {_one_of(targets)}, not to {found}"


def _one_of(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
