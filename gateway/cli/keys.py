"""`gateway keys`: the keys that tokens are signed with, in the folder of GATEWAY_TOKEN_KEYS, and those of the store."""

from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.cli.data_keys import data
from gateway.cli.stores import known_database_option
from gateway.errors import GatewayError

_FOLDER = click.option(
    "--keys",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="GATEWAY_TOKEN_KEYS",
    required=True,
    help="The folder; by default that of GATEWAY_TOKEN_KEYS.",
)


@click.group()
def keys() -> None:
    """Make and follow up the keys that tokens are signed with; `data`: those that the store is sealed with."""


keys.add_command(data)


@keys.command()
@_FOLDER
@known_database_option
def rotate(folder: Path, database: str | None) -> None:
    """Make a new key, which signs in ten minutes, and take away those of which no token can be good any more."""
    from gateway.access.signing_keys import rotate as rotated  # noqa: PLC0415 - cryptography takes 50 ms to load
    from gateway.cli.operator import noted_key  # noqa: PLC0415 - as above

    try:
        made, gone = rotated(folder, datetime.now(UTC))
    except GatewayError as error:
        raise click.ClickException("\n".join(str(issue) for issue in error.issues)) from error
    noted_key(database, made)
    click.echo(f"made {made}")
    for path in gone:
        click.echo(f"took away {path}")


@keys.command(name="list")
@_FOLDER
def list_(folder: Path) -> None:
    """Show the keys by their names, the oldest first, and which of them signs now."""
    from gateway.access.signing_keys import SigningKeys  # noqa: PLC0415 - as above

    try:
        found = SigningKeys.read(folder)
    except (GatewayError, OSError) as error:
        raise click.ClickException(str(error)) from error
    signing = found.signing(datetime.now(UTC))
    for key in found.keys:
        click.echo(f"{key.made:%Y-%m-%d %H:%M:%S} {key.kid}{'  signs' if key is signing else ''}")
