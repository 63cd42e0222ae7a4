"""Holding a place for a request: as patches of its Slot, so that of many who want it one has it.

Each is decided on the newest version and stored only if that is still the newest. A hold ends by itself: `end_due` ends
those whose time has passed, whoever calls it, and each once.
https://msb-gateway.example/fhir/OperationDefinition/slot-hold
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from gateway.access.policy import Caller, may_read, may_write
from gateway.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidResource,
    Issue,
    ResourceGone,
    ResourceNotFound,
    Unavailable,
)
from gateway.fhir import reference
from gateway.fhir.datetime import format_instant
from gateway.fhir.json import decode
from gateway.fhir.search import parse_query
from gateway.query import is_seen
from gateway.referral.durations import durations
from gateway.store import Identity, Store
from gateway.store.due_holds import due_holds
from gateway.store.matching import matches
from gateway.store.records import microseconds, moment
from gateway.store.search.scope import Everything, Scope
from gateway.transact import Patch, bookings, holds, transact
from gateway.transact.holds import Hold
from gateway.transact.senders import ENDED
from gateway.transact.withdrawals import REQUEST_ENDED

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.services import Services

_log = logging.getLogger("gateway.referral")

REASONS = ("awaiting-answer", "awaiting-assessment", "awaiting-documents", "awaiting-transport", "other")
"""The codes of https://msb-gateway.example/fhir/CodeSystem/hold-extension-reason"""

_SLOT = "Slot"
_AT_A_TIME = 100
_MINUTE = 60_000_000
_MILLISECOND = 1_000
_REST = timedelta(seconds=30)
_RESTING: WeakKeyDictionary[Store, datetime] = WeakKeyDictionary()
"""Until when who reads leaves a store that could not be written to those who write."""
_ENDS = Caller("msb-gateway", "holds", types=frozenset({_SLOT}))
_NO_REQUEST = "a place is held for a ServiceRequest that is here: ServiceRequest/ID"
_HELD = "this place is held for another request until {}: ask again then, or hold another place"
_BOOKED = "an Appointment has this place: hold another one"
_NOT_HELD = "nobody holds this place (any more): whoever wants it holds it anew"
_OTHERS = "another organisation holds this place until {}: only who holds it extends or ends that"
_ONCE = "this hold was extended before, and that is done once; it ends at {}"
_TOO_LONG = "for this request this place is held for at most {} minutes (table of {}, version {})"


def check_may(caller: Caller) -> None:
    """Raise Forbidden for who may hold no place at all."""
    if not may_write(caller, _SLOT, ("u", "r")):
        raise Forbidden("this caller may not hold places")


def hold(id_: str, request: str, minutes: int | None, caller: Caller, to: Services, if_match: str | None) -> Patch:
    """Return the operation that holds a Slot for a request, for the minutes of the table unless for less.

    Raises Forbidden, InvalidResource for a request that is not here, and Conflict for one that has ended. The operation
    raises Conflict when the Slot cannot be held, InvalidResource when it is to be held for too long.
    """
    wanted = _request(request, caller, to)
    name = f"ServiceRequest/{wanted['id']}"

    def change(slot: Resource) -> Resource:
        now = microseconds(to.clock())
        before = holds.live(slot)
        if before and not before.is_over(now):
            if (before.by, before.request) == (caller.organisation, name):
                return slot  # it is asked again, by who has it
            raise Conflict(_HELD.format(_at(before)), code="slot-held")
        bare = holds.bare(slot)
        _check_can_be_had(bare, now, to)
        until = now - now % _MILLISECOND + _minutes(minutes, wanted, slot, to) * _MINUTE
        new = Hold(until, caller.organisation, name)
        return holds.laid(bare, before.end("expired", now), new) if before else holds.laid(bare, new)

    return Patch(_SLOT, id_, change, if_match, holds=True)


def extend(id_: str, reason: str, caller: Caller, to: Services, if_match: str | None) -> Patch:
    """Return the operation that has a hold last once more as long as the table says.

    Raises BadRequest for a reason that is none. The operation raises Conflict when there is no hold, or it was extended
    before, and Forbidden when it is that of another organisation.
    """
    if reason not in REASONS:
        raise BadRequest(f"reason is one of {', '.join(REASONS)}", code="bad-value")

    def change(slot: Resource) -> Resource:
        present = _own(slot, caller, to)
        if present.extended:
            raise Conflict(_ONCE.format(_at(present)), code="hold-extended")
        wanted = _request(present.request, caller, to)
        until = present.until + _minutes(None, wanted, slot, to) * _MINUTE
        return holds.laid(holds.bare(slot), present._replace(until=until, extended=reason))

    return Patch(_SLOT, id_, change, if_match, holds=True)


def release(id_: str, caller: Caller, to: Services, if_match: str | None) -> Patch:
    """Return the operation that ends a hold. It raises Conflict when there is none, Forbidden for that of another."""

    def change(slot: Resource) -> Resource:
        present = _own(slot, caller, to)
        return holds.laid(holds.bare(slot), present.end("released", microseconds(to.clock())))

    return Patch(_SLOT, id_, change, if_match, holds=True)


def end_due(to: Services) -> int:
    """End the holds whose time has passed, and return how many were found. Raises Unavailable, of the store.

    Of several that end one hold at the same time one does, and the others change nothing.
    """
    with to.store.reading(snapshot=False) as db:
        due = due_holds(db, microseconds(to.clock()), _AT_A_TIME)
    for id_ in due:
        try:
            end(id_, to)
        except InvalidResource as error:  # of one place: the others are not kept waiting
            _log.error("hold-not-ended: %s/%s: %s", _SLOT, id_, error)
    return len(due)


def end_before_look(to: Services) -> None:
    """End the holds whose time has passed, before places are told: none is seen as held after its time.

    Where that cannot be stored now, a place is told as it is, with the moment until which it was held; and for a while
    nobody who reads waits for the store again.
    """
    now = to.clock()
    if now < _RESTING.get(to.store, now):
        return
    try:
        end_due(to)
    except Unavailable:
        _RESTING[to.store] = now + _REST


def end(id_: str, to: Services) -> None:
    """End the hold of a Slot if its time has passed."""

    def change(slot: Resource) -> Resource:
        present, now = holds.live(slot), microseconds(to.clock())
        if present is None or not present.is_over(now):
            return slot
        return holds.laid(holds.bare(slot), present.end("expired", now))

    try:
        transact([Patch(_SLOT, id_, change, holds=True)], _ENDS, to)
    except (ResourceGone, ResourceNotFound):
        return  # it was deleted meanwhile, and its hold with it


def _request(text: str, caller: Caller, to: Services) -> Resource:
    """Return the request that is named. Forbidden, InvalidResource, Conflict."""
    if not may_read(caller, "ServiceRequest"):
        raise Forbidden("this caller may not read the request that it names")
    meant = reference.parse(text.removeprefix(f"{to.settings.base_url}/"))
    stored = None
    if meant.kind == "relative" and meant.type == "ServiceRequest" and meant.id:
        identity = Identity("ServiceRequest", meant.id)
        stored = to.store.read(identity) if is_seen(identity, caller, to) else None
    if stored is None or stored.deleted:
        raise InvalidResource([Issue("request-unknown", _NO_REQUEST, expression="Parameters.parameter")])
    found: Resource = decode(stored.body)
    if found.get("status") in ENDED["ServiceRequest"]:
        raise Conflict(REQUEST_ENDED.format(found.get("status")), code="request-ended")
    return found


def _check_can_be_had(slot: Resource, now: int, to: Services) -> None:
    """Raise Conflict when a Slot is not certainly free: who takes it after this look makes a version, and is found."""
    if bookings.is_stale(slot, now):
        raise Conflict(bookings.STALE_WORD, code="slot-not-free")
    if why := bookings.why_not(slot, now):
        raise Conflict(why, code="slot-not-free")
    asked = parse_query("Appointment", f"slot=Slot/{slot['id']}&status={','.join(bookings.HAS)}")
    with to.store.reading(snapshot=False) as db:
        if matches(db, asked, Scope(to.settings.base_url, Everything()), limit=1):
            raise Conflict(_BOOKED, code="slot-not-free")


def _minutes(asked: int | None, request: Resource, slot: Resource, to: Services) -> int:
    table = durations(to.settings.hold_durations)
    most = table.minutes(request, slot)
    if asked is not None and asked > most:
        text = _TOO_LONG.format(most, table.owner, table.version)
        raise InvalidResource([Issue("hold-too-long", text, expression="Parameters.parameter")])
    return asked or most


def _own(slot: Resource, caller: Caller, to: Services) -> Hold:
    """Return the hold that the caller has. Conflict when there is none, Forbidden when it is that of another."""
    present = holds.live(slot)
    if present is None or present.is_over(microseconds(to.clock())):
        raise Conflict(_NOT_HELD, code="hold-ended")
    if present.by != caller.organisation:
        raise Forbidden(_OTHERS.format(_at(present)), code="hold-not-yours")
    return present


def _at(present: Hold) -> str:
    return format_instant(moment(present.until))
