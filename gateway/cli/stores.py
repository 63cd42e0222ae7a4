"""The store and the doors, as commands open them: settings of the environment, errors in our words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from gateway.errors import GatewayError

if TYPE_CHECKING:
    from gateway.services import Services
    from gateway.settings import Settings
    from gateway.store import Store


database_option = click.option("--database", metavar="URL", help="The store; by default that of GATEWAY_DATABASE.")

known_database_option = click.option(
    "--database",
    metavar="URL",
    envvar="GATEWAY_DATABASE",
    help="The store whose audit is told; by default that of GATEWAY_DATABASE, and none where that is not set.",
)


@contextmanager
def built(database: str | None) -> Iterator[Services]:
    """Yield the doors to a store; ClickException for what is wrong with it."""
    from gateway.services import build  # noqa: PLC0415 - the doors are slow to load

    with reported():
        to = build(settings_for(database))
        try:
            yield to
        finally:
            to.store.close()


@contextmanager
def reported() -> Iterator[None]:
    """Tell an error of ours in its own words, all its findings. ClickException."""
    try:
        yield
    except GatewayError as error:
        raise click.ClickException("\n".join(str(issue) for issue in error.issues)) from error


def settings_for(database: str | None) -> Settings:
    """Return the settings of the environment, with `database` where it is given. BadSettings."""
    from gateway.settings import Settings  # noqa: PLC0415 - not for `--help`

    given = {"GATEWAY_DATABASE": database} if database else {}
    return Settings.from_env(os.environ | given)


@contextmanager
def opened(database: str | None, *, renew: bool = False) -> Iterator[Store]:
    """Yield a store alone, an older one brought up to date if `renew`; ClickException for what is wrong with it."""
    from gateway.services import seals  # noqa: PLC0415 - not for `--help`
    from gateway.store import open_store  # noqa: PLC0415 - as above

    with reported():
        settings = settings_for(database)
        store = open_store(settings.database, durability=settings.durability, renew=renew, seals=seals(settings))
        try:
            yield store
        finally:
            store.close()


def shown(database: str | None) -> str:
    """Return the URL of the store without what may be secret: a password, and whatever follows a `?`. BadSettings."""
    scheme, _, rest = settings_for(database).database.partition("://")
    if scheme == "sqlite":
        return f"{scheme}://{rest}"
    user, at, host = rest.partition("?")[0].rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}{at}{host}"
