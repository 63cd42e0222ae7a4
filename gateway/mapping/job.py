"""One message, mapped: the plain program runs, and the traced one over the same message where there is something to
tell.
"""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from gateway.errors import Issue, MappingFailed
from gateway.fhir.datetime import format_instant
from gateway.fhir.types import Resource
from gateway.fhirpath import FhirPathError
from gateway.mapping import ir
from gateway.mapping.contradiction import holds
from gateway.mapping.fields import counted
from gateway.mapping.findings import Finding, Language, say
from gateway.mapping.library import Library
from gateway.mapping.mapped import Mapped, Untraced
from gateway.mapping.overlays import Overlay
from gateway.mapping.trace import Trace
from gateway.mapping.tracer import WRONG_SHAPE, Tracer

UNTRACED = Untraced()
MEETS = (Finding, FhirPathError, *WRONG_SHAPE)
"""What a plain program meets when there is something to tell."""


# Segments of HL7 v2 about the patient and who is about him; of what stands in them nothing is told.
_OF_PATIENT = re.compile(r"(?:PID|PD1|NK1|MRG|AL1|DG1|PR1|OBX|NTE|IN[123]|GT1|ACC|ROL|PRD|RF1|AI[SP]|ZBE)\b")


def _without_patient(issue: Issue) -> Issue:
    """Return a finding of who shares capacity alone: what stands in fields about the patient is not in it."""
    places = [place.path for place in (issue.place, *issue.others) if place is not None]
    is_private = issue.value is not None and any(_OF_PATIENT.match(path) for path in places)
    return replace(issue, value=None) if is_private else issue


class Job:
    """What holds for all messages of one call, and how one of them is mapped."""

    def __init__(
        self,
        library: Library,
        overlay: Overlay,
        received_at: datetime,
        *,
        trace: bool = True,
        language: Language = "en",
    ) -> None:
        self.library = library
        self.overlay = overlay
        self.received_at = format_instant(received_at)
        self.trace = trace
        self.language = language

    def segments(self, mapping: ir.Mapping, message: Any) -> Mapped:
        """Return what a message of segments becomes. Raises MappingFailed, which knows the mapping and the fields."""
        out: dict[str, Resource] = {}
        issues: list[Issue] = []
        try:
            if mapping.each is None:
                self._one(mapping, message, (), out, issues)
            else:
                for part in message.all(mapping.each):
                    self._part(mapping, message, part, out, issues)
        except MappingFailed as error:
            error.mapping = mapping.name
            error.fields = counted(message, self.library.mentioned(mapping), error.issues)
            raise
        return self._mapped(mapping, message, out, issues)

    def _one(
        self, mapping: ir.Mapping, source: Any, extra: tuple[Any, ...], out: dict[str, Resource], issues: list[Issue]
    ) -> None:
        """Map a message into `out`. Raises MappingFailed with every issue of it."""
        program = self.library.program(mapping, self.overlay)
        try:
            program.run(source, self.received_at, source.control_id, out, *extra)
        except MEETS as met:
            out.clear()
            tracer = self.traced(mapping, source, extra, out)
            if not tracer.issues:
                raise met from None
            issues += tracer.issues
            if tracer.failed:
                raise MappingFailed([*source.issues, *issues]) from None

    def _part(
        self, mapping: ir.Mapping, message: Any, part: Any, out: dict[str, Resource], issues: list[Issue]
    ) -> None:
        """Map one segment of a message that is mapped segment by segment; a broken one is set apart."""
        own: dict[str, Resource] = {}
        found: list[Issue] = []
        try:
            self._one(mapping, message, (part,), own, found)
        except MappingFailed:
            if mapping.policy == "fail":
                raise
            issues += [*found, self.quarantined(part.place())]
            return
        issues += found
        self.join(own, out, issues, part)

    def traced(self, mapping: ir.Mapping, source: Any, extra: tuple[Any, ...], out: dict[str, Resource]) -> Tracer:
        """Return the tracer of a second, traced run over a source, its resources in `out`."""
        program = self.library.program(mapping, self.overlay, traced=True)
        tracer: Tracer = (program.tracer or Tracer)(program.rules, mapping.policy, self.language)
        tracer.document = source
        program.run(source, self.received_at, getattr(source, "control_id", None), tracer, out, *extra)
        if self.overlay.share == "capacity":
            tracer.issues = [_without_patient(issue) for issue in tracer.issues]
        return tracer

    def _mapped(self, mapping: ir.Mapping, message: Any, out: dict[str, Resource], issues: list[Issue]) -> Mapped:
        if not out and not issues:
            issues = [self.nothing(mapping)]
        trace = Trace(self.again, mapping, message) if self.trace else UNTRACED
        resources = [(resource, "PUT", url) for url, resource in out.items()]
        return Mapped(
            mapping.name, mapping.version, resources, issues, message, trace, message.control_id, self.overlay.timezone,
            mentioned=self.library.mentioned(mapping),
        )  # fmt: skip

    def nothing(self, mapping: ir.Mapping) -> Issue:
        """Return the finding on a message, or on rows, of which nothing is made."""
        return Issue("nothing-made", say("nothing", self.language), "information", rule=str(mapping.span))

    def again(self, mapping: ir.Mapping, source: Any) -> list[tuple[Tracer, dict[str, Resource]]]:
        """Return the traced runs over a message (segment by segment, where it is mapped so) or over some rows."""
        if isinstance(source, list):
            runs: list[tuple[Any, tuple[Any, ...]]] = [(record, ()) for record in source]
        else:
            runs = [(source, (part,)) for part in source.all(mapping.each)] if mapping.each else [(source, ())]
        made = []
        for one, extra in runs:
            own: dict[str, Resource] = {}
            tracer = self.traced(mapping, one, extra, own)
            made.append((tracer, {} if tracer.failed else own))
        return made

    def quarantined(self, place: Any) -> Issue:
        """Return the finding on a row or segment that is set apart."""
        return Issue("row-quarantined", say("quarantined", self.language), "error", place=place)

    def join(self, own: dict[str, Resource], out: dict[str, Resource], issues: list[Issue], part: Any) -> None:
        """Add what a part made to what the parts before it made; one of two that contradict each other is left out."""
        for url, resource in own.items():
            before = out.get(url)
            if before is not None and before is not resource and before != resource:
                break
        else:
            out |= own
            return
        held = holds(own, out)
        for url, resource in own.items():
            before = out.get(url)
            if before is not None and before != resource:
                text = say("duplicate" if held else "outdone", self.language)
                issues.append(Issue("duplicate-resource", text, "warning", resource["resourceType"], part.place()))
            if held or before is None:
                out[url] = resource
