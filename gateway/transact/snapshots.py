"""A table that lists every bed of its source: which beds it no longer lists, and whether it may count at all.

What is known of a source stands in one row of the ledger: of each scope (a site, a ward) the moment of the last table,
how many beds it listed and every bed that any table listed. It is renewed before the first row of a table is stored: a
table that is older than another, or less than half of it, is refused before it has changed anything. That a bed is
listed no longer is a fact with the table's moment, as the state of a bed that is listed: in whatever order the facts of
two tables are stored, and however often, the newer one holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from gateway.access.policy import Caller, may_send
from gateway.errors import Conflict, Forbidden, Issue, MappingFailed
from gateway.fhir.datetime import format_instant
from gateway.fhir.json import decode
from gateway.mapping.snapshots import Survey
from gateway.store import Batch, Identity, Sight
from gateway.store.records import microseconds, moment
from gateway.store.sealed import noted
from gateway.transact import bed_facts, bed_findings, beds, once
from gateway.transact.audit import audit_row, repeat_row
from gateway.transact.messages import message
from gateway.transact.once import Answer, AnsweredBefore
from gateway.transact.operations import Received
from gateway.transact.order import counted

if TYPE_CHECKING:
    from gateway.services import Services

_OLDER = "this list says how it was at {}, and one of {} was taken of the same source: nothing of it is used"
_LESS = "this list has {} beds and the last one of this source had {}: less than {} %, so half of it seems lost"
_NO_END = "this list does not end with a line end, as the last one of this source did: its end seems lost"
_STRETCH = 200  # beds that are closed in one commit
_NAMED_IN = 200  # rows of the ledger that are read in one statement


class Scope(msgspec.Struct):
    """What is known of one site or ward of a source: the last list's moment and size, and every bed ever listed."""

    at: int = 0
    count: int = 0
    beds: set[str] = set()


class Source(msgspec.Struct):
    """What is known of a source; `last` are the scopes of the last list, `ended`: it ended with a line end."""

    scopes: dict[str, Scope] = {}
    last: list[str] = []
    ended: bool = False


_DECODER = msgspec.msgpack.Decoder(Source)
_ENCODER = msgspec.msgpack.Encoder(order="sorted")


class Snapshot:
    """A table that lists everything, on its way in."""

    def __init__(self, survey: Survey, received: Received, to: Services) -> None:
        now = microseconds(received.received_at)
        self.survey = survey
        self.to = to
        self.at = counted(survey.latest, now) if survey.latest is not None else now
        self.received = replace(received, mapping=survey.mapping, event_time=moment(self.at))
        self.subject = f"snapshot/{received.provider}/{survey.mapping}"

    def open(self, caller: Caller) -> Answer:
        """Note that this table is on its way and what it lists. Nothing of it may be stored before.

        Raises Conflict when a newer one was, MappingFailed when too much of it is missing, Forbidden, Unavailable.
        """
        if not may_send(caller, self.received.provider):
            raise Forbidden("this caller may not send messages under this provider's name")

        def decide(sight: Sight) -> tuple[Batch, Sequence[Issue]]:
            seen = sight.current([], subjects=[self.subject], once=self.received.once)
            once.check(self.received, seen.answered)
            noted = seen.ledger[self.subject]
            source = _unpacked(noted.content)
            self._check(source)
            issues = self._reported(source, sight)
            self._add(source)
            kept = message(self.received, [], issues, self.to.keys)
            row = audit_row(caller, format_instant(self.to.clock()), (), kept, node=self.to.settings.node)
            packed = _ENCODER.encode(source)
            ledger = [] if packed == noted.content else [(self.subject, noted.revision + 1, packed)]
            return Batch(row, ledger=ledger, message=kept), issues

        try:
            return Answer([], self.to.store.write(decide), 0)
        except AnsweredBefore as before:
            self.to.store.audit(repeat_row(caller, self.to, self.received, before.row))
            return once.answer(before.kept)

    def unlisted(self) -> Iterator[list[str]]:
        """Yield the beds that are to be closed, a stretch at a time: known in its scopes, not listed, not closed."""
        if self.survey.setting.absent != "close":
            return
        with self.to.store.reading() as db:
            absent = self._absent(_unpacked(noted(db, [self.subject]).get(self.subject, b"")))
            open_ = [id_ for id_ in absent if id_ not in _closed(db, absent)] if absent else []
        for first in range(0, len(open_), _STRETCH):
            yield open_[first : first + _STRETCH]

    def _absent(self, source: Source) -> list[str]:
        listed = set().union(*self.survey.scopes.values())
        known = {id_ for key in self.survey.scopes for id_ in source.scopes.get(key, Scope()).beds}
        return sorted(known - listed)

    def _check(self, source: Source) -> None:
        newest = max((source.scopes[key].at for key in self.survey.scopes if key in source.scopes), default=0)
        if self.at < newest:
            raise Conflict([Issue("snapshot-older", _OLDER.format(self._said(self.at), self._said(newest)))])
        share = self.survey.setting.at_least
        before = sum(source.scopes[key].count for key in self.survey.scopes if key in source.scopes)
        if set(self.survey.scopes) <= set(source.last):  # a site that is missing altogether was perhaps cut off
            before = max(before, sum(source.scopes[key].count for key in source.last))
        if self.survey.count * 100 < before * share:
            text = _LESS.format(self.survey.count, before, share)
            raise MappingFailed([Issue("snapshot-incomplete", text)])
        if source.ended and not self.survey.ended:
            raise MappingFailed([Issue("snapshot-incomplete", _NO_END)])

    def _add(self, source: Source) -> None:
        for key, listed in self.survey.scopes.items():
            scope = source.scopes.setdefault(key, Scope())
            scope.at, scope.count, scope.beds = self.at, len(listed), scope.beds | listed
        source.last, source.ended = sorted(self.survey.scopes), self.survey.ended

    def _reported(self, source: Source, sight: Sight) -> list[Issue]:
        absent = self._absent(source) if self.survey.setting.absent == "report" else []
        return [bed_findings.only_reported(_labels(absent, sight))] if absent else []

    def _said(self, at: int) -> str:
        zone = ZoneInfo(self.to.library.provider(self.received.provider).timezone)
        return moment(at).astimezone(zone).isoformat(timespec="minutes")


def _labels(ids: Sequence[str], sight: Sight) -> dict[str, str]:
    """Return beds by the ids of their Locations, with the names that their source gives them."""
    found: dict[str, str] = {}
    for first in range(0, len(ids), _NAMED_IN):
        wanted = [Identity("Location", id_) for id_ in ids[first : first + _NAMED_IN]]
        for bed, current in sight.current(wanted).currents.items():
            found[bed.id] = bed_facts.label(decode(current.body) if current.body else None, bed.id)
    return found


def _unpacked(content: bytes) -> Source:
    return _DECODER.decode(content) if content else Source()


def _closed(db: Any, ids: Sequence[str]) -> set[str]:
    """Return which of these beds are closed already."""
    found: set[str] = set()
    for first in range(0, len(ids), _NAMED_IN):
        subjects = [f"bed/{id_}" for id_ in ids[first : first + _NAMED_IN]]
        rows = noted(db, subjects).items()
        found |= {subject.removeprefix("bed/") for subject, content in rows if beds.unpack(content).is_closed}
    return found
