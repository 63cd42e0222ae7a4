"""Every code of messages that a ConceptMap was asked for: of which provider, in which field, and what it became.

What a ConceptMap made and another one was asked for then, is no code of the message and is left out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from gateway.errors import GatewayError
from gateway.mapping import ir
from gateway.mapping.compiler.program import Program
from gateway.mapping.concept_maps import Row
from gateway.mapping.library import Library
from gateway.mapping.mapped import Mapped
from gateway.mapping.overlays import Overlay
from gateway.mapping.run import run
from gateway.mapping.tracer import Asked, Tracer
from gateway.mapping.unmapped import masked, unnumbered


@dataclass
class Used:
    """One code of one provider in one field. `row` None: no ConceptMap row is for it."""

    provider: str
    field: str
    concept_map: str
    code: str
    row: Row | None
    count: int = 0

    @property
    def shown(self) -> str:
        """Return the code, or for what may be about a patient its length and a digest."""
        return masked(self.code)

    @property
    def rank(self) -> int:
        """Return 0 for a code without a row, 1 for one that became what all unmapped codes become, 2 for the others."""
        return 0 if self.row is None else 2 if self.row.number else 1


class EveryCode:
    """The codes of many messages."""

    def __init__(self, library: Library) -> None:
        self.library = _Noting.of(library)
        self._used: dict[tuple[str, ...], Used] = {}

    def __iter__(self) -> Iterator[Used]:
        """Yield them by rank, then by provider and field, the most frequent first."""
        order = sorted(self._used.values(), key=lambda one: (one.provider, one.field, one.concept_map, -one.count))
        return iter(sorted(order, key=lambda one: one.rank))

    def take(self, data: bytes, *, provider: str, received_at: datetime) -> None:
        """Map some messages, and keep every code a ConceptMap was asked for, also in those that are refused."""
        messages: Iterator[Mapped] = iter(())
        try:
            messages = run(self.library, data, provider=provider, received_at=received_at)
        except GatewayError:
            return
        while True:
            self.library.tracers.clear()
            try:
                self._add(provider, self._tracers(next(messages)))
            except StopIteration:
                return
            except GatewayError:
                self._add(provider, self.library.tracers)

    def _tracers(self, mapped: Mapped) -> Sequence[Tracer]:
        """Return the tracers of one message, or one for each of some rows: those set apart too."""
        met = list(self.library.tracers)
        traced = list(mapped.trace.tracers())
        if not isinstance(mapped.source, list):
            return traced
        rows = {id(one.document): one for one in (*met, *traced)}
        return list(rows.values())

    def _add(self, provider: str, tracers: Sequence[Tracer]) -> None:
        seen = set()
        for tracer in tracers:
            for asked, place in _of_message(tracer):
                if place is None or (asked.concept_map, asked.code, place) not in seen:
                    seen.add((asked.concept_map, asked.code, place))
                    self._count(provider, asked, place)

    def _count(self, provider: str, asked: Asked, place: str | None) -> None:
        field = unnumbered(place) if place else "?"
        key = (provider, field, asked.concept_map, asked.code)
        used = self._used.setdefault(key, Used(provider, field, asked.concept_map, asked.code, asked.row))
        used.count += 1


def _of_message(tracer: Tracer) -> Iterator[tuple[Asked, str | None]]:
    """Yield the codes that came in the message, each with its place; not those that an earlier row made of one."""
    made: set[tuple[str | None, str | None]] = set()
    for asked in tracer.asked:
        place = asked.read.place.path if asked.read else None
        if asked.row is None or (place, asked.code) not in made:
            yield asked, place
        if asked.row is not None:
            made.add((place, asked.row.target))


@dataclass
class _Noting(Library):
    """A library that keeps the tracer of every traced run."""

    tracers: list[Tracer] = field(default_factory=list)

    @staticmethod
    def of(library: Library) -> "_Noting":
        return _Noting(**{one.name: getattr(library, one.name) for one in fields(library) if one.init})

    def program(self, mapping: ir.Mapping, overlay: Overlay, *, traced: bool = False) -> Program:
        program = super().program(mapping, overlay, traced=traced)
        if not traced:
            return program
        make: Callable[..., Tracer] = program.tracer or Tracer

        def noted(*what: Any) -> Tracer:
            made = make(*what)
            self.tracers.append(made)
            return made

        return replace(program, tracer=noted)
