"""What is opened in an emergency, for how long, and in which roles: `profiles/tables/break-glass.yaml` says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import yaml

from gateway.data import shipped


@dataclass(frozen=True, slots=True)
class Table:
    """What is open at first, for how long, for how long everything is once it is confirmed, and in which roles."""

    content: str
    life: timedelta
    confirmed_life: timedelta
    roles: frozenset[str]


@cache
def table() -> Table:
    """Return the table that ships."""
    said = yaml.safe_load((shipped("profiles") / "tables" / "break-glass.yaml").read_bytes())
    minutes, confirmed = (timedelta(minutes=said[name]) for name in ("minutes", "confirmed_minutes"))
    return Table(said["content"], minutes, confirmed, frozenset(said["roles"]))
