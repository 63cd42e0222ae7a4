"""The audit row of an access: who, when, why, which resources were seen, and which patients they are about.

It names resources and search parameters, never their content nor the values that were searched for.
https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from gateway.access.policy import Caller
from gateway.fhir.datetime import format_instant
from gateway.fhir.json import encode
from gateway.query.grounds import grounds
from gateway.store import audited

if TYPE_CHECKING:
    from gateway.services import Services
    from gateway.store.audited import Encoded


EMERGENCY = "emergency"
NOTHING: Mapping[str, Sequence[str]] = MappingProxyType({})


class Searched(Protocol):
    """A search as it was understood, of one type or of several."""

    @property
    def applied(self) -> Sequence[tuple[str, str]]:
        """Return the parameters that are in force."""

    @property
    def address(self) -> str:
        """Return what is searched: a type, or a compartment and a type."""


def note(
    to: Services,
    caller: Caller,
    action: str,
    seen: Iterable[str],
    parameters: Iterable[str] = (),
    *,
    about: Mapping[str, Sequence[str]] = NOTHING,
) -> None:
    """Add the row of an access to the audit: what was looked up may leave afterwards. Raises Unavailable."""
    to.store.audit(audit_row(caller, to.clock(), action, seen, parameters, node=to.settings.node, about=about))


def audit_row(
    caller: Caller,
    at: datetime,
    action: str,
    seen: Iterable[str],
    parameters: Iterable[str],
    *,
    node: str = "",
    about: Mapping[str, Sequence[str]] = NOTHING,
) -> bytes:
    """Return the encoded row; `about` is what `gateway.store.audited` says of resources, and on what grounds."""
    purpose = caller.purpose_for(about.get("patients", ()))
    if purpose != caller.purpose:  # somebody opened the record for it
        about = {**about, "basis": [*about.get("basis", ()), EMERGENCY]}
    return encode(
        {
            "action": action,
            "at": format_instant(at),
            **caller.noted(),
            "purpose": purpose,
            "node": node,
            **about,
            "parameters": list(parameters),
            "entities": list(seen),
        }
    )


def note_search(to: Services, caller: Caller, action: str, found: Sequence[Encoded], asked: Searched) -> None:
    """Add the row of a search: the names of its parameters, what was found, and the patients it names or found."""
    seen = [f"{one.type}/{one.id}" for one in found]
    about = audited.about(found, _patients_asked(asked)) | dict(grounds(found, caller, to, "s"))
    note(to, caller, action, seen, [name for name, _ in asked.applied], about=about)


def note_asked(to: Services, caller: Caller, action: str, seen: Iterable[str], asked: Searched) -> None:
    """Add the row of a search of something else than resources: of the patients, those that it names."""
    note(to, caller, action, seen, [name for name, _ in asked.applied], about=audited.about((), _patients_asked(asked)))


def _patients_asked(asked: Searched) -> Iterator[str]:
    """Yield the patients that a search names by reference, whether or not anything of them was found."""
    if asked.address.startswith("Patient/"):
        yield asked.address.split("/")[1]
    for name, value in asked.applied:
        code, _, modifier = name.partition(":")
        for part in value.split(","):
            type_, slash, id_ = part.rpartition("/")
            if type_ == "Patient" or (not slash and (modifier == "Patient" or (code == "patient" and not modifier))):
                yield id_
