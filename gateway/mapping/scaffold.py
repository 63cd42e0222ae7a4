"""The beginning of a mapping, made from a sample message: what to fill in, and every field the sample has."""

from collections.abc import Iterator
from io import BytesIO

from gateway.errors import UnsupportedMessage
from gateway.formats import delimited, hl7v2
from gateway.formats.detect import detect

_BASE = "https://msb-gateway.example/fhir/StructureMap/"


def scaffold(name: str, data: bytes) -> tuple[str, str]:
    """Return the format of a sample and the text of a mapping for it. No value of the sample is in it.

    Raises MalformedMessage or UnsupportedMediaType when the sample cannot be read, UnsupportedMessage for FHIR.
    """
    format_ = detect(data, None)
    if format_ == "fhir":
        raise UnsupportedMessage("a FHIR message needs no mapping: it passes through as it came")
    lines = _hl7v2(data) if format_ == "hl7v2" else _table(data)
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
    paths = dict.fromkeys(path for path, _ in hl7v2.leaves(message))
    for segment in dict.fromkeys(segment.name for segment in message.segments):
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
