"""Requests with everything that became of them: offers and their states, phone calls, arrivals.

A Task's state holds from the moment that its sender says (`lastModified`), if that is not later than when it came. What
was deleted is what it was before: keeping records for less long changes no figure. What was entered in error is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from itertools import groupby
from operator import attrgetter
from os import urandom
from typing import TYPE_CHECKING, NamedTuple

from gateway.fhir.json import decode
from gateway.fhir.types import Resource
from gateway.kpi.facts import Offer, Request, Span, State
from gateway.kpi.loading import said
from gateway.kpi.loading.directory import Directory
from gateway.store.during import Kept, keys_by_date, keys_by_reference, keys_during, keys_of_ids, versions

if TYPE_CHECKING:
    from gateway.store.interface import Database

_REQUEST, _TASK = "ServiceRequest", "Task"
_ERROR = "entered-in-error"
_ENDED = frozenset({"completed", "revoked"})
_NOT_SENT = frozenset({"draft", "entered-in-error"})
_PHONE = frozenset({"PHONE", "telefoon"})
_PHONE_WORDS = frozenset({"telefoon", "telephone", "phone"})
_BSN = "http://fhir.nl/fhir/NamingSystem/bsn"
_REFUSAL = f"{said.OURS}/CodeSystem/refusal-reason"
_DIRECTION = f"{said.OURS}/CodeSystem/referral-direction"
_ARRIVAL, _TRACK = f"{said.FACT}|arrival", f"{said.FACT}|preventive-track"
_REFERRAL = "http://snomed.info/sct|3457005"  # patient referral


_Moment = Callable[[Resource, int], int | None]
"""When something happened, by what a resource says and when it came first; None: it did not happen."""


class Version(NamedTuple):
    """What a resource said from a moment on; `late`: something newer was known then already."""

    at: int
    resource: Resource
    late: bool = False


def histories(db: Database, keys: Iterable[int], known: int) -> Iterator[tuple[str, list[Version]]]:
    """Yield the id and the versions of each of some resources, in the order in which they came; none of deletions."""
    for _, every in groupby(versions(db, keys, known), key=attrgetter("key")):
        kept: list[Kept] = [one for one in every if one.body]
        if kept:
            yield kept[0].id, [Version(one.at, decode(one.body), one.late) for one in kept]


def requests(directory: Directory, span: Span, known: int, back: int = 0, salt: bytes = b"") -> tuple[Request, ...]:
    """Return the requests that were authored, or offered to somebody, in a span or `back` before it.

    `span` is that up to which what happens counts. With a `salt` a patient is the same in every reading by it; without,
    in this one alone.
    """
    db, since = directory.db, span[0] - back
    tasks = set(keys_during(db, _TASK, span[0], span[1]))
    offered = {
        request
        for _, every in histories(db, tasks, known)
        for one in every
        if (request := said.target(one.resource.get("focus"), _REQUEST))
    }
    keys = {
        *keys_by_date(db, _REQUEST, "authored", since, span[1]),
        *keys_during(db, _REQUEST, since, span[1]),
        *keys_of_ids(db, _REQUEST, offered),
    }
    told = dict(histories(db, keys, known))
    return tuple(_Requests(directory, told, tasks, known, salt or urandom(16)))


class _Requests:
    """Puts requests together from what refers to them."""

    def __init__(
        self, directory: Directory, told: dict[str, list[Version]], tasks: set[int], known: int, salt: bytes
    ) -> None:
        self._directory, self._told, self._known = directory, told, known
        self._salt = salt[:64]
        db = directory.db
        keys = {*tasks, *keys_by_reference(db, _TASK, "focus", _REQUEST, told)}
        self._tasks = list(histories(db, keys, known))
        self._look_up()
        self._offers: dict[str, list[Offer]] = {}
        for id_, every in self._tasks:
            if offer := self._offer(id_, every):
                self._offers.setdefault(offer.request, []).append(offer)
        self._calls = self._moments("Communication", "based-on", _called)
        self._arrivals = self._moments("Encounter", "based-on", _arrived)

    def __iter__(self) -> Iterator[Request]:
        for id_, every in self._told.items():
            last = every[-1].resource
            if last.get("status") not in {_ERROR, "draft"} and self._is_referral(id_, last):
                yield self._request(id_, last, every)

    def _is_referral(self, id_: str, last: Resource) -> bool:
        """Return whether a request asks for a place: an order for a test does not, and a track is counted apart."""
        category = last.get("category")
        if said.is_a(category, _TRACK):
            return False
        return bool(self._offers.get(id_) or said.care(last)) or said.is_a(category, _REFERRAL)

    def _look_up(self) -> None:
        newest = [every[-1].resource for every in self._told.values()]
        everyone = [one.get("requester") for one in newest]
        everyone += [every[-1].resource.get("owner") for _, every in self._tasks]
        for type_ in ("PractitionerRole", "Organization"):
            self._directory.look_up(type_, said.targets(everyone, type_))
        self._directory.look_up("Patient", said.targets([one.get("subject") for one in newest], "Patient"))

    def _request(self, id_: str, last: Resource, every: list[Version]) -> Request:
        who = self._directory.who(last.get("requester"))
        authored = said.at(last.get("authoredOn"))
        period = last.get("occurrencePeriod") or {}
        ended = next((one.at for one in every if one.resource.get("status") in _ENDED), None)
        return Request(
            id_,
            every[0].at if authored is None else authored,
            str(last.get("priority", "routine")),
            said.care(last),
            who.code,
            who.region,
            self._patient(last.get("subject")),
            frozenset(said.targets(last.get("replaces"), _REQUEST)),
            frozenset(said.targets(last.get("basedOn"), _REQUEST)),
            str((last.get("requisition") or {}).get("value", "")),
            said.code(last.get("category"), _DIRECTION),
            said.at(last.get("occurrenceDateTime") or period.get("start")),
            ended,
            tuple(sorted(self._offers.get(id_, ()), key=lambda one: (one.sent, one.id))),
            tuple(sorted(self._calls.get(id_, ()))),
            min(self._arrivals.get(id_, ()), default=None),
        )

    def _patient(self, subject: Resource | None) -> str:
        """Return a hash that means nothing elsewhere: the same for one person in this computation alone."""
        subject = subject or {}
        identifiers = [subject.get("identifier") or {}]
        id_ = said.target(subject, "Patient")
        if id_:
            identifiers += said.many(self._directory.resource("Patient", id_), "identifier")
        number = next((str(one["value"]) for one in identifiers if one.get("system") == _BSN and "value" in one), "")
        name = number or (f"Patient/{id_}" if id_ else str(identifiers[0].get("value", "")))
        return blake2b(name.encode(), key=self._salt, digest_size=16).hexdigest() if name else ""

    def _offer(self, id_: str, every: list[Version]) -> Offer | None:
        states = list(_states(every))
        last = every[-1].resource
        request = said.target(last.get("focus"), _REQUEST)
        if not states or not request or "owner" not in last or last.get("status") == _ERROR:
            return None
        first = next(one.resource for one in every if one.resource.get("status") not in _NOT_SENT)
        who = self._directory.who(last.get("owner"))
        authored = said.at(first.get("authoredOn"))
        stop = next(said.extensions(first, "capacity-stop"), {})
        outputs = [one for one in said.many(last, "output") if said.is_a(one.get("type"), _ARRIVAL)]
        return Offer(
            id_,
            request,
            who.code,
            states[0].at if authored is None else min(authored, states[0].at),
            tuple(states),
            who.region,
            said.care(last),
            str(said.inside(stop, "status") or ""),
            tuple(sorted(filter(None, (said.code(said.value(one)) for one in said.parts(stop, "exception"))))),
            str(next((found for one in reversed(every) if (found := said.extension(one.resource, "ladder-step"))), "")),
            min((at for one in outputs if (at := said.at(said.value(one)))), default=None),
            who.registered,
        )

    def _moments(self, type_: str, param: str, of: _Moment) -> dict[str, list[int]]:
        """Return when something happened that is about requests, by request."""
        found: dict[str, list[int]] = {}
        db = self._directory.db
        keys = keys_by_reference(db, type_, param, _REQUEST, self._told)
        for _, every in histories(db, keys, self._known):
            last = every[-1].resource
            when = None if last.get("status") == _ERROR else of(last, every[0].at)
            if when is not None:
                for request in said.targets(last.get("basedOn"), _REQUEST):
                    found.setdefault(request, []).append(when)
        return found


def _states(every: list[Version]) -> Iterator[State]:
    """Yield what a Task was from when on, in the order in which that happened; what repeats the one before does not."""
    moments = []
    for number, (came, resource, _) in enumerate(every):
        modified = said.at(resource.get("lastModified"))
        moments.append((came if modified is None else min(modified, came), number, resource))
    before = ""
    for at, _, resource in sorted(moments, key=lambda one: one[:2]):
        status = str(resource.get("status", ""))
        if status not in _NOT_SENT and status != before:
            reason = resource.get("statusReason")
            yield State(at, status, said.code(reason, _REFUSAL) or ("other" if reason else ""))
            before = status


def _called(communication: Resource, came: int) -> int | None:
    for medium in said.many(communication, "medium"):
        words = str(medium.get("text", "")).strip().lower()
        if _PHONE & set(said.codes(medium)) or words in _PHONE_WORDS:
            sent = said.at(communication.get("sent") or communication.get("received"))
            return came if sent is None else min(sent, came)
    return None


def _arrived(encounter: Resource, _: int) -> int | None:
    if encounter.get("status") in {"planned", "cancelled"}:
        return None
    return said.at((encounter.get("period") or {}).get("start"))
