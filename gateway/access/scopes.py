"""SMART scopes, as version 1 and version 2 write them.

    system/Slot.read                     v1: read, write or *
    system/Slot.rs                       v2: the letters of create, read, update, delete, search, in that order
    system/ServiceRequest.c?category=... v2: only what a search would find

https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl

from gateway.fhir.types import resource_types

_SCOPE = re.compile(r"(?P<context>system|user)/(?P<type>\*|[A-Za-z]+)\.(?P<may>[a-z*]+)(?:\?(?P<query>[!#-\[\]-~]+))?")
_VERSION_1 = {"read": "rs", "write": "cud", "*": "cruds"}
_VERSION_2 = re.compile(r"(?=.)c?r?u?d?s?")
ANY = "*"


class Scope(NamedTuple):
    """What a scope allows: the letters of interactions with a type (`*`: every type), within what `query` finds."""

    context: str
    type: str
    may: frozenset[str]
    query: tuple[tuple[str, str], ...] = ()

    def admits(self, resource_type: str, letter: str) -> bool:
        """Return whether an interaction with a type is among it; whether a resource is, says its `query`."""
        return letter in self.may and self.type in {ANY, resource_type}


def read(text: str) -> Scope:
    """Return what a scope says. Raises ValueError with the reason for one that can mean nothing here."""
    found = _SCOPE.fullmatch(text)
    if found is None:
        raise ValueError("must be as system/Slot.rs or system/Slot.read, of system or user")
    if found["type"] != ANY and found["type"] not in resource_types():
        raise ValueError(f"R4 has no resource type {found['type']}")
    letters = _VERSION_1.get(found["may"], found["may"])
    if not _VERSION_2.fullmatch(letters):
        raise ValueError("must end in read, write or *, or in letters of cruds, in that order")
    if found["query"] is not None and found["may"] in _VERSION_1:
        raise ValueError("a scope of version 1 has no query")
    return Scope(found["context"], found["type"], frozenset(letters), _query(found["query"]))


def _query(text: str | None) -> tuple[tuple[str, str], ...]:
    if text is None:
        return ()
    try:
        return tuple(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
    except ValueError as error:
        raise ValueError("its query must be as category=https://example.org|1") from error
