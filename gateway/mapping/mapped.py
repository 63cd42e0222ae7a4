"""What became of one message, or of some rows of a table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from gateway.errors import Issue, Place
from gateway.fhir.bundle import transaction
from gateway.fhir.types import Resource
from gateway.formats import edifact, hl7v2, jsontree, xmltree
from gateway.mapping.declared import Order, Stay, declared
from gateway.mapping.events import event_place, event_time
from gateway.mapping.fields import Fields, counted
from gateway.mapping.keeping import MODIFIER, Keeps, parted

_MESSAGES = (hl7v2.Message, edifact.Message)
_MEASURED_AT = "https://msb-gateway.example/fhir/StructureDefinition/capacity-measured-at"
_ODD = (*_MESSAGES, jsontree.Document, xmltree.Document)  # they say what was odd about their bytes


class Origin(Protocol):
    """Where elements came from; see `gateway.mapping.trace`."""

    def entries(self) -> Sequence[Any]:
        """Return an entry for each element."""

    def explain(self, path: str) -> Sequence[Any]:
        """Return the entries at or below a path."""

    def of(self, url: str) -> Sequence[Any]:
        """Return an entry for each element of one resource, `Slot/1`."""

    def tracers(self) -> Sequence[Any]:
        """Return the tracers of the run."""


class Untraced:
    """The trace of a message for which none was wanted: nothing."""

    def entries(self) -> Sequence[Any]:
        """Return none."""
        return ()

    def explain(self, path: str) -> Sequence[Any]:
        """Return none."""
        del path
        return ()

    def of(self, url: str) -> Sequence[Any]:
        """Return none."""
        del url
        return ()

    def tracers(self) -> Sequence[Any]:
        """Return none."""
        return ()


@dataclass(slots=True)
class Mapped:
    """The resources of one message (or chunk of rows), and everything the sender should know.

    `resources` are (resource, method, url) in the order of the mapping. `trace` is computed when asked.
    `source` is the message, the records or the tree.
    """

    mapping: str
    version: str
    resources: list[tuple[Resource, str, str]]
    found: Sequence[Issue]
    source: Any
    trace: Origin = field(default_factory=Untraced, repr=False)
    control_id: str | None = None
    zone: str | None = None  # of times in the message without an offset
    rows: int = 0  # rows that were taken, for a table
    moment: datetime | None = None  # of the event, where the mapping says how to find it
    whole: Resource | None = field(default=None, repr=False)  # the Bundle as it came, for FHIR
    apart: "Callable[[], Iterator[Mapped]] | None" = field(default=None, repr=False)  # the same rows, one by one
    stay: Stay | None = None
    order: Order | None = None
    keeps: Keeps = field(default_factory=dict)  # what is said of elements that resources do not have
    mentioned: frozenset[str] | None = field(default=None, repr=False)  # names of its source that the mapping mentions

    def __post_init__(self) -> None:
        """Set apart what the mapping declares beside its resources."""
        if self.whole is None:
            if any(MODIFIER in made[0] for made in self.resources):
                self.resources, self.keeps = parted(self.resources)
            self.resources, self.stay, self.order = declared(self.resources)

    @property
    def number(self) -> int | None:
        """Return the number of what this says, where the source counts its versions."""
        return self.order.number if self.order else None

    @property
    def fields(self) -> Fields | None:
        """Return how many fields were wanted and came as they should; None where there was nothing to count."""
        return None if self.mentioned is None else counted(self.source, self.mentioned, self.issues)

    @property
    def issues(self) -> Sequence[Issue]:
        """Return what was odd about the message, then what its rules found. None of it stopped the message."""
        return (*self.source.issues, *self.found) if isinstance(self.source, _ODD) else self.found

    @property
    def event_time(self) -> datetime | None:
        """Return the moment that the mapping declares or its `source` finds, else the one the message says, if any.

        That is when the event of an HL7 v2 message happened, or when an EDIFACT message was made.
        """
        if self.order and self.order.moment:
            return self.order.moment
        if self.moment is not None:
            return self.moment
        return event_time(self.source, self.zone) if self.zone and isinstance(self.source, _MESSAGES) else None

    def said_at(self) -> Place | None:
        """Return where its moment stands; None where nobody can tell, and of several rows, which each say their own."""
        if isinstance(self.source, _MESSAGES):
            return event_place(self.source)
        if self.whole is not None or (isinstance(self.source, list) and self.row is None):
            return None
        made = self.trace.entries()
        facts = {entry.path.removesuffix(".url") for entry in made if entry.value == _MEASURED_AT}
        read = [e for e in made if e.path.removesuffix(".valueDateTime") in facts and e.sources]
        return max(read, key=lambda entry: str(entry.value)).sources[0][0] if read else None

    @property
    def row(self) -> Place | None:
        """Return the place of the row, where this is about a single row of a table."""
        return self.source[0].place() if isinstance(self.source, list) and len(self.source) == 1 else None

    def bundle(self) -> Resource:
        """Return the resources as a transaction Bundle (what came as a Bundle, as it came)."""
        return self.whole if self.whole is not None else transaction(self.resources)
