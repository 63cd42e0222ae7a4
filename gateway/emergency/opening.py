"""Opening the records of a patient in an emergency, and closing them before their time.

What is found is what organisations keep about somebody with a number, each a record of its own with a Consent of its
own. They are written in one commit with the row of the audit, and the topic `break-glass` tells each organisation.
https://msb-gateway.example/fhir/OperationDefinition/patient-break-glass
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.access.policy import Caller, may_read
from gateway.emergency import consents
from gateway.emergency.table import table
from gateway.errors import BadRequest, Conflict, Forbidden, ResourceNotFound
from gateway.fhir.json import decode
from gateway.fhir.made_consents import TYPE, limited
from gateway.fhir.owner import owner_in
from gateway.fhir.search import Filter, SearchRequest, Token, served
from gateway.query.audit import audit_row, note
from gateway.store import Identity
from gateway.store.matching import matches
from gateway.store.search import Everything, Scope
from gateway.transact import Put, decree

if TYPE_CHECKING:
    from gateway.access.person import Person
    from gateway.fhir.types import Resource
    from gateway.services import Services
    from gateway.transact import Outcome

REASONS = ("life-threatening", "incapable", "urgent-care", "other")
"""The codes of https://msb-gateway.example/fhir/CodeSystem/break-glass-reason"""
REASON_SYSTEM = "https://msb-gateway.example/fhir/CodeSystem/break-glass-reason"

_PATIENT = "Patient"
_MOST = 50  # records of one number
_A_MINUTE = 6  # so often one person asks
_SHORTEST_TEXT = 5
_NO_PERSON = "a record is opened by a person who has logged in, and by no machine: it is known later who did"
_NO_ROLE = "in this role no record is opened in an emergency"
_NOT_FOUND = "nobody else keeps a record here of who has this identifier"
_NOT_OPEN = "nothing is open (any more): open it first, with a reason"
_REASON = f"reason says why: a code of {REASON_SYSTEM} ({', '.join(REASONS)}), and text"
_IDENTIFIER = "identifier has a system and a value"


class Record(NamedTuple):
    """A patient as an organisation keeps it, with what the person who asks has opened of it, if that was ever done."""

    patient: str
    owner: str
    consent: Resource | None = None
    version: int = 0

    def is_open(self, at: datetime) -> bool:
        """Return whether it is open now."""
        return consents.is_open(self.consent, at)


class Opened(NamedTuple):
    """What is open now: of which patients, until when, and which kind of data ('': everything)."""

    patients: tuple[str, ...]
    until: str
    content: str


def open_record(
    identifier: Mapping[str, Any], reason: Mapping[str, Any], caller: Caller, to: Services, *, confirm: bool = False
) -> Opened:
    """Open what others keep about a patient for the person who asks, or (`confirm`) all of what is open.

    What is open already stays as it is, and is not opened for longer; nor is what was confirmed. Raises Forbidden for
    who is no person or in no role for it, BadRequest, ResourceNotFound where nobody keeps anything, Conflict where
    nothing is open to confirm, TooManyRequests, VersionConflict, Unavailable.
    """
    person = _person(caller, to)
    said, now, rule = _reason(reason), to.clock(), table()
    found = _records(identifier, person, caller, to)
    if confirm:
        still = [record for record in found if record.is_open(now)]
        if not still:
            raise Conflict(_NOT_OPEN, code="break-glass-not-open")
        if new := [record for record in still if consents.is_limited(record.consent or {})]:
            until = now + rule.confirmed_life
            _write(new, lambda record: consents.confirmed(record.consent or {}, until), caller, said, to)
        return _told(still, person, caller, to)

    def opened(record: Record) -> Resource:
        id_ = consents.id_of(record.patient, person, to.settings.base_url)
        made = consents.opened(id_, record.patient, record.owner, caller, said, (now, now + rule.life))
        return limited(made, [rule.content])

    if new := [record for record in found if not record.is_open(now)]:
        _write(new, opened, caller, said, to)
    return _told(found, person, caller, to)


def close(identifier: Mapping[str, Any], caller: Caller, to: Services) -> tuple[str, ...]:
    """Close what the person who asks has opened of a patient, and return the ids of the patients. Raises as above."""
    person = _person(caller, to)
    still = [record for record in _records(identifier, person, caller, to) if record.is_open(to.clock())]
    if still:
        _write(still, lambda record: consents.ended(record.consent or {}), caller, {}, to)
    return tuple(record.patient for record in still)


def _person(caller: Caller, to: Services) -> Person:
    """Return the person who asks. Raises Forbidden, TooManyRequests."""
    if caller.person is None:
        raise Forbidden(_NO_PERSON, code="person-required")
    if caller.person.role not in table().roles or not may_read(caller, _PATIENT):
        raise Forbidden(_NO_ROLE)
    if to.identities is not None:
        to.identities.rates.take(f"break-glass {caller.person.issuer} {caller.person.id}", _A_MINUTE)
    return caller.person


def _reason(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reason as it is kept. BadRequest for one that is no code of ours, or has no words beside it."""
    codings = said.get("coding")
    code = next((one.get("code") for one in codings or () if one.get("system") == REASON_SYSTEM), None)
    text = said.get("text")
    if code not in REASONS or not isinstance(text, str) or len(text.strip()) < _SHORTEST_TEXT:
        raise BadRequest(_REASON, code="bad-value")
    return {"coding": [{"system": REASON_SYSTEM, "code": code}], "text": text.strip()}


def _records(identifier: Mapping[str, Any], person: Person, caller: Caller, to: Services) -> list[Record]:
    """Return what others keep about who has an identifier. BadRequest, ResourceNotFound; that it was asked is kept."""
    system, value = identifier.get("system"), identifier.get("value")
    if not isinstance(system, str) or not isinstance(value, str) or not system or not value:
        raise BadRequest(_IDENTIFIER, code="bad-value")
    asked = SearchRequest(_PATIENT, (Filter(served(_PATIENT)["identifier"], None, (Token(system, value),)),))
    with to.store.reading(snapshot=False) as db:
        ids = [one.id for one in matches(db, asked, Scope(to.settings.base_url, Everything()), limit=_MOST)]
    found = [record for id_ in ids if (record := _record(id_, person, caller, to)) is not None]
    if not found:
        note(to, caller, "break-glass", [], ["not-found"])
        raise ResourceNotFound(_NOT_FOUND)
    return found


def _record(patient: str, person: Person, caller: Caller, to: Services) -> Record | None:
    """Return the record of a patient; None where nobody keeps it, or who asks does."""
    there = to.store.read(Identity(_PATIENT, patient))
    owner = None if there is None or there.deleted else owner_in(there.body)
    if owner is None or owner == caller.organisation:
        return None
    kept = to.store.read(Identity(TYPE, consents.id_of(patient, person, to.settings.base_url)))
    if kept is None:
        return Record(patient, owner)
    return Record(patient, owner, None if kept.deleted else decode(kept.body), kept.version)


def _write(
    records: Sequence[Record],
    made: Callable[[Record], Resource],
    caller: Caller,
    reason: Mapping[str, Any],
    to: Services,
) -> None:
    """Write what is open of records, in one commit with the row of the audit."""
    puts = [Put(made(record), if_match=str(record.version) if record.version else None) for record in records]
    about = {
        "patients": [record.patient for record in records],
        "owners": sorted({record.owner for record in records}),
        "purpose": "ETREAT",
    }
    codes = [coding["code"] for coding in reason.get("coding", ())]

    def row(outcomes: Sequence[Outcome]) -> bytes:
        seen = [f"{one.status} {one.type}/{one.id}/_history/{one.version}" for one in outcomes]
        return audit_row(caller, to.clock(), "break-glass", seen, codes, node=to.settings.node, about=about)

    decree(puts, row, to)


def _told(records: Sequence[Record], person: Person, caller: Caller, to: Services) -> Opened:
    """Return what is open of some records, as it is stored now."""
    now = [record for one in records if (record := _record(one.patient, person, caller, to)) and record.consent]
    provisions = [(record.consent or {})["provision"] for record in now]
    contents = {coding["code"] for provision in provisions for coding in provision.get("class", ())}
    until = min(provision["period"]["end"] for provision in provisions)
    return Opened(tuple(record.patient for record in now), until, next(iter(contents), ""))
