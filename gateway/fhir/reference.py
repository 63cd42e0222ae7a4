"""References between resources: what kind a reference is, and where in a resource they stand.

https://hl7.org/fhir/R4/references.html
"""

import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from gateway.fhir.types import Resource, resource_types

Kind = Literal["relative", "absolute", "contained", "urn", "conditional", "url", "malformed"]

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_URN = re.compile(
    r"urn:(?:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|oid:[0-2](?:\.(?:0|[1-9][0-9]*))+)"
)
_FRAGMENT = re.compile(rf"#(?P<id>{_ID.pattern})?")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")
_BASE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://\S+")
_BLANK = re.compile(r"\s")

# A Reference holds nothing else; DetectedIssue and Expression also have an element `reference`, of type uri.
_REFERENCE_KEYS = frozenset(
    {"reference", "_reference", "type", "_type", "identifier", "display", "_display", "id", "_id", "extension"}
)
_HOLDERS_OF_A_URI = frozenset({"education"})  # Immunization.education.reference


class Reference(NamedTuple):
    """What `Reference.reference` says.

    | kind        | example                                  |
    |-------------|------------------------------------------|
    | relative    | Patient/1, Patient/1/_history/2          |
    | absolute    | https://example.org/fhir/Patient/1       |
    | contained   | #p1; `#` alone is the containing resource|
    | urn         | urn:uuid:…, urn:oid:…                    |
    | conditional | Patient?identifier=system\\|value         |
    | url         | another URL, whose type cannot be told   |
    | malformed   | none of these                            |
    """

    kind: Kind
    type: str | None = None
    id: str | None = None
    version: str | None = None
    base: str | None = None


def parse(text: str) -> Reference:
    """Return what kind of reference `text` is and what it names; never raises."""
    if match := _FRAGMENT.fullmatch(text):
        return Reference("contained", id=match["id"])
    if text[:4].lower() == "urn:":
        return Reference("urn", id=text) if _URN.fullmatch(text) else Reference("malformed")
    return _restful(text) or _conditional(text) or Reference("url" if _URL.fullmatch(text) else "malformed")


def parted(text: str) -> tuple[str, str]:
    """Return a reference without its version, and the version; '' for a reference to no version, which stays as it is.

    >>> parted("Patient/1/_history/2")
    ('Patient/1', '2')
    """
    version = parse(text).version if "/_history/" in text else None
    return (text.rpartition("/_history/")[0], version) if version else (text, "")


def _restful(text: str) -> Reference | None:
    """Return what `[base/]Type/id[/_history/version]` names, or None for anything else."""
    head, _, id_ = text.rpartition("/")
    version = None
    if head.endswith("/_history"):
        version, (head, _, id_) = id_, head.removesuffix("/_history").rpartition("/")
        if not _ID.fullmatch(version):
            return None
    base, slash, type_ = head.rpartition("/")
    if type_ not in resource_types() or not _ID.fullmatch(id_):
        return None
    if not slash:
        return Reference("relative", type_, id_, version)
    return Reference("absolute", type_, id_, version, base + slash) if _BASE.fullmatch(base) else None


def _conditional(text: str) -> Reference | None:
    type_, _, search = text.partition("?")
    found = type_ in resource_types() and search and not _BLANK.search(search)
    return Reference("conditional", type_) if found else None


def walk(resource: Resource) -> Iterator[tuple[dict[str, Any], Literal["reference"], str]]:
    """Yield every Reference with a `reference` in a resource, those in contained and Bundle entries too, in order.

    Each as the dict that holds it, the key `reference`, and the FHIRPath of the Reference
    (`Bundle.entry[0].resource.subject`), so that a reference can be rewritten in place.
    """
    found: list[tuple[dict[str, Any], str]] = []
    _collect(resource, str(resource.get("resourceType", "Resource")), found)
    for holder, path in found:
        yield holder, "reference", path


def holders(resource: Resource) -> list[dict[str, Any]]:
    """Return the dicts that `walk` yields, without their paths: half the work, for who rarely needs a path."""
    found: list[dict[str, Any]] = []
    _find(resource, found)
    return found


def _find(node: dict[str, Any], found: list[dict[str, Any]]) -> None:
    for key, value in node.items():
        if value.__class__ is dict:
            if "reference" in value and _is_reference(value) and key not in _HOLDERS_OF_A_URI:
                found.append(value)
            _find(value, found)
        elif value.__class__ is list:
            for item in value:
                if item.__class__ is dict:
                    if "reference" in item and _is_reference(item) and key not in _HOLDERS_OF_A_URI:
                        found.append(item)
                    _find(item, found)


def _collect(node: dict[str, Any], path: str, found: list[tuple[dict[str, Any], str]]) -> None:
    for key, value in node.items():
        if isinstance(value, dict):
            if _is_reference(value) and key not in _HOLDERS_OF_A_URI:
                found.append((value, f"{path}.{key}"))
            _collect(value, f"{path}.{key}", found)
        elif isinstance(value, list):
            for at, item in enumerate(value):
                if isinstance(item, dict):
                    if _is_reference(item) and key not in _HOLDERS_OF_A_URI:
                        found.append((item, f"{path}.{key}[{at}]"))
                    _collect(item, f"{path}.{key}[{at}]", found)


def _is_reference(node: dict[str, Any]) -> bool:
    return isinstance(node.get("reference"), str) and node.keys() <= _REFERENCE_KEYS
