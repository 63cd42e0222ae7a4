"""What goes into the store and comes out of it, as values; both engines speak in these."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from msgspec import Struct

Engine = Literal["sqlite", "postgresql"]
Durability = Literal["full", "normal"]
State = Literal["accepted", "refused"]
Method = Literal["POST", "PUT", "PATCH", "DELETE"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Return `moment`, which must know its zone, as microseconds since 1970-01-01 UTC."""
    return (moment - EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """Return the moment, in UTC, of a time column."""
    return EPOCH + microseconds * _MICROSECOND


class Identity(NamedTuple):
    """The logical identity of a resource. https://hl7.org/fhir/R4/resource.html#id"""

    type: str
    id: str


class Turns(NamedTuple):
    """What a writer takes until it has committed: nobody else then has `alone`, and nobody `beside` for himself."""

    alone: Collection[str] = ()
    beside: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of a resource. `body` is the encoded JSON, empty for a deletion; `late` numbers what came late.

    In a history, `method` is how it was made ('' where that was not noted yet), and `is_new` says that the resource was
    not there before. `reduced`: it is told in its reduced form. `varies`: whether it is, what others say decides, and
    not its version.
    """

    type: str
    id: str
    version: int
    last_updated: datetime
    body: bytes
    deleted: bool
    late: int = 0
    method: Method | Literal[""] = ""
    is_new: bool = False
    reduced: bool = False
    varies: bool = False

    @property
    def version_id(self) -> str:
        """Return the version's id; that of a fact which came too late names the version that was, and is, newer."""
        return f"{self.version}-late-{self.late}" if self.late else str(self.version)


class Current(Struct, frozen=True):
    """What a writer must know of the newest version. Version 0: there is none yet and `key` is reserved for it."""

    key: int
    version: int = 0
    last_updated: int = 0
    deleted: bool = False
    indexed: bytes = b""
    body: bytes = b""
    event_time: int | None = None
    event_number: int | None = None
    indexed_as: int = 0  # the fingerprint of the definitions that `indexed` was made by


class Noted(NamedTuple):
    """A row of the ledger; revision 0: there is none yet."""

    revision: int = 0
    content: bytes = b""


class Answered(NamedTuple):
    """That a message was taken before: the digest of its content, what its sender was told, encoded, and its row."""

    digest: bytes
    answer: bytes
    row: int


class Seen(NamedTuple):
    """What a writer sees: newest versions, which targets are there, rows of the ledger, the answer given before."""

    currents: dict[Identity, Current]
    present: set[Identity]
    ledger: dict[str, Noted]
    answered: Answered | None = None


IndexTables = dict[str, list[tuple[Any, ...]]]  # 'token' -> rows without type and key; 'slot' -> at most one row


class Version(Struct, frozen=True):
    """A version to be written: the next one of `key`, or the first.

    `seen_as` is the `indexed_as` of the newest version that `removed` was worked out from, where there was one.
    """

    key: int
    identity: Identity
    version: int
    last_updated: int
    deleted: bool
    indexed: bytes
    body: bytes
    added: IndexTables
    removed: IndexTables
    event_time: int | None = None
    event_number: int | None = None
    method: Method = "PUT"
    seen_as: int | None = None
    generation: int = 0  # of the key by which numbers are hidden in the index rows

    @property
    def event(self) -> Literal["create", "update", "delete"]:
        """Return what happened to the resource."""
        return "delete" if self.deleted else "update" if self.version > 1 else "create"


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was received: a row of the inbox. `issues` is encoded JSON."""

    provider: str
    format: str
    content: bytes
    received_at: int
    state: State
    control_id: str | None = None
    event_time: int | None = None
    mapping: str | None = None
    issues: str = "[]"
    once: str | None = None
    digest: bytes | None = None
    answer: bytes | None = None
    sealed_with: str | None = None  # the name of the key that `content` is sealed with
    again: int | None = None  # the row that this is written over: a message that is taken again
    tried_at: int | None = None
    fields: tuple[int | None, int | None] = (None, None)  # wanted and right, where they were counted
    of_array: bool = False  # an item of a JSON array

    def row(self) -> tuple[str | int | bytes | None, ...]:
        """Return the columns of its row, in the order the engines insert them."""
        return (
            self.provider, self.format, self.control_id, self.event_time, self.received_at,
            self.state, self.mapping, self.issues, self.content, self.once, self.digest, self.answer, self.sealed_with,
            *self.fields, int(self.of_array),
        )  # fmt: skip

    def news(self) -> tuple[str | int | bytes | None, ...]:
        """Return what is written over its row when it is taken again; content, provider and receipt stay."""
        return (
            self.format, self.control_id, self.event_time, self.state, self.mapping, self.issues,
            self.once, self.digest, self.answer, *self.fields, self.tried_at, self.again,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """A change of rows of the inbox by their ids: of what is set, to what."""

    ids: tuple[int, ...]
    requeued: bool | None = None
    replaced_by: int | None = None
    purged_at: int | None = None  # the content goes
    sealed: tuple[str, bytes] | None = None  # the name of the key and the content, of a single row; '' for no key


class Late(NamedTuple):
    """What was said of `key` too late, when `version` was its newest: history that never was the present."""

    key: int
    version: int
    event_time: int
    at: int
    body: bytes


class Parcel(NamedTuple):
    """Bytes that are to be sent to an endpoint, in the order of their commits, at least once.

    `once` is the same for what is sent again for the same reason: of those, one is sent (None: it cannot be known).
    """

    endpoint: str
    content_type: str
    body: bytes
    once: str | None = None
    at: int = 0


class Subscriber(NamedTuple):
    """What becomes of a subscriber in the commit of its Subscription. Times are microseconds since 1970-01-01 UTC.

    `about` is what is told, where and to whom, encoded; `secret` are the headers to send, sealed. `is_masked`: those of
    before are kept. `is_ours`: the gateway itself changes the status, and the rest stays.
    """

    name: str
    status: Literal["requested", "active", "error", "off"]
    at: int
    due: int | None = None
    origin: str = ""
    about: str = ""
    secret: bytes | None = None
    sealed_with: str | None = None
    is_masked: bool = False
    is_ours: bool = False
    reason: str | None = None


class PartnerVersion(NamedTuple):
    """A version of a partner: when it came, by whom, and which change it was; `content` is the partner, encoded.

    `names` are what it is known by and nobody else: (kind, name). Read from the store, it is without them.
    """

    id: str
    version: int
    at: int
    by: str
    change: str
    content: bytes
    names: Sequence[tuple[str, str]] = ()


class Erased(NamedTuple):
    """What goes for good: all of `keys`, older versions of others, rows of the ledger.

    `versions` are (table, key, version): `resource`, or `late` for what came late. `tables` are those whose rows are
    about a resource by its key.
    """

    keys: Sequence[int]
    versions: Sequence[tuple[str, int, int]]
    subjects: Sequence[str]
    tables: Sequence[str]
    deliveries: Sequence[tuple[str, int]] = ()  # queue and number of what is not sent any more
    at: int = 0


@dataclass(slots=True)
class Batch:
    """Everything of one commit. `confirmed` are (key, version) that the message repeated without a change.

    `raised` are (key, event time, number) of versions that are now known to hold longer; `ledger` are (subject,
    next revision, content). `trace` is the `traceparent` under which what is made is told on.
    """

    audit: bytes
    versions: list[Version] = field(default_factory=list)
    message: Message | None = None
    confirmed: list[tuple[int, int]] = field(default_factory=list)
    raised: list[tuple[int, int, int | None]] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    ledger: list[tuple[str, int, bytes]] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    parcels: Sequence[Parcel] = ()
    subscribers: list[Subscriber] = field(default_factory=list)
    partners: Sequence[PartnerVersion] = ()
    erased: Erased | None = None
    trace: str | None = None
