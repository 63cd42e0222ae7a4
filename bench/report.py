"""What a benchmark reports: rows of work, bar and figure, each figure a ratio to a floor of the same run.

A benchmark module has `rows(*, full: bool) -> list[Row]`. `python -m bench` runs them all.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the scoreboard; `met` is None where the issue states no bar."""

    work: str
    bar: str
    measured: str
    met: bool | None = None


Clock = Callable[[], float]
# What only computes is measured by the time it has a core for itself: others may be at work on the machine.
CORE: Clock = time.process_time


def seconds(work: Callable[[], object], *, repeat: int = 1, clock: Clock = time.perf_counter) -> float:
    """Return the seconds one call takes, from `repeat` calls in a row."""
    start = clock()
    for _ in range(repeat):
        work()
    return (clock() - start) / repeat


@dataclass(frozen=True)
class Pair:
    """Medians, in seconds a call, of a piece of work and of its floor, measured in turn."""

    work: float
    floor: float
    ratio: float


def against(
    work: Callable[[], object],
    floor: Callable[[], object],
    *,
    rounds: int = 11,
    repeat: int = 1,
    clock: Clock = time.perf_counter,
) -> Pair:
    """Measure `work` and `floor` in turn; the ratio is the median of the rounds' ratios."""
    times = [
        (seconds(work, repeat=repeat, clock=clock), seconds(floor, repeat=repeat, clock=clock))
        for _ in range(rounds + 1)
    ][1:]
    return Pair(
        statistics.median(w for w, _ in times),
        statistics.median(f for _, f in times),
        statistics.median(w / f for w, f in times),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile of `values`; `share` is 0.5 for the median, 0.95 for p95."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, round(share * len(ordered) + 0.5) - 1))]


def table(rows: Sequence[Row]) -> str:
    """Return `rows` as a Markdown table."""
    words = {True: "yes", False: "**no**", None: "-"}
    lines = ["| work | bar | measured | met |", "|---|---|---|---|"]
    lines += [f"| {row.work} | {row.bar} | {row.measured} | {words[row.met]} |" for row in rows]
    return "\n".join(lines)


def show(rows: Sequence[Row]) -> None:
    """Print `rows`, one a line."""
    words = {True: "ok  ", False: "MISS", None: "    "}
    for row in rows:
        print(f"{words[row.met]} {row.work}: {row.measured}" + (f"   (bar {row.bar})" if row.bar else ""))
