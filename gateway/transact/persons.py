"""Who is who in the ledger: a patient who is known by two numbers is one, and so are the visits that are named by them.

Patients and visits are named by keyed hashes. The row of a patient tells which visits are in which beds and, for visits
that have no number of their own, by which moment of admission they are known. Once two numbers turn out to be one
patient (ADT A40, A47), the row of the one that goes points at the one that stays, and so do the rows of visits. That
holds for what is yet to come and for what comes late, so the order in which messages come makes no difference.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec

from gateway.mapping.declared import Stay
from gateway.store.records import Noted
from gateway.store.sealed import secret
from gateway.transact.stays import Event, kept

if TYPE_CHECKING:
    from gateway.store import Store

_SECRETS: WeakKeyDictionary[Store, bytes] = WeakKeyDictionary()


class Person(msgspec.Struct, array_like=True):
    """What is known of a patient: the beds that each visit is in, and visits by their moment of admission.

    `same`: the patient that this one turned out to be; everything is known there.
    """

    inside: dict[str, list[str]] = {}
    by_moment: dict[str, str] = {}
    same: str = ""


_PERSON = msgspec.msgpack.Decoder(Person | dict[str, list[str]])  # a row of before has the beds alone
_VISIT = msgspec.msgpack.Decoder(list[Event] | str)
_ENCODER = msgspec.msgpack.Encoder()


class Named(msgspec.Struct, frozen=True):
    """Whose stay a message is about, and who is whom according to it, by keyed hashes; '' for what it does not say."""

    visit: str = ""
    patient: str = ""
    moment: str = ""  # of a visit that has no number of its own
    was_visit: str = ""
    was_patient: str = ""

    @property
    def subjects(self) -> list[str]:
        """Return the rows of the ledger to begin with."""
        found = [f"visit/{visit}" for visit in (self.visit, self.was_visit) if visit]
        return found + [f"patient/{patient}" for patient in (self.patient, self.was_patient) if patient]


def named(stay: Stay, provider: str, store: Store) -> Named:
    """Return whose stay it is, without a name that could be read or found by trying."""
    hashed = _Hash(provider, store)
    moment = ""
    if stay.visit and stay.patient and stay.visit.startswith(f"{stay.patient}|"):
        moment = hashed("moment", stay.visit.removeprefix(f"{stay.patient}|"))
    return Named(
        visit=hashed("visit", stay.visit),
        patient=hashed("patient", stay.patient),
        moment=moment,
        was_visit=hashed("visit", stay.was_visit),
        was_patient=hashed("patient", stay.was_patient),
    )


class _Hash:
    """Names what belongs to a patient by a hash that cannot be made without the store's key."""

    def __init__(self, provider: str, store: Store) -> None:
        if store not in _SECRETS:
            with store.reading() as db:
                _SECRETS[store] = secret(db, "stay")
        self.secret = _SECRETS[store]
        self.provider = provider

    def __call__(self, kind: str, name: str | None) -> str:
        if not name:
            return ""
        text = "\x1f".join((kind, self.provider, name))
        return hmac.digest(self.secret, text.encode(errors="replace"), "sha256").hex()[:32]


class Persons:
    """The patients and visits that a message leads to; `row` finds a row of the ledger. What changes is noted."""

    def __init__(self, row: Callable[[str], Noted]) -> None:
        self._row = row
        self._persons: dict[str, Person] = {}
        self._visits: dict[str, list[Event] | str] = {}
        self._found: dict[str, bytes] = {}

    def patient(self, name: str) -> str:
        """Return the patient that one is by now; '' for nobody."""
        while name and (same := self.person(name).same):
            name = same
        return name

    def person(self, name: str) -> Person:
        """Return what is known of a patient under this very name."""
        if name not in self._persons:
            content = self._row(f"patient/{name}").content
            found = _PERSON.decode(content) if content else Person()
            self._persons[name] = found if isinstance(found, Person) else Person(found)
            self._found[f"patient/{name}"] = _ENCODER.encode(self._persons[name])
        return self._persons[name]

    def visit(self, of: Named) -> str:
        """Return the visit that a message is about; one without a number is found by patient and moment."""
        if of.patient and of.moment:
            known = self.person(self.patient(of.patient)).by_moment.setdefault(of.moment, of.visit)
            return self.now(known)
        return self.now(of.visit) if of.visit else ""

    def events(self, visit: str) -> list[Event]:
        """Return the events of a visit, in order."""
        found = self._visit(visit)
        assert not isinstance(found, str), "whoever asks for events asks first which visit it is now"
        return found

    def happened(self, visit: str, event: Event) -> list[Event]:
        """Add an event to a visit, and return all that are kept."""
        self._visits[visit] = kept([*self.events(visit), event])
        return self.events(visit)

    def is_in(self, patient: str, visit: str, beds: list[str]) -> None:
        """Note the beds that a visit of a patient is in."""
        inside = self.person(patient).inside
        if beds:
            inside[visit] = beds
        else:
            inside.pop(visit, None)

    def merge(self, stays: str, goes: str) -> list[tuple[str, str]]:
        """Have two patients be one from now on, and return the visits of both that are one by that: (stays, goes)."""
        stays, goes = self.patient(stays), self.patient(goes)
        if stays == goes:
            return []
        survivor, gone, same = self.person(stays), self.person(goes), []
        for moment, visit in gone.by_moment.items():
            other = survivor.by_moment.setdefault(moment, visit)
            same.append((self.now(other), self.now(visit)))
        survivor.inside.update(gone.inside)
        self._persons[goes] = Person(same=stays)
        return [(one, other) for one, other in same if one != other]

    def join(self, stays: str, goes: str) -> list[Event]:
        """Have two visits be one from now on, and return all events of it that are kept."""
        self._visits[stays] = kept([*self.events(stays), *self.events(goes)])
        self._visits[goes] = stays
        return self.events(stays)

    def now(self, visit: str) -> str:
        """Return the visit that one is by now."""
        while isinstance(found := self._visit(visit), str):
            visit = found
        return visit

    def _visit(self, visit: str) -> list[Event] | str:
        if visit not in self._visits:
            content = self._row(f"visit/{visit}").content
            self._visits[visit] = _VISIT.decode(content) if content else []
            self._found[f"visit/{visit}"] = _ENCODER.encode(self._visits[visit])
        return self._visits[visit]

    def notes(self) -> Iterator[tuple[str, int, bytes]]:
        """Yield the rows of the ledger that are other than they were found: (subject, next revision, content)."""
        rows: dict[str, object] = {f"patient/{name}": person for name, person in self._persons.items()}
        rows |= {f"visit/{visit}": events for visit, events in self._visits.items()}
        for subject, content in rows.items():
            packed = _ENCODER.encode(content)
            if packed != self._found[subject]:
                yield subject, self._row(subject).revision + 1, packed
