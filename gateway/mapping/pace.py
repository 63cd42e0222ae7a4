"""How fast a mapping runs, against the least that anybody could do: read the message, write the same output."""

import csv
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from xml.parsers import expat

from gateway.fhir.json import decode, encode
from gateway.fhir.types import Resource
from gateway.fhir.xml import looks_like_xml
from gateway.mapping.library import Library
from gateway.mapping.run import run


@dataclass(frozen=True, slots=True)
class Sample:
    """Some bytes and whose they are."""

    content: bytes
    provider: str


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of a core for one message (or row of a table): the whole way from bytes to JSON, and the floor.

    The ratio is the median of the rounds' ratios.
    """

    whole: float
    floor: float
    ratio: float

    @property
    def rate(self) -> float:
        """Return messages (or rows) a second."""
        return 1 / self.whole


def pace(
    library: Library, samples: Sequence[Sample], *, format_: str, received_at: datetime, seconds: float = 1.0
) -> Pace:
    """Measure some samples of one mapping, in turn with their floor. Raises what mapping them raises."""

    def mapped(sample: Sample) -> list[tuple[int, list[Resource]]]:
        found = run(library, sample.content, provider=sample.provider, received_at=received_at)
        return [(one.rows or 1, [resource for resource, _, _ in one.resources]) for one in found]

    outputs = [mapped(sample) for sample in samples]
    count = sum(rows for output in outputs for rows, _ in output)
    read = FLOORS[format_]

    def whole() -> None:
        for sample in samples:
            for _, resources in mapped(sample):
                encode(resources)

    def floor() -> None:
        for sample, output in zip(samples, outputs, strict=True):
            read(sample.content)
            for _, resources in output:
                encode(resources)

    return _measured(whole, floor, count, seconds)


# ---- the floor of reading: the shortest code there is, right or not


def split(data: bytes) -> list[list[str]]:
    """Return the fields of an HL7 v2 message."""
    return [line.split("|") for line in data.decode("latin-1").split("\r")]


def _edifact(data: bytes) -> list[list[str]]:
    return [segment.split("+") for segment in data.decode("latin-1").split("'")]


def _table(data: bytes) -> list[list[str]]:
    lines = data.decode("latin-1").splitlines()
    delimiter = max(";,\t|", key=(lines[0] if lines else "").count)
    return list(csv.reader(lines, delimiter=delimiter))


def _json(data: bytes) -> Any:
    return decode(data)


def _lines(data: bytes) -> list[Any]:
    return [decode(line) for line in data.splitlines() if line.strip()]


def _xml(data: bytes) -> None:
    expat.ParserCreate().Parse(data, True)  # noqa: FBT003 - that it is the last part cannot be said by name


def _fhir(data: bytes) -> None:
    (_xml if looks_like_xml(data) else _json)(data)


FLOORS: Mapping[str, Callable[[bytes], object]] = MappingProxyType(
    {"hl7v2": split, "edifact": _edifact, "csv": _table, "json": _json, "ndjson": _lines, "xml": _xml, "fhir": _fhir}
)


def _measured(whole: Callable[[], Any], floor: Callable[[], Any], count: int, seconds: float) -> Pace:
    repeat = max(1, min(20, int(0.05 / max(_once(whole, 1), 1e-6))))
    rounds: list[tuple[float, float]] = []
    end = time.perf_counter() + seconds
    while len(rounds) < 5 or time.perf_counter() < end:
        rounds.append((_once(whole, repeat), _once(floor, repeat)))
    ratio = statistics.median(w / max(f, 1e-9) for w, f in rounds)
    medians = (statistics.median(w for w, _ in rounds), statistics.median(f for _, f in rounds))
    return Pace(medians[0] / count, medians[1] / count, ratio)


def _once(work: Callable[[], Any], repeat: int) -> float:
    """Return seconds of this process alone: what else the machine does would burden the longer of the two more."""
    start = time.process_time()
    for _ in range(repeat):
        work()
    return (time.process_time() - start) / repeat
