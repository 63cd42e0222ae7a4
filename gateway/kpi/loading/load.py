"""Which facts an indicator is made of, read once for all indicators that are computed together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from gateway.kpi.compute.formulas import settled
from gateway.kpi.facts import HOUR, Department, Facts, Request, Span
from gateway.kpi.loading import happened, places, referrals, stopped
from gateway.kpi.loading.ages import by_table
from gateway.kpi.loading.directory import Directory
from gateway.kpi.loading.said import CARE_TYPE, code, extensions, many
from gateway.kpi.loading.telling import TYPES, Told, followed, told
from gateway.settings.ages import ages
from gateway.store.auditing import index
from gateway.store.auditing.finding import Condition, Wanted, walk
from gateway.store.quality import quality
from gateway.store.records import moment

if TYPE_CHECKING:
    from gateway.kpi.definitions import Definition
    from gateway.services import Services
    from gateway.store.interface import Database

T = TypeVar("T")
_DAY = 24 * HOUR
_LATE = 31 * _DAY
"""For so long after a period what is said of it late is still looked for where nothing else names it."""
_READS = 100_000
_A_YEAR = 366 * _DAY
_LOOKS = ("R", "E")  # actions of AuditEvent: reads and searches


class Loading:
    """Facts of a span as they were known at a moment, in one state of the store; what is read is kept for the next."""

    def __init__(self, db: Database, span: Span, known: int, to: Services) -> None:
        self._db, self._span, self._known, self._to = db, span, known, to
        self._directory = Directory(db, known)
        self._read: dict[Any, Any] = {}

    def facts(self, definition: Definition) -> Facts:
        """Return the facts that an indicator needs."""
        flaws: Counter[str] = Counter()
        found: dict[str, Any] = {}
        for need in definition.needs:
            found |= getattr(self, f"_{need}")(definition, flaws)
        return Facts(**found, flaws={name: number for name, number in flaws.items() if number})

    def senders(self) -> dict[str, str]:
        """Return the partner that sends as each provider, where there is one."""
        return {name: one.code for one in self._directory.partners for name in one.providers}

    def _until(self, definition: Definition) -> int:
        return min(settled(definition, self._span), self._known + 1)

    def _requests(self, definition: Definition, _: Counter[str]) -> dict[str, Any]:
        back = int(definition.parameters.get("back_days", 0)) * _DAY
        until = self._until(definition)
        return {"requests": self._requested(until, back)}

    def _requested(self, until: int, back: int) -> tuple[Request, ...]:
        span = self._span[0], until
        return self._once(
            ("requests", until, back), lambda: referrals.requests(self._directory, span, self._known, back)
        )

    def _told(self, types: tuple[str, ...], until: int) -> list[Told]:
        span = self._span[0], until
        return self._once(("told", types, until), lambda: told(self._directory, types, span, self._known))

    def _stops(self, definition: Definition, _: Counter[str]) -> dict[str, Any]:
        cares, statuses = set(definition.parameters["care"]), definition.parameters["statuses"]
        until = min(self._until(definition) + _LATE, self._known + 1)
        name = "followed", until, tuple(sorted(cares))
        every = self._once(name, lambda: followed(self._directory, cares, (self._span[0], until)))
        channels = [stopped.channel(one.id, one.versions, self._directory) for one in every if _is_of(one, cares)]
        end = self._until(definition)
        return {
            "stops": tuple(stop for one in channels for stop in stopped.stops(one, statuses, end)),
            "departments": tuple(self._named({one.place: stopped.department(one, self._span) for one in channels})),
        }

    def _named(self, every: dict[str, Department]) -> Iterator[Department]:
        """Yield departments with the names of their sites; where two have one name, with its place beside it."""
        names = {place: str(self._directory.resource("Location", place).get("name") or place) for place in every}
        times = Counter(names.values())
        for place, one in every.items():
            name = names[place]
            yield one._replace(name=name if times[name] == 1 else f"{name} ({place})")

    def _reported(self, _: Definition, flaws: Counter[str]) -> dict[str, Any]:
        until = min(self._span[1], self._known + 1)
        every = self._told(TYPES, until)
        counted, found = self._once(("reported",), lambda: self._counted(every, until))
        flaws.update(counted)
        return {"reported": found}

    def _counted(self, every: list[Told], until: int) -> tuple[Counter[str], Any]:
        flaws: Counter[str] = Counter()
        moments = by_table(ages(self._to.settings.freshness))
        return flaws, places.reported(self._directory, every, moments, until, flaws)

    def _reads(self, _: Definition, flaws: Counter[str]) -> dict[str, Any]:
        wanted = Wanted((Condition(index.ACTION, _LOOKS),), self._span[0], min(self._span[1], self._known + 1))
        rows = [content for _, content in islice(walk(self._db, wanted), _READS + 1)]
        flaws["reads-sampled"] += len(rows) > _READS
        every = self._told(TYPES, min(self._span[1], self._known + 1))
        found = happened.ages(happened.reads(rows[:_READS]), every)
        return {"ages": tuple(sorted(found))}

    def _expected(self, definition: Definition, _: Counter[str]) -> dict[str, Any]:
        until = min(self._span[1], self._known + 1)
        every = self._told(TYPES, until)
        kinds = definition.parameters["kinds"]
        return {"expected": tuple(places.expected(self._directory, every, kinds, self._span))}

    def _holds(self, definition: Definition, _: Counter[str]) -> dict[str, Any]:
        span = self._span[0], self._until(definition)
        return {"holds": tuple(happened.held(self._directory, span, self._known))}

    def _answers(self, definition: Definition, _: Counter[str]) -> dict[str, Any]:
        asked = definition.parameters["questionnaire"], definition.parameters["question"]
        requests = self._requested(self._until(definition), 0) if "requests" in definition.needs else ()
        by_id = {one.id: one for one in requests}
        found = happened.answers(self._directory, *asked, self._span, self._known, by_id)
        kinds = Counter(one.kind for one in self._directory.partners if not (one.disabled or one.test))
        return {"answers": tuple(found), "asked": dict(kinds)}

    def _tracks(self, definition: Definition, _: Counter[str]) -> dict[str, Any]:
        asked = definition.parameters["category"], definition.parameters["review"]
        return {"tracks": tuple(happened.tracks(self._directory, *asked, self._span, self._known, _A_YEAR))}

    def _probes(self, definition: Definition, _: Counter[str]) -> dict[str, Any]:
        return {
            "probes": tuple(happened.probes(self._directory, definition.parameters["code"], self._span, self._known))
        }

    def _messages(self, _: Definition, __: Counter[str]) -> dict[str, Any]:
        since, until = moment(self._span[0]), moment(min(self._span[1], self._known + 1))
        return {
            "messages": tuple(happened.messages(self._directory, quality(self._to.store, since=since, until=until)))
        }

    def _once(self, name: Any, read: Callable[[], T]) -> T:
        if name not in self._read:
            self._read[name] = read()
        found: T = self._read[name]
        return found


def _is_of(one: Told, cares: set[str]) -> bool:
    """Return whether something is a department of some kinds of care, or tells that one of those has a stop."""
    last = one.last
    kinds = [found for concept in many(last, "type") if (found := code(concept, CARE_TYPE))]
    if last.get("resourceType") == "HealthcareService":
        return bool(cares & set(kinds))
    stops = any(any(extensions(version.resource, "capacity-stop")) for version in one.versions)
    return stops and (not kinds or bool(cares & set(kinds)))
