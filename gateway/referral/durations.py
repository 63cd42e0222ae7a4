"""For how long a place is held: a table with a version and an owner, which a region can put its own in place of.

`profiles/tables/hold-durations.yaml` is the one that ships, and says what a row means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from gateway.data import shipped
from gateway.errors import BadSettings, Issue
from gateway.fhir.types import Resource

_KEYS = frozenset({"table", "version", "owner", "status", "rows"})
_ROW = frozenset({"priority", "care", "minutes"})
_PRIORITIES = frozenset({"routine", "urgent", "asap", "stat"})
_LONGEST = 7 * 24 * 60
_CODED = ("serviceType", "serviceCategory", "specialty")


@dataclass(frozen=True, slots=True)
class Row:
    """For how many minutes places are held, for requests of a priority and places of a kind of care ('': any)."""

    minutes: int
    priority: str = ""
    care: str = ""

    def fits(self, priority: str, care: frozenset[str]) -> bool:
        """Return whether it is about this."""
        return self.priority in {"", priority} and (not self.care or self.care in care)


@dataclass(frozen=True, slots=True)
class Durations:
    """A table: the first row that fits holds."""

    version: str
    owner: str
    rows: tuple[Row, ...]

    def minutes(self, request: Resource, slot: Resource) -> int:
        """Return for how long this place may be held for this request."""
        priority = str(request.get("priority", "routine"))
        care = frozenset(_codes(slot))
        return next(row.minutes for row in self.rows if row.fits(priority, care))


@lru_cache(maxsize=8)
def durations(path: Path | None) -> Durations:
    """Return the table in a file, ours for None. Raises BadSettings with everything that is wrong with it."""
    return read(path or shipped("profiles") / "tables" / "hold-durations.yaml")


def read(path: Path) -> Durations:
    """Return the table in a file. Raises BadSettings with everything that is wrong with it."""
    try:
        content = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        raise BadSettings(f"{path.name} cannot be read as YAML: {type(error).__name__}") from error
    if problems := list(_problems(content)):
        raise BadSettings([Issue("bad-settings", f"{path.name}: {text}") for text in problems])
    return Durations(str(content["version"]), content["owner"], tuple(Row(**row) for row in content["rows"]))


def _problems(content: Any) -> Iterator[str]:
    if not isinstance(content, dict) or set(content) != _KEYS or content["table"] != "hold-durations":
        yield "it is the table hold-durations, with version, owner, status and rows, and nothing else"
        return
    if not isinstance(content["owner"], str) or not content["owner"]:
        yield "owner says whose decision it is"
    rows = content["rows"]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        yield "rows is a list of objects"
        return
    for number, row in enumerate(rows):
        yield from (f"rows[{number}]: {text}" for text in _problems_of(row))
    if not rows or set(rows[-1]) != {"minutes"}:
        yield "the last row fits everything: it says minutes alone"


def _problems_of(row: dict[str, Any]) -> Iterator[str]:
    if unknown := sorted(map(str, set(row) - _ROW)):
        yield f"{', '.join(unknown)}: a row has priority, care and minutes"
    minutes = row.get("minutes")
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= _LONGEST:
        yield f"minutes is a number from 1 to {_LONGEST}"
    if row.get("priority", "routine") not in _PRIORITIES:
        yield f"priority is one of {', '.join(sorted(_PRIORITIES))}"
    if not isinstance(row.get("care", ""), str):
        yield "care is a code"


def _codes(slot: Resource) -> Iterator[str]:
    for name in _CODED:
        for concept in slot.get(name, ()):
            yield from (str(coding["code"]) for coding in concept.get("coding", ()) if "code" in coding)
