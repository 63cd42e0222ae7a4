"""Bulk export: everything of some types as it was at one moment, in files of NDJSON, made when they are fetched.

Nothing lies ready on a disk. A file is a range of keys as of the moment of the export: the same bytes each time, so a
fetch that broke off is fetched again. Its link is sealed, ends with the export, and serves its organisation alone.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from msgspec import Struct, json

from gateway.access.policy import Caller, may_read, may_search, visible
from gateway.errors import BadRequest, Forbidden, Issue, ResourceNotFound
from gateway.fhir import tables
from gateway.fhir.datetime import format_instant
from gateway.fhir.freshness import told
from gateway.fhir.json import encode
from gateway.fhir.outcome import operation_outcome
from gateway.fhir.search import Page
from gateway.query.audit import note
from gateway.query.groups import Members
from gateway.store import exporting
from gateway.store.audited import about_bodies
from gateway.store.exporting import Export, Exported, OfEverything
from gateway.store.membership import OfPatients, Patients
from gateway.store.records import microseconds, moment
from gateway.store.search import Link, Position, Scope, link, page_secret, seal, sees, unseal
from gateway.store.search.sql import Sql

if TYPE_CHECKING:
    from gateway.services import Services
    from gateway.store import Database

KEPT = timedelta(hours=24)
RESOURCES = 5000
"""So many resources stand in a file at most."""

_DELETED = ""  # the file of what was deleted, in place of a type
_LEFT_OUT = "OperationOutcome"  # the file of the members of a group of whom nothing is exported


class Wanted(Struct, frozen=True):
    """What is exported: of which types, changed after when (None: everything), and the URL that asked for it.

    `members` are those of whom it is, None for everybody.
    """

    types: Sequence[str]
    since: datetime | None
    request: str
    members: Members | None = None


_READ = json.Decoder(Wanted)  # made at import: see gateway.fhir.tables


def _may_export(caller: Caller, resource_type: str) -> bool:
    """Return whether a caller may both search a type and read what it finds: an export is both."""
    return may_search(caller, resource_type) and may_read(caller, resource_type)


def begin(wanted: Wanted, caller: Caller, to: Services) -> str:
    """Begin an export and return its id. Forbidden for a type that the caller may not read."""
    refused = [name for name in wanted.types if not _may_export(caller, name)]
    if refused:
        raise Forbidden([Issue("forbidden", f"this caller may not read {name}") for name in refused])
    now = to.clock()
    export = Export(to.new_id(), caller.asker, microseconds(now), microseconds(now + KEPT), json.encode(wanted))
    with to.store.changing() as db:
        exporting.begin(db, export, microseconds(now))
    whose = [f"Group/{wanted.members.group}"] if wanted.members else []
    note(to, caller, "export", [*whose, *wanted.types], ["_type", "_since"])
    return export.id


def times(id_: str, caller: Caller, to: Services) -> tuple[int, datetime]:
    """Return in how many seconds the files of an export are ready, and when it ends. ResourceNotFound.

    Who was writing when it began may still commit what is dated before it; so long it waits.
    """
    with to.store.reading(snapshot=False) as db:
        export = _found(db, id_, caller, to)
    ready = moment(export.at) + timedelta(seconds=to.settings.wait_seconds)
    return max(0, ceil((ready - to.clock()).total_seconds())), moment(export.until)


def manifest(id_: str, files: str, caller: Caller, to: Services) -> bytes:
    """Return what an export consists of, encoded; `files` is the beginning of the links to them. ResourceNotFound."""
    with to.store.reading() as db:
        export = _found(db, id_, caller, to)
        wanted = _READ.decode(export.asked)
        of, secret = _exported(db, export, wanted, caller, to), _secret(db, caller)

        def file(kind: str, keys: tuple[int, int]) -> dict[str, str]:
            sealed = seal(link(f"export/{id_}", (("type", kind),), Position(keys, 0)), secret)
            return {"type": kind or "Bundle", "url": f"{files}{sealed}"}

        output = [file(name, keys) for name in wanted.types for keys in of.ranges(name, RESOURCES)]
        is_less = wanted.since is not None and any(of.deleted(name) for name in wanted.types)
        left_out = [file(_LEFT_OUT, (0, 0))] if wanted.members and wanted.members.left_out else []
    return encode(
        {
            "transactionTime": format_instant(moment(export.at)),
            "request": wanted.request,
            "requiresAccessToken": not to.settings.development,
            "output": output,
            "deleted": [file(_DELETED, (0, 0))] if is_less else [],
            "error": left_out,
        }
    )


def content(sealed: str, caller: Caller, to: Services) -> bytes:
    """Return a file of an export: NDJSON. Raises ResourceNotFound, Forbidden.

    A link that is none of ours, one of an export that has ended and one of somebody else's are told alike.
    """
    with to.store.reading() as db:
        part = _unsealed(sealed, db, caller)
        kind, (_, id_) = dict(part.pairs).get("type", _DELETED), (*part.resource_type.split("/"), "")[:2]
        export = _found(db, id_, caller, to)
        wanted = _READ.decode(export.asked)
        types = [kind] if kind in wanted.types else wanted.types
        if not all(_may_export(caller, name) for name in types):
            raise Forbidden("this caller may not read this any more")
        low, high = part.values or (0, 0)
        found = _lines(kind, (low, high), _exported(db, export, wanted, caller, to), wanted)
    note(to, caller, "export-file", [f"{kind or 'deleted'}: {len(found)}"], [id_], about=about_bodies(kind, found))
    now = microseconds(to.clock())
    return b"".join(b"%b\n" % told(kind, body, now) for body in found if body)


def _unsealed(sealed: str, db: Database, caller: Caller) -> Link:
    try:
        return unseal(Page(sealed), _secret(db, caller))
    except BadRequest as error:  # which speaks of pages of a search
        raise ResourceNotFound(_NONE) from error


def end(id_: str, caller: Caller, to: Services) -> None:
    """End an export: its links lead nowhere from now on. ResourceNotFound."""
    with to.store.changing() as db:
        if not exporting.end(db, id_, caller.asker):
            raise ResourceNotFound(_NONE)


_NONE = "there is no such export, or it has ended; begin it again"


def _found(db: Database, id_: str, caller: Caller, to: Services) -> Export:
    found = exporting.find(db, id_, caller.asker, microseconds(to.clock()))
    if found is None:
        raise ResourceNotFound(_NONE)
    return found


def _secret(db: Database, caller: Caller) -> bytes:
    return page_secret(db, "export", caller.asker)


def _exported(db: Database, export: Export, wanted: Wanted, caller: Caller, to: Services) -> Exported:
    scope = Scope(to.settings.base_url, visible(caller, "s", also="r")).of(db)

    def seen(resource_type: str) -> Sql:
        return sees(resource_type, "c.key", scope)

    since = microseconds(wanted.since) if wanted.since is not None else -1
    if wanted.members is None:
        return OfEverything(db, since, export.at, seen)
    codes = tables.compartments()["Patient"]
    patients = Patients(frozenset(wanted.members.patients), codes, to.settings.base_url)
    return OfPatients(db, since, export.at, patients, seen)


def _lines(kind: str, keys: tuple[int, int], of: Exported, wanted: Wanted) -> Sequence[bytes]:
    """Return what stands in a file: resources of a type, deletions, or who is left out."""
    if kind == _DELETED:
        return [_deletions(of.deleted(name)) for name in wanted.types]
    if kind == _LEFT_OUT and wanted.members:
        return [encode(operation_outcome([one.issue()])) for one in wanted.members.left_out]
    return of.bodies(kind, keys)


def _deletions(gone: Sequence[tuple[str, str]]) -> bytes:
    """Return a Bundle that deletes what was deleted of a type, b"" when nothing was."""
    entries: list[dict[str, Any]] = [{"request": {"method": "DELETE", "url": f"{type_}/{id_}"}} for type_, id_ in gone]
    return encode({"resourceType": "Bundle", "type": "transaction", "entry": entries}) if entries else b""
