"""The beginning of a mapping, made from a sample message: what to fill in, and every field the sample has."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BytesIO

from gateway.errors import UnsupportedMessage
from gateway.formats import delimited, edifact, hl7v2
from gateway.formats.detect import detect
from gateway.mapping.scaffold_trees import json_lines, ndjson_lines, xml_lines

_BASE = "https://msb-gateway.example/fhir/StructureMap/"


def scaffold(name: str, data: bytes) -> tuple[str, str]:
    """Return the format of a sample and the text of a mapping for it. No value of the sample is in it.

    Raises MalformedMessage or UnsupportedMediaType when the sample cannot be read, UnsupportedMessage for FHIR.
    """
    format_ = detect(data, None)
    if format_ == "fhir":
        raise UnsupportedMessage("a FHIR message needs no mapping: it passes through as it came")
    lines = _BY_FORMAT[format_](data)
    head = [
        f"# {name}: say here what comes in and what it becomes",
        f"map: {_BASE}{name.replace('_', '-')}",
        "version: 0.1.0",
    ]
    return format_, "\n".join([*head, *lines]) + "\n"


def _hl7v2(data: bytes) -> Iterator[str]:
    message = hl7v2.parse(next(hl7v2.split(data)))
    header = message.segments[0]
    tests = [f"MSH-9.{n} = '{text}'" for n in (1, 2) if (text := header.value(9, 1, n))]
    yield f'source: {{format: hl7v2, when: "{" and ".join(tests)}"}}'
    yield from _emit("PV1-3.1" if message.all("PV1") else f"{message.segments[-1].name}-1")
    yield "# What the sample holds:"
    yield from _held((segment.name for segment in message.segments), [path for path, _ in hl7v2.leaves(message)])


def _edifact(data: bytes) -> Iterator[str]:
    message = edifact.parse(next(edifact.split(data)))
    kind = message.kind if message.kind.isalnum() else ""
    yield f"source: {{format: edifact, when: \"UNH-2.1 = '{kind}'\"}}"
    yield from _emit("UNH-1")
    yield "# What the sample holds:"
    yield from _held((segment.name for segment in message.segments), [path for path, _ in edifact.leaves(message)])


def _held(segments: Iterable[str], paths: Iterable[str]) -> Iterator[str]:
    """Yield a line of comment for each segment, with the paths in it that hold something."""
    paths = dict.fromkeys(paths)
    for segment in dict.fromkeys(segments):
        own = [path for path in paths if path.startswith((f"{segment}-", f"{segment}["))]
        yield f"#   {' '.join(own)}" if own else f"#   {segment}"


def _table(data: bytes) -> Iterator[str]:
    table = delimited.read(BytesIO(data))
    yield "source:"
    yield "  format: csv"
    yield f"  columns: [{', '.join(_quoted(column) for column in table.columns)}]"
    yield "each: record"
    yield from _emit(f"record['{table.columns[0]}']")


def _quoted(column: str) -> str:
    return column if column.replace(" ", "").replace("-", "").isalnum() else '"' + column.replace('"', '\\"') + '"'


def _emit(path: str) -> Iterator[str]:
    yield "let:"
    yield f'  name: "{path}"'
    yield "require:"
    yield f'  - {{that: name.exists(), say: "{path} is empty"}}'
    yield "emit:"
    yield "  - resourceType: Location"
    yield "    id: \"{{ id('place', name) }}\""
    yield "    status: active"
    yield '    name: "{{ name }}"'


_BY_FORMAT: Mapping[str, Callable[[bytes], Iterator[str]]] = {
    "hl7v2": _hl7v2,
    "edifact": _edifact,
    "csv": _table,
    "json": lambda data: json_lines(data, _emit),
    "ndjson": lambda data: ndjson_lines(data, _emit),
    "xml": lambda data: xml_lines(data, _emit),
}
