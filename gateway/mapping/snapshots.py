"""A table that lists every bed of its source: what it lists, for which moment, and whether it is whole.

The provider's overlay says which of its tables do (`snapshot`). Such a table is looked through before anything of it is
stored, so that half a table can be refused whole.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from gateway.errors import Issue, MappingFailed, Place
from gateway.fhir.datetime import read
from gateway.fhir.types import Resource
from gateway.mapping.library import Library
from gateway.mapping.mapped import Mapped
from gateway.mapping.overlays import Snapshots
from gateway.mapping.run import run

_MEASURED_AT = "https://msb-gateway.example/fhir/StructureDefinition/capacity-measured-at"
_LEVELS = {"everything": 0, "site": 1, "ward": 2}
_DIGITS = re.compile(rb"\d+")
_CUT = "the file breaks off in its last line: nothing of it is used"
_NO_TOTAL = "the file does not end with its total, so its end was lost: nothing of it is used"
_OTHER_TOTAL = "the total at the end is not the number of beds above it ({}): nothing of the file is used"


@dataclass(slots=True)
class Survey:
    """What a table lists: of each scope the ids of its beds' Locations, the newest moment, and rows set apart."""

    mapping: str
    setting: Snapshots
    ended: bool
    scopes: dict[str, set[str]] = field(default_factory=dict)
    latest: int | None = None
    apart: int = 0
    last: Place | None = None  # of the last row that was set apart
    total: Place | None = None  # of the last total

    @property
    def count(self) -> int:
        """Return how many beds it lists."""
        return sum(map(len, self.scopes.values()))

    def add(self, mapped: Mapped) -> None:
        """Add what some rows became."""
        for resource, _, _ in mapped.resources:
            if resource["resourceType"] == "Location" and "operationalStatus" in resource:
                self._list(resource)
        self._note(mapped.found)

    def _list(self, bed: Resource) -> None:
        path = next((str(one.get("value")) for one in bed.get("identifier", ())), "")
        scope = "/".join(path.split("/")[: _LEVELS[self.setting.scope]])
        self.scopes.setdefault(scope, set()).add(bed["id"])
        said = (e.get("valueDateTime") for e in bed.get("extension", ()) if e.get("url") == _MEASURED_AT)
        moment = read(str(next(said, "")))
        if moment is not None and (self.latest is None or moment.low > self.latest):
            self.latest = moment.low

    def _note(self, issues: Iterable[Issue]) -> None:
        for issue in issues:
            if issue.code == "row-quarantined":
                self.apart, self.last = self.apart + 1, issue.place
            elif issue.code == "row-skipped" and issue.diagnostics.endswith("it is a total"):
                self.total = issue.place

    def check(self, data: bytes) -> None:
        """Raise MappingFailed when the end of the table was lost, as far as the table itself tells."""
        lines = data.splitlines() or [b""]
        while len(lines) > 1 and not lines[-1].strip():
            lines.pop()
        if not self.ended and self.last is not None and (self.last.line or 0) >= len(lines):
            raise MappingFailed([Issue("snapshot-incomplete", _CUT, place=self.last)])
        if self.setting.total:
            self._check_total(lines)

    def _check_total(self, lines: list[bytes]) -> None:
        if self.total is None or (self.total.line or 0) < len(lines):
            raise MappingFailed([Issue("snapshot-incomplete", _NO_TOTAL)])
        said = {int(digits) for digits in _DIGITS.findall(lines[-1])}
        if not said & {self.count, self.count + self.apart}:
            raise MappingFailed([Issue("snapshot-incomplete", _OTHER_TOTAL.format(self.count), place=self.total)])


def survey(library: Library, data: bytes, *, provider: str, received_at: datetime) -> Survey | None:
    """Return what a table lists, None when the provider does not say that it lists everything.

    Raises MalformedMessage and UnsupportedMessage as `run` does, and MappingFailed when the end of it was lost.
    """
    settings = library.provider(provider).snapshots
    if not settings:
        return None
    found: Survey | None = None
    for mapped in run(library, data, provider=provider, content_type="text/csv", received_at=received_at, trace=False):
        if mapped.mapping not in settings:
            return None
        if found is None:
            found = Survey(mapped.mapping, settings[mapped.mapping], data.endswith((b"\n", b"\r")))
        found.add(mapped)
    if found is not None:
        found.check(data)
    return found
