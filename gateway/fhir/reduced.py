"""The reduced form of a resource: what is named of it and nothing else, for who may not know whom it is about.

A form names the values, codes and references that are told. Text is never among them: no narrative, note or display, no
identifier of what it is about, nothing contained, and no extension that is not named. It says of itself that it is a
part. What R4 requires and is not told is `masked`. https://hl7.org/fhir/R4/security-labels.html,
https://hl7.org/fhir/R4/extension-data-absent-reason.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway.fhir import reference
from gateway.fhir.elements import Element, child, is_primitive
from gateway.fhir.frozen import frozen
from gateway.fhir.json import decode, encode
from gateway.fhir.owner import SYSTEM
from gateway.fhir.subsets import SUBSETTED
from gateway.fhir.types import Resource

PLAIN = frozenset(
    {"boolean", "code", "date", "dateTime", "decimal", "instant", "integer", "Period", "positiveInt", "time"}
    | {"unsignedInt"}
)
"""Data types whose values are told as they are: none of them holds text."""
CODED = frozenset({"CodeableConcept", "Coding"})
REDACTED = {"system": SUBSETTED["system"], "code": "REDACTED"}
_MASKED = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}
_ALWAYS = frozenset({"resourceType", "id", "meta"})
_ELEMENT = re.compile(r"[a-z][A-Za-z]*")


@frozen()
class Form:
    """What is told of a resource of a type, by the names that elements have in JSON.

    `shows` are values, told as they are; of `codes` the system and code are told, of `systems` alone. `refers` says for
    each reference to which types it is told, and by identifiers of which systems. `extensions` are URLs, and their
    values codes.
    """

    type: str
    shows: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    refers: Mapping[str, frozenset[str]] | None = None
    systems: frozenset[str] = frozenset()
    extensions: frozenset[str] = frozenset()

    def referred(self, name: str) -> frozenset[str]:
        """Return the types, and the systems of identifiers, by which a reference is told; none where it is not."""
        return (self.refers or {}).get(name, frozenset())


@frozen()
class Part:
    """That a resource is changed by who sees its reduced form: which form, and which elements it changes."""

    form: Form
    base: str
    changed: frozenset[str]

    def is_told(self, path: str) -> bool:
        """Return whether a path in the resource, from its type on or from there, is in what is changed."""
        element = _ELEMENT.match(path.removeprefix(f"{self.form.type}."))
        return element is None or element[0] in self.changed


def problem(resource_type: str, name: str, kind: str) -> str:
    """Return in words why an element cannot be told as `shows`, `codes` or `refers` does; '' where it can."""
    element = child(resource_type, name)
    if element is None or element.choice:
        return "is no element; a choice is named as it is in JSON, `occurrenceDateTime`"
    known = {"shows": PLAIN, "codes": CODED, "refers": frozenset({"Reference"})}[kind]
    return "" if element.types[0] in known else f"is none of {', '.join(sorted(known))}: text is told by no form"


def reduced_body(body: bytes, form: Form, base: str) -> bytes:
    """Return an encoded resource in its reduced form; of what was deleted there is nothing to tell."""
    return encode(reduced(decode(body), form, base)) if body else body


def reduced(resource: Resource, form: Form, base: str) -> Resource:
    """Return a resource in its reduced form; `base` is ours, by which a reference may name what is here."""
    told: Resource = {}
    for name, value in resource.items():
        if name in _ALWAYS:
            told[name] = _meta(value) if name == "meta" else value
        elif part := _part(name, value, form, base):
            told[name] = part[0]
        elif (element := child(form.type, name)) and element.required:
            told |= _masked(element, name)
    return told if "meta" in told else {**told, "meta": _meta({})}


def _meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return which version it is of and whose, and that it is a part."""
    kept = {name: meta[name] for name in ("versionId", "lastUpdated") if name in meta}
    owner = [label for label in meta.get("security", ()) if label.get("system") == SYSTEM]
    return {**kept, "security": [*owner, dict(REDACTED)], "tag": [dict(SUBSETTED)]}


def _part(name: str, value: Any, form: Form, base: str) -> list[Any]:
    """Return what is told of an element, as the one item of a list; an empty one where nothing is."""
    several = value if isinstance(value, list) else [value]
    if name in form.shows:
        found = [_plain(one) for one in several]
    elif name in form.codes:
        found = [_coded(one, form) for one in several]
    elif name == "extension":
        found = [_extension(one, form) for one in several]
    else:
        kinds = form.referred(name)
        found = [_reference(one, kinds, base) for one in several] if kinds else []
    told = [one for one in found if one not in ({}, None)]
    return ([told] if isinstance(value, list) else told[:1]) if told else []


def _plain(value: Any) -> Any:
    """Return a value; of a Period, the only one that is an object, its moments."""
    return {name: value[name] for name in ("start", "end") if name in value} if isinstance(value, dict) else value


def _coded(value: Mapping[str, Any], form: Form) -> dict[str, Any]:
    if "coding" in value:
        found = [code for one in value["coding"] if (code := _coded(one, form))]
        return {"coding": found} if found else {}
    told = {name: value[name] for name in ("system", "code") if name in value}
    return told if len(told) == 2 and told["system"] in form.systems else {}


def _extension(value: Mapping[str, Any], form: Form) -> dict[str, Any]:
    if value.get("url") not in form.extensions:
        return {}
    codes = {name: _coded(value[name], form) for name in ("valueCodeableConcept", "valueCoding") if name in value}
    told = {name: code for name, code in codes.items() if code}
    return {"url": value["url"], **told} if told else {}


def _reference(value: Mapping[str, Any], kinds: frozenset[str], base: str) -> dict[str, Any]:
    """Return a reference to one of some types here, and by an identifier of one of some systems."""
    told: dict[str, Any] = {}
    named = reference.parse(str(value.get("reference", "")).removeprefix(f"{base}/"))
    if named.kind == "relative" and named.type in kinds:
        told["reference"] = value["reference"]
    identifier = value.get("identifier", {})
    if identifier.get("system") in kinds and "value" in identifier:
        told["identifier"] = {name: identifier[name] for name in ("system", "value")}
    return {**told, "type": value["type"]} if told and value.get("type") in kinds else told


def _masked(element: Element, name: str) -> dict[str, Any]:
    masked = dict(_MASKED)
    held: Any = [masked] if element.is_list else masked
    return {f"_{name}" if is_primitive(element.types[0]) else name: held}
