"""Whether the register is asked, and what becomes of its answer.

It is asked about one patient whom a care organisation names, whose record another one keeps, and whom it does not see
on any ground; not where something was answered some minutes ago. Without an answer nothing is shown, and that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from gateway.access.organisations import organisation_type
from gateway.access.policy import Caller, Predicate, is_limited, may_read, visible
from gateway.consulting import answers
from gateway.consulting.table import table
from gateway.errors import Issue
from gateway.fhir.bsn import is_bsn, is_system
from gateway.fhir.json import decode
from gateway.fhir.made_consents import TYPE
from gateway.fhir.owner import owner_in
from gateway.notify.closed_question import Party, Question, Unanswered
from gateway.query import is_seen
from gateway.query.audit import audit_row, note
from gateway.store import Identity
from gateway.store.search import Scope, seen
from gateway.transact import Put, decree

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.services import Services
    from gateway.transact import Outcome

_PATIENT = "Patient"
_ACTION = "closed-question"
NOT_ASKED = (
    "whether the patient permits it could not be asked now, so what others keep of this patient is not shown; that "
    "says nothing of whether there is anything: ask again later"
)


class _Asked(NamedTuple):
    """A question, with whose the record is that it is about and how that is known here."""

    question: Question
    patient: str
    owner: str


def named_patient(resource_type: str, id_: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Return the id of the one patient that is asked about, '' where none is named, or several are."""
    if resource_type == _PATIENT and id_:
        return id_
    named = [value for name, value in parameters if name in _NAMES or (resource_type == _PATIENT and name == "_id")]
    ids = {one.removeprefix(f"{_PATIENT}/") for value in named for one in value.split(",")}
    found = next(iter(ids), "")
    return found if len(ids) == 1 and "/" not in found else ""


_NAMES = frozenset({"patient", "patient:Patient", "subject:Patient", "subject"})


def consult(patient: str, caller: Caller, to: Services) -> Issue | None:
    """Ask whether a patient permits `caller` to see, where that is to be asked; what is answered, statements look at.

    Return a warning where there is no answer. Raises Unavailable, of the store.
    """
    if to.authority is None or not patient or not is_limited(caller) or not may_read(caller, _PATIENT):
        return None
    if is_seen(Identity(_PATIENT, patient), caller, to) or not _is_within(patient, caller, to):
        return None
    asked = _asked(patient, caller, to)
    return None if asked is None else _answer(asked, caller, to)


def _is_within(patient: str, caller: Caller, to: Services) -> bool:
    """Return whether no scope with a query, and no search that the caller is registered for, closes a patient to it.

    What the patient permits opens nothing then.
    """
    limits = visible(caller).conditions.get(_PATIENT)
    if limits is None:
        return True
    with to.store.reading(snapshot=False) as db:
        scope = Scope(to.settings.base_url, Predicate(conditions={_PATIENT: limits}))
        return bool(seen(db, [Identity(_PATIENT, patient)], scope))


def _asked(patient: str, caller: Caller, to: Services) -> _Asked | None:
    """Return what is to be asked; None where nothing is, or it was some minutes ago."""
    there = to.store.read(Identity(_PATIENT, patient))
    owner = None if there is None or there.deleted else owner_in(there.body)
    if there is None or owner is None or not caller.ura or owner == caller.ura:
        return None
    keeper, asker, bsn = _party(owner, to), _party(caller.ura, to), _bsn(decode(there.body))
    if keeper is None or asker is None or not bsn:
        return None
    known = to.store.read(Identity(TYPE, answers.id_of(patient, caller.ura, to.settings.base_url)))
    if known is not None and not known.deleted and answers.is_good(decode(known.body), to.clock()):
        return None
    return _Asked(Question(bsn, keeper, asker, tuple(table().categories), table().role), patient, owner)


def _answer(asked: _Asked, caller: Caller, to: Services) -> Issue | None:
    """Ask, and store the answer in one commit with the row of the audit."""
    assert to.authority is not None
    about = {"patients": [asked.patient], "owners": [asked.owner]}
    try:
        decisions = to.authority.ask(asked.question, to.new_id())
    except Unanswered as error:
        note(to, caller, _ACTION, [], ["unanswered", error.reason], about=about)
        return Issue("consent-not-asked", NOT_ASKED, "warning")
    now, id_ = to.clock(), answers.id_of(asked.patient, asked.question.asker.ura, to.settings.base_url)
    made = answers.answered(id_, asked.patient, asked.owner, asked.question.asker.ura, decisions, now)
    told = [f"{category}: {decision}" for category, decision in sorted(decisions.items())]

    def row(outcomes: Sequence[Outcome]) -> bytes:
        seen = [f"{one.status} {one.type}/{one.id}/_history/{one.version}" for one in outcomes]
        return audit_row(caller, now, _ACTION, seen, told, node=to.settings.node, about=about)

    decree([Put(made)], row, to)
    return None


def _party(ura: str, to: Services) -> Party | None:
    """Return an organisation as a register knows it; None for one that has no number or type there."""
    partner = to.registry.partners().by_ura(ura)
    type_ = organisation_type(partner.kind) if partner is not None else ""
    return Party(ura, type_) if type_ else None


def _bsn(patient: Resource) -> str:
    numbers = (one for one in patient.get("identifier", ()) if is_system(str(one.get("system"))))
    return next((str(one.get("value")) for one in numbers if is_bsn(str(one.get("value")))), "")
