"""The tables of `profiles/r4/`, each decoded once, on first use.

`profiles/r4/README.md` says what they hold; `scripts/r4_tables.py` makes them. Rows leave out
what is usual: a maximum of 1, a minimum of 0. Readers use `gateway.fhir.elements`.
"""

from functools import cache
from typing import Any

import msgspec

from gateway.data import shipped


class ElementRow(msgspec.Struct, frozen=True):
    """One element of one type; `types` and `targets` are words separated by a space."""

    types: str
    choice: bool = False
    max: str = "1"
    min: int = 0
    binding: str | None = None
    profile: str | None = None
    targets: str = ""
    summary: bool = False


class TypeRow(msgspec.Struct, frozen=True):
    """One type, or one backbone of a type under its path; `elements` are those it adds to its base."""

    kind: str
    elements: dict[str, ElementRow]
    base: str | None = None
    abstract: bool = False
    pattern: str | None = None


class InvariantRow(msgspec.Struct, frozen=True):
    """One invariant and every path it stands on."""

    key: str
    severity: str
    human: str
    expression: str
    paths: tuple[str, ...]


class ComponentRow(msgspec.Struct, frozen=True):
    """One component of a composite search parameter."""

    definition: str
    expression: str


class ParameterRow(msgspec.Struct, frozen=True):
    """One search parameter of one type."""

    type: str
    url: str
    expression: str | None = None
    targets: str = ""
    components: tuple[ComponentRow, ...] = ()


class HeadRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one value set or code system of HL7 is called."""

    version: str
    name: str
    title: str = ""
    status: str = "active"


class CodeSystemRow(HeadRow, frozen=True, kw_only=True):
    """One code system of HL7; a concept is a list of code, display, what stands below it, and flags."""

    concepts: list[Any]


# Made here, under the import lock: msgspec crashes when several threads are the first to decode a Struct at once.
_TYPES = msgspec.json.Decoder(dict[str, TypeRow])
_INVARIANTS = msgspec.json.Decoder(tuple[InvariantRow, ...])
_CODES = msgspec.json.Decoder(dict[str, dict[str, tuple[str, ...]]])
_PARAMETERS = msgspec.json.Decoder(dict[str, dict[str, ParameterRow]])
_COMPARTMENTS = msgspec.json.Decoder(dict[str, dict[str, tuple[str, ...]]])
_SETS = msgspec.json.Decoder(dict[str, HeadRow])
_SYSTEMS = msgspec.json.Decoder(dict[str, CodeSystemRow])


def _content(name: str) -> bytes:
    return (shipped("profiles") / "r4" / f"{name}.json").read_bytes()


@cache
def types() -> dict[str, TypeRow]:
    """Return type name or backbone path → row."""
    return _TYPES.decode(_content("elements"))


@cache
def invariants() -> tuple[InvariantRow, ...]:
    """Return every distinct invariant."""
    return _INVARIANTS.decode(_content("invariants"))


@cache
def codes() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return value set → code system → codes."""
    return _CODES.decode(_content("codes"))


@cache
def value_sets() -> dict[str, HeadRow]:
    """Return canonical → what a value set of `codes` is called."""
    return _SETS.decode(_content("value_sets"))


@cache
def code_systems() -> dict[str, CodeSystemRow]:
    """Return canonical → code system of HL7 of which every code is known."""
    return _SYSTEMS.decode(_content("code_systems"))


@cache
def search_parameters() -> dict[str, dict[str, ParameterRow]]:
    """Return resource type → code → search parameter; `Resource` and `DomainResource` hold the common ones."""
    return _PARAMETERS.decode(_content("search_parameters"))


@cache
def compartments() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return compartment → resource type → the codes of the parameters by which a resource is in it."""
    return _COMPARTMENTS.decode(_content("compartments"))
