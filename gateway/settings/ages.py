"""How long a figure of capacity counts: a table with a version and an owner, or a region's own in place of it.

`profiles/tables/freshness.yaml` is the one that ships, and says what stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from gateway.data import shipped
from gateway.errors import BadSettings, Issue
from gateway.fhir.freshness import UNKNOWN
from gateway.store.records import microseconds, moment

_KEYS = frozenset({"table", "version", "owner", "status", "zone", "kinds", "rules"})
_RULE = frozenset({"mapping", "care", "source", "method", "precision"})
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_MINUTE = 60_000_000
_LONGEST = 7 * 24 * 60
_CODE = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)


class Figure(NamedTuple):
    """What is known of a figure that tells its kind; `provided` is what the overlay of its provider says of that."""

    mapping: str = ""
    care: frozenset[str] = frozenset()
    source: str = ""
    method: str = ""
    is_of_day: bool = False
    provided: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Until when a figure is fresh, and from when stale: after so many microseconds, or by the clock."""

    fresh: int = 0
    stale: int = 0
    parts: tuple[time, ...] = ()
    until: time | None = None

    def moments(self, at: int, zone: ZoneInfo) -> tuple[int, int]:
        """Return both moments, in microseconds, of what is so `at`."""
        if not self.parts and self.until is None:
            return at + self.fresh, at + self.stale
        day = moment(at).astimezone(zone).date()
        if self.until is not None:
            tomorrow = day + timedelta(days=1)
            return _at(tomorrow, time(), zone), _at(tomorrow, self.until, zone)
        days = (day + timedelta(days=number) for number in range(-1, 3))
        begin = sorted(_at(each, part, zone) for each in days for part in self.parts)
        fresh, stale = [each for each in begin if each > at][:2]
        return fresh, stale


@dataclass(frozen=True, slots=True)
class Rule:
    """Of which kind a figure is that has everything this asks for."""

    kind: str
    mapping: str = ""
    care: str = ""
    source: str = ""
    method: str = ""
    precision: str = ""

    def fits(self, figure: Figure) -> bool:
        """Return whether it is about this figure."""
        return (
            (not self.mapping or self.mapping == figure.mapping)
            and (not self.source or self.source == figure.source)
            and (not self.method or self.method == figure.method)
            and (not self.care or self.care in figure.care)
            and (not self.precision or figure.is_of_day)
        )


@dataclass(frozen=True, eq=False)
class Ages:
    """A table: the first rule that fits tells the kind, and the kind how long."""

    version: str
    owner: str
    zone: ZoneInfo
    kinds: Mapping[str, Limits]
    rules: tuple[Rule, ...]

    def kind(self, figure: Figure) -> str:
        """Return the kind of a figure."""
        return _kind(self, figure)

    def moments(self, kind: str, at: int) -> tuple[int, int]:
        """Return until when a figure of a kind is fresh, and from when stale, of what is so `at`, in microseconds."""
        return self.kinds[kind].moments(at, self.zone)


@lru_cache(maxsize=1024)  # a source repeats itself: the same kinds of figures, for every bed
def _kind(table: Ages, figure: Figure) -> str:
    found = next((rule.kind for rule in table.rules if rule.fits(figure)), figure.provided)
    return found if found in table.kinds else UNKNOWN


@lru_cache(maxsize=8)
def ages(path: Path | None) -> Ages:
    """Return the table in a file, ours for None. Raises BadSettings with everything that is wrong with it."""
    return read(path or shipped("profiles") / "tables" / "freshness.yaml")


def read(path: Path) -> Ages:
    """Return the table in a file. Raises BadSettings with everything that is wrong with it."""
    try:
        content = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        raise BadSettings(f"{path.name} cannot be read as YAML: {type(error).__name__}") from error
    if problems := list(_problems(content)):
        raise BadSettings([Issue("bad-settings", f"{path.name}: {text}") for text in problems])
    kinds = {name: _limits(limits) for name, limits in content["kinds"].items()}
    rules = tuple(Rule(**rule) for rule in content["rules"])
    return Ages(str(content["version"]), content["owner"], ZoneInfo(content["zone"]), kinds, rules)


def _limits(said: Mapping[str, Any]) -> Limits:
    if "fresh" in said:
        return Limits(said["fresh"] * _MINUTE, said["stale"] * _MINUTE)
    if "until" in said:
        return Limits(until=time.fromisoformat(said["until"]))
    return Limits(parts=tuple(map(time.fromisoformat, said["parts"])))


def _at(day: date, clock: time, zone: ZoneInfo) -> int:
    """Return a moment on the clock of a zone; one that is skipped in spring is the moment after the gap."""
    return microseconds(datetime.combine(day, clock, zone).astimezone(UTC))


def _problems(content: Any) -> Iterator[str]:
    if not isinstance(content, dict) or set(content) != _KEYS or content["table"] != "freshness":
        yield "it is the table freshness, with version, owner, status, zone, kinds and rules, and nothing else"
        return
    if not isinstance(content["owner"], str) or not content["owner"]:
        yield "owner says whose decision it is"
    try:
        ZoneInfo(str(content["zone"]))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield "zone is the name of a time zone: Europe/Amsterdam"
    kinds, rules = content["kinds"], content["rules"]
    if not isinstance(kinds, dict) or not isinstance(rules, list):
        yield "kinds is an object, and rules a list"
        return
    for name, said in kinds.items():
        yield from (f"kinds.{name}: {text}" for text in _problems_of_kind(name, said))
    yield from _problems_of_unknown(kinds)
    for number, rule in enumerate(rules):
        yield from (f"rules[{number}]: {text}" for text in _problems_of_rule(rule, kinds))


def _problems_of_kind(name: Any, said: Any) -> Iterator[str]:
    if not isinstance(name, str) or not _CODE.fullmatch(name):
        yield "the name of a kind is a code in small letters"
    match said:
        case {"fresh": fresh, "stale": stale, **others} if not others:
            if not (_is_number(fresh) and _is_number(stale) and 1 <= fresh <= stale <= _LONGEST):
                yield f"fresh and stale are minutes, from 1 to {_LONGEST}, and stale is not the sooner"
        case {"until": str(clock), **others} if not others:
            if not _CLOCK.fullmatch(clock):
                yield "until is a moment of the next day, HH:MM"
        case {"parts": [_, _, *_] as parts, **others} if not others:
            if not all(isinstance(part, str) and _CLOCK.fullmatch(part) for part in parts):
                yield "parts are the moments at which the parts of a day begin, HH:MM"
            elif sorted(set(parts)) != parts:
                yield "parts are in order, and each stands there once"
        case _:
            yield "a kind says fresh and stale, or until, or two parts or more"


def _problems_of_unknown(kinds: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the kind of what nobody knows: nothing may count longer for being unknown."""
    said = kinds.get(UNKNOWN)
    if not isinstance(said, dict) or not _is_number(said.get("stale")) or not _is_number(said.get("fresh")):
        yield f"kinds.{UNKNOWN} says for how many minutes counts what is of no kind"
        return
    others: Sequence[dict[str, Any]] = [one for one in kinds.values() if isinstance(one, dict)]
    for limit in ("fresh", "stale"):
        if any(_is_number(one.get(limit)) and one[limit] < said[limit] for one in others):
            yield f"kinds.{UNKNOWN}: {limit} is that of the strictest kind, or less"


def _problems_of_rule(rule: Any, kinds: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(rule, dict) or not set(rule) - {"kind"} or not set(rule) - {"kind"} <= _RULE:
        yield f"a rule has a kind and one or more of {', '.join(sorted(_RULE))}"
        return
    if rule.get("kind") not in kinds:
        yield "kind is one of kinds"
    if not all(isinstance(rule[name], str) and rule[name] for name in set(rule) & _RULE):
        yield "what a rule asks for is a text"
    if rule.get("precision", "day") != "day":
        yield "precision is day"


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
