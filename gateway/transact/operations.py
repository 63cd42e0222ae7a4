"""What can be asked of the door in, and what it answers.

https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from msgspec import Struct

from gateway.errors import Issue, Place
from gateway.fhir.reduced import Part
from gateway.fhir.search import SearchRequest
from gateway.fhir.types import Resource
from gateway.mapping.declared import Stay
from gateway.mapping.keeping import Keeps
from gateway.store.records import Parcel

Status = Literal["created", "updated", "unchanged", "deleted", "superseded"]
Taken = Callable[["Sequence[Outcome]", "Sequence[Issue]"], Sequence[Parcel]]
"""What makes the parcels of a message: of what became of its operations (of none, if it is refused) and of findings."""


class Create(Struct, frozen=True):
    """Store a new resource under a new id. https://hl7.org/fhir/R4/http.html#create"""

    resource: Resource
    full_url: str | None = None


class Put(Struct, frozen=True):
    """Store a next version, or the first, if `if_match` is still the current one.

    `due`: the gateway itself sets the status of a Subscription, of which something is to be done then (0: nothing).
    `holds`: it changes the hold of a Slot, and says nothing else of the place. `ages`: it notes that the word of the
    source has become stale, and says nothing else. `part`: who writes it does not see the whole, and what it changes.
    https://hl7.org/fhir/R4/http.html#update
    """

    resource: Resource
    if_match: str | None = None
    full_url: str | None = None
    patched: bool = False
    due: int | None = None
    holds: bool = False
    ages: bool = False
    part: Part | None = None


class Delete(Struct, frozen=True):
    """Delete a resource; its versions stay. https://hl7.org/fhir/R4/http.html#delete"""

    type: str
    id: str
    if_match: str | None = None


class ConditionalCreate(Struct, frozen=True):
    """Store a new resource unless `search` (a query string, or read already) finds one: then that one is the outcome.

    https://hl7.org/fhir/R4/http.html#ccreate
    """

    resource: Resource
    search: str | SearchRequest
    full_url: str | None = None


class ConditionalPut(Struct, frozen=True):
    """Store a next version of the one that `search` finds, or a new resource, which has the id `new_id` if that is
    said. https://hl7.org/fhir/R4/http.html#cond-update
    """

    resource: Resource
    search: str | SearchRequest
    if_match: str | None = None
    full_url: str | None = None
    patched: bool = False
    new_id: str | None = None


class ConditionalDelete(Struct, frozen=True):
    """Delete the one resource that `search` finds, if there is one. https://hl7.org/fhir/R4/http.html#3.1.0.7.1"""

    type: str
    search: str | SearchRequest
    if_match: str | None = None


Change = Callable[[Resource], Resource]
"""What a patch does to a resource, which it may change; it raises InvalidResource where it does not fit."""


class Patch(Struct, frozen=True):
    """Store what `change` makes of the newest version; `holds` and `ages` are those of a Put.

    https://hl7.org/fhir/R4/http.html#patch
    """

    type: str
    id: str
    change: Change
    if_match: str | None = None
    holds: bool = False
    ages: bool = False


class ConditionalPatch(Struct, frozen=True):
    """Store what `change` makes of the one resource that `search` finds. https://hl7.org/fhir/R4/http.html#patch"""

    type: str
    search: str
    change: Change
    if_match: str | None = None


Write = Create | Put | Delete | ConditionalCreate | ConditionalPut | ConditionalDelete
Operation = Write | Patch | ConditionalPatch


class Outcome(Struct, frozen=True):
    """What became of one operation.

    `unchanged`: the resource is there already, or is gone already (version 0: it never was there). `superseded`:
    something newer is known, so this is kept as history and `version` stays the present. `body` is the encoded
    resource, None when there is none to show; `issues` are warnings. `reduced`: it is told in its reduced form.
    """

    status: Status
    type: str
    id: str
    version: int
    last_updated: datetime
    body: bytes | None = None
    issues: tuple[Issue, ...] = ()
    reduced: bool = False


class Again(NamedTuple):
    """That a message of the inbox is taken again: its row, when, and whether that is so though it was taken before."""

    row: int
    at: datetime
    anew: bool = False


class Unlisted(NamedTuple):
    """That beds (by the ids of their Locations) were listed no longer at a moment, in microseconds."""

    beds: tuple[str, ...]
    at: int


class Sent(NamedTuple):
    """That operations come from a FHIR message: who sends it, as a digest, and which operations are about its focus.

    `name` is what it is known by to its sender, and `bundle` what its Bundle is known by (None: by nothing); a Bundle's
    name is that of one message. `repeats`: its sender says that the focus was told before. `numbers` are the entries of
    the Bundle that the operations are of.
    """

    sender: str
    focus: tuple[int, ...]
    name: str
    bundle: str | None = None
    repeats: bool = False
    numbers: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """The message that operations come from, as it was received; `result` is what mapping it had to say.

    `once` is the same for a message that is sent again (None: it cannot be known), `digest` is that of its content.
    `stay`, `number` and `keeps` are what its mapping declares beside resources; `rows` is how many rows of a table it
    is, `fields` how many fields were wanted and were right, `line` where it begins in what came in. `again` says that
    it stands in the inbox already, and is taken once more; `unlisted` names beds that a list of all beds does not have.
    `by_client`: it is a Bundle with a name that a client of the FHIR API sent: what that writes is the present, and its
    outcomes are its answer. `of_array`: it is an item of a JSON array, which a mapping takes only when it says so.
    `parcels` makes what is to be sent elsewhere because of it, in the same commit: its answer to who waits there.
    `sent`: it is a FHIR message, whose sender may change what its messages made and nothing else. `said_at` tells where
    in it its moment stands; it is asked only when there is something to tell of that.
    """

    provider: str
    format: str
    content: bytes
    received_at: datetime
    control_id: str | None = None
    event_time: datetime | None = None
    mapping: str | None = None
    result: tuple[Issue, ...] = ()
    once: str | None = None
    digest: bytes = b""
    stay: Stay | None = None
    number: int | None = None
    keeps: Keeps = field(default_factory=dict)
    rows: int = 0
    fields: tuple[int, int] | None = None
    line: int = 1
    again: Again | None = None
    unlisted: Unlisted | None = None
    by_client: bool = False
    of_array: bool = False
    parcels: Taken | None = None
    sent: Sent | None = None
    said_at: Callable[[], Place | None] | None = field(default=None, compare=False)
