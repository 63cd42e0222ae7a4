"""Changes of rows of the inbox that are there already, the same on both engines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.store.records import Mark

_IDS = 500  # in one statement; SQLite takes some thousands of parameters


def statements(marks: Iterable[Mark]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield each statement with its parameters."""
    for mark in marks:
        columns, values = _columns(mark)
        for first in range(0, len(mark.ids), _IDS):
            ids = mark.ids[first : first + _IDS]
            holes = ", ".join("?" * len(ids))
            also = " and length(content) > 0" if mark.sealed is not None else ""  # one that was deleted stays so
            yield f"update inbox set {columns} where id in ({holes}){also}", (*values, *ids)  # noqa: S608 - our words


def _columns(mark: Mark) -> tuple[str, tuple[Any, ...]]:
    """Return what a mark sets, and to what."""
    found: dict[str, Any] = {}
    if mark.requeued is not None:
        found["requeued"] = int(mark.requeued)
    if mark.replaced_by is not None:
        found |= {"replaced_by": mark.replaced_by, "requeued": 0}
    if mark.purged_at is not None:
        found |= {"purged_at": mark.purged_at, "content": b"", "sealed_with": None}
    if mark.sealed is not None:
        found |= {"sealed_with": mark.sealed[0] or None, "content": mark.sealed[1]}
    return ", ".join(f"{name} = ?" for name in found), tuple(found.values())
