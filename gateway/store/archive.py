"""A backup: a file with every table of a store as it was at one moment, for a store of either engine.

It is a ZIP archive: `tables/<name>.msgpack` holds the rows, in pieces that are each a MessagePack array behind its
length; `manifest.json` holds the version of the store, and of each table its columns, the number of its rows and the
SHA-256 of its bytes. It holds all that the store holds, patient data too, except that what is sealed stays sealed.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Any, BinaryIO

import msgspec

from gateway.errors import Conflict, MalformedMessage
from gateway.fhir.datetime import format_instant
from gateway.store.migrate import latest

if TYPE_CHECKING:
    from gateway.store.interface import Store, Tables, WholeDatabase

_FORMAT = 1
_MANIFEST = "manifest.json"
_ROWS = 1000
_LENGTH = struct.Struct("!I")
_MOST = 1 << 30  # bytes of one piece
_VERSION = "select max(version) from schema_version"
_FOLLOWS = ("schema_version", "audit_head")  # made by the migrations; follows from the audit
_HOLDS = ("resource", "inbox", "audit")  # of these an empty store has no rows


# What the library raises of damaged archives: it says so nowhere, and damage looks like other ways to compress, too.
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, msgspec.DecodeError,
    EOFError, KeyError, NotImplementedError, OSError, RuntimeError, ValueError,
)  # fmt: skip


class Table(msgspec.Struct, frozen=True):
    """A table of an archive."""

    columns: list[str]
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What an archive says of itself: `store` is the version of the store that it was made of."""

    format: int
    store: int
    engine: str
    at: str
    tables: dict[str, Table]

    @property
    def rows(self) -> int:
        """Return how many rows there are of all tables."""
        return sum(table.rows for table in self.tables.values())


_READ = msgspec.json.Decoder(Manifest)  # made at import: see gateway.fhir.tables
_RAW_ROWS = msgspec.msgpack.Decoder(list[msgspec.Raw])


def back_up(store: Store, file: BinaryIO, at: datetime) -> Manifest:
    """Write everything that `store` holds now, all of one moment; others go on reading and writing. Unavailable."""
    with store.reading() as db, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        whole = db.tables()
        wanted = {name: columns for name, columns in whole.columns().items() if name not in _FOLLOWS}
        tables = {name: _written(archive, whole, name, columns) for name, columns in wanted.items()}
        ((version,),) = db.rows(_VERSION)
        manifest = Manifest(_FORMAT, version, db.engine, format_instant(at), tables)
        archive.writestr(_MANIFEST, msgspec.json.encode(manifest))
    return manifest


def check(file: BinaryIO) -> Manifest:
    """Return what an archive says of itself, when every byte of it is as it was written. MalformedMessage."""
    with _opened(file) as (archive, manifest):
        for name, table in manifest.tables.items():
            _check(archive, name, table)
    return manifest


def restore(file: BinaryIO, store: Store, *, told: Callable[[str, int], None] = lambda _name, _rows: None) -> Manifest:
    """Put an archive into an empty store of its version, all of it or nothing; `told` hears of each table.

    Raises MalformedMessage when the archive is not whole, Conflict when the store holds something or differs.
    """
    check(file)
    with _opened(file) as (archive, manifest), store.changing() as db:
        _check_fits(manifest, db)
        whole = db.tables()
        for name, table in manifest.tables.items():
            db.rows(f"delete from {name}")  # noqa: S608 - a table of the store: `_check_fits`
            for rows in _read(archive, name):
                whole.load(name, table.columns, rows)
            told(name, table.rows)
        whole.follow()
    return manifest


def _check_fits(manifest: Manifest, db: WholeDatabase) -> None:
    """Raise Conflict unless the store is empty, and has the tables of the archive."""
    if manifest.store != latest(db.engine):
        raise Conflict(
            f"this is a backup of a store of version {manifest.store}; this gateway works with {latest(db.engine)}: "
            "restore it with the gateway that made it, then run `gateway store migrate`"
        )
    if any(db.rows(f"select 1 from {name} limit 1") for name in _HOLDS):  # noqa: S608 - our own names
        raise Conflict("the store is not empty; a backup is restored into an empty one")
    there = db.tables().columns()
    if any(name not in there or set(table.columns) - set(there[name]) for name, table in manifest.tables.items()):
        raise Conflict("the backup has tables or columns that this store does not have")


def _written(archive: zipfile.ZipFile, tables: Tables, name: str, columns: Sequence[str]) -> Table:
    number, digest = 0, sha256()
    with archive.open(_member(name), "w", force_zip64=True) as member:
        for rows in tables.pieces(f"select {', '.join(columns)} from {name}", _ROWS):  # noqa: S608 - the schema's own names
            piece = msgspec.msgpack.encode(rows)
            for part in (_LENGTH.pack(len(piece)), piece):
                member.write(part)
                digest.update(part)
            number += len(rows)
    return Table(list(columns), number, digest.hexdigest())


def _check(archive: zipfile.ZipFile, name: str, table: Table) -> None:
    digest, number = sha256(), 0
    for piece in _pieces(archive, name):
        digest.update(_LENGTH.pack(len(piece)))
        digest.update(piece)
        number += len(_RAW_ROWS.decode(piece))
    if (digest.hexdigest(), number) != (table.sha256, table.rows):
        raise MalformedMessage(f"the backup is damaged: table {name} is not as it was written")


def _read(archive: zipfile.ZipFile, name: str) -> Iterator[list[list[Any]]]:
    for piece in _pieces(archive, name):
        yield msgspec.msgpack.decode(piece)


def _pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(_member(name)) as member:
        while length := _exactly(member, _LENGTH.size, or_end=True):
            yield _exactly(member, min(_LENGTH.unpack(length)[0], _MOST))


def _exactly(member: IO[bytes], number: int, *, or_end: bool = False) -> bytes:
    found = member.read(number)
    if len(found) == number or (or_end and not found):
        return found
    raise MalformedMessage("the backup is damaged: a table breaks off")


@contextmanager
def _opened(file: BinaryIO) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """Open an archive; whatever in it cannot be read is MalformedMessage."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _READ.decode(archive.read(_MANIFEST))
            if manifest.format != _FORMAT:
                raise MalformedMessage(f"the backup has format {manifest.format}; this gateway reads {_FORMAT}")
            yield archive, manifest
    except _UNREADABLE as error:
        raise MalformedMessage("this is no backup of a store, or it is damaged") from error


def _member(name: str) -> str:
    return f"tables/{name}.msgpack"
