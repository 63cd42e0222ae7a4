"""Whether a code is one of a required value set. https://hl7.org/fhir/R4/terminologies.html#required"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from gateway.fhir import elements
from gateway.fhir.types import Resource
from gateway.validation import patterns
from gateway.validation.primitives import Fault

_MOST_SHOWN = 12
_LONGEST_CODE = 64  # of a longer one nothing like it is sought


def fault_of_code(code: Any, value_set: str) -> Fault | None:
    """Return what is wrong with a code whose element is bound to `value_set` as required, or None.

    A value set that can be neither listed nor described by a grammar accepts every code.
    """
    if grammar := patterns.GRAMMARS.get(value_set):
        fits = patterns.compiled(grammar).fullmatch(code) is not None
        return None if fits else Fault("code-invalid", f"the code is not one of {_short(value_set)}")
    codes = elements.required_codes(value_set)
    if codes is None or code in codes:
        return None
    return Fault(
        "code-invalid", f"the code is not in the required value set {_short(value_set)}{_allowed(code, codes)}"
    )


def faults_of_concept(concept: Resource, value_set: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a CodeableConcept, one of whose codings has to be in `value_set`."""
    codings = elements.required_codings(value_set)
    found = concept.get("coding")
    if codings is None or (found is not None and not isinstance(found, list)):
        return
    held = [c for c in found or () if isinstance(c, dict)]
    if not any(_in(coding, codings) for coding in held):
        systems = ", ".join(sorted(codings))
        codes = frozenset().union(*codings.values())
        yield (
            "code-invalid",
            f"none of the codings is in the required value set {_short(value_set)} of {systems}"
            + (_allowed("", codes)),
        )


def _in(coding: Resource, codings: Any) -> bool:
    system, code = coding.get("system"), coding.get("code")
    return isinstance(system, str) and isinstance(code, str) and code in codings.get(system, ())


def _short(value_set: str) -> str:
    return value_set.removeprefix("http://hl7.org/fhir/ValueSet/")


def _allowed(code: str, codes: frozenset[str]) -> str:
    """Return the codes that are allowed, all when they are few, else the one that is most like `code`."""
    if len(codes) <= _MOST_SHOWN:
        return ": " + ", ".join(sorted(codes))
    like = get_close_matches(code, codes, n=1) if len(code) <= _LONGEST_CODE else []
    return f"; did you mean '{like[0]}'?" if like else f" ({len(codes)} codes)"
