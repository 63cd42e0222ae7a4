"""A part of a resource: the elements that are asked for, or one of the summaries of R4.

https://hl7.org/fhir/R4/search.html#summary, https://hl7.org/fhir/R4/search.html#elements
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Literal

from gateway.fhir.elements import child, children, is_type
from gateway.fhir.types import Resource

Summary = Literal["true", "text", "data"]
SUMMARIES: Mapping[str, str] = MappingProxyType(
    {
        "true": "the elements that R4 marks as summary",
        "text": "text, id, meta and what is required",
        "data": "all but the text",
        "false": "all",
    }
)
SUBSETTED = MappingProxyType(
    {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
)
_ALWAYS = frozenset({"resourceType", "id", "meta", "implicitRules"})


def of_elements(resource: Resource, names: Collection[str]) -> Resource:
    """Return a resource with the elements that are asked for and those it must have."""
    known = children(resource["resourceType"])
    return _kept(resource, {name for name, element in known.items() if element.required or name in names})


def of_summary(resource: Resource, summary: Summary) -> Resource:
    """Return a summary of a resource. What is left of it is tagged as a part."""
    known = children(resource["resourceType"])
    if summary == "data":
        return _kept(resource, known.keys() - {"text"})
    if summary == "text":
        return _kept(resource, {"text", *(name for name, element in known.items() if element.required)})
    return _tagged(_summed_up(resource, resource["resourceType"]))


def _kept(resource: Resource, names: Collection[str]) -> Resource:
    known = children(resource["resourceType"])
    kept = _ALWAYS.union(names)
    json_names = {name for each in kept for name in (known[each].json_names if each in known else (each,))}
    return _tagged({name: value for name, value in resource.items() if name.removeprefix("_") in json_names})


def _tagged(resource: Resource) -> Resource:
    meta = resource.get("meta", {})
    others = [tag for tag in meta.get("tag", ()) if tag != SUBSETTED]  # a part of a part is one part
    return resource | {"meta": {**meta, "tag": [*others, dict(SUBSETTED)]}}


def _summed_up(content: dict[str, Any], type_name: str) -> dict[str, Any]:
    """Return what R4 marks as summary, in the parts of the type too; a datatype is told whole."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        element = child(type_name, name.removeprefix("_"))
        if name == "resourceType" or (element is not None and element.summary):
            part = element.types[0] if element and _is_part(element.types[0]) else ""
            found[name] = _part(value, part) if part else value
    return found


def _is_part(type_name: str) -> bool:
    return "." in type_name and is_type(type_name)


def _part(value: Any, type_name: str) -> Any:
    if isinstance(value, list):
        return [_part(one, type_name) for one in value]
    return _summed_up(value, type_name) if isinstance(value, dict) else value
