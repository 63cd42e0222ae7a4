"""Erasing a patient: everything that is about one person, with its history, and a tombstone in the audit.

What refers to the Patient goes, and what in turn refers to that alone: documents, tasks, what was said of them. Places,
Slots, organisations and other patients stay. Of messages the content goes: of those that made what goes, and of those,
taken or refused, that name the patient by a number long enough to be no coincidence.

Whether the law lets it be erased is for the operator to know. https://eur-lex.europa.eu/eli/reg/2016/679/oj, article 17
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gateway.access.policy import Caller
from gateway.access.sealing import row_name
from gateway.errors import BadSettings, ResourceNotFound
from gateway.fhir.bsn import is_bsn
from gateway.fhir.datetime import format_instant
from gateway.fhir.json import decode, encode
from gateway.store import Batch, Identity, erasing
from gateway.store.inbox import contents_from
from gateway.store.records import Erased, Mark, microseconds

if TYPE_CHECKING:
    from gateway.store import Database
    from gateway.store.interface import WholeDatabase
    from gateway.transact.inbox import Keeper

SHARED = frozenset({
    "Endpoint", "Group", "HealthcareService", "Location", "Medication", "Organization", "OrganizationAffiliation",
    "Patient", "Practitioner", "PractitionerRole", "Schedule", "Slot", "Subscription",
})  # fmt: skip
"""Types of which no resource is about one patient; another Patient is somebody else."""

_BINARY = re.compile(rb"Binary/([A-Za-z0-9\-.]{1,64})[\"/]")
_LONG = 8
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Found:
    """What there is about a patient: resources that go, resources that stay and still refer to it, rows of the inbox.

    `versions` are older versions of resources that are about somebody else now: (table, key, version).
    """

    patient: Identity
    resources: dict[int, Identity]
    staying: frozenset[Identity]
    versions: frozenset[tuple[str, int, int]]
    messages: tuple[int, ...]
    deliveries: tuple[tuple[str, int], ...]
    tables: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Return whether there is nothing left to erase."""
        return not (self.resources or self.versions or self.messages)


def find(patient_id: str, to: Keeper) -> Found:
    """Return what there is about a patient. It reads the whole store: ResourceNotFound when there never was one.

    Raises BadSettings when a message is sealed with a key that is not here.
    """
    patient = Identity("Patient", patient_id)
    with to.store.reading() as db:
        found = _about(db, patient)
        if Identity("Patient", patient_id) not in found.resources.values():
            raise ResourceNotFound("there is no such Patient")
        numbers = _numbers(db, found.resources)
        made = erasing.messages_of(db, list(found.resources))
    messages = made | set(_naming(numbers, to))
    return replace(found, messages=tuple(sorted(messages)))


def erase(found: Found, reason: str, caller: Caller, to: Keeper) -> None:
    """Erase it, in one commit with the tombstone: what was erased, by whom, when and why. Raises Unavailable."""
    keys = list(found.resources)
    erased = Erased(
        keys,
        sorted(found.versions),
        [f"{kind}/{one.type}/{one.id}" for one in found.resources.values() for kind in ("said", "sender")],
        found.tables,
        found.deliveries,
        microseconds(to.clock()),
    )
    tombstone = {
        "action": "erase",
        "at": format_instant(to.clock()),
        **caller.noted(),
        "node": to.settings.node,
        "reason": reason,
        "patients": [found.patient.id],
        "entities": sorted(f"erased {one.type}/{one.id}" for one in found.resources.values()),
        "inbox": list(found.messages),
    }
    marks = [Mark(found.messages, purged_at=microseconds(to.clock()))] if found.messages else []
    batch = Batch(encode(tombstone), marks=marks, erased=erased)
    to.store.write(lambda _: (batch, None))


def _about(db: WholeDatabase, patient: Identity) -> Found:
    """Return the resources about a patient: first what holds a reference to it anywhere, then what hangs on that."""
    names = [f"Patient/{patient.id}{end}".encode() for end in ('"', "/")]
    named = [row for name in names for row in erasing.holding(db, name)]
    own = [(key, Identity(type_, id_)) for key, type_, id_ in _itself(db, patient)]
    newest = {one.key: Identity(one.type, one.id) for one in named if one.is_newest}
    staying = {key: one for key, one in newest.items() if one.type in SHARED and one != patient}
    going = {key: one for key, one in newest.items() if key not in staying} | dict(own)
    ring = list(going.values())
    while ring:
        further = [*erasing.referring(db, ring), *_attached(db, [k for k, one in going.items() if one in ring])]
        fresh = {key: Identity(type_, id_) for key, type_, id_ in further if key not in going and type_ not in SHARED}
        going |= fresh
        ring = list(fresh.values())
    older = frozenset((one.table, one.key, one.version) for one in named if one.key not in {*going, *staying})
    sent = tuple({one: None for name in names for one in erasing.waiting(db, name)})
    return Found(patient, going, frozenset(staying.values()), older, (), sent, tuple(erasing.tables(db)))


def _itself(db: Database, identity: Identity) -> list[tuple[int, str, str]]:
    return [
        tuple(row) for row in db.rows("select key, type, id from current where type = ? and id = ?", tuple(identity))
    ]


def _attached(db: Database, keys: list[int]) -> Iterator[tuple[int, str, str]]:
    """Yield the Binary resources that any version of some resources names."""
    names = {name.decode() for body in erasing.bodies(db, keys) for name in _BINARY.findall(body)}
    for name in sorted(names):
        yield from _itself(db, Identity("Binary", name))


def _numbers(db: Database, resources: dict[int, Identity]) -> set[str]:
    """Return what the patient is called by in messages, as far as it cannot be somebody else's."""
    keys = [key for key, one in resources.items() if one.type == "Patient"]
    found = {
        str(identifier.get("value", ""))
        for body in erasing.bodies(db, keys)
        if body
        for identifier in decode(body).get("identifier", [])
    }
    return {number for number in found if is_bsn(number) or len(number) >= _LONG}


def _naming(numbers: set[str], to: Keeper) -> Iterator[int]:
    """Yield the rows of the inbox whose content holds one of `numbers` as a word."""
    if not numbers:
        return
    words = b"|".join(re.escape(number.encode()) for number in sorted(numbers))
    wanted = re.compile(rb"(?<![0-9A-Za-z])(?:%b)(?![0-9A-Za-z])" % words)
    after = 0
    while rows := contents_from(to.store, after, _PAGE):
        for row in rows:
            name = row_name(row.provider, row.received_at)
            try:
                content = to.keys.open(row.sealed_with, row.content, name)
            except BadSettings as error:
                raise BadSettings(f"row {row.id} of the inbox cannot be searched: {error}") from error
            if wanted.search(content):
                yield row.id
        after = rows[-1].id
