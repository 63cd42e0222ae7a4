"""From bytes to resources: read the format, find the mapping, run it, and say everything that was found.

Read this module first. The plain program runs; the moment it meets anything it would have to report,
the traced program runs over the same message and reports all of it.
"""

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from io import BytesIO
from itertools import islice
from typing import Any, BinaryIO, Generic, TypeVar

from gateway.errors import Issue, MappingFailed, UnsupportedMessage
from gateway.fhir.datetime import format_instant
from gateway.fhir.types import Resource
from gateway.fhir.xml import looks_like_xml
from gateway.fhirpath import FhirPathError
from gateway.formats import delimited, edifact, fhirjson, fhirxml, hl7v2, jsontree, xmltree
from gateway.formats.detect import detect
from gateway.mapping import ir
from gateway.mapping.contradiction import Said, holds
from gateway.mapping.fields import counted
from gateway.mapping.findings import Finding, Language, say
from gateway.mapping.layouts import layout_of
from gateway.mapping.library import Library
from gateway.mapping.mapped import Mapped, Untraced
from gateway.mapping.memory import MOST, Memory
from gateway.mapping.overlays import Overlay
from gateway.mapping.passing import Reshaped, Tree, as_it_came
from gateway.mapping.trace import Trace
from gateway.mapping.tracer import WRONG_SHAPE, Tracer
from gateway.mapping.tree_selection import Accepting, Document, describe

CHUNK = 200
"""So many rows of a table become one Mapped, and so one transaction."""

T = TypeVar("T")
_UNTRACED = Untraced()
_MEETS = (Finding, FhirPathError, *WRONG_SHAPE)


def run(  # noqa: PLR0913 - each is said by name, and most are left out
    library: Library,
    data: bytes,
    *,
    provider: str = "dev",
    content_type: str | None = None,
    received_at: datetime,
    trace: bool = True,
    language: Language = "en",
    line: int = 1,
    of_array: bool = False,
) -> Iterator[Mapped]:
    """Return an iterator of one Mapped for each message, or for each chunk of rows of a table.

    `line` is where `data` begins in what came in, for one line of NDJSON; `of_array`: it came in an array of messages.

    A step of it raises MalformedMessage, UnsupportedMessage or MappingFailed (with all issues) when that one message
    cannot be taken; the next step goes on with the next message. The same arguments give the same bytes.
    """
    job = Job(library, library.provider(provider), received_at, trace=trace, language=language)
    format_ = detect(data, content_type)
    if format_ == "hl7v2":
        return Each(hl7v2.split(data), job.message)
    if format_ == "edifact":
        return Each(edifact.split(data, fallback_charset=job.overlay.charset), job.edifact)
    if format_ == "csv":
        return job.table(BytesIO(data))
    if format_ in {"json", "ndjson"}:
        parts = json_messages(library, data, ndjson=format_ == "ndjson", line=line, of_array=of_array)
        return Each(parts, job.json)
    return iter([job.xml(data) if format_ == "xml" else job.fhir(data)])


def json_messages(
    library: Library, data: bytes, *, ndjson: bool, line: int = 1, of_array: bool = False
) -> Iterator[jsontree.Part]:
    """Yield each message in JSON or NDJSON, the items of an array where some mapping takes arrays.

    Raises MalformedMessage, or UnsupportedMessage for an array that no mapping takes.
    """
    whole = jsontree.Part(data, line, 0, of_array=of_array)
    if ndjson:
        yield from jsontree.lines(BytesIO(data), line=line)
    elif data.removeprefix(BOM_UTF8).lstrip()[:1] != b"[":
        yield whole
    elif library.selection.trees.takes_arrays:
        yield from jsontree.items(whole.document())
    else:
        raise UnsupportedMessage(f"no mapping accepts {describe(whole.document())}")


def run_lines(
    library: Library, stream: BinaryIO, *, provider: str = "dev", received_at: datetime, language: Language = "en"
) -> Iterator[Mapped]:
    """Return an iterator of one Mapped for each line of NDJSON, as `run` does; the stream is read line by line."""
    job = Job(library, library.provider(provider), received_at, language=language)
    return Each(jsontree.lines(stream), job.json)


class Each(Iterator[Mapped], Generic[T]):
    """An iterator that outlives the refusal of one of its messages."""

    def __init__(self, messages: Iterator[T], take: Callable[[T], Mapped]) -> None:
        self.messages = messages
        self.take = take

    def __next__(self) -> Mapped:
        return self.take(next(self.messages))


class Job:
    """What holds for all messages of one call."""

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

    # ---- HL7 v2

    def message(self, data: bytes) -> Mapped:
        """Return what one HL7 v2 message becomes. Raises MalformedMessage, UnsupportedMessage or MappingFailed."""
        message = hl7v2.parse(data, fallback_charset=self.overlay.charset)
        return self._segments(self.library.selection.message(message), message)

    # ---- EDIFACT

    def edifact(self, data: bytes) -> Mapped:
        """Return what one EDIFACT message becomes. Raises MalformedMessage, UnsupportedMessage or MappingFailed."""
        message = edifact.parse(data, fallback_charset=self.overlay.charset)
        return self._segments(self.library.selection.edifact(message), message)

    # ---- messages of segments, whichever format

    def _segments(self, mapping: ir.Mapping, message: Any) -> Mapped:
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
        except _MEETS as met:
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
            issues += [*found, self._quarantined(part.place())]
            return
        issues += found
        self._join(own, out, issues, part)

    def traced(self, mapping: ir.Mapping, source: Any, extra: tuple[Any, ...], out: dict[str, Resource]) -> Tracer:
        """Return the tracer of a second, traced run over a source, its resources in `out`."""
        program = self.library.program(mapping, self.overlay, traced=True)
        tracer: Tracer = (program.tracer or Tracer)(program.rules, mapping.policy, self.language)
        tracer.document = source
        program.run(source, self.received_at, getattr(source, "control_id", None), tracer, out, *extra)
        return tracer

    def _mapped(self, mapping: ir.Mapping, message: Any, out: dict[str, Resource], issues: list[Issue]) -> Mapped:
        if not out and not issues:
            issues = [self._nothing(mapping)]
        trace = Trace(self._again, mapping, message) if self.trace else _UNTRACED
        resources = [(resource, "PUT", url) for url, resource in out.items()]
        return Mapped(
            mapping.name, mapping.version, resources, issues, message, trace, message.control_id, self.overlay.timezone,
            mentioned=self.library.mentioned(mapping),
        )  # fmt: skip

    def _nothing(self, mapping: ir.Mapping) -> Issue:
        return Issue("nothing-made", say("nothing", self.language), "information", rule=str(mapping.span))

    def _again(self, mapping: ir.Mapping, source: Any) -> list[tuple[Tracer, dict[str, Resource]]]:
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

    # ---- delimited text

    def table(self, stream: BinaryIO) -> Iterator[Mapped]:
        """Yield what the rows of a table become, a chunk at a time. Raises MalformedMessage or UnsupportedMessage."""
        start = stream.tell()
        mapping = self.library.selection.table(
            delimited.read(stream, delimited.Layout(fallback_charset=self.overlay.charset)).columns
        )
        stream.seek(start)
        table = delimited.read(stream, layout_of(mapping, self.overlay))
        return self._chunks(mapping, table)

    def _chunks(self, mapping: ir.Mapping, table: delimited.Table) -> Iterator[Mapped]:
        rows, told, said = iter(table), 0, Said()
        size = CHUNK if mapping.policy != "fail" else None
        memory = Memory(None if size else MOST)
        first = True
        while records := list(islice(rows, size)):
            first = False
            mapped = self._chunk(mapping, records, said, memory)
            above = table.issues[told:]
            mapped.found = [*above, *mapped.found]
            if len(records) > 1 and mapping.policy != "fail":
                mapped.apart = partial(self._apart, mapping, records, above, said)
            told = len(table.issues)
            yield mapped
        if first or told < len(table.issues):
            yield Mapped(
                mapping.name,
                mapping.version,
                [],
                table.issues[told:] or [self._nothing(mapping)],
                [],
                _UNTRACED,
            )

    def _apart(self, mapping: ir.Mapping, records: list[Any], above: list[Issue], said: Said) -> Iterator[Mapped]:
        """Yield what each row becomes by itself; the findings on the table go with the first."""
        for record in records:
            mapped = self._chunk(mapping, [record], said, Memory())
            mapped.found, above = [*above, *mapped.found], []
            yield mapped

    def _chunk(self, mapping: ir.Mapping, records: list[Any], said: Said, memory: Memory) -> Mapped:
        """Return what some rows of a table become; `said` is what the rows above them said of the same places."""
        memory.forget()
        run = self.library.program(mapping, self.overlay).of_rows(self.received_at, memory.remembered)
        out: dict[str, Resource] = {}
        issues: list[Issue] = []
        taken: list[Any] = []
        traced: list[Any] = []
        for record in records:
            own = self._row(mapping, run, record, issues)
            if own is None:
                continue
            taken.append(record)
            if said.outdoes(own):
                text = say("outdone", self.language)
                issues.append(Issue("duplicate-resource", text, "warning", "Slot", record.place()))
                continue
            traced.append(record)
            self._join(own, out, issues, record)
        if mapping.policy == "fail" and len(taken) < len(records):
            raise MappingFailed(issues)
        said.add(out)
        resources = [(resource, "PUT", url) for url, resource in out.items()]
        trace = Trace(self._again, mapping, traced) if self.trace else _UNTRACED
        mentioned = self.library.mentioned(mapping)
        return Mapped(
            mapping.name, mapping.version, resources, issues, records, trace, rows=len(taken), mentioned=mentioned
        )

    def _row(
        self, mapping: ir.Mapping, run: Callable[..., Any], record: Any, issues: list[Issue]
    ) -> dict[str, Resource] | None:
        """Return what one row becomes, by url; None when it is set apart."""
        own: dict[str, Resource] = {}
        failed = bool(record.issues) and any(issue.severity in {"error", "fatal"} for issue in record.issues)
        issues += record.issues
        try:
            run(record, own)
        except _MEETS as met:
            own.clear()
            tracer = self.traced(mapping, record, (), own)
            if not tracer.issues:
                raise met from None
            issues += tracer.issues
            failed = failed or tracer.failed
        if failed:
            issues.append(self._quarantined(record.place()))
            return None
        return own

    def _quarantined(self, place: Any) -> Issue:
        return Issue("row-quarantined", say("quarantined", self.language), "error", place=place)

    def _join(self, own: dict[str, Resource], out: dict[str, Resource], issues: list[Issue], part: Any) -> None:
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

    # ---- JSON and XML

    def json(self, part: jsontree.Part) -> Mapped:
        """Return what one JSON message becomes. Raises MalformedMessage, UnsupportedMessage or MappingFailed."""
        document = part.document()
        if isinstance(document.root, dict) and isinstance(document.root.get("resourceType"), str):
            return self._fhir(fhirjson.Tree(document.root, part.content))
        return self._tree(self.library.selection.trees.find(document, of_array=part.of_array), document)

    def xml(self, data: bytes) -> Mapped:
        """Return what one XML message becomes. Raises MalformedMessage, UnsupportedMessage or MappingFailed."""
        document = xmltree.parse(data)
        return self._tree(self.library.selection.trees.find(document), document)

    def _tree(self, accepting: Accepting, document: Document) -> Mapped:
        accepting.prepare(document)
        mapped = self._segments(accepting.mapping, document)
        mapped.moment = accepting.event_time(document, self.overlay.timezone)
        return mapped

    # ---- FHIR

    def fhir(self, data: bytes) -> Mapped:
        """Return FHIR as it came, or what a mapping that the provider wants makes of it.

        Raises MalformedMessage when it is not FHIR JSON or FHIR XML, MappingFailed as that mapping does.
        """
        return self._fhir(fhirxml.parse(data) if looks_like_xml(data) else fhirjson.parse(data))

    def _fhir(self, tree: Tree) -> Mapped:
        document = Reshaped(tree)
        accepting = self.library.selection.trees.of_fhir(document, self.overlay.reshape)
        return self._tree(accepting, document) if accepting else as_it_came(tree)
