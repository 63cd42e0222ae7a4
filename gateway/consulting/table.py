"""What a register is asked, and for how long its answer is taken: `profiles/tables/closed-question.yaml` says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import yaml

from gateway.data import shipped


@dataclass(frozen=True, slots=True)
class Table:
    """The register's categories, each with ours; the role of who asks; how long a permit and a denial are taken."""

    categories: Mapping[str, Sequence[str]]
    role: str
    permit_life: timedelta
    deny_life: timedelta


@cache
def table() -> Table:
    """Return the table that ships."""
    said = yaml.safe_load((shipped("profiles") / "tables" / "closed-question.yaml").read_bytes())
    permit, deny = (timedelta(minutes=said[name]) for name in ("permit_minutes", "deny_minutes"))
    return Table(said["categories"], str(said["role"]), permit, deny)
