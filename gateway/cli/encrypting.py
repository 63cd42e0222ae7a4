"""`gateway store encrypt`: seals with the present keys what is not."""

from __future__ import annotations

import click

from gateway.cli.indexes import settings_of_indexes
from gateway.cli.stores import database_option, reported


@click.command()
@database_option
def encrypt(database: str | None) -> None:
    """Seal with the present keys what is not: stored before there were keys, or with others; the gateway can go on.

    Resources, ledgers, what waits to be sent and messages are sealed, and numbers in the indexes hidden. It can be
    stopped at any moment and goes on where it was. Run it with the settings of the gateway, as reindex.
    """
    from gateway.cli.inbox import opened  # noqa: PLC0415 - not for `--help`
    from gateway.cli.operator import operator  # noqa: PLC0415 - as above
    from gateway.store.reindex import reindex  # noqa: PLC0415 - as above
    from gateway.store.rekeying import rekey  # noqa: PLC0415 - as above
    from gateway.transact import inbox  # noqa: PLC0415 - as above

    settings = settings_of_indexes(database)
    with reported(), opened(database) as to:
        done = rekey(to.store)
        done["inbox"] = inbox.rekey(operator(to.settings), to)
        done["indexes"] = sum(reindex(to.store, base=settings.base_url).values())
    for name, number in done.items():
        click.echo(f"{number:10,}  {name}")
    click.echo("everything is sealed with the present keys")
