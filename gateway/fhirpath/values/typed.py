"""An element together with what JSON does not say of it: its type, and a primitive's id and extensions."""

from typing import Any

__all__ = ["Typed"]


class Typed:
    """`value` is the JSON value (None for a primitive that has only extensions), `type` its FHIR type.

    `partner` is the `_name` object of a primitive. Made only where the type cannot be known beforehand.
    """

    __slots__ = ("partner", "type", "value")

    def __init__(self, value: Any, type: str, partner: dict[str, Any] | None = None) -> None:  # noqa: A002 -- it is FHIR's word
        self.value = value
        self.type = type
        self.partner = partner

    def __repr__(self) -> str:
        """Return the type alone: a value out of a resource does not belong in a log."""
        return f"<{self.type}>"
