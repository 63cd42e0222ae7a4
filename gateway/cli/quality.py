"""`gateway quality`: how well the messages of each provider arrive."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.inbox import Moment
from gateway.errors import GatewayError

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.store.quality import Quality

_COLUMNS = (
    "provider",
    "format",
    "messages",
    "taken",
    "right",
    "messageShare",
    "rows",
    "rowsApart",
    "rowShare",
    "codes",
)
_MOST = 3  # of the codes found most that a line shows


@click.command()
@click.option("--provider", metavar="NAME", help="Only messages of this provider.")
@click.option("--since", type=Moment(), metavar="MOMENT", help="Only messages received since then (UTC, or an offset).")
@click.option("--until", type=Moment(), metavar="MOMENT", help="Only messages received before then.")
@click.option("--format", "as_", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@click.option("--database", metavar="URL", help="The store; by default that of GATEWAY_DATABASE.")
def quality(
    provider: str | None, since: datetime | None, until: datetime | None, as_: str, database: str | None
) -> None:
    """Count which share of the messages, and of the rows of tables, arrived as they should, by provider and format.

    A message arrived as it should when it was taken and nothing worse than a note was found in it.
    """
    from gateway.settings import Settings  # noqa: PLC0415 - not for `--help`
    from gateway.store import open_store  # noqa: PLC0415 - as above
    from gateway.store.quality import quality as counted  # noqa: PLC0415 - as above

    given = {"GATEWAY_DATABASE": database} if database else {}
    try:
        settings = Settings.from_env(os.environ | given)
        store = open_store(settings.database, durability=settings.durability)
        try:
            found = counted(store, provider=provider, since=since, until=until)
        finally:
            store.close()
    except GatewayError as error:
        raise click.ClickException("\n".join(str(issue) for issue in error.issues)) from error
    _write(found, as_)


def _write(found: Sequence[Quality], as_: str) -> None:
    if as_ == "json":
        click.echo(json.dumps([_row(one) for one in found], indent=2))
    elif as_ == "csv":
        written = csv.DictWriter(sys.stdout, _COLUMNS, delimiter=";", lineterminator="\r\n")
        written.writeheader()
        written.writerows(_row(one) | {"codes": _codes(one)} for one in found)
    else:
        click.echo("\n".join(_line(one) for one in found) or "no messages")


def _row(one: Quality) -> dict[str, Any]:
    return {
        "provider": one.provider,
        "format": one.format,
        "messages": one.messages,
        "taken": one.taken,
        "right": one.right,
        "messageShare": _rounded(one.message_share),
        "rows": one.rows,
        "rowsApart": one.rows_apart,
        "rowShare": _rounded(one.row_share),
        "codes": dict(one.codes.most_common()),
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _line(one: Quality) -> str:
    parts = [f"{one.provider} {one.format}: {one.right} of {one.messages} messages as they should be"]
    parts[0] += _percent(one.message_share) + f", {one.messages - one.taken} refused"
    if one.row_share is not None:
        parts.append(f"{one.rows} of {one.rows + one.rows_apart} rows taken{_percent(one.row_share)}")
    if one.codes:
        parts.append(_codes(one, _MOST))
    return "; ".join(parts)


def _codes(one: Quality, most: int | None = None) -> str:
    return ", ".join(f"{code} {number}" for code, number in one.codes.most_common(most))


def _percent(share: float | None) -> str:
    return "" if share is None else f" ({share * 100:.1f} %)"
