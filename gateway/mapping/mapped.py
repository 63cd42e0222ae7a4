"""What became of one message, or of some rows of a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from gateway.errors import Issue
from gateway.fhir.bundle import transaction
from gateway.fhir.types import Resource


class Sourced(Protocol):
    """Where elements came from; see `gateway.mapping.trace`."""

    def entries(self) -> "Sequence[Any]":
        """Return an entry for each element."""


@dataclass(slots=True)
class Mapped:
    """The resources of one message (or chunk of rows), and everything the sender should know.

    `resources` are (resource, method, url) in the order of the mapping. `issues` never stop anything here:
    what does raises MappingFailed. `trace` is computed when asked. `source` is the message, the records or the tree.
    """

    mapping: str
    version: str
    resources: list[tuple[Resource, str, str]]
    issues: Sequence[Issue]
    source: Any
    trace: Any = None
    control_id: str | None = None
    event_time: datetime | None = None
    rows: int = 0  # rows that were taken, for a table
    whole: Resource | None = field(default=None, repr=False)  # the Bundle as it came, for FHIR

    def bundle(self) -> Resource:
        """Return the resources as a transaction Bundle (what came as a Bundle, as it came)."""
        return self.whole if self.whole is not None else transaction(self.resources)
