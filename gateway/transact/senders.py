"""What a FHIR message may change: what messages of its sender made, as long as that has not ended.

The ledger keeps whose messages made a focus, and which message a Bundle's name is of. A message that is older than what
is known changes nothing, so it is held against none of this.
https://hl7.org/fhir/R4/messaging.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.access.policy import Caller
from gateway.errors import Conflict, Forbidden, GatewayError, Issue
from gateway.fhir.json import decode
from gateway.store import Current, Sight
from gateway.store.records import Noted, Seen
from gateway.transact import bookings
from gateway.transact.bookings import Claims, Taken, taken
from gateway.transact.entries import Entry
from gateway.transact.held import Unheld
from gateway.transact.occupancy import Settled
from gateway.transact.once import MISNAMED
from gateway.transact.operations import Sent
from gateway.transact.order import is_older

if TYPE_CHECKING:
    from gateway.services import Services

NOT_YOURS = "this was not made by messages of this sender, so no message of this sender changes it"
_ENDED = "this has ended ({}): no message changes that, but to say that it was entered in error"
_NAME_TAKEN = "the identifier of this Bundle is that of another message: a Bundle has an identifier of its own"
_UNKNOWN = "nothing is known of this yet; what is said here is kept, and a request that comes later is older than it"

ENDED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "ServiceRequest": frozenset({"revoked", "completed", "entered-in-error"}),
        "Appointment": frozenset({"cancelled", "fulfilled", "noshow", "entered-in-error"}),
    }
)
"""The statuses after which a focus says nothing else."""

_ERROR = "entered-in-error"


@dataclass(slots=True)
class Senders:
    """What a message says as far as it matters whose message it is. `holders` are of the latest look."""

    entries: Sequence[Entry]
    sent: Sent
    caller: Caller
    to: Services
    holders: bookings.Holders = field(default_factory=dict)

    @property
    def subjects(self) -> list[str]:
        """Return what must be known of the ledger, once the identities are known."""
        return [_subject(entry) for entry in self._focus] + ([self.sent.bundle] if self.sent.bundle else [])

    @property
    def _focus(self) -> list[Entry]:
        return [self.entries[number] for number in self.sent.focus]

    def look_first(self, sight: Sight) -> None:
        """Look up who holds the Slots that are wanted: by a condition, so before anything else is looked at."""
        self.holders = bookings.holders([entry.resource or {} for entry in self._focus], sight, self.to)

    def settle(self, seen: Seen, sight: Unheld) -> Settled:
        """Return what a message makes of Slots, and what is noted of its sender.

        Raises, each with every such problem: Conflict for a name that is taken, for what has ended and for Slots that
        cannot be had; Forbidden for what another sender made.
        """
        result = Settled()
        self._check_name(seen, result)
        _raise(Forbidden, (issue for entry in self._focus for issue in self._foreign(entry, seen)))
        present = [entry for entry in self._focus if not is_older(entry, _current(entry, seen))]
        _raise(Conflict, (issue for entry in present for issue in _ended(entry, _current(entry, seen))))
        held = [taken(seen.ledger[_subject(entry)]) for entry in present]
        claims = [
            Claims(entry, one.slots, bookings.wanted(entry.resource or {}))
            for entry, one in zip(present, held, strict=True)
        ]
        found = bookings.settle(claims, self.holders, result, sight, self.caller, self.to)
        for entry, slots in zip(present, found, strict=True):
            self._note(entry, Taken(self.sent.sender, slots), seen, result)
        return result

    def _check_name(self, seen: Seen, result: Settled) -> None:
        """Have the name of the Bundle be that of this message. Raises Conflict when it is that of another one."""
        if self.sent.bundle is None:
            return
        noted, name = seen.ledger[self.sent.bundle], self.sent.name.encode()
        if noted.content and noted.content != name:
            raise Conflict([Issue(MISNAMED, _NAME_TAKEN, expression="Bundle.identifier")])
        if not noted.content:
            result.ledger.append((self.sent.bundle, noted.revision + 1, name))

    def _foreign(self, entry: Entry, seen: Seen) -> Iterator[Issue]:
        current, owner = _current(entry, seen), taken(seen.ledger[_subject(entry)]).sender
        if current.version and not current.deleted and owner != self.sent.sender:
            yield entry.at(Issue("not-yours", NOT_YOURS, expression=entry.type))

    def _note(self, entry: Entry, new: Taken, seen: Seen, result: Settled) -> None:
        assert entry.identity is not None
        bookings.note(entry.identity, new, seen, result)
        if self.sent.repeats and not _current(entry, seen).version:
            result.issues.append(entry.at(Issue("request-unknown", _UNKNOWN, "warning", entry.type)))


def _subject(entry: Entry) -> str:
    assert entry.identity is not None
    return bookings.subject(entry.identity)


def sender_of(noted: bytes) -> str:
    """Return whose messages made a focus, by what is noted of it; '' for nobody's."""
    return taken(Noted(1, noted)).sender


def _current(entry: Entry, seen: Seen) -> Current:
    assert entry.identity is not None
    return seen.currents[entry.identity]


def _ended(entry: Entry, current: Current) -> Iterator[Issue]:
    if not current.version or current.deleted or entry.resource is None:
        return
    was, becomes = decode(current.body).get("status"), entry.resource.get("status")
    if was != becomes != _ERROR and was in ENDED.get(entry.type, ()):
        yield entry.at(Issue("request-ended", _ENDED.format(was), expression=f"{entry.type}.status"))


def _raise(error: type[GatewayError], issues: Iterator[Issue]) -> None:
    if found := list(issues):
        raise error(found)
