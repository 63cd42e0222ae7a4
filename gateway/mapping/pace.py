"""How fast a mapping runs, against the least that anybody could do: split the message, write the same output."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.fhir.json import encode
from gateway.formats import jsontree
from gateway.formats.detect import detect
from gateway.mapping.library import Library
from gateway.mapping.mapped import Mapped
from gateway.mapping.run import Job


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds for one message: the whole way to JSON, and the floor; the ratio is the median of the rounds' ratios."""

    whole: float
    floor: float
    ratio: float

    @property
    def rate(self) -> float:
        """Return messages a second."""
        return 1 / self.whole


def pace(
    library: Library, messages: Sequence[bytes], *, provider: str, received_at: datetime, seconds: float = 1.0
) -> Pace:
    """Measure some messages of one mapping, in turn with their floor. Raises what mapping them raises."""
    job = Job(library, library.provider(provider), received_at)
    outputs = [[resource for resource, _, _ in take(job, data).resources] for data in messages]

    def whole() -> None:
        for data in messages:
            encode([resource for resource, _, _ in take(job, data).resources])

    def floor() -> None:
        for data, output in zip(messages, outputs, strict=True):
            split(data)
            encode(output)

    return _measured(whole, floor, len(messages), seconds)


def take(job: Job, data: bytes) -> Mapped:
    """Return what one message becomes, by the way its format goes in `run`."""
    format_ = detect(data, None)
    if format_ in {"json", "ndjson"}:
        return job.json(jsontree.Part(data, 1, 0))
    return job.xml(data) if format_ == "xml" else job.message(data)


def split(data: bytes) -> list[list[str]]:
    """Return the fields of a message, by the shortest code there is: the floor of reading it."""
    return [line.split("|") for line in data.decode("latin-1").split("\r")]


def _measured(whole: Callable[[], Any], floor: Callable[[], Any], count: int, seconds: float) -> Pace:
    rounds: list[tuple[float, float]] = []
    end = time.perf_counter() + seconds
    while len(rounds) < 5 or time.perf_counter() < end:
        rounds.append((_once(whole), _once(floor)))
    ratio = statistics.median(w / f for w, f in rounds)
    medians = (statistics.median(w for w, _ in rounds), statistics.median(f for _, f in rounds))
    return Pace(medians[0] / count, medians[1] / count, ratio)


def _once(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    for _ in range(20):
        work()
    return (time.perf_counter() - start) / 20
