"""What the formula of each indicator can tell, by what it can be split, and which parameters it has.

A definition is data, and chooses among these; whatever else stands in one is a mistake that is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

Need = Literal["requests", "stops", "reported", "reads", "expected", "holds", "answers", "tracks", "probes", "messages"]


class Range(NamedTuple):
    """A whole number from one to another."""

    low: int
    high: int


class Words(NamedTuple):
    """A list of codes, of these if there are any."""

    of: tuple[str, ...] = ()


class Text(NamedTuple):
    """A text: a canonical, a code, `system|code`."""


class PerCare(NamedTuple):
    """A number for each kind of care."""


Parameter = Range | Words | Text | PerCare


class Shape(NamedTuple):
    """What one formula tells, by what it is split, what it asks of a definition and which facts it needs."""

    figures: tuple[str, ...]
    splits: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    needs: tuple[Need, ...]


_REQUEST = ("region", "care", "urgency")
_FEW = Range(1, 100)
_BACK = Range(0, 366)

SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "K-01": Shape(
            ("net", "calls-per-placement", "without-calls"), _REQUEST, {"baseline": PerCare()}, ("requests",)
        ),
        "K-02": Shape(
            ("minutes", "hours", "minutes-per-day"), ("region", "place"),
            {"care": Words(), "statuses": Words(("stop", "closed", "threatened"))}, ("stops",),
        ),
        "K-03": Shape(
            ("stops", "mean-length", "median-length"), ("region", "place"),
            {"care": Words(), "statuses": Words(("stop", "closed", "threatened")), "gap_minutes": Range(0, 240)},
            ("stops",),
        ),
        "K-04": Shape(
            ("share-during-stop", "excepted", "not-excepted"), ("region", "exception"),
            {"care": Words(), "statuses": Words(("stop", "closed", "threatened"))}, ("requests",),
        ),
        "K-05": Shape(
            (
                "median", "p90", "median-without-hold", "p90-without-hold", "arrival-median", "arrival-p90", "open",
                "oldest-open",
            ), _REQUEST, {}, ("requests",),
        ),
        "K-06": Shape(("share",), _REQUEST, {"again_hours": Range(1, 24 * 31)}, ("requests",)),
        "K-07": Shape(("kept", "refused-no-capacity"), _REQUEST, {"free": _FEW}, ("requests", "reported")),
        "K-08": Shape(("variation", "mean-occupancy"), ("care",), {"providers": Range(2, 100)}, ("reported",)),
        "K-09": Shape(
            ("minutes",), ("care",),
            {"distance_km": Range(1, 500), "free": _FEW, "red_levels": Words()}, ("reported",),
        ),
        "K-10": Shape(
            ("fresh", "age-p50", "age-p95"), ("region", "care", "provider"), {}, ("reported", "reads")
        ),
        "K-11": Shape(("covered",), ("region", "care", "provider"), {"kinds": Words()}, ("expected",)),
        "K-12": Shape(("right", "fields-right"), ("provider", "format"), {}, ("messages",)),
        "K-13": Shape(
            ("refused", "timed-out", "refusals-per-placement"), (*_REQUEST, "reason", "provider"), {}, ("requests",)
        ),
        "K-14": Shape(
            ("across", "avoidable", "outside-network"), ("region", "care"), {"free": _FEW},
            ("requests", "reported"),
        ),
        "K-15": Shape(("reached", "median-minutes"), ("step", "region"), {"steps": Words()}, ("requests",)),
        "K-16": Shape(("doubled", "share"), ("care", "region"), {"back_days": _BACK}, ("requests",)),
        "K-17": Shape(
            ("mean", "eight-or-more", "response-rate"), ("region",), {"questionnaire": Text(), "question": Text()},
            ("answers", "requests"),
        ),
        "K-18": Shape(
            ("mean", "response-rate"), ("kind",), {"questionnaire": Text(), "question": Text()}, ("answers",)
        ),
        "K-19": Shape(
            ("active", "ended-in-time", "reviewed-in-time"), ("network",),
            {
                "most": _FEW, "months": Range(1, 60), "review_days": Range(1, 366), "category": Text(),
                "review": Text(),
            }, ("tracks",),
        ),
        "K-20": Shape(("expired", "minutes-unused"), ("region",), {}, ("holds",)),
        "K-21": Shape(
            ("waiting", "bed-days"), ("region", "care"), {"direction": Text(), "back_days": _BACK}, ("requests",),
        ),
        "K-22": Shape(
            ("available",), (),
            {"paths": Words(), "limit_ms": Range(1, 600_000), "code": Text()}, ("probes",),
        ),
    }
)  # fmt: skip
"""What each indicator is made by."""
