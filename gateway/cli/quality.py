"""`gateway quality`: how well the messages of each provider arrive."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from gateway.cli.inbox import Moment
from gateway.cli.stores import reported, settings_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.mapping.findings import Language
    from gateway.store.quality import Quality


@click.command()
@click.option("--provider", metavar="NAME", help="Only messages of this provider.")
@click.option("--since", type=Moment(), metavar="MOMENT", help="Only messages received since then (UTC, or an offset).")
@click.option("--until", type=Moment(), metavar="MOMENT", help="Only messages received before then.")
@click.option("--format", "as_", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@click.option("--lang", "language", type=click.Choice(["en", "nl"]), default="en", help="Of text and CSV.")
@click.option("--database", metavar="URL", help="The store; by default that of GATEWAY_DATABASE.")
def quality(
    provider: str | None,
    since: datetime | None,
    until: datetime | None,
    as_: str,
    language: Language,
    database: str | None,
) -> None:
    """Count which share of the messages, of the rows of tables and of the fields arrived as they should.

    By provider and format, by mapping, and with the fields that most is found wrong with. A message arrived as it
    should when it was taken and nothing worse than a note was found in it.
    """
    from gateway.store import open_store  # noqa: PLC0415 - not for `--help`
    from gateway.store.quality import quality as counted  # noqa: PLC0415 - as above

    with reported():
        settings = settings_for(database)
        store = open_store(settings.database, durability=settings.durability)
        try:
            found = counted(store, provider=provider, since=since, until=until)
        finally:
            store.close()
    click.echo(_told(found, as_, language), nl=False)


def _told(found: Sequence[Quality], as_: str, language: Language) -> str:
    from gateway.report import quality as report  # noqa: PLC0415 - not for `--help`

    if as_ == "json":
        return json.dumps(report.rows(found), indent=2) + "\n"
    return report.table(found, language) if as_ == "csv" else report.text(found, language)
