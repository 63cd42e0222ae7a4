"""What the store holds is sealed on its way in and opened on its way out, where its operator gives keys.

All of it passes here: versions of resources, what came too late, ledgers, what waits to be sent, the store's own
keys. What is sealed is bound to the table and the row that it belongs to. What was stored before there were keys is as
it was.
https://csrc.nist.gov/pubs/sp/800/38/d/final
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import structs

from gateway.errors import BadSettings

if TYPE_CHECKING:
    from gateway.store.records import Batch, Current, Engine, Noted

MARK = b"\xc1GW\x01"
"""What everything sealed begins with: no JSON, XML, MessagePack or UTF-8 text does. The last byte is the version."""
KEY_BYTES = 8
RESOURCE, LATE, LEDGER, DELIVERY, SECRET = "resource", "late", "ledger", "delivery", "secret"
QUEUE, EXPORT = "queue", "export"
_TEXT = "sealed:"

NOT_HERE = (
    "what is stored is sealed with the key {}, which is not here: set GATEWAY_DATA_KEYS to the file that holds it"
)
_KEYS_NOT_HERE = (
    "this store needs the data keys {}, which are not here: set GATEWAY_DATA_KEYS to the file that holds them"
)
_KEYS = "select id from data_key order by id"
_NOTE = "insert into data_key values (?, ?) on conflict do nothing"
_NOTED = "select subject, revision, content from ledger where subject in ({})"
_SECRETS = "select name, value from secret"
_RESEAL = "update secret set value = ? where name = ? and value = ?"


class Finder(Protocol):
    """A key by which numbers are found that are not to be read."""

    @property
    def generation(self) -> int:
        """Return the number of the key, which is never 0."""

    def hidden(self, number: str) -> str:
        """Return what stands in the store in the place of a number: always the same, and of no other number."""


class Seals(Protocol):
    """The keys of a store as it uses them; which of them are in use may change at any moment."""

    @property
    def present(self) -> str | None:
        """Return the name of the key that seals, None when nothing is sealed."""

    @property
    def finders(self) -> Sequence[Finder]:
        """Return the keys by which numbers are found, the present one first; none where they stand as they are."""

    @property
    def names(self) -> Mapping[str, str]:
        """Return what each key that is here is for (`seal` or `find`), by its name."""

    def seal(self, content: bytes, *row: str | int) -> bytes:
        """Return what was sealed for a row: the mark, the name of the key, and what it made of the content."""

    def open(self, content: bytes, *row: str | int) -> bytes:
        """Return what was sealed for a row, or the content as it is where it was not. BadSettings."""


class Database(Protocol):
    """As much of `gateway.store.interface.Database` as is needed here."""

    @property
    def engine(self) -> Engine:
        """Return the engine."""

    @property
    def seals(self) -> Seals:
        """Return the keys of the store."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return every row of the answer."""


class NoSeals:
    """No keys: what comes in is stored as it is."""

    present: str | None = None
    finders: Sequence[Finder] = ()
    names: Mapping[str, str] = MappingProxyType({})

    def seal(self, content: bytes, *_row: str | int) -> bytes:
        """Return the content as it is."""
        return content

    def open(self, content: bytes, *_row: str | int) -> bytes:
        """Return the content as it is. BadSettings when it is sealed."""
        if content[:4] == MARK:
            raise BadSettings(NOT_HERE.format(sealed_with(content)))
        return content


NO_SEALS: Seals = NoSeals()


def sealed_with(content: bytes) -> str | None:
    """Return the name of the key that something was sealed with, None where it is not sealed."""
    return content[len(MARK) : len(MARK) + KEY_BYTES].hex() if content[: len(MARK)] == MARK else None


def sealed_text(db: Database, text: str, table: str, *row: str | int) -> str:
    """Return what is written into a column of text."""
    if not text or db.seals.present is None:
        return text
    return _TEXT + b64encode(db.seals.seal(text.encode(), table, *row)).decode()


def opened_text(db: Database, text: str, table: str, *row: str | int) -> str:
    """Return what stands in a column of text as it came. BadSettings when it cannot be opened."""
    return opened(db, bytes_of(text), table, *row).decode()


def bytes_of(text: str) -> bytes:
    """Return what stands in a column of text as bytes, sealed if it is."""
    return b64decode(text.removeprefix(_TEXT)) if text.startswith(_TEXT) else text.encode()


def opened(db: Database, content: bytes, table: str, *row: str | int) -> bytes:
    """Return what stands in a column as it came. BadSettings when it cannot be opened."""
    return db.seals.open(content, table, *row) if content else content


def present(db: Database, found: Current) -> Current:
    """Return the newest version of a resource with its body opened."""
    body = db.seals.open(found.body, RESOURCE, found.key, found.version) if found.body else b""
    return found if body is found.body else structs.replace(found, body=body)


def known(db: Database, subject: str, found: Noted) -> Noted:
    """Return a row of the ledger with its content opened."""
    content = opened(db, found.content, LEDGER, subject, found.revision)
    return found if content is found.content else found._replace(content=content)


def noted(db: Database, subjects: Sequence[str]) -> dict[str, bytes]:
    """Return what some rows of the ledger hold, by their subjects; those that are not there are left out."""
    rows = db.rows(_NOTED.format(", ".join("?" * len(subjects))), subjects)
    return {subject: opened(db, content, LEDGER, subject, revision) for subject, revision, content in rows}


def generation(seals: Seals) -> int:
    """Return the generation of the key by which numbers are hidden now, 0 where they are not."""
    return seals.finders[0].generation if seals.finders else 0


def sealed(batch: Batch, seals: Seals) -> Batch:
    """Return what one commit writes, sealed; deliveries are sealed when their numbers are known."""
    if seals.present is None:
        return batch
    seal = seals.seal
    return replace(
        batch,
        versions=[
            structs.replace(one, body=seal(one.body, RESOURCE, one.key, one.version))
            if one.body
            else structs.replace(one, generation=generation(seals))  # a deletion has no rows, so any key will do
            for one in batch.versions
        ],
        late=[one._replace(body=seal(one.body, LATE, one.key, one.version, one.at)) for one in batch.late],
        ledger=[(subject, number, seal(content, LEDGER, subject, number)) for subject, number, content in batch.ledger],
    )


def note(db: Database) -> None:
    """Store the names of the keys before anything is sealed with them, and seal the store's own keys."""
    seals = db.seals
    for name, use in seals.names.items():
        db.rows(_NOTE, (name, use))
    for name, value in db.rows(_SECRETS):
        if sealed_with(bytes(value)) != seals.present:
            db.rows(_RESEAL, (seals.seal(_secret(db, name, bytes(value)), SECRET, name), name, value))


def secret(db: Database, name: str) -> bytes:
    """Return one of the store's own keys. BadSettings."""
    ((value,),) = db.rows("select value from secret where name = ?", (name,))
    return _secret(db, name, bytes(value))


def _secret(db: Database, name: str, value: bytes) -> bytes:
    """Return a key of the store, opened where it is sealed; one that is not is any bytes."""
    return opened(db, value, SECRET, name) if sealed_with(value) else value


@contextmanager
def overwriting(db: Database) -> Iterator[None]:
    """Have what is changed overwritten in the file of SQLite; PostgreSQL lets go of it at its next VACUUM."""
    if db.engine == "postgresql":
        yield
        return
    db.rows("pragma secure_delete = on")
    try:
        yield
    finally:
        db.rows("pragma secure_delete = off")


def check(db: Database) -> None:
    """Raise BadSettings unless every key that the store needs is here: nothing is then taken for absent."""
    lacking = [name for (name,) in db.rows(_KEYS) if name not in db.seals.names]
    if lacking:
        raise BadSettings(_KEYS_NOT_HERE.format(", ".join(lacking)))
