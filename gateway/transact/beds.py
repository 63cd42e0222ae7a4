"""From all that is said of one bed, in whatever order it came, to the state that it is in.

Pure: the same set of facts gives the same state. Two kinds of facts speak of a bed: its state as somebody states it (a
bed board, an extract), and visits that are in it or have left it (`stays`). The newest fact holds, with three rules for
safety:

* a bed is not freed by one visit's leaving while another visit is in it;
* of two facts of one moment the one that does not offer the bed holds;
* a bed that is left to be free at once is held back as long as somebody else is in the bed that it was left for:
  whoever that is needs a bed too (half of a swap). And a cancelled stay gives a bed back as it was: one that was dirty
  or closed is that again.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from gateway.transact.stays import FREE, In, Out, Words

OCCUPIED, CLOSED, HELD = "O", "C", "reserved"

_MOST_LEFT = 16
"""So many of the last departures from a bed are kept; those before them say nothing of its present."""


class Said(NamedTuple):
    """The state of a bed as somebody stated it."""

    at: int
    words: Words


class Shown(NamedTuple):
    """The state that a bed is in, since when, and how that is written."""

    state: str
    at: int
    words: Words


class Bed(msgspec.Struct):
    """All that is known of a bed: the newest statement of each state, and per visit whether it is in the bed or left
    it.

    `slot` is the id of its Slot, `shown` what its resources say at present.
    """

    slot: str = ""
    said: dict[str, Said] = {}
    inside: dict[str, In] = {}
    left: dict[str, Out] = {}
    shown: Shown | None = None

    def state(self, state: str, said: Said) -> None:
        """Take in a statement."""
        before = self.said.get(state)
        if before is None or before < said:
            self.said[state] = said

    def visit(self, visit: str, claim: In | Out | None) -> None:
        """Take in whether a visit is in this bed; None: it never was."""
        self.inside.pop(visit, None)
        self.left.pop(visit, None)
        if isinstance(claim, In):
            self.inside[visit] = claim
        elif claim is not None:
            self.left[visit] = claim
            if len(self.left) > _MOST_LEFT:
                del self.left[min(self.left, key=lambda one: (self.left[one].at, one))]

    @property
    def statement(self) -> Shown | None:
        """Return the newest statement of its state."""
        return max((Shown(s, said.at, said.words) for s, said in self.said.items()), key=_rank, default=None)

    @property
    def occupants(self) -> list[str]:
        """Return the visits that are in it; a newer statement that it is not occupied sends all of them away."""
        newest = self.statement
        if newest is None or newest.state == OCCUPIED:
            return sorted(self.inside)
        return sorted(visit for visit, claim in self.inside.items() if claim.at >= newest.at)

    @property
    def waits_for(self) -> tuple[str, str]:
        """Return the visit that left this bed to be free, and the bed for which it did."""
        last, visit = self._last_left()
        return (visit, last.to) if last and not self.occupants else ("", "")

    @property
    def known(self) -> Shown | None:
        """Return what it shows, else what was stated of it."""
        return self.shown or self.statement

    @property
    def is_closed(self) -> bool:
        """Return whether it is closed, by all that is known."""
        return self.known is not None and self.known.state == CLOSED

    def is_shared_by(self, visit: str) -> bool:
        """Return whether somebody else is in this bed beside a visit."""
        return visit in self.occupants and len(self.occupants) > 1

    def now(self, *, held: bool) -> Shown | None:
        """Return the state it is in, None if nothing is known; `held`: the bed it was left for is shared."""
        statement = self.statement
        occupants = self.occupants
        if occupants:
            claims = [Shown(OCCUPIED, self.inside[visit].at, self.inside[visit].words) for visit in occupants]
            stated = [statement] if statement and statement.state == OCCUPIED else []
            return max([*claims, *stated], key=_rank)
        last, _ = self._last_left()
        if last is None:
            return statement
        shown = Shown(last.state, last.at, last.words)
        if statement is not None and _rank(statement) >= _rank(shown):
            return statement
        return shown._replace(state=self._after(last, held=held))

    def _last_left(self) -> tuple[Out | None, str]:
        lefts = [(out.at, out.state != FREE, out, visit) for visit, out in self.left.items()]
        return max(lefts)[2:] if lefts else (None, "")

    def _after(self, last: Out, *, held: bool) -> str:
        """Return what a bed is after the last visit left it."""
        if last.state != FREE:
            return last.state
        if held and last.to:
            return HELD
        return self._before(last) if last.cancelled else FREE

    def _before(self, cancelled: Out) -> str:
        """Return what a bed was before a stay that is cancelled now, as far as that keeps it from being offered."""
        stated = [Shown(state, said.at, said.words) for state, said in self.said.items() if state != OCCUPIED]
        others = [Shown(out.state, out.at, out.words) for out in self.left.values() if not out.cancelled]
        before = max([*stated, *others], key=_rank, default=None)
        return before.state if before and before.at <= cancelled.at else FREE


def _rank(shown: Shown) -> tuple[int, bool, Shown]:
    return shown.at, shown.state != FREE, shown


_DECODER = msgspec.msgpack.Decoder(Bed)
_ENCODER = msgspec.msgpack.Encoder()


def unpack(content: bytes) -> Bed:
    """Return the bed that was packed; one of which nothing is known for no bytes."""
    return _DECODER.decode(content) if content else Bed()


def pack(bed: Bed) -> bytes:
    """Return a bed as bytes that `unpack` reads."""
    return _ENCODER.encode(bed)
