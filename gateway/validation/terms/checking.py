"""Whether a code is one of a code system or of a value set, with the reason where it is not.

https://hl7.org/fhir/R4/terminology-service.html#validation
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.validation.terms.known import NotInstalled, Terms, not_installed

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.validation.terms.systems import System


@dataclass(frozen=True, slots=True)
class Coding:
    """A code as somebody asks about it."""

    system: str
    code: str
    display: str | None = None
    version: str | None = None

    @property
    def canonical(self) -> str:
        """Return the system, with its version where one is said."""
        return f"{self.system}|{self.version}" if self.version else self.system


@dataclass(frozen=True, slots=True)
class Checked:
    """Yes or no; why not; and how the code is shown."""

    result: bool
    message: str | None = None
    display: str | None = None


def in_system(
    system: System, coding: Coding, *, abstract: bool = False, language: str | None = None, also: str | None = None
) -> Checked:
    """Return whether a code is one of a code system, and its display right if one is said; `also` is right too.

    NotInstalled where only a part of the code system is here, and the code is not in that.
    """
    concept = system.find(coding.code)
    if concept is None:
        if not system.is_complete:
            raise not_installed("code system (of which only a part is here)", coding.canonical)
        return Checked(result=False, message="the code system has no such code")
    shown = concept.display(language)
    if concept.is_abstract and not abstract:
        return Checked(result=False, message="the code only groups others; it is no code to be used", display=shown)
    known = [also, concept.definition.get("display"), *(d["value"] for d in concept.designations())]
    if coding.display is not None and not _is_among(coding.display, known):
        return Checked(result=False, message="the display is not that of the code", display=shown)
    return Checked(result=True, display=shown)


def in_value_set(
    terms: Terms, value_set: Resource, coding: Coding, *, abstract: bool = False, language: str | None = None
) -> Checked:
    """Return whether a code is in a value set, and right by its own code system where that is here.

    NotInstalled where a code system or value set that is not here decides.
    """
    answer = terms.holds(value_set, coding.system, coding.code)
    if answer is None:
        raise not_installed("code system or value set", _undecided(terms, value_set, coding))
    if not answer:
        return Checked(result=False, message="the code is not in the value set")
    try:
        system = terms.system(coding.canonical)
    except NotInstalled:
        if coding.version:
            raise
        return Checked(result=True, display=_own_display(value_set, coding))
    own = _own_display(value_set, coding)
    checked = in_system(system, coding, abstract=abstract, language=language, also=own)
    return checked if language else Checked(checked.result, checked.message, own or checked.display)


def _own_display(value_set: Resource, coding: Coding) -> str | None:
    """Return the display that the value set itself gives a code."""
    for part in (value_set.get("compose") or {}).get("include") or []:
        for one in (part.get("concept") or []) if part.get("system") == coding.system else []:
            if one.get("code") == coding.code and "display" in one:
                return str(one["display"])
    return None


def _undecided(terms: Terms, value_set: Resource, coding: Coding) -> str:
    """Return what is not here: the code system of the code, else the value sets that are taken in."""
    if terms.code_system(coding.system) is None:
        return coding.system
    taken = [str(url) for part in value_set["compose"]["include"] for url in part.get("valueSet") or []]
    return next((url for url in taken if terms.definitions.find("ValueSet", url) is None), coding.system)


def _is_among(display: str, known: list[str | None]) -> bool:
    said = " ".join(display.casefold().split())
    return any(said == " ".join(one.casefold().split()) for one in known if one)
