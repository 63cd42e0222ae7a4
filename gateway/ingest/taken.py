"""What became of what came in: message by message, and of everything together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gateway.errors import (
    Conflict,
    GatewayError,
    InvalidResource,
    Issue,
    MappingFailed,
    MultipleMatches,
    VersionConflict,
)
from gateway.transact import Answer, Received

CONTENT = (MappingFailed, InvalidResource, Conflict, MultipleMatches, VersionConflict)  # the sender can mend it: AE


class Made(NamedTuple):
    """A resource that a message made, changed or confirmed."""

    status: str
    type: str
    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one message; of a table, what became of a stretch of its rows. `refusal` None: it is stored."""

    received: Received
    issues: Sequence[Issue]
    made: Sequence[Made] = ()
    rows: int = 0  # of a table, how many were taken
    refusal: GatewayError | None = None


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of everything that came in together."""

    format: str
    messages: Sequence[Taken]

    @property
    def issues(self) -> list[Issue]:
        """Return the findings on all messages."""
        return [issue for message in self.messages for issue in message.issues]

    @property
    def refusal(self) -> GatewayError | None:
        """Return why nothing at all was taken; None when something was."""
        refusals = [message.refusal for message in self.messages]
        if all(refusals):
            return refusals[0]
        used = self.format != "csv" or any(message.rows for message in self.messages)
        return None if used else MappingFailed("no row of this table could be used", code="nothing-made")


def answered(received: Received, answer: Answer) -> Taken:
    """Return that a message is taken, with what its sender is told."""
    return Taken(received, answer.issues, [Made(*made) for made in answer.made], rows=answer.rows)
