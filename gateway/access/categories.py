"""The kinds of data that a Consent can be about: which resources belong to each, as a table says.

`profiles/tables/data-categories.yaml` is that table, and says what a row means.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import yaml

from gateway.access import sight
from gateway.access.sight import Sight
from gateway.data import shipped
from gateway.fhir.consents import ANY, CATEGORIES, RESOURCE_TYPES
from gateway.fhir.parameters import follows
from gateway.fhir.search import Condition

ACUTE_SUMMARY = f"{CATEGORIES}|acute-summary"
"""What is shown in an emergency before it is confirmed."""


class Contents(NamedTuple):
    """How resources of a type are meant: `whole` are what all of them belong to, `some` what those that match do."""

    whole: tuple[str, ...]
    some: tuple[tuple[str, Condition], ...]


@follows
@cache
def contents(resource_type: str) -> Contents:
    """Return what a Consent may say that is about resources of a type."""
    found = {name: one for name, one in _categories().items() if resource_type in one.types}
    whole = (name for name, one in found.items() if resource_type not in one.conditions)
    some = ((name, one.conditions[resource_type]) for name, one in found.items() if resource_type in one.conditions)
    return Contents((ANY, f"{RESOURCE_TYPES}|{resource_type}", *whole), tuple(some))


@follows
@cache
def _categories() -> Mapping[str, Sight]:
    table = yaml.safe_load((shipped("profiles") / "tables" / "data-categories.yaml").read_bytes())
    return MappingProxyType(
        {f"{CATEGORIES}|{row['category']}": sight.read(tuple(row["sees"])) for row in table["rows"]}
    )
