"""What else was recorded: holds of places, answers to questions, tracks of extra care, probes of the service, reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gateway.fhir.datetime import read
from gateway.fhir.json import decode
from gateway.fhir.types import Resource
from gateway.kpi.facts import Answer, Arrived, Held, Probe, Request, Span, Track
from gateway.kpi.loading import said
from gateway.kpi.loading.directory import Directory
from gateway.kpi.loading.referrals import Version, histories
from gateway.kpi.loading.telling import Told
from gateway.store import audited
from gateway.store.during import Kept, during, keys_by_date, keys_by_reference, keys_during, versions
from gateway.store.quality import Quality
from gateway.transact import holds

_ERROR = "entered-in-error"
_LONGEST_HOLD = 8 * 24 * 3_600_000_000
_SLOT_HOLD = b"/StructureDefinition/slot-hold"
_CAPACITY = frozenset({"Slot", "HealthcareService", "Location", "MeasureReport"})
_READS = frozenset({"read", "vread", "search"})


def held(directory: Directory, span: Span, known: int) -> Iterator[Held]:
    """Yield the holds of places that were there in a span: from when each was made until it ended, and how."""
    came = during(directory.db, "Slot", span[0], min(span[1], known + 1))
    touched = {one.key for one in came if _SLOT_HOLD in one.body}
    every = versions(directory.db, touched, known, span[0] - _LONGEST_HOLD)
    present: dict[int, Held] = {}
    for kept in every:
        yield from _of(kept, present, directory)
    yield from (present[key] for key in sorted(present))


def _of(kept: Kept, present: dict[int, Held], directory: Directory) -> Iterator[Held]:
    slot: Resource = decode(kept.body) if kept.body and not kept.late else {}
    if kept.late:
        return
    before, ended, live = present.pop(kept.key, None), holds.ended(slot), holds.live(slot)
    if before is not None and live is not None and (live.by, live.request) == (before.by, before.request) and not ended:
        present[kept.key] = before
        return
    if before is not None:
        how, end = (ended.ended, ended.ended_at) if ended else ("overruled", kept.at)
        yield before._replace(end=end or kept.at, how=how)
    if live is not None:
        partner = directory.partners.by_ura(live.by)
        region = next(iter(partner.regions), "") if partner else ""
        present[kept.key] = Held(f"Slot/{kept.id}", kept.at, None, by=live.by, region=region, request=live.request)


def answers(
    directory: Directory, questionnaire: str, question: str, span: Span, known: int, requests: Mapping[str, Request]
) -> Iterator[Answer]:
    """Yield what was answered to one question in a span; an answer that was amended counts as it was last."""
    db = directory.db
    keys = {
        *keys_by_date(db, "QuestionnaireResponse", "authored", *span),
        *keys_during(db, "QuestionnaireResponse", *span),
    }
    for _, every in histories(db, keys, known):
        came, last = every[0].at, every[-1].resource
        is_it = str(last.get("questionnaire", "")).partition("|")[0] == questionnaire
        if not is_it or last.get("status") not in {"completed", "amended"}:
            continue
        mark, authored = _mark(last, question), said.at(last.get("authored"))
        who = directory.who(last.get("author") or last.get("source"))
        request = next(iter(said.targets(last.get("basedOn"), "ServiceRequest")), "")
        region = requests[request].region if request in requests else who.region
        if mark is not None:
            yield Answer(came if authored is None else min(authored, came), mark, request or who.code, who.kind, region)


def _mark(of: Resource, question: str) -> float | None:
    for item in said.many(of, "item"):
        if item.get("linkId") == question:
            return next((said.number(said.value(one)) for one in said.many(item, "answer")), None)
        if (found := _mark(item, question)) is not None:
            return found
    return None


def tracks(directory: Directory, category: str, review: str, span: Span, known: int, back: int) -> Iterator[Track]:
    """Yield tracks that may have run in a span: those that were authored in it or `back` before it."""
    db = directory.db
    since = span[0] - back
    keys = {
        *keys_by_date(db, "ServiceRequest", "authored", since, span[1]),
        *keys_during(db, "ServiceRequest", since, span[1]),
    }
    told = {
        id_: every
        for id_, every in histories(db, keys, known)
        if said.is_a(every[-1].resource.get("category"), category)
    }
    reviews = _reviews(directory, told, review, known)
    for id_, every in told.items():
        last = every[-1].resource
        if last.get("status") in {_ERROR, "draft"}:
            continue
        period = last.get("occurrencePeriod") or {}
        start = said.at(period.get("start")) or said.at(last.get("authoredOn")) or every[0].at
        closed = next((one.at for one in every if one.resource.get("status") in {"completed", "revoked"}), None)
        end = _end_of(period) if closed is not None and "end" in period else closed
        who = directory.who(last.get("requester"))
        due, reviewed = reviews.get(id_, (None, None))
        network = str((last.get("requisition") or {}).get("value", "")) or who.network
        yield Track(id_, network, start, end, due, reviewed, who.region, who.code)


def _reviews(
    directory: Directory, told: Mapping[str, list[Version]], review: str, known: int
) -> dict[str, tuple[int | None, int | None]]:
    """Return when the review of each track was due, and when it was done."""
    found: dict[str, tuple[int | None, int | None]] = {}
    keys = keys_by_reference(directory.db, "Task", "focus", "ServiceRequest", told)
    for _, every in histories(directory.db, keys, known):
        last = every[-1].resource
        if said.is_a(last.get("code"), review) and last.get("status") != _ERROR:
            due = _end_of((last.get("restriction") or {}).get("period") or last.get("executionPeriod") or {})
            done = next((one for one in every if one.resource.get("status") == "completed"), None)
            modified = said.at(done.resource.get("lastModified")) if done else None
            when = None if done is None else done.at if modified is None else min(modified, done.at)
            found[said.target(last.get("focus"), "ServiceRequest")] = due, when
    return found


def _end_of(period: Resource) -> int | None:
    found = read(str(period["end"])) if "end" in period else None
    return found.high if found else None


def probes(directory: Directory, code: str, span: Span, known: int) -> Iterator[Probe]:
    """Yield the probes of the service that were made in a span, whenever they were told."""
    db = directory.db
    keys = {*keys_by_date(db, "Observation", "date", *span)}
    for _, every in histories(db, keys, known):
        last = every[-1].resource
        at = said.at(last.get("effectiveInstant") or last.get("effectiveDateTime"))
        if at is not None and said.is_a(last.get("code"), code) and last.get("status") in {"final", "amended"}:
            took = (
                (said.code(one.get("code")), said.number((one.get("valueQuantity") or {}).get("value")))
                for one in said.many(last, "component")
            )
            yield Probe(at, tuple(sorted(took)))


def messages(directory: Directory, every: Iterable[Quality]) -> Iterator[Arrived]:
    """Yield how well messages arrived, by provider and format."""
    for one in every:
        region = directory.provider(one.provider).region
        yield Arrived(one.provider, one.format, one.messages, one.right, one.fields_wanted, one.fields_right, region)


class Read(NamedTuple):
    """That capacity was read at a moment."""

    at: int
    type: str
    id: str


def reads(rows: Iterable[bytes]) -> Iterator[Read]:
    """Yield the reads of capacity that rows of the audit tell of."""
    for content in rows:
        row = audited.read(content)
        at = said.at(row.at) if row else None
        if row is None or at is None or row.action not in _READS:
            continue
        for entity in row.entities:
            type_, _, id_ = entity.partition("/_history/")[0].partition("/")
            if type_ in _CAPACITY and id_:
                yield Read(at, type_, id_)


def ages(every: Iterable[Read], told: Iterable[Told]) -> Iterator[int]:
    """Yield how old what was read was, by the moment that its source gave; of a clock that is ahead that is 0."""
    shown = {(one.type, one.id): [version for version in one.versions if not version.late] for one in told}
    for one in every:
        present = next(
            (version for version in reversed(shown.get((one.type, one.id), ())) if version.at <= one.at), None
        )
        measured = said.at(said.extension(present.resource, "capacity-measured-at")) if present else None
        if measured is not None:
            yield max(0, one.at - measured)
