"""What a search must know of codes to read `:in`, `:not-in`, `:above` and `:below`.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, Protocol

Coding = tuple[str, str]  # system and code
MAX_CODES = 2000
"""So many codes of a value set, or below a code, can be searched by at once."""


class UnknownCodes(ValueError):
    """What is not known here of a value set or of a code system; the text says what."""


class Codes(Protocol):
    """The value sets and code systems that are installed."""

    def members(self, value_set: str) -> Collection[Coding]:
        """Return every coding in a value set. Raises UnknownCodes where that cannot be told."""

    def related(self, system: str, code: str, direction: Literal["above", "below"]) -> Collection[str]:
        """Return a code with all that stand above it, or below it. Raises UnknownCodes where that cannot be told."""


class NoCodes:
    """What is known where no value sets can be looked up, as in the condition of a write."""

    def members(self, value_set: str) -> Collection[Coding]:  # noqa: ARG002 - the interface of Codes
        """Raise UnknownCodes."""
        raise UnknownCodes("value sets are looked up for a search, not for the condition of a write")

    def related(self, system: str, code: str, direction: Literal["above", "below"]) -> Collection[str]:  # noqa: ARG002
        """Raise UnknownCodes."""
        raise UnknownCodes("code systems are looked up for a search, not for the condition of a write")
