"""The functions that FHIR adds to FHIRPath. https://hl7.org/fhir/R4/fhirpath.html#functions"""

from collections.abc import Iterable
from typing import Any

from gateway.fhir.elements import required_codings
from gateway.fhirpath import model
from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.runtime.navigation import steps, type_of
from gateway.fhirpath.runtime.system import system
from gateway.fhirpath.values import Date, DateTime, Time, Typed
from gateway.fhirpath.values.temporal import from_datetime

__all__ = [
    "conforms",
    "extensions",
    "has_value",
    "html_checks",
    "member_of",
    "now",
    "refers_inside", "refers_to",
    "resolve",
    "time_of_day",
    "today",
    "value_of",
]  # fmt: skip

_DEFINITIONS = "http://hl7.org/fhir/StructureDefinition/"


def extensions(values: Iterable[Any], url: Any) -> list[Any]:
    """Return the extensions with a url."""
    wanted = system(url)
    return [found for found in steps(values, "extension") if _json(found).get("url") == wanted]


def _json(value: Any) -> dict[str, Any]:
    json = value.value if type(value) is Typed else value
    return json if isinstance(json, dict) else {}


def has_value(value: Any) -> bool:
    """Return whether a value is a primitive that has a value, not only extensions."""
    return value_of(value) is not None


def value_of(value: Any) -> Any:
    """Return the System value of a primitive, or None."""
    if type(value) is Typed and not model.is_primitive(value.type):
        return None
    found = system(value)
    return None if isinstance(found, dict | list) else found


def resolve(values: Iterable[Any], resource: Any, variables: dict[str, Any]) -> list[Any]:
    """Return the resources that References (or canonicals, uris) point to, those not found left out.

    Found are contained resources, entries of the Bundle, and what `%resolve`, a function given as a variable,
    finds for a reference's text.
    """
    found = []
    for value in values:
        json = value.value if type(value) is Typed else value
        reference = json.get("reference") if isinstance(json, dict) else json
        if isinstance(reference, str):
            target = _target(reference, resource, variables)
            if target is not None:
                found.append(target)
    return found


def _target(reference: str, resource: Any, variables: dict[str, Any]) -> Any:
    whole = variables.get("rootResource", resource)
    if reference.startswith("#"):
        candidates = whole.get("contained", ()) if isinstance(whole, dict) else ()
        return next((one for one in candidates if one.get("id") == reference[1:]), None)
    for entry in whole.get("entry", ()) if isinstance(whole, dict) else ():
        if entry.get("fullUrl") == reference or _names(entry.get("resource"), reference):
            return entry.get("resource")
    finder = variables.get("resolve")
    return finder(reference) if callable(finder) else None


def _names(resource: Any, reference: str) -> bool:
    return isinstance(resource, dict) and reference == f"{resource.get('resourceType')}/{resource.get('id')}"


def refers_to(reference: Any, type_name: str) -> bool:
    """Return whether a Reference points to a resource of a type, as its text or its `type` says."""
    if not isinstance(reference, dict):
        return False
    parts = reference.get("reference", "").split("/")
    if len(parts) > 1:
        named = parts[-4] if len(parts) > 3 and parts[-2] == "_history" else parts[-2]
        if named == type_name:
            return True
    return reference.get("type") == type_name


def refers_inside(reference: Any, type_name: str, resource: Any) -> bool:
    """Return whether a Reference points to a contained resource of a type."""
    text = reference.get("reference", "") if isinstance(reference, dict) else ""
    if text[:1] != "#" or not isinstance(resource, dict):
        return False
    contained = resource.get("contained", ())
    return any(one.get("id") == text[1:] and one.get("resourceType") == type_name for one in contained)


def member_of(value: Any, value_set: Any) -> bool | None:
    """Return whether a code, Coding or CodeableConcept is in a value set; None when its codes are not known.

    Known are the value sets that R4 binds as required and whose codes can be listed.
    """
    url = system(value_set)
    codings = required_codings(url) if isinstance(url, str) else None
    if codings is None or value is None:
        return None
    json = value.value if type(value) is Typed else value
    if isinstance(json, str):
        return any(json in codes for codes in codings.values())
    if not isinstance(json, dict):
        return None
    listed = json.get("coding", [json])
    return any(coding.get("code") in codings.get(coding.get("system", ""), ()) for coding in listed)


def conforms(value: Any, profile: Any) -> bool | None:
    """Return whether a value is of the R4 type a definition describes; FhirPathError for a profile not known here."""
    url = system(profile)
    if value is None or not isinstance(url, str):
        return None
    name = url.removeprefix(_DEFINITIONS)
    if not model.children(name) or "." in name:
        raise FhirPathError("conformsTo() knows the base definitions of R4 only")
    actual = type_of(value)
    return actual is not None and model.descends(actual, name)


def now(variables: dict[str, Any]) -> DateTime:
    """Return `now`, one moment for the whole evaluation; FhirPathError when it was not given."""
    moment = variables.get("now")
    if moment is None:
        raise FhirPathError("now() needs the time: give it as the variable `now`")
    return moment if isinstance(moment, DateTime) else from_datetime(moment)


def today(moment: DateTime) -> Date:
    """Return the date of `now`."""
    return Date(moment.parts[:3])


def time_of_day(moment: DateTime) -> Time:
    """Return the time of `now`."""
    return Time(moment.parts[3:])


def html_checks(value: Any) -> bool | None:
    """Return whether a narrative is xhtml that FHIR allows; None for None."""
    text = system(value)
    if text is None:
        return None
    from gateway.fhirpath.runtime.narrative import allowed  # noqa: PLC0415 -- lxml is slow to load and seldom needed

    return allowed(text)
