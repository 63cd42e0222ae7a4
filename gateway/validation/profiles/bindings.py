"""Whether a coded value is in the value set its element is bound to.

required: an error when it is not; extensible: a warning; preferred and example bind nothing.
https://hl7.org/fhir/R4/terminologies.html#strength
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from gateway.errors import Severity
from gateway.fhir.frozen import frozen
from gateway.fhir.types import Resource
from gateway.validation.profiles.items import Item
from gateway.validation.profiles.terminology import Terminology, either

MAX_VALUE_SET = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"


class Finding(NamedTuple):
    """What there is to say, before it is known where and of which element."""

    code: str
    text: str
    severity: Severity = "error"


@frozen()
class Binding:
    """The value set of an element, and how strictly it holds."""

    value_set: str
    is_required: bool


def of_element(definition: Resource) -> list[Binding]:
    """Return the bindings that bind: none for preferred and example, but for the largest set they may allow."""
    binding = definition.get("binding") or {}
    found = []
    if binding.get("strength") in {"required", "extensible"} and isinstance(binding.get("valueSet"), str):
        found.append(Binding(binding["valueSet"], binding["strength"] == "required"))
    found.extend(
        Binding(str(extension["valueCanonical"]), is_required=True)
        for extension in binding.get("extension") or []
        if extension.get("url") == MAX_VALUE_SET and "valueCanonical" in extension and not _is_required(binding)
    )
    return found


def _is_required(binding: Resource) -> bool:
    return bool(binding.get("strength") == "required")


def findings(item: Item, binding: Binding, terminology: Terminology) -> Iterator[Finding]:
    """Yield what there is to say of a value under a binding."""
    codings = list(_codings(item))
    if not codings:
        if binding.is_required and _says_something(item.value):
            yield Finding("profile-code", f"a code of {binding.value_set} is required here, and there is none")
        return
    answer = either(terminology.has(binding.value_set, system, code) for system, code in codings)
    if answer is None:
        yield Finding(
            "profile-unchecked",
            f"whether the code is in {binding.value_set} cannot be told: its code system is not here",
            "information",
        )
    elif answer is False:
        yield _outside(binding)


def _outside(binding: Binding) -> Finding:
    if binding.is_required:
        return Finding("profile-code", f"the code is not in {binding.value_set}, which is required here")
    text = f"the code is not in {binding.value_set}, which should be used where it has a fitting code"
    return Finding("profile-code", text, "warning")


def _codings(item: Item) -> Iterator[tuple[str | None, str]]:
    """Yield (system, code) of everything coded in a value; the system of a plain code is None: any."""
    value = item.value
    if isinstance(value, str):
        yield None, value
    elif isinstance(value, dict):
        held = value.get("coding") if item.type == "CodeableConcept" else [value]
        for one in held if isinstance(held, list) else []:
            if isinstance(one, dict) and isinstance(one.get("code"), str):
                yield str(one.get("system", "")), one["code"]


def _says_something(value: Any) -> bool:
    """Return whether there is more than extensions: a value that is said to be absent is no code that is wrong."""
    return isinstance(value, dict) and any(key not in {"extension", "id"} for key in value)
