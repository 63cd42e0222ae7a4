"""What is known of beds, patients and visits: rows of the ledger and resources, looked up as they are needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.fhir.json import decode
from gateway.fhir.types import Resource
from gateway.store import Current, Identity, Sight
from gateway.store.records import Noted, Seen
from gateway.transact import beds
from gateway.transact.beds import Bed
from gateway.transact.persons import Persons


class Known:
    """What one look showed, and what further looks add to it."""

    def __init__(self, seen: Seen, sight: Sight) -> None:
        self._sight = sight
        self._ledger: dict[str, Noted] = dict(seen.ledger)
        self._currents: dict[Identity, Current] = dict(seen.currents)
        self.beds: dict[str, Bed] = {}
        self.persons = Persons(self._row)

    def load(self, ids: Iterable[str]) -> None:
        """Look up beds of which nothing is known here yet."""
        wanted = [id_ for id_ in dict.fromkeys(ids) if id_ not in self.beds]
        unseen = [f"bed/{id_}" for id_ in wanted if f"bed/{id_}" not in self._ledger]
        if unseen:
            self._ledger |= self._sight.current([], subjects=unseen).ledger
        for id_ in wanted:
            self.beds[id_] = beds.unpack(self._ledger[f"bed/{id_}"].content)

    def look_at(self, ids: Iterable[str]) -> None:
        """Look up the resources of beds that the message does not name, all in one look."""
        wanted = [Identity("Location", id_) for id_ in dict.fromkeys(ids)]
        wanted += [Identity("Slot", self.beds[bed.id].slot) for bed in wanted if self.beds[bed.id].slot]
        if wanted := [identity for identity in wanted if identity not in self._currents]:
            self._currents |= self._sight.current(wanted).currents

    def current(self, identity: Identity) -> Current:
        """Return the newest version of a resource."""
        if identity not in self._currents:
            self._currents |= self._sight.current([identity]).currents
        return self._currents[identity]

    def stored(self, identity: Identity) -> Resource | None:
        """Return a resource as it is stored, None when it is not there."""
        if not identity.id:
            return None
        current = self.current(identity)
        return decode(current.body) if current.version and not current.deleted else None

    def notes(self) -> Iterator[tuple[str, int, bytes]]:
        """Yield the rows of the ledger that are other than they were found: (subject, next revision, content)."""
        for id_, bed in self.beds.items():
            row, packed = self._ledger[f"bed/{id_}"], beds.pack(bed)
            if packed != row.content:
                yield f"bed/{id_}", row.revision + 1, packed
        yield from self.persons.notes()

    def _row(self, subject: str) -> Noted:
        if subject not in self._ledger:
            self._ledger |= self._sight.current([], subjects=[subject]).ledger
        return self._ledger[subject]
