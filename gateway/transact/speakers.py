"""In whose name something is written: what names who sends or asks names the organisation of who writes it.

Which elements those are, says the policy (`speaks`). An organisation is known by its URA; it is named by that, by an
Organization, or by the role that somebody has there.
https://hl7.org/fhir/R4/messageheader.html, https://hl7.org/fhir/R4/references.html#logical
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.errors import Forbidden, Issue
from gateway.fhir import reference
from gateway.fhir.json import decode
from gateway.store import Identity

if TYPE_CHECKING:
    from gateway.access.rules import Speaks
    from gateway.fhir.types import Resource
    from gateway.store import Current, Sight
    from gateway.transact.entries import Entry

URA = "http://fhir.nl/fhir/NamingSystem/ura"
NOT_YOURS = "this names another organisation than that of who sends it: nobody sends or asks in the name of another one"
UNKNOWN = "of the organisation that is named here no URA is known: name it by its URA, or by an Organization with it"

_TELLING = frozenset({"Organization", "PractitionerRole"})
"""The types that tell which organisation is meant; who is named otherwise is a person or a thing."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who writes: its URA, and by which elements it could speak for another. `must_tell`: a URA must be known.

    References that begin with `base` are local.
    """

    ura: str
    speaks: Speaks
    must_tell: bool
    base: str


def check(entries: Iterable[Entry], currents: Mapping[Identity, Current], speaker: Speaker, sight: Sight) -> None:
    """Raise Forbidden, with every such element, for what is written in the name of another organisation."""
    written = [entry for entry in entries if entry.resource is not None and not entry.satisfied]
    named = list(_named([entry for entry in written if entry.type in speaker.speaks], currents, speaker.speaks))
    if not named:
        return
    resources = {entry.identity: entry.resource for entry in written if entry.identity and entry.resource}
    known = _Known(resources, sight, speaker.base)
    refused = [issue for one in named if (issue := _refusal(one, known, speaker)) is not None]
    if refused:
        raise Forbidden(refused)


@dataclass(frozen=True, slots=True)
class _Named:
    """A reference by which somebody is named, with its entry and place."""

    entry: Entry
    element: str
    value: Mapping[str, Any]


def _named(entries: Iterable[Entry], currents: Mapping[Identity, Current], speaks: Speaks) -> Iterator[_Named]:
    """Yield who is named by the elements that speak, unless that stood there before."""
    for entry in entries:
        assert entry.identity is not None
        current, resource = currents[entry.identity], entry.resource or {}
        before = decode(current.body) if current.body and not current.deleted else {}
        for element in speaks[entry.type]:
            value = resource.get(element)
            if value is not None and value != before.get(element):
                yield from (_Named(entry, element, one) for one in (value if isinstance(value, list) else [value]))


def _refusal(named: _Named, known: _Known, speaker: Speaker) -> Issue | None:
    uras = known.uras(named.value, named.entry.resource or {})
    if uras is None or (not uras and not speaker.must_tell) or (speaker.ura and uras == {speaker.ura}):
        return None
    text = NOT_YOURS if uras else UNKNOWN
    return named.entry.at(Issue("forbidden", text, expression=f"{named.entry.type}.{named.element}"))


@dataclass(slots=True)
class _Known:
    """What is known of organisations: what is written now, and what is stored."""

    written: Mapping[Identity, Resource]
    sight: Sight
    base: str
    stored: dict[Identity, Resource] = field(default_factory=dict)

    def uras(self, named: Mapping[str, Any], within: Resource) -> set[str] | None:
        """Return the URAs of the organisation that a reference names; None where it names none."""
        said = named.get("identifier") or {}
        found = {str(said.get("value"))} if said.get("system") == URA else set[str]()
        if "reference" not in named:
            return found if found or named.get("type") in _TELLING else None
        target = self._target(str(named["reference"]), within)
        if target is None:
            return found or (set() if _type(named) in _TELLING else None)
        if target.get("resourceType") == "PractitionerRole":
            inner = self.uras(target["organization"], target) if "organization" in target else set()
            return found | (inner or set())
        return found | set(_uras(target)) if target.get("resourceType") == "Organization" else found or None

    def _target(self, text: str, within: Resource) -> Resource | None:
        if text.startswith("#"):
            return next((one for one in within.get("contained", ()) if one.get("id") == text[1:]), None)
        meant = reference.parse(text.removeprefix(f"{self.base}/"))
        if meant.kind != "relative" or meant.type not in _TELLING or not meant.id:
            return None
        identity = Identity(meant.type, meant.id)
        return self.written.get(identity) or self._stored(identity)

    def _stored(self, identity: Identity) -> Resource | None:
        if identity not in self.stored:
            current = self.sight.current([identity]).currents[identity]
            self.stored[identity] = decode(current.body) if current.body and not current.deleted else {}
        return self.stored[identity] or None


def _type(named: Mapping[str, Any]) -> str | None:
    """Return the type of what a reference names, as far as it says."""
    return reference.parse(str(named["reference"])).type or named.get("type")


def _uras(organisation: Resource) -> Sequence[str]:
    return [str(one.get("value")) for one in organisation.get("identifier", ()) if one.get("system") == URA]
