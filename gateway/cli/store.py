"""`gateway store`: make, migrate, inspect, export, back up and fill a store."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, BinaryIO

import click

from gateway.cli.backups import backup, restore
from gateway.cli.encrypting import encrypt
from gateway.cli.erasing import erase_patient
from gateway.cli.indexes import reindex, verify
from gateway.cli.stores import built, database_option, opened, shown

if TYPE_CHECKING:
    from gateway.ingest import Ingested
    from gateway.store import Store
    from gateway.store.contents import Figures


@click.group()
def store() -> None:
    """Make, migrate, inspect, export, back up and fill a store."""


store.add_command(backup)
store.add_command(restore)
store.add_command(erase_patient)
store.add_command(reindex)
store.add_command(encrypt)
store.add_command(encrypt, name="rekey")
store.add_command(verify)


@store.command()
@database_option
def init(database: str | None) -> None:
    """Make an empty store, or leave the one that is there."""
    with opened(database) as there:
        click.echo(f"{shown(database)}: a store of version {_version(there)}")


@store.command()
@database_option
def migrate(database: str | None) -> None:
    """Bring a store of an older gateway up to date."""
    from gateway.store.reindex import types_outdated  # noqa: PLC0415 - only this command asks

    with opened(database, renew=True) as there:
        click.echo(f"{shown(database)}: at version {_version(there)}")
        outdated = types_outdated(there)
        if found := sorted([*outdated.incomplete, *outdated.whole]):
            click.echo(f"to be indexed anew, by `gateway store reindex`: {', '.join(found)}")


@store.command()
@database_option
@click.option("--format", "as_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def info(database: str | None, as_: str) -> None:
    """Count what the store holds and check its audit; exit 1 when the audit was tampered with."""
    from gateway.store.contents import figures  # noqa: PLC0415 - only this command counts

    with opened(database) as there:
        found = figures(there)
    click.echo(json.dumps(asdict(found), indent=2) if as_ == "json" else "\n".join(_lines(found)))
    if found.broken:
        sys.exit(1)


@store.command()
@database_option
@click.option("--type", "resource_type", metavar="TYPE", help="Only resources of this type.")
@click.option("--output", type=click.File("wb", lazy=False), default="-", help="A file instead of standard output.")
def export(database: str | None, resource_type: str | None, output: BinaryIO) -> None:
    """Write the newest version of every resource, one a line (NDJSON), all of one moment."""
    from gateway.cli.operator import noted  # noqa: PLC0415 - slow to load
    from gateway.store.contents import bodies  # noqa: PLC0415 - only this command reads everything

    with opened(database) as there:
        noted(there, database, "export-file", [resource_type or "every type"])
        for body in bodies(there, resource_type):
            output.write(body + b"\n")


@store.command()
@click.argument("reference", metavar="TYPE/ID")
@click.option("--count", default=10, show_default=True, type=click.IntRange(1, 1000), help="At most so many messages.")
@database_option
def provenance(reference: str, database: str | None, count: int) -> None:
    """Tell from which messages a resource came, element by element, newest first: a Bundle of Provenance.

    Where an element was read follows from mapping the message again; nothing that stands in it is told.
    """
    from gateway.cli.operator import operator  # noqa: PLC0415 - slow to load
    from gateway.fhir.json import encode_pretty  # noqa: PLC0415 - as above
    from gateway.query.provenance import provenance as told  # noqa: PLC0415 - as above

    type_, slash, id_ = reference.partition("/")
    if not slash or not id_:
        raise click.UsageError("name a resource as Slot/123")
    with built(database) as to:
        click.echo(encode_pretty(told(type_, id_, operator(to.settings), to, count=count)), nl=False)


@store.command()
@click.argument("files", nargs=-1, required=True, type=click.File("rb"), metavar="FILE...")
@click.option("--provider", default="dev", show_default=True, help="Whose messages these are.")
@click.option("--content-type", metavar="TYPE", help="What the files are; by default that is detected.")
@click.option("--lang", "language", type=click.Choice(["en", "nl"]), default="en", show_default=True)
@click.option("--show-values", is_flag=True, help="Show the values that were refused.")
@database_option
def ingest(
    files: tuple[BinaryIO, ...],
    provider: str,
    content_type: str | None,
    language: str,
    database: str | None,
    *,
    show_values: bool,
) -> None:
    """Take in messages, lists or Bundles from files, as if they were sent; exit 1 when any is refused."""
    from gateway.cli.operator import operator  # noqa: PLC0415 - the doors are slow to load
    from gateway.ingest import ingest as take_in  # noqa: PLC0415 - as above

    refused = False
    with built(database) as to:
        for file in files:
            data = file.read()
            taken = take_in(
                data,
                provider=provider,
                content_type=content_type,
                caller=operator(to.settings, providers=to.library.providers),
                to=to,
                language="nl" if language == "nl" else "en",
            )
            click.echo(f"{file.name}\n{_report(taken, language, show_values=show_values)}", nl=False)
            refused = refused or any(message.refusal for message in taken.messages)
    sys.exit(refused)


def _report(taken: Ingested, language: str, *, show_values: bool) -> str:
    from gateway.report import text  # noqa: PLC0415 - the doors are slow to load

    return text(taken, "nl" if language == "nl" else "en", show_values=show_values)


def _version(there: Store) -> int:
    with there.reading(snapshot=False) as db:
        ((version,),) = db.rows("select max(version) from schema_version")
    return int(version)


def _lines(found: Figures) -> Iterator[str]:
    yield f"{found.engine}, version {found.schema}"
    for name, number in found.resources.items():
        yield f"{number:10,}  {name}"
    yield f"{found.versions:10,}  versions in all"
    for state, number in found.inbox.items():
        yield f"{number:10,}  messages {state}"
    yield f"{found.outbox:10,}  events to be told"
    yield f"{found.audit:10,}  audit rows, " + ("unbroken" if not found.broken else "TAMPERED WITH")
    for lane, seq in found.broken:
        yield f"            lane {lane}: row {seq} is not what was written, or follows one that is gone"
