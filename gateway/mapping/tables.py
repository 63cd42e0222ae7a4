"""The rows of a table, mapped a chunk at a time."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from gateway.errors import Issue, MappingFailed
from gateway.fhir.types import Resource
from gateway.formats import delimited
from gateway.mapping import ir
from gateway.mapping.contradiction import Said
from gateway.mapping.findings import say
from gateway.mapping.job import MEETS, UNTRACED, Job
from gateway.mapping.mapped import Mapped
from gateway.mapping.memory import MOST, Memory
from gateway.mapping.trace import Trace

CHUNK = 200
"""So many rows of a table become one Mapped, and so one transaction."""


class Rows:
    """How the rows of one table are mapped."""

    def __init__(self, job: Job, mapping: ir.Mapping) -> None:
        self.job = job
        self.mapping = mapping

    def chunks(self, table: delimited.Table) -> Iterator[Mapped]:
        """Yield what the rows become, a chunk at a time. Raises MappingFailed when the mapping fails as a whole."""
        rows, told, said = iter(table), 0, Said()
        size = CHUNK if self.mapping.policy != "fail" else None
        memory = Memory(None if size else MOST)
        first = True
        while records := list(islice(rows, size)):
            first = False
            mapped = self._chunk(records, said, memory)
            above = table.issues[told:]
            mapped.found = [*above, *mapped.found]
            if len(records) > 1 and self.mapping.policy != "fail":
                mapped.apart = partial(self._apart, records, above, said)
            told = len(table.issues)
            yield mapped
        if first or told < len(table.issues):
            found = table.issues[told:] or [self.job.nothing(self.mapping)]
            yield Mapped(self.mapping.name, self.mapping.version, [], found, [], UNTRACED)

    def _apart(self, records: list[Any], above: list[Issue], said: Said) -> Iterator[Mapped]:
        """Yield what each row becomes by itself; the findings on the table go with the first."""
        for record in records:
            mapped = self._chunk([record], said, Memory())
            mapped.found, above = [*above, *mapped.found], []
            yield mapped

    def _chunk(self, records: list[Any], said: Said, memory: Memory) -> Mapped:
        """Return what some rows of a table become; `said` is what the rows above them said of the same places."""
        memory.forget()
        run = self.job.library.program(self.mapping, self.job.overlay).of_rows(self.job.received_at, memory.remembered)
        out: dict[str, Resource] = {}
        issues: list[Issue] = []
        taken: list[Any] = []
        traced: list[Any] = []
        for record in records:
            own = self._row(run, record, issues)
            if own is None:
                continue
            taken.append(record)
            if said.outdoes(own):
                text = say("outdone", self.job.language)
                issues.append(Issue("duplicate-resource", text, "warning", "Slot", record.place()))
                continue
            traced.append(record)
            self.job.join(own, out, issues, record)
        if self.mapping.policy == "fail" and len(taken) < len(records):
            raise MappingFailed(issues)
        said.add(out)
        resources = [(resource, "PUT", url) for url, resource in out.items()]
        trace = Trace(self.job.again, self.mapping, traced) if self.job.trace else UNTRACED
        return Mapped(
            self.mapping.name, self.mapping.version, resources, issues, records, trace, rows=len(taken),
            mentioned=self.job.library.mentioned(self.mapping),
        )  # fmt: skip

    def _row(self, run: Callable[..., Any], record: Any, issues: list[Issue]) -> dict[str, Resource] | None:
        """Return what one row becomes, by url; None when it is set apart."""
        own: dict[str, Resource] = {}
        failed = bool(record.issues) and any(issue.severity in {"error", "fatal"} for issue in record.issues)
        issues += record.issues
        try:
            run(record, own)
        except MEETS as met:
            own.clear()
            tracer = self.job.traced(self.mapping, record, (), own)
            if not tracer.issues:
                raise met from None
            issues += tracer.issues
            failed = failed or tracer.failed
        if failed:
            issues.append(self.job.quarantined(record.place()))
            return None
        return own
