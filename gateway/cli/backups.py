"""`gateway store backup` and `gateway store restore`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from gateway.cli.stores import database_option, opened, reported, shown


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@database_option
def backup(file: Path, database: str | None) -> None:
    """Write all that a store holds, as it is at one moment, to FILE; the gateway can go on meanwhile.

    FILE holds patient data, and can be read by its owner alone. It can be restored on either engine.
    """
    from gateway.cli.operator import noted  # noqa: PLC0415 - not for `--help`
    from gateway.store.archive import back_up, check  # noqa: PLC0415 - as above

    with opened(database) as store, _new(file) as sink:
        noted(store, database, "backup", [])
        back_up(store, sink, datetime.now(UTC))
        sink.seek(0)
        manifest = check(sink)
    click.echo(f"{shown(database)}: {manifest.rows} rows in {file}, read back and found whole")


@click.command()
@click.argument("file", type=click.File("rb"), metavar="FILE")
@click.option("--check", "only_check", is_flag=True, help="Only see whether the backup is whole.")
@database_option
def restore(file: BinaryIO, database: str | None, *, only_check: bool) -> None:
    """Put a backup into an empty store, all of it or nothing. Let no gateway use that store meanwhile."""
    from gateway.cli.operator import noted  # noqa: PLC0415 - not for `--help`
    from gateway.store.archive import check  # noqa: PLC0415 - as above
    from gateway.store.archive import restore as put_back  # noqa: PLC0415 - as above
    from gateway.store.contents import figures  # noqa: PLC0415 - as above

    if only_check:
        with reported():
            manifest = check(file)
        click.echo(f"whole: {manifest.rows} rows of {manifest.at}, of a store of version {manifest.store}")
        return
    with opened(database) as store:
        manifest = put_back(file, store)
        noted(store, database, "restore", [])
        broken = figures(store).broken
    click.echo(f"{shown(database)}: {manifest.rows} rows of {manifest.at}")
    if broken:
        click.echo("the audit in the backup is not as it was written", err=True)
        sys.exit(1)


@contextmanager
def _new(file: Path) -> Iterator[BinaryIO]:
    """Open a file that is not there yet and is there only when all of it is written and on disk."""
    if file.exists():
        raise click.ClickException(f"{file} is there already")
    part = file.with_name(f"{file.name}.part")
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise click.ClickException(f"{part}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "w+b") as sink:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
        part.rename(file)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
