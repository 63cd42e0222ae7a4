"""What is known of a resource by all that messages said of its elements, each by itself, in whatever order they came.

Pure: the same set of statements gives the same resource. Of two statements about one element the one of the later
moment holds, whenever they came; of one moment, the one whose value sorts last. What was only presumed yields to any
statement. A removal takes what was said before its moment, and nothing of that moment or after it.

The ledger keeps for each element when what holds of it was said, and when something was removed. The values stand in
the resource itself; only what cannot be shown for now stands in the ledger too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import msgspec

from gateway.fhir.datetime import read
from gateway.fhir.json import decode, encode
from gateway.fhir.types import Resource
from gateway.mapping.keeping import EACH, Keep
from gateway.transact import units
from gateway.transact.units import By, Unit, Units, above


class When(NamedTuple):
    """When something was so: the source's own number for it, where it counts, and the moment in microseconds."""

    number: int
    at: int


class Held(NamedTuple):
    """When what holds of an element was said; `place` is where it stood among the items of its list."""

    when: When
    presumed: bool = False
    place: int = 0


class Ledger(msgspec.Struct, array_like=True):
    """When what holds of each element was said, up to `version` of the resource.

    Before `floor` nothing counts: somebody set the whole present then. `by` is how the items of its lists are told
    apart. `removed` and `outdated` are until when nothing, or nothing presumed, holds of an element. `hidden` are the
    values that the resource does not show.
    """

    version: int = 0
    floor: int = 0
    by: dict[str, str] = {}
    held: dict[str, Held] = {}
    removed: dict[str, When] = {}
    outdated: dict[str, When] = {}
    hidden: dict[str, bytes] = {}


_DECODER = msgspec.msgpack.Decoder(Ledger)
_ENCODER = msgspec.msgpack.Encoder()


def unpack(content: bytes) -> Ledger:
    """Return the ledger that was packed; an empty one for no bytes."""
    return _DECODER.decode(content) if content else Ledger()


class Said:
    """What is known of one resource; it takes in what a message says, and shows what follows from all of it."""

    def __init__(self, ledger: Ledger, present: Resource | None, by: By) -> None:
        self.ledger = ledger
        ledger.by = {**by, **ledger.by}
        self.values: Units = {
            name: Unit(decode(value), ledger.held[name].place) for name, value in ledger.hidden.items()
        }
        self.values |= units.units(present, ledger.by) if present else {}
        self.too_late = False
        """Whether nothing of what was taken in counts: somebody set the whole present since."""
        self.outdone = False
        """Whether something else is known than part of what was taken in, and holds."""

    def set_by_another(self, at: int, *, floor: bool) -> None:
        """Have all that is known be said at one moment; `floor`: nothing of before that counts any more."""
        self.ledger.floor = at if floor else self.ledger.floor
        self.ledger.removed, self.ledger.outdated = {}, {}
        for name in self.ledger.hidden:
            self.values.pop(name, None)
        self.ledger.held = {name: Held(When(0, at), place=unit.number) for name, unit in self.values.items()}

    def take(self, resource: Resource, keep: Keep, when: When) -> None:
        """Take in what a message says of the resource."""
        if when.at < self.ledger.floor:
            self.too_late = self.outdone = True
            return
        for name, unit in units.units(resource, self.ledger.by).items():
            self._state(name, unit, Held(when, not keep.presumed.isdisjoint(above(name)), unit.number))
        self._remove(keep.removed, when, self.ledger.removed)
        self._remove(keep.outdated, when, self.ledger.outdated)

    def _state(self, name: str, unit: Unit, held: Held) -> None:
        known, value = self.ledger.held.get(name), self.values.get(name)
        if self._is_removed(name, held):
            self.outdone = True
        elif known is None or value is None or _rank(held, unit) > _rank(known, value):
            self.ledger.held[name], self.values[name] = held, unit
        elif value.value != unit.value and not held.presumed:
            self.outdone = True

    def _is_removed(self, name: str, held: Held) -> bool:
        """Return whether an element was removed after it was said; what is presumed yields to any removal."""
        ledger, paths = self.ledger, above(name)
        if any(path in ledger.removed and (held.presumed or held.when < ledger.removed[path]) for path in paths):
            return True
        return held.presumed and any(held.when < ledger.outdated[path] for path in paths if path in ledger.outdated)

    def _remove(self, paths: Collection[str], when: When, into: dict[str, When]) -> None:
        for path in paths:
            into[path] = max(when, into.get(path, when))
        for name, held in list(self.ledger.held.items()) if paths else ():
            if self._is_removed(name, held):
                del self.ledger.held[name]
                self.values.pop(name, None)

    # ---- what follows

    def shown(self, type_: str, id_: str, without: Collection[str] = ()) -> Resource:
        """Return the resource as it is by all that is known, but for some elements."""
        hidden = self._contradicted().union(without)
        ordered = {name: self.values[name] for name in sorted(self.values, key=self._order) if name not in hidden}
        made, lacking = units.resource(type_, id_, ordered, self.ledger.by)
        hidden |= lacking
        self.ledger.hidden = {name: encode(self.values[name].value) for name in sorted(hidden)}
        return made

    def reduced(self) -> Iterator[list[str]]:
        """Yield what might be hidden where all that is known cannot stand together: what was said first comes first.

        One element at a time; and if that is not enough, ever more of them.
        """
        held = self.ledger.held
        names = sorted(self.values, key=lambda name: (not held[name].presumed, held[name].when, name))
        yield from ([name] for name in names)
        yield from (names[:number] for number in range(2, len(names)))

    def pack(self, version: int) -> bytes:
        """Return the ledger of that version of the resource as bytes."""
        self.ledger.version = version
        return _ENCODER.encode(self.ledger)

    def _order(self, name: str) -> tuple[Any, ...]:
        """Return what orders the items of a list: as they were said, items that gather by when they were."""
        held = self.ledger.held[name]
        gathers = self.ledger.by.get(name.partition("[")[0]) == EACH
        return (held.when if gathers else When(0, 0), held.place, name)

    def _contradicted(self) -> set[str]:
        """Return the bounds of a period that ends before it begins: the one that was said before the other."""
        found = set()
        for name in self.values:
            begin, end = f"{name.removesuffix('.end')}.start", name
            if name.endswith(".end") and begin in self.values and _is_after(self.values[begin], self.values[end]):
                held = self.ledger.held
                found.add(begin if held[begin].when <= held[end].when else end)
        return found


def _rank(held: Held, unit: Unit) -> tuple[bool, When, bytes, int]:
    return not held.presumed, held.when, unit.weight, held.place


def _is_after(begin: Unit, end: Unit) -> bool:
    first, last = (read(str(unit.value.get(name))) for unit, name in ((begin, "start"), (end, "end")))
    return first is not None and last is not None and first.low > last.low
