"""The invariants of R4, compiled from their FHIRPath when the first resource asks for them.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from gateway import fhirpath
from gateway.errors import Issue, Severity
from gateway.fhir import elements
from gateway.fhir.elements import Invariant
from gateway.fhir.frozen import frozen
from gateway.fhir.types import Resource

# Written in Python elsewhere in this package, because they are about structure or would be slow: ele-1 and ext-1
# (`structure`), txt-1 and txt-2 (`narrative`), dom-2 to dom-5 and ref-1 (`containment`), bdl-1 to bdl-12
# (`bundle_rules`), sqty-1 (`structure`).
_KEYS = """
ele-1 ext-1 txt-1 txt-2 dom-2 dom-3 dom-4 dom-5 ref-1 sqty-1
bdl-1 bdl-2 bdl-3 bdl-4 bdl-5 bdl-7 bdl-8 bdl-9 bdl-10 bdl-11 bdl-12
"""
_IN_PYTHON = frozenset(_KEYS.split())
_BEST_PRACTICE = frozenset({"dom-6"})  # "should have narrative": R4 marks it as such, and machines rarely write one

# As published, con-3 compares a CodeableConcept with a string, so that every category breaks it.
_CORRECTED = {
    "con-3": (
        "clinicalStatus.exists() or verificationStatus.coding.where("
        "system = 'http://terminology.hl7.org/CodeSystem/condition-ver-status' and code = 'entered-in-error').exists() "
        "or category.coding.where(code = 'problem-list-item').empty()"
    ),
}


# What R4 says in words alone: WGS84 has no other degrees. https://hl7.org/fhir/R4/location-definitions.html#Location.position
_IN_WORDS = {
    "Location.position": (
        Invariant(
            "gw-pos-1",
            "error",
            "a latitude is from -90 to 90 degrees and a longitude from -180 to 180",
            "latitude >= -90 and latitude <= 90 and longitude >= -180 and longitude <= 180",
            "Location.position",
        ),
    )
}


@frozen()
class Rule:
    """An invariant that can be asked."""

    invariant: Invariant
    compiled: fhirpath.Compiled

    @property
    def needs_resource(self) -> bool:
        """Return whether it is about more than the element it stands on."""
        text = self.invariant.expression
        return "%resource" in text or "%rootResource" in text

    def is_broken(self, node: Any, resource: Resource) -> bool:
        """Return whether `node` breaks it. What cannot be decided (a date against a time) breaks nothing."""
        try:
            return self.compiled.evaluate(node, {"resource": resource, "rootResource": resource}) == [False]
        except (fhirpath.FhirPathError, AttributeError, TypeError, KeyError):
            return False  # for instance two items where one is due: FHIRPath gives no answer then

    def issue(self, path: str) -> Issue:
        """Return the finding that it is broken at `path`."""
        severity: Severity = "warning" if self.invariant.severity == "warning" else "error"
        text = f"{self.invariant.key}: {self.invariant.human}"
        return Issue("invariant", text, severity=severity, expression=path)


@cache
def rules(path: str) -> tuple[Rule, ...]:
    """Return the rules on a type, a backbone or an element: `Period`, `Patient.contact`, `Organization.address`."""
    owner = path if elements.is_type(path) else path.rpartition(".")[0]
    known = (*elements.invariants(owner), *_IN_WORDS.get(path, ()))
    return tuple(_rule(invariant) for invariant in known if _stands_on(invariant, path))


def broken(path: str, node: Any, resource: Resource) -> Iterator[Rule]:
    """Yield the rules on `path` that `node` breaks; `resource` is what `%resource` means."""
    return (rule for rule in rules(path) if rule.is_broken(node, resource))


def _stands_on(invariant: Invariant, path: str) -> bool:
    mine = invariant.path.removesuffix("[x]") == path
    return mine and invariant.key not in _IN_PYTHON and invariant.key not in _BEST_PRACTICE


def _rule(invariant: Invariant) -> Rule:
    root = invariant.path if elements.is_type(invariant.path) else _type_of(invariant.path)
    return Rule(invariant, fhirpath.compile(_CORRECTED.get(invariant.key, invariant.expression), root=root))


def _type_of(path: str) -> str | None:
    """Return the type of an element, or None for a choice."""
    owner, _, name = path.rpartition(".")
    element = elements.child(owner, name)
    return element.types[0] if element and len(element.types) == 1 else None
