"""From bytes to resources: read the format, find the mapping, run it, and say everything that was found.

Read this module first. The plain program runs; the moment it meets anything it would have to report,
the traced program runs over the same message and reports all of it.
"""

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from datetime import datetime
from io import BytesIO
from typing import BinaryIO, Generic, TypeVar

from gateway.errors import UnsupportedMessage
from gateway.fhir.xml import looks_like_xml
from gateway.formats import delimited, edifact, fhirjson, fhirxml, hl7v2, jsontree, xmltree
from gateway.formats.detect import detect
from gateway.mapping.findings import Language
from gateway.mapping.job import Job
from gateway.mapping.layouts import layout_of
from gateway.mapping.library import Library
from gateway.mapping.mapped import Mapped
from gateway.mapping.passing import Reshaped, Tree, as_it_came
from gateway.mapping.tables import Rows
from gateway.mapping.tree_selection import Accepting, Document, describe

T = TypeVar("T")


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
    job = Messages(library, library.provider(provider), received_at, trace=trace, language=language)
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
    job = Messages(library, library.provider(provider), received_at, language=language)
    return Each(jsontree.lines(stream), job.json)


class Each(Iterator[Mapped], Generic[T]):
    """An iterator that outlives the refusal of one of its messages."""

    def __init__(self, messages: Iterator[T], take: Callable[[T], Mapped]) -> None:
        self.messages = messages
        self.take = take

    def __next__(self) -> Mapped:
        return self.take(next(self.messages))


class Messages(Job):
    """Takes a message of each format."""

    def message(self, data: bytes) -> Mapped:
        """Return what one HL7 v2 message becomes. Raises MalformedMessage, UnsupportedMessage or MappingFailed."""
        message = hl7v2.parse(data, fallback_charset=self.overlay.charset)
        return self.segments(self.library.selection.message(message), message)

    def edifact(self, data: bytes) -> Mapped:
        """Return what one EDIFACT message becomes. Raises MalformedMessage, UnsupportedMessage or MappingFailed."""
        message = edifact.parse(data, fallback_charset=self.overlay.charset)
        return self.segments(self.library.selection.edifact(message), message)

    def table(self, stream: BinaryIO) -> Iterator[Mapped]:
        """Yield what the rows of a table become, a chunk at a time. Raises MalformedMessage or UnsupportedMessage."""
        start = stream.tell()
        mapping = self.library.selection.table(
            delimited.read(stream, delimited.Layout(fallback_charset=self.overlay.charset)).columns
        )
        stream.seek(start)
        table = delimited.read(stream, layout_of(mapping, self.overlay))
        return Rows(self, mapping).chunks(table)

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
        mapped = self.segments(accepting.mapping, document)
        mapped.moment = accepting.event_time(document, self.overlay.timezone)
        return mapped

    def fhir(self, data: bytes) -> Mapped:
        """Return FHIR as it came, or what a mapping that the provider wants makes of it.

        Raises MalformedMessage when it is not FHIR JSON or FHIR XML, MappingFailed as that mapping does.
        """
        return self._fhir(fhirxml.parse(data) if looks_like_xml(data) else fhirjson.parse(data))

    def _fhir(self, tree: Tree) -> Mapped:
        document = Reshaped(tree)
        accepting = self.library.selection.trees.of_fhir(document, self.overlay.reshape)
        return self._tree(accepting, document) if accepting else as_it_came(tree)
