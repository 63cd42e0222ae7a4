"""Extracts of the audit: for a patient who looked at what is about it, for an officer what an organisation did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.access.policy import Caller
from gateway.errors import ResourceNotFound
from gateway.fhir.json import decode
from gateway.fhir.search import parse
from gateway.query import search
from gateway.query.audit import note
from gateway.query.auditlog.whose import as_told_of
from gateway.store import audited
from gateway.store.auditing import finding, index
from gateway.store.auditing.finding import Condition, Wanted
from gateway.store.auditing.index import Name
from gateway.store.records import microseconds

if TYPE_CHECKING:
    from gateway.services import Services
    from gateway.store.audited import Row

_BSN = "http://fhir.nl/fhir/NamingSystem/bsn"


@dataclass(frozen=True, slots=True)
class Extract:
    """What is extracted: of which patients, by which partner, from when until before when; '' and None: of all."""

    patients: frozenset[str] = frozenset()
    partner: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def wanted(self) -> Wanted:
        """Return it as conditions on the index."""
        found = [Condition(index.PATIENT, tuple(sorted(self.patients)))] if self.patients else []
        found += [Condition(index.AGENT, (self.partner,))] if self.partner else []
        wanted = Wanted(tuple(found))
        if self.since:
            wanted = wanted._replace(since=microseconds(self.since))
        return wanted._replace(until=microseconds(self.until)) if self.until else wanted

    @property
    def parameters(self) -> list[str]:
        """Return the names of what is said."""
        said = {"patient": self.patients, "agent": self.partner, "since": self.since, "until": self.until}
        return [name for name, value in said.items() if value]


def extracted(extract: Extract, caller: Caller, to: Services) -> Iterator[tuple[Name, Row]]:
    """Yield the rows, the newest first, in constant memory; that it is done stands in the audit before. Unavailable.

    A patient is told nothing of other patients that an access was about too.
    """
    about: dict[str, Sequence[str]] = {"patients": sorted(extract.patients)} if extract.patients else {}
    note(to, caller, "audit-extract", [], extract.parameters, about=about)
    index.catch_up(to.store)
    with to.store.reading() as db:
        for place, content in finding.walk(db, extract.wanted):
            row = audited.read(content)
            if row is not None:
                told = as_told_of(extract.patients, row, to.store) if extract.patients else row
                yield place.name, told


def patients_of(bsn: str, caller: Caller, to: Services) -> frozenset[str]:
    """Return the ids of the patients that have a BSN now. Raises ResourceNotFound when there is none."""
    asked = parse("Patient", [("identifier", f"{_BSN}|{bsn}")])
    found = decode(search(asked, caller, to, base=to.settings.base_url))
    ids = frozenset(one["resource"]["id"] for one in found.get("entry", ()) if one["search"]["mode"] == "match")
    if not ids:
        raise ResourceNotFound("there is no patient with this number: one that is not here any more is named by its id")
    return ids
