"""What counts as empty, and the small steps between values and lists that generated code takes."""

from typing import Any

from gateway.mapping.findings import Finding
from gateway.mapping.pieces import plain

__all__ = [
    "first",
    "full",
    "joined",
    "plain",
    "put",
    "solid",
    "some",
    "text_lower",
    "text_replace",
    "text_strip",
    "text_upper",
    "written",
]


def full(value: Any) -> bool:
    """Return whether a value is there: not None, not blank text, not an object or list without children."""
    if value is None:
        return False
    if isinstance(value, str):
        return value != "" and not value.isspace()
    return not isinstance(value, dict | list) or len(value) > 0


def first(values: list[Any]) -> Any:
    """Return the first value that is there, or None."""
    for value in values:
        if full(value):
            return value
    return None


def solid(values: list[Any]) -> list[Any]:
    """Return the values that are there."""
    return [value for value in values if full(value)]


def some(value: Any) -> list[Any]:
    """Return a value as the list to loop over."""
    return [] if value is None else [value]


def written(value: Any) -> str:
    """Return a value as text within text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def joined(frame: tuple[str | None, ...], *values: Any) -> str | None:
    """Return the values in the places of `frame` that are None, as one text; None when one of them is empty."""
    if not all(map(full, values)):
        return None
    rest = iter(values)
    return "".join(written(next(rest)) if part is None else part for part in frame)


def put(out: dict[str, Any], resource: dict[str, Any]) -> None:
    """Put a resource into the outcome under `Type/id`. Raises Finding when it has no id or stands there otherwise."""
    id_ = resource.get("id")
    if id_ is None:
        raise Finding("rule-failed", "no-id")
    url = f"{resource['resourceType']}/{id_}"
    before = out.setdefault(url, resource)
    if before is not resource and before != resource:
        raise Finding("duplicate-resource", "duplicate", severity="warning")


def text_strip(text: str | None) -> str | None:
    """Return the text without blanks around it."""
    return text.strip() if text is not None else None


def text_upper(text: str | None) -> str | None:
    """Return the text in capitals."""
    return text.upper() if text is not None else None


def text_lower(text: str | None) -> str | None:
    """Return the text in small letters."""
    return text.lower() if text is not None else None


def text_replace(text: str | None, part: str, by: str) -> str | None:
    """Return the text with every `part` of it replaced."""
    return text.replace(part, by) if text is not None else None
