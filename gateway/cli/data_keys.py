"""`gateway keys data`: the keys that the store is sealed with, in the file of GATEWAY_DATA_KEYS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.stores import database_option, opened, reported, settings_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.access.data_keys import Line, Use
    from gateway.access.kms import Kms

_AHEAD = 60  # seconds: a process looks into the file once a second
_file = click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="GATEWAY_DATA_KEYS",
    required=True,
    help="The file; by default that of GATEWAY_DATA_KEYS.",
)
_kms = click.option(
    "--kms-command", metavar="PROGRAM", envvar="GATEWAY_KMS_COMMAND", help="What wraps the keys, if anything does."
)
_NEEDED = "{} is still needed by {}: run `gateway store encrypt` first, with the gateway's settings"


@click.group()
def data() -> None:
    """Make and follow up the keys that the store is sealed with."""


@data.command()
@click.option("--use", type=click.Choice(["seal", "find"]), default="seal", show_default=True, help="What it is for.")
@click.option("--after", type=click.IntRange(0), default=_AHEAD, show_default=True, help="Seconds until it is in use.")
@_file
@_kms
def new(path: Path, use: Use, after: int, kms_command: str | None) -> None:
    """Make a key that is used some time from now, when every process of every node has the file.

    A key to `seal` seals resources and messages, one to `find` hides numbers that are searched. A new file gets one of
    each, which are used at once.
    """
    from gateway.access.data_keys import USES, add  # noqa: PLC0415 - not for `--help`

    uses, after = ([use], after) if path.exists() else (list(USES), 0)
    since = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=after)
    with reported():
        kms = _program(kms_command)
        for each in uses:
            line = add(path, each, since, kms)
            click.echo(f"made {_told(line, [line], datetime.now(UTC))}")


@data.command(name="list")
@_file
def list_(path: Path) -> None:
    """Show the keys by their names, what each is for, and which of them are in use now."""
    from gateway.access.data_keys import lines  # noqa: PLC0415 - not for `--help`

    now = datetime.now(UTC)
    with reported():
        found = sorted(lines(path), key=lambda line: (line.use, line.since))
    for line in found:
        click.echo(_told(line, found, now))


@data.command()
@click.argument("name")
@database_option
def retire(name: str, database: str | None) -> None:
    """Take a key that nothing in the store needs any more out of the file of GATEWAY_DATA_KEYS."""
    from gateway.access.data_keys import check_followed, lines, take_away  # noqa: PLC0415 - not for `--help`
    from gateway.store.rekeying import forget, needs  # noqa: PLC0415 - as above

    now = datetime.now(UTC)
    with opened(database) as store:
        path = settings_for(database).data_keys
        if path is None:
            raise click.UsageError("GATEWAY_DATA_KEYS is not set")
        check_followed(lines(path), name, now)
        if found := needs(store, name):
            raise click.ClickException(
                _NEEDED.format(name, ", ".join(f"{table} ({found[table]:,})" for table in found))
            )
        take_away(path, name, now)
        forget(store, name)
    click.echo(f"took {name} away")


def _told(line: Line, lines: Sequence[Line], now: datetime) -> str:
    kind = "wrapped" if line.wrapped else "readable"
    return f"{line.id}  {line.use}  since {line.since:%Y-%m-%dT%H:%M:%SZ}  {kind}{_state(line, lines, now)}"


def _state(line: Line, lines: Sequence[Line], now: datetime) -> str:
    if line.since > now:
        return "  is to be used"
    own = [other for other in lines if other.use == line.use and other.since <= now]
    return "  in use" if line is own[-1] else ""


def _program(text: str | None) -> Kms | None:
    from gateway.access.kms import Kms  # noqa: PLC0415 - not for `--help`

    return Kms.read(text) if text else None
