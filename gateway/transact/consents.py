"""Who may say who may see: the organisation that keeps the record of the patient, and nobody else.

A Consent about who may see opens what its organisation keeps. It is written by that organisation, be it itself or by a
message of its system; not by who would be let in by it, nor by who happens to see it. That holds for what withdraws a
Consent or denies as well. A treatment directive is a Consent too, and no matter of this.
https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from gateway.errors import Forbidden, Issue
from gateway.fhir import reference
from gateway.fhir.consents import is_of_access, passed_over
from gateway.fhir.json import decode
from gateway.fhir.owner import owner_in
from gateway.store import Identity

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.store import Current, Sight
    from gateway.transact.entries import Entry

TYPE = "Consent"
Currents = Mapping[Identity, "Current"]
_NOT_YOURS = "who may see is said by the organisation that keeps the record of the patient, and by no other one"
_PASSED_OVER = (
    "this restricts the rule in a way that the gateway does not look at: what the rule permits is not permitted, and "
    "what it denies is denied as if this were not there"
)


def check(entries: Iterable[Entry], currents: Currents, owner: str | None, sight: Sight, base: str) -> None:
    """Raise Forbidden, with every such entry, for a Consent that says or said who may see what another one keeps.

    `owner` is whose what is written becomes; what the operator writes, or the gateway itself, is nobody's (None).
    References that begin with `base` are local.
    """
    consents = [entry for entry in entries if entry.type == TYPE and not entry.satisfied]
    if owner is None or not consents:
        return
    patients = {identity for entry in consents if (identity := _patient(entry.resource, base)) is not None}
    known = {**sight.current(sorted(patients)).currents, **currents} if patients else currents
    refused = [entry for entry in consents if any(said != owner for said in _owners(entry, known, base))]
    if refused:
        raise Forbidden([entry.request("consent-not-yours", _NOT_YOURS) for entry in refused])


def issues(consent: Resource) -> Iterator[Issue]:
    """Yield a warning for each element by which a Consent restricts what it says without any effect here."""
    for path in passed_over(consent):
        yield Issue("consent-passed-over", _PASSED_OVER, "warning", expression=path)


def _owners(entry: Entry, known: Currents, base: str) -> Iterator[str | None]:
    """Yield whose the Consent is that is changed, and whose the record is that it is about, where they are there."""
    before, record = _body(entry.identity, known), _body(_patient(entry.resource, base), known)
    if before and is_of_access(decode(before)):
        yield owner_in(before)
    if record:
        yield owner_in(record)


def _body(identity: Identity | None, known: Currents) -> bytes:
    """Return what is there under an identity, b"" where nothing is."""
    current = known.get(identity) if identity is not None else None
    return current.body if current is not None and not current.deleted else b""


def _patient(consent: Resource | None, base: str) -> Identity | None:
    """Return the Patient whom a Consent about who may see names, None where there is none of them."""
    if consent is None or not is_of_access(consent):
        return None
    said = str((consent.get("patient") or {}).get("reference") or "")
    meant = reference.parse(said.removeprefix(f"{base}/"))
    return Identity("Patient", meant.id) if meant.kind == "relative" and meant.type == "Patient" and meant.id else None
