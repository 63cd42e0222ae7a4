"""What must hold of a resource for a Consent to give the right to see it: conditions that every statement takes in.

The Consents that count are those of the patient that the resource is about, and of the organisation whose the record of
that patient is: what another organisation keeps about somebody of the same number is another record. A denial wins over
every permit, and closes what others made about that record too.
https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from gateway.access.categories import Contents, contents
from gateway.fhir.consents import ANY
from gateway.fhir.owner import SYSTEM
from gateway.fhir.parameters import follows, search_parameters
from gateway.fhir.search import AllOf, AnyOf, Chain, Condition, Has, Not, Says

_PATIENT = "Patient"
_ABOUT = ("patient", "subject")


def permitted(resource_type: str, actors: Iterable[str]) -> Condition | None:
    """Return the condition that a Consent permits one of `actors` to see it; None where none can be about the type."""
    if about(resource_type) is None:
        return None
    return _said(contents(resource_type), lambda kinds: _by_consent(resource_type, _says(actors, kinds), owner=SYSTEM))


def undenied(resource_type: str, actors: Iterable[str]) -> Condition | None:
    """Return the condition that no Consent denies it; None where none can be about a resource of this type.

    Who is denied a kind of data is not denied to know the patient, though with that kind the patient is shown too.
    """
    if about(resource_type) is None:
        return None
    meant = contents(resource_type) if resource_type != _PATIENT else Contents(contents(_PATIENT).whole[:2], ())
    return Not(_said(meant, lambda kinds: _by_consent(resource_type, _says(actors, kinds, denies=True), owner="")))


@follows
@cache
def about(resource_type: str) -> str | None:
    """Return the search parameter of the patient that a resource is about: '' for a Patient, None where none is."""
    if resource_type == _PATIENT:
        return ""
    known = search_parameters(resource_type)
    return next((code for code in _ABOUT if code in known and _PATIENT in (known[code].targets or (_PATIENT,))), None)


def _said(meant: Contents, by: Callable[[tuple[str, ...]], Condition]) -> Condition:
    """Return the condition that Consents say it, of every kind of data that a resource belongs to."""
    some = [AllOf((condition, by((name,)))) for name, condition in meant.some]
    return AnyOf((by(meant.whole), *some))


def _by_consent(resource_type: str, says: Says, owner: str) -> Condition:
    """Return the condition that a Consent of the patient says it; with `owner` the patient is of the same owner."""
    found = Has("Consent", search_parameters("Consent")["patient"], says, SYSTEM)
    code = about(resource_type)
    return Chain(search_parameters(resource_type)[code], ((_PATIENT, found),), owner) if code else found


def _says(actors: Iterable[str], kinds: tuple[str, ...], *, denies: bool = False) -> Says:
    return Says(denies, (ANY, *sorted(actors)), kinds)
