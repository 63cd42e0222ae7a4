"""Which elements of a stored resource its message said, where the message says no more than it says.

What it left out is as it was known (docs/order.md), and was said by another message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from gateway.fhir.types import Resource
from gateway.mapping.keeping import MODIFIER
from gateway.mapping.trace import Entry

OTHERWISE = "what is stored is not what the message says by today's mapping"
KEPT = "the message does not say it: it is as it was known"

_HEAD = frozenset({"resourceType", "id", "meta"})
_ITEM = re.compile(r"([^.]+)\.(\w+)\[(\d+)\](.*)", re.DOTALL)


def held(entries: Iterable[Entry], resource: Resource, body: Resource, *, is_whole: bool) -> Iterator[Entry]:
    """Yield the entries of a message about `resource`, their paths from there on, as far as it is so stored.

    An element of which the stored version says something else has no origin. Unless the message says the whole, what it
    does not say is told too.
    """
    yield from (_held(entry, body) for entry in (entries if is_whole else _placed(entries, resource, body)))
    if not is_whole:
        yield from _others(resource, body)


def _placed(entries: Iterable[Entry], resource: Resource, body: Resource) -> Iterator[Entry]:
    """Yield the entries of a message about `resource`, each with the path that it has in what is stored.

    The items of a list may stand there among others.
    """
    for entry in entries:
        found = _ITEM.fullmatch(entry.path)
        if found and found[2] == MODIFIER:
            continue  # what is said of the others
        if found and isinstance(stored := body.get(found[2]), list):
            item = resource[found[2]][int(found[3])]
            if item in stored:
                yield replace(entry, path=f"{found[1]}.{found[2]}[{stored.index(item)}]{found[4]}")
                continue
        yield entry


def _others(resource: Resource, body: Resource) -> Iterator[Entry]:
    """Yield an entry for each element of what is stored that the message does not say."""
    for name, value in body.items():
        if name not in _HEAD:
            yield from (Entry(f".{path}", each, (), (), "", KEPT) for path, each in _unsaid(name, value, resource))


def _unsaid(name: str, value: Any, resource: Resource) -> Iterator[tuple[str, Any]]:
    said = resource.get(name)
    if said is None:
        yield name, value
    elif isinstance(value, dict) and isinstance(said, dict):
        yield from ((f"{name}.{key}", each) for key, each in value.items() if key not in said)
    elif isinstance(value, list) and isinstance(said, list):
        yield from ((f"{name}[{n}]", each) for n, each in enumerate(value) if each not in said)


def _held(entry: Entry, body: Resource) -> Entry:
    """Return the entry, its path from the resource on; without its origin when the stored version says otherwise."""
    path = entry.path.partition(".")[2]
    if _at(body, path) == entry.value:
        return replace(entry, path="." + path)
    return replace(entry, path="." + path, sources=(), rule="", where=OTHERWISE)


def _at(value: Any, path: str) -> Any:
    """Return what stands at `name[0].given[1]`, None when nothing does."""
    for step in path.replace("[", ".[").split("."):
        try:
            value = value[int(step[1:-1])] if step.startswith("[") else value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value
