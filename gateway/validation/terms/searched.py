"""The codes that a search stands for: those of a value set, and those above or below a code.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from gateway.errors import GatewayError
from gateway.fhir.search import UnknownCodes
from gateway.validation.terms.expansion import expand
from gateway.validation.terms.known import Terms
from gateway.validation.terms.systems import Concept

_MORE = "; GET ValueSet and GET CodeSystem list what is installed"


class SearchedCodes:
    """What searches read `:in`, `:not-in`, `:above` and `:below` with: the value sets and code systems of `terms`."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def members(self, value_set: str) -> set[tuple[str, str]]:
        """Return every coding in a value set. UnknownCodes where it, or what it takes in, is not here."""
        try:
            return {(member.system, member.code) for member in expand(self._terms, self._terms.value_set(value_set))}
        except GatewayError as error:
            raise _unknown(error) from error

    def related(self, system: str, code: str, direction: Literal["above", "below"]) -> set[str]:
        """Return a code with all above it, or below it. UnknownCodes where its system is not here or has it not."""
        try:
            known = self._terms.system(system)
        except GatewayError as error:
            raise _unknown(error) from error
        if not known.is_complete:
            raise UnknownCodes("only a part of this code system is here, so what stands above and below is not known")
        if known.find(code) is None:
            raise UnknownCodes("this code system has no such code")
        found, at = set[str](), [code]
        while at:
            concept = known.find(at.pop())
            if concept and concept.code not in found:
                found.add(concept.code)
                at.extend(_next(concept, direction))
        return found


def _next(concept: Concept, direction: Literal["above", "below"]) -> Iterable[str]:
    return concept.parents if direction == "above" else concept.children


def _unknown(error: GatewayError) -> UnknownCodes:
    return UnknownCodes("; ".join(issue.diagnostics for issue in error.issues) + _MORE)
