"""Life in a hospital as HL7 v2 messages: some wards of beds, visits that come, move, change places and go, and what
goes wrong.

The messages come with what is true at the end, known to the generator and computed apart from the gateway.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

SITE = "DUINRAND-W"
START = datetime(2025, 12, 28, 6, 0)  # noqa: DTZ001 - local time, as HL7 v2 writes it


@dataclass
class Hospital:
    """A generator of messages. `where` is the truth: the bed of each visit; `states` what a bed board says."""

    random: Random
    beds: list[str]
    now: datetime = START
    number: int = 0
    visits: int = 0
    messages: list[bytes] = field(default_factory=list)
    where: dict[str, str] = field(default_factory=dict)
    free: dict[str, str] = field(default_factory=dict)  # the state of a bed in which nobody is

    def week(self, count: int) -> list[bytes]:
        """Let things happen until there are so many messages."""
        acts = [self.admit] * 6 + [self.transfer] * 3 + [self.discharge] * 4 + [self.update] * 4
        acts += [self.swap, self.admit_in_error, self.move_in_error, self.discharge_in_error, self.clean, self.clean]
        while len(self.messages) < count:
            self.random.choice(acts)()
        return self.messages

    # ---- what happens

    def admit(self) -> None:
        """Somebody comes into an empty bed."""
        if bed := self._empty():
            self.visits += 1
            visit = f"V{self.visits}"
            self.where[visit] = bed
            self._tell("A01", visit, bed)

    def transfer(self) -> None:
        """Somebody moves to an empty bed; one in three messages does not say from where."""
        visit, bed = self._visit(), self._empty()
        if visit and bed:
            was, self.where[visit] = self.where[visit], bed
            self._left(was, "H")
            self._tell("A02", visit, bed, "" if self.random.random() < 0.33 else was)

    def swap(self) -> None:
        """Two people change beds, in two messages."""
        if len(self.where) >= 2:
            one, other = self.random.sample(sorted(self.where), 2)
            mine, theirs = self.where[one], self.where[other]
            self.where[one], self.where[other] = theirs, mine
            self._tell("A02", one, theirs, mine)
            self._tell("A02", other, mine, theirs)

    def discharge(self) -> None:
        """Somebody goes home."""
        if visit := self._visit():
            bed = self.where.pop(visit)
            self._left(bed, "H")
            self._tell("A03", visit, bed)

    def update(self) -> None:
        """Something about a visit is corrected."""
        if visit := self._visit():
            self._tell("A08", visit, self.where[visit])

    def admit_in_error(self) -> None:
        """An admission that is cancelled: the bed is what it was before."""
        if bed := self._empty():
            self.visits += 1
            self._tell("A01", f"V{self.visits}", bed)
            self._tell("A11", f"V{self.visits}", bed)
            self.free.setdefault(bed, "U")

    def move_in_error(self) -> None:
        """A transfer that is cancelled; the bed that was taken is what it was before."""
        visit, bed = self._visit(), self._empty()
        if visit and bed:
            self._tell("A02", visit, bed, self.where[visit])
            self._tell("A12", visit, self.where[visit], bed)
            self.free.setdefault(bed, "U")

    def discharge_in_error(self) -> None:
        """A discharge that is cancelled."""
        if visit := self._visit():
            self._tell("A03", visit, self.where[visit])
            self._tell("A13", visit, self.where[visit])

    def clean(self) -> None:
        """The bed board says what an empty bed is like."""
        if bed := self._empty():
            state = self.random.choice(["U", "U", "U", "H", "C"])
            self._left(bed, state)
            self._state(bed, state)

    # ---- what is true

    def truth(self) -> dict[str, str]:
        """Return the state of every bed of which something was said."""
        return self.free | dict.fromkeys(self.where.values(), "O")

    def _empty(self) -> str | None:
        taken = set(self.where.values())
        empty = [bed for bed in self.beds if bed not in taken]
        return self.random.choice(empty) if empty else None

    def _visit(self) -> str | None:
        return self.random.choice(sorted(self.where)) if self.where else None

    def _left(self, bed: str, state: str) -> None:
        self.free[bed] = state

    # ---- how it is told

    def _tell(self, event: str, visit: str, bed: str, was: str = "") -> None:
        pv1 = f"PV1|1|I|{_pl(bed)}|||{_pl(was) if was else ''}|||||||||||||{visit}"
        pid = f"PID|1||P{visit[1:]}^^^ZKH_DUINRAND^PI||Jansen^J||19500101|M"
        self._say(event, pid, pv1)

    def _state(self, bed: str, state: str) -> None:
        self._say("A20", f"NPU|{_pl(bed)}|{state}")

    def _say(self, event: str, *segments: str) -> None:
        self.now += timedelta(seconds=self.random.randint(1, 290))
        self.number += 1
        self.messages.append(message(event, f"M{self.number}", self.now, *segments))


def message(event: str, control_id: str, at: datetime, *segments: str) -> bytes:
    """Return an ADT message of something that happened at a moment."""
    stamp = f"{at:%Y%m%d%H%M%S}"
    head = f"MSH|^~\\&|EPD|ZKH_DUINRAND|ZCC|ROAZ|{stamp}||ADT^{event}|{control_id}|P|2.5.1"
    return "".join(f"{line}\r" for line in (head, f"EVN|{event}|{stamp}", *segments)).encode()


def _pl(bed: str) -> str:
    ward, room, name = bed.split("/")
    return f"{ward}^{room}^{name}^{SITE}"


def wards(count: int) -> list[str]:
    """Return the beds of some wards: four rooms of two beds each."""
    return [f"W{w}/{w}0{r}/{b}" for w in range(1, count + 1) for r in range(1, 5) for b in (1, 2)]
