"""What fhir.resources makes of a resource: another reader's eye, off the hot path.

Its R4B models are close to R4 for what the gateway stores, and are no authority on it: what they refuse is a warning.
https://github.com/nazrulworld/fhir.resources
"""

from collections.abc import Iterator
from typing import Any

from gateway.errors import Issue
from gateway.fhir.json import encode
from gateway.fhir.types import Resource


def second_opinion(resource: Resource) -> list[Issue]:
    """Return what fhir.resources refuses in `resource`, as warnings; one issue when it has no model of the type.

    Loads fhir.resources on first use, which takes a moment.
    """
    from fhir.resources.R4B import get_fhir_model_class  # noqa: PLC0415 - 0.2 s that only this function may cost
    from pydantic import ValidationError  # noqa: PLC0415 - comes with fhir.resources

    kind = str(resource.get("resourceType"))
    try:
        model = get_fhir_model_class(kind)
    except (KeyError, ValueError):
        return [Issue("second-opinion", "fhir.resources has no R4B model of this type", "information", "Resource")]
    try:
        model.model_validate_json(encode(resource))
    except ValidationError as refusal:
        return list(_issues(refusal.errors(include_url=False, include_input=False), kind))
    return []


def _issues(refusals: list[Any], kind: str) -> Iterator[Issue]:
    for refusal in refusals:
        text = f"fhir.resources refuses this: {refusal['type']}"
        yield Issue("second-opinion", text, "warning", _expression(kind, refusal["loc"]), value=refusal["msg"])


def _expression(kind: str, location: tuple[int | str, ...]) -> str:
    return kind + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
