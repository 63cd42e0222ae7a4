"""`gateway store reindex` and `gateway store verify`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gateway.cli.stores import database_option, opened, reported, settings_for

if TYPE_CHECKING:
    from gateway.settings import Settings
    from gateway.store import Store
    from gateway.store.verify import Difference

_MOST_SHOWN = 1000
_AT_ONCE = 50  # differences that are mended in one commit


@click.command()
@click.option("--type", "resource_type", metavar="TYPE", help="Only resources of this type.")
@database_option
def reindex(resource_type: str | None, database: str | None) -> None:
    """Index anew what was stored before a search parameter was there, or was what it is; the gateway can go on.

    It can be stopped at any moment and goes on where it was. Run it with the settings of the gateway: the packages that
    are installed and the public base URL are part of what is indexed.
    """
    from gateway.fhir.types import resource_types  # noqa: PLC0415 - not for `--help`
    from gateway.store.reindex import reindex as index_anew  # noqa: PLC0415 - as above

    if resource_type is not None and resource_type not in resource_types():
        raise click.UsageError("R4 has no such resource type")
    settings = settings_of_indexes(database)
    with opened(database) as store:
        done = index_anew(store, base=settings.base_url, resource_type=resource_type)
    for type_, number in done.items():
        click.echo(f"{number:10,}  {type_} indexed anew")
    click.echo("every index is complete" if resource_type is None else f"every index of {resource_type} is complete")


@click.command()
@click.option("--repair", is_flag=True, help="Index anew what differs, and look again.")
@database_option
def verify(database: str | None, *, repair: bool) -> None:
    """Compare indexes, the capacity projection and partners with what they follow from; exit 1 when something differs.

    It reads everything and keeps nobody waiting. Run it with the settings of the gateway, as reindex.
    """
    settings = settings_of_indexes(database)
    with opened(database) as store:
        number, keys = _told(store, settings.base_url)
        if repair and keys:
            click.echo(f"{_mended(store, keys, settings.base_url)} resources indexed anew; what still differs:")
            number, _ = _told(store, settings.base_url)
    if number == 0:
        click.echo("the indexes say what the resources say")
    sys.exit(number > 0)


def settings_of_indexes(database: str | None) -> Settings:
    """Return the settings, the installed packages being part of what is indexed. ClickException."""
    from gateway.services import use_packages  # noqa: PLC0415 - not for `--help`

    with reported():
        settings = settings_for(database)
        use_packages(settings)
    return settings


def _told(store: Store, base: str) -> tuple[int, list[int]]:
    """Tell what differs; return how much that is, and the keys of what can be indexed anew to mend it."""
    from gateway.access.partners import decode  # noqa: PLC0415 - not for `--help`
    from gateway.access.registration import names  # noqa: PLC0415 - as above
    from gateway.store.verify import verify as differences  # noqa: PLC0415 - as above

    number, keys = 0, dict[int, None]()
    for found in differences(store, base, lambda content: names(decode(content))):
        number += 1
        if number <= _MOST_SHOWN:
            click.echo(_line(found))
        if found.is_indexed:
            keys[found.key] = None
    if number > _MOST_SHOWN:
        click.echo(f"and {number - _MOST_SHOWN:,} more")
    return number, list(keys)


def _line(found: Difference) -> str:
    return f"{found.type}/{found.id or f'(key {found.key})'}: {found.what}"


def _mended(store: Store, keys: list[int], base: str) -> int:
    from gateway.store.reindex import renew  # noqa: PLC0415 - not for `--help`

    return sum(renew(store, keys[first : first + _AT_ONCE], base) for first in range(0, len(keys), _AT_ONCE))
