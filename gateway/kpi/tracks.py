"""Preventive tracks of extra care begin and end within what was agreed: so many at a time by network and year.

A List for each network and year names the tracks that run. Who begins one adds it there in the same commit, so of two
who want the last place one has it. `K-19` says how many there may be and for how long; the review of a track is a Task
that is due so many days after its end.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from gateway.errors import InvalidResource, Issue, VersionConflict
from gateway.fhir.datetime import dutch_time
from gateway.fhir.types import Resource
from gateway.kpi.spans import months_after
from gateway.store import Identity
from gateway.store.records import microseconds, moment
from gateway.transact import Patch, Put, transact

if TYPE_CHECKING:
    from gateway.access.policy import Caller
    from gateway.kpi.definitions import Definition
    from gateway.services import Services

_FULL = "{} of {} tracks of this network run in {}: {}; one may begin when one of them has ended"
_TOO_LONG = "a track lasts {} months at most: until {}"
_NETWORK = "https://msb-gateway.example/fhir/NamingSystem/network"


def running_id(network: str, year: int) -> str:
    """Return the id of the List of the tracks of a network that run in a year."""
    return f"tracks-{sha256(network.encode()).hexdigest()[:16]}-{year}"


def start(
    request: Resource,
    network: str,
    begin: datetime,
    end: datetime | None,
    rules: Definition,
    caller: Caller,
    to: Services,
) -> str:
    """Begin a track for a request (what is asked and for whom), and return its id; its review is planned with it.

    Raises InvalidResource when as many run as may, with their number and their ids, or it would last too long; and what
    `transact` raises.
    """
    limit = moment(months_after(microseconds(begin), rules.parameters["months"])).astimezone(dutch_time())
    until = end or limit
    if until > limit:
        text = _TOO_LONG.format(rules.parameters["months"], limit.date())
        raise InvalidResource([Issue("track-too-long", text, expression="ServiceRequest.occurrencePeriod.end")])
    year, id_ = begin.astimezone(dutch_time()).year, to.new_id()
    list_id = _ensure(network, year, caller, to)
    track = _track({**request, "id": id_}, network, begin, until, rules)
    review = _review(id_, until, rules, to)
    add = Patch("List", list_id, lambda running: _with(running, id_, year, rules))
    transact([add, Put(track, if_match=""), Put(review, if_match="")], caller, to)
    return id_


def finish(id_: str, network: str, year: int, at: datetime, caller: Caller, to: Services) -> None:
    """End a track: its place is another's. Raises what `transact` raises; one that has ended stays as it is."""

    def ended(track: Resource) -> Resource:
        if track.get("status") != "active":
            return track
        return {**track, "status": "completed", "occurrencePeriod": {**track["occurrencePeriod"], "end": _day(at)}}

    remove = Patch("List", running_id(network, year), lambda running: _without(running, id_))
    transact([remove, Patch("ServiceRequest", id_, ended)], caller, to)


def _ensure(network: str, year: int, caller: Caller, to: Services) -> str:
    """Return the id of the List, which is made where there is none yet: by one of those who make it at a time."""
    id_ = running_id(network, year)
    if to.store.read(Identity("List", id_)) is None:
        made = {
            "resourceType": "List",
            "id": id_,
            "identifier": [{"system": _NETWORK, "value": f"{network}/{year}"}],
            "status": "current",
            "mode": "working",
            "title": f"Preventieve meerzorg {network} {year}",
        }
        try:
            transact([Put(made, if_match="")], caller, to)
        except VersionConflict:
            return id_  # another one made it meanwhile
    return id_


def _with(running: Resource, id_: str, year: int, rules: Definition) -> Resource:
    entries, most = running.get("entry") or [], rules.parameters["most"]
    if len(entries) >= most:
        named = ", ".join(one["item"]["reference"] for one in entries)
        raise InvalidResource([Issue("tracks-full", _FULL.format(len(entries), most, year, named))])
    return {**running, "entry": [*entries, {"item": {"reference": f"ServiceRequest/{id_}"}}]}


def _without(running: Resource, id_: str) -> Resource:
    kept = [one for one in running.get("entry") or [] if one["item"]["reference"] != f"ServiceRequest/{id_}"]
    found = {name: value for name, value in running.items() if name != "entry"}
    return {**found, "entry": kept} if kept else found


def _track(request: Resource, network: str, begin: datetime, end: datetime, rules: Definition) -> Resource:
    system, _, code = rules.parameters["category"].rpartition("|")
    return {
        **request,
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "category": [*request.get("category", ()), {"coding": [{"system": system, "code": code}]}],
        "requisition": {"system": _NETWORK, "value": network},
        "occurrencePeriod": {"start": _day(begin), "end": _day(end)},
    }


def _review(id_: str, end: datetime, rules: Definition, to: Services) -> Resource:
    system, _, code = rules.parameters["review"].rpartition("|")
    due = end + timedelta(days=rules.parameters["review_days"])
    return {
        "resourceType": "Task",
        "id": to.new_id(),
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": system, "code": code}]},
        "focus": {"reference": f"ServiceRequest/{id_}"},
        "restriction": {"period": {"end": _day(due)}},
    }


def _day(at: datetime) -> str:
    return at.astimezone(dutch_time()).date().isoformat()
