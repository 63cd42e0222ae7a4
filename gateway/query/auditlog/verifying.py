"""Whether the audit is as it was written, and as it was signed: all that is wrong with it, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.errors import MalformedMessage
from gateway.query.auditlog.signing import Claims, claims, verified
from gateway.store import chain
from gateway.store.auditing import heads
from gateway.store.chain import Flaw

if TYPE_CHECKING:
    from gateway.store.auditing.heads import Head
    from gateway.store.interface import Database

Public = Callable[[str], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Forged:
    """Something that was kept as signed heads, and is none: which one, and why."""

    where: str
    why: str


@dataclass(slots=True)
class Verifying:
    """A look at the audit. `public` returns a public key by its name; without it signatures are not looked at."""

    db: Database
    public: Public | None = None
    signed: int = 0
    covered: dict[int, int] = field(default_factory=dict)  # by lane: the newest row that a signed head covers

    def flaws(self, elsewhere: Iterable[str] = ()) -> Iterator[Flaw | Forged]:
        """Yield all that is wrong; `elsewhere` are signed heads that were kept outside the database."""
        yield from chain.flaws(self.db)
        anchors = heads.anchors(self.db)
        before = 0
        for one in heads.signed(self.db):
            if one.number != before + 1:
                yield Forged(f"signed heads {before + 1}", "they are not there")
            before = one.number
            yield from self._of(one.text, f"signed heads {one.number}", anchors)
        for number, text in enumerate(elsewhere, 1):
            if text.strip():
                yield from self._of(text.strip(), f"line {number} of the file", anchors)

    def unsigned(self) -> int:
        """Return how many rows came after the newest signed heads: of those the chain alone tells."""
        anchors = heads.anchors(self.db)
        return sum(
            head.seq - self.covered.get(head.lane, anchors[head.lane].seq if head.lane in anchors else 0)
            for head in heads.newest(self.db)
        )

    def _of(self, text: str, where: str, anchors: Mapping[int, Head]) -> Iterator[Flaw | Forged]:
        try:
            said: Claims = verified(text, self.public) if self.public else claims(text)
        except MalformedMessage as error:
            yield Forged(where, str(error).rpartition(": ")[2])
            return
        self.signed += 1
        for head in said.rows:
            flaw = chain.against(self.db, head, anchors.get(head.lane))
            if flaw is not None:
                yield flaw
            else:
                self.covered[head.lane] = max(head.seq, self.covered.get(head.lane, 0))
