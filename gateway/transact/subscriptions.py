"""Subscriptions on their way in: refused with every reason, their status ours, their headers taken out.

What a client asks for is `requested` until its endpoint has answered; it may end it by `off`. The gateway itself makes
it `active`, or `error` with the reason. https://hl7.org/fhir/R4/subscription.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.access.policy import Caller, may_read
from gateway.errors import Issue
from gateway.fhir.json import encode
from gateway.notify import headers
from gateway.notify.endpoints import read as read_endpoint
from gateway.notify.subscription import Wanted, kept, read, types
from gateway.store.records import Subscriber, Version, microseconds
from gateway.transact.entries import Entry
from gateway.transact.operations import Put

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.access.sealing import Keys
    from gateway.services import Services

TYPE = "Subscription"
_NOT_TO_BE_READ = "this caller may not read what it would be told"
_NO_KEY = "headers are kept sealed, and this gateway has no key to seal with: its operator sets GATEWAY_DATA_KEYS"


def of(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries that write a Subscription, each with a copy of its own: what came stays as it is."""
    found = [entry for entry in entries if entry.type == TYPE and entry.resource is not None]
    for entry in found:
        entry.resource = deepcopy(entry.resource)
    return found


def issues(entry: Entry, caller: Caller, to: Services) -> Iterator[Issue]:
    """Yield every reason why a Subscription, which is valid FHIR, cannot be had."""
    if entry.resource is None or is_ours(entry):
        return
    wanted, found = read(entry.resource, to.outward.allowed, to.clock())
    yield from found
    if not found and not any(may_read(caller, type_) for type_ in types(wanted)):
        yield Issue("forbidden", _NOT_TO_BE_READ, expression="Subscription.criteria")
    given = entry.resource["channel"].get("header")
    if given and not headers.are_masked(given) and not to.keys.present:
        yield Issue("subscription-not-supported", _NO_KEY, expression="Subscription.channel.header")


def settle(entry: Entry, caller: Caller, to: Services) -> None:
    """Make of what a client asked what is stored, and keep the rest with the entry."""
    resource = entry.resource
    if resource is None or is_ours(entry):
        return
    now = to.clock()
    wanted, _ = read(resource, to.outward.allowed, now)
    wanted.caller = _kept(caller)
    given = resource["channel"].get("header", [])
    entry.subscriber = _subscriber(wanted, resource, given, now)
    if given:
        resource["channel"]["header"] = headers.masked(given)
    resource["status"] = entry.subscriber.status
    resource.pop("error", None)
    entry.rest = b""  # no longer what the resource says


def subscribers(entry: Entry, version: Version | None, keys: Keys) -> list[Subscriber]:
    """Return what becomes of the subscriber in the commit of a version: one or none.

    Without a version nothing that is shown changes; the headers may, for they are not shown.
    """
    assert entry.identity is not None
    found = _changed(entry, f"{TYPE}/{entry.identity.id}", version, keys)
    return [found] if found is not None else []


def _changed(entry: Entry, name: str, version: Version | None, keys: Keys) -> Subscriber | None:
    if version is not None and version.deleted:
        return Subscriber(name, "off", version.last_updated, is_ours=True)
    if version is not None and is_ours(entry):
        assert isinstance(entry.op, Put)
        return _settled(name, entry.op, version.last_updated)
    found = entry.subscriber
    if found is None or entry.satisfied:
        return None
    if version is not None and version.version == 1:
        about = kept(found.about)
        about.since = version.last_updated
        found = found._replace(about=msgspec.json.encode(about).decode())
    sealed_with, secret = keys.seal(found.secret or b"", name.encode())
    return found._replace(name=name, secret=secret or None, sealed_with=sealed_with)


def is_ours(entry: Entry) -> bool:
    """Return whether the gateway itself changes a status."""
    return isinstance(entry.op, Put) and entry.op.due is not None


def _settled(name: str, op: Put, at: int) -> Subscriber:
    status = op.resource["status"]
    due = op.due if status in {"requested", "active"} and op.due else None
    return Subscriber(name, status, at, due, is_ours=True, reason=op.resource.get("error"))


def _subscriber(wanted: Wanted, resource: dict[str, Any], given: list[str], now: datetime) -> Subscriber:
    is_off = resource.get("status") == "off"
    return Subscriber(
        name="",
        status="off" if is_off else "requested",
        at=microseconds(now),
        due=None if is_off else microseconds(now),
        origin=read_endpoint(wanted.endpoint).origin,
        about=msgspec.json.encode(wanted).decode(),
        secret=encode(given) if given and not headers.are_masked(given) else None,
        is_masked=bool(headers.are_masked(given)),
    )


def _kept(caller: Caller) -> dict[str, Any]:
    """Return as much of a caller as decides what it may see."""
    return {
        "organisation": caller.organisation,
        "name": caller.name,
        "development": caller.development,
        "providers": sorted(caller.providers),
        "types": None if caller.types is None else sorted(caller.types),
        "purpose": caller.purpose,
    } | ({"partner": caller.partner, "scopes": sorted(caller.scopes)} if caller.partner else {})
