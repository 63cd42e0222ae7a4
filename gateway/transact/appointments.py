"""What Appointments that a client of the API writes make of Slots: what those of a message make of them, by one rule.

https://hl7.org/fhir/R4/appointment.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.access.policy import Caller
from gateway.fhir.json import decode
from gateway.store import Identity, Sight
from gateway.store.records import Seen
from gateway.transact import bookings
from gateway.transact.bookings import Claims, Taken
from gateway.transact.entries import Entry
from gateway.transact.held import Unheld
from gateway.transact.occupancy import Settled

if TYPE_CHECKING:
    from gateway.services import Services


class Appointments:
    """What the Appointments of a client of the API make of Slots. `holders` are of the latest look."""

    def __init__(self, entries: Sequence[Entry], caller: Caller, to: Services) -> None:
        self._every = entries
        self._caller, self._to = caller, to
        self._holders: bookings.Holders = {}

    @staticmethod
    def are_among(entries: Sequence[Entry]) -> bool:
        """Return whether there are Appointments among the entries."""
        return any(entry.type == bookings.TYPE for entry in entries)

    @property
    def subjects(self) -> list[str]:
        """Return what must be known of the ledger, once the identities are known."""
        return [bookings.subject(entry.identity) for entry in self._entries if entry.identity]

    @property
    def _entries(self) -> list[Entry]:
        return [entry for entry in self._every if entry.type == bookings.TYPE and not entry.satisfied]

    def look_first(self, sight: Sight) -> None:
        """Look up who has the Slots that are wanted: by a condition, so before anything else is looked at."""
        self._holders = bookings.holders([entry.resource or {} for entry in self._entries], sight, self._to)

    def settle(self, seen: Seen, sight: Unheld) -> Settled:
        """Return what the Appointments make of Slots. Raises Conflict for those that cannot be had."""
        result, entries = Settled(), [entry for entry in self._entries if entry.identity]
        written = {entry.identity.id for entry in self._every if entry.type == "Slot" and entry.identity}
        rows = [bookings.taken(seen.ledger[bookings.subject(_identity(entry))]) for entry in entries]
        claims = [
            Claims(entry, row.slots, bookings.wanted(entry.resource or {}), written | self._named_before(entry, seen))
            for entry, row in zip(entries, rows, strict=True)
        ]
        found = bookings.settle(claims, self._holders, result, sight, self._caller, self._to, must_know=False)
        for entry, row, slots in zip(entries, rows, found, strict=True):
            bookings.note(_identity(entry), Taken(row.sender, slots), seen, result)
        return result

    @staticmethod
    def _named_before(entry: Entry, seen: Seen) -> set[str]:
        current = seen.currents[_identity(entry)]
        return set(bookings.wanted(decode(current.body))) if current.body else set()


def _identity(entry: Entry) -> Identity:
    assert entry.identity is not None
    return entry.identity
