"""`gateway certs`: certificates to try TLS with at home."""

from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.errors import GatewayError


@click.group()
def certs() -> None:
    """Make certificates for development."""


@certs.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("certs/dev"), show_default=True)
@click.option("--host", "hosts", multiple=True, help="One more name or address the server answers to.")
@click.option("--force", is_flag=True, help="Replace what is there.")
def dev(out: Path, hosts: tuple[str, ...], *, force: bool) -> None:
    """Make a development CA, and with it a server's and clients' certificates and keys."""
    from gateway.access.certificates import write_development  # noqa: PLC0415 - cryptography takes 50 ms to load

    try:
        written = write_development(out, datetime.now(UTC), hosts=hosts, force=force)
    except GatewayError as error:
        raise click.ClickException(str(error)) from error
    for path in written:
        click.echo(path)
