"""What is counted, for Prometheus. Labels are our own words: rules, providers, formats; never a value out of a message.

With `PROMETHEUS_MULTIPROC_DIR` set, as `gateway serve` does, all processes count together. The library looks at that
when it is loaded, so it is loaded when the first Metrics is made.

https://prometheus.io/docs/instrumenting/exposition_formats/, https://prometheus.github.io/client_python/multiprocess/
"""
# ruff: noqa: PLC0415 - see above

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram
    from prometheus_client.core import GaugeMetricFamily

TOGETHER = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Gauge:
    """What is looked up at the moment of asking: a number for each value of one label."""

    name: str
    documentation: str
    label: str
    numbers: Mapping[str, float]


class Metrics:
    """The counters of one gateway."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self._registry = CollectorRegistry()
        self._requests = Counter(
            "gateway_requests", "HTTP requests answered.", ("method", "rule", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "gateway_request_seconds",
            "Time from the moment that an HTTP request is there to its answer.",
            ("method", "rule"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._of = cache(self._found)  # the library looks them up under a lock, among all there are
        self._messages = Counter(
            "gateway_messages",
            "Messages that came by any door, accepted or refused; one that is repeated counts again.",
            ("provider", "format", "outcome"),
            registry=self._registry,
        )
        self._turned_away = Counter(
            "gateway_turned_away", "Told to come back, for too many were waiting.", ("door",), registry=self._registry
        )

    def answered(self, method: str, rule: str, status: int, seconds: float) -> None:
        """Count a request by the rule, not the URL, that it was answered by."""
        requests, duration = self._of(method, rule, status)
        requests.inc()
        duration.observe(seconds)

    def _found(self, method: str, rule: str, status: int) -> tuple[Counter, Histogram]:
        return self._requests.labels(method, rule, str(status)), self._seconds.labels(method, rule)

    def taken(self, provider: str, format_: str, outcome: str) -> None:
        """Count a message: `outcome` is accepted or refused."""
        self._messages.labels(provider, format_, outcome).inc()

    def turned_away(self, door: str, number: int = 1) -> None:
        """Count who was told to come back, at the door `http` or `mllp`."""
        self._turned_away.labels(door).inc(number)

    def exposition(self, gauges: Iterable[Gauge] = ()) -> bytes:
        """Return everything counted so far, by all processes, and `gauges`, in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        shown = CollectorRegistry()
        shown.register(_Gauges(gauges))
        if os.environ.get(TOGETHER):
            MultiProcessCollector(shown)  # type: ignore[no-untyped-call] # it has no types
            return generate_latest(shown)
        return generate_latest(self._registry) + generate_latest(shown)


class _Gauges:
    """Gauges, as the library wants them."""

    def __init__(self, gauges: Iterable[Gauge]) -> None:
        self._gauges = gauges

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Return nothing: what there is is known when it is looked up."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield the families."""
        from prometheus_client.core import GaugeMetricFamily

        for gauge in self._gauges:
            family = GaugeMetricFamily(gauge.name, gauge.documentation, labels=(gauge.label,))
            for value, number in gauge.numbers.items():
                family.add_metric((value,), number)
            yield family
