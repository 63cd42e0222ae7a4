"""`gateway kpi`: what the indicators are, and what they are of a period."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from gateway.cli.inbox import Moment
from gateway.cli.operator import noted, operator
from gateway.cli.stores import built, database_option, reported, settings_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.kpi.definitions import Definition
    from gateway.kpi.facts import Span
    from gateway.kpi.results import Result
    from gateway.mapping.findings import Language
    from gateway.services import Services

_DAY = click.DateTime(["%Y-%m-%d"])
_first = click.option("--from", "first", type=_DAY, required=True, metavar="DAY", help="The first day, 2026-01-05.")
_last = click.option("--to", "last", type=_DAY, required=True, metavar="DAY", help="The last day, which is in it.")
_language = click.option("--lang", "language", type=click.Choice(["en", "nl"]), default="en", help="Of text and CSV.")


class _Asked(TypedDict):
    """Which indicators of which days and region, as who sees them, and whether that is kept."""

    numbers: tuple[str, ...]
    first: datetime
    last: datetime
    region: str
    known: datetime | None
    outside: bool
    partner: str | None
    freeze: bool


@click.group()
def kpi() -> None:
    """Compute the indicators of a region from what the store kept."""


@kpi.command("list")
@_language
def list_(language: Language) -> None:
    """List the indicators, with version and owner."""
    from gateway.report import indicators  # noqa: PLC0415 - not for `--help`

    with reported():
        click.echo(indicators.listed(list(_definitions().values()), language), nl=False)


@kpi.command()
@click.argument("number")
@_language
def show(number: str, language: Language) -> None:
    """Show what an indicator counts, its figures and parameters: `gateway kpi show K-05`."""
    from gateway.report import indicators  # noqa: PLC0415 - not for `--help`

    with reported():
        click.echo(indicators.shown(_wanted((number,))[0], language), nl=False)


@kpi.command()
@click.argument("numbers", nargs=-1)
@_first
@_last
@click.option("--region", default="", metavar="REGION", help="Of this region or subregion alone, west/haaglanden.")
@click.option("--known", type=Moment(), metavar="MOMENT", help="Of what had come by then; by default, of everything.")
@click.option("--outside", is_flag=True, help="As others see it: cells of few requests or providers are hidden.")
@click.option("--partner", metavar="ID", help="As this partner sees it.")
@click.option("--freeze", is_flag=True, help="Keep it as a snapshot that nothing changes any more.")
@click.option("--format", "as_", type=click.Choice(["text", "json", "csv", "fhir"]), default="text", show_default=True)
@_language
@database_option
def compute(database: str | None, as_: str, language: Language, **asked: Unpack[_Asked]) -> None:
    """Compute indicators (all of them, or those that are named) of days in the Netherlands."""
    with built(database) as to, reported():
        wanted = _wanted(asked["numbers"])
        noted(to.store, database, "kpi", [one.id for one in wanted])
        found = _computed(wanted, asked, to)
        if asked["freeze"]:
            _freeze(found, to, outside=asked["outside"])
        click.echo(_told(_seen(found, asked, to), as_, language), nl=False)


@kpi.command()
@_first
@_last
@click.option("--region", default="", metavar="REGION", help="Of this region or subregion alone, west/haaglanden.")
@click.option("--format", "as_", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@_language
@database_option
def usage(first: datetime, last: datetime, region: str, as_: str, language: Language, database: str | None) -> None:
    """Count what each partner asked and delivered, and the requests that would be counted twice."""
    from gateway.kpi.usage import usage as used  # noqa: PLC0415 - not for `--help`
    from gateway.report import indicators  # noqa: PLC0415 - as above

    with built(database) as to, reported():
        noted(to.store, database, "kpi", ["usage"])
        found = used(_span(first, last), to, region=region)
        click.echo(indicators.used(found, as_, language), nl=False)


@kpi.command()
@_first
@_last
@click.option(
    "--key",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="The key of the pseudonyms, 32 bytes or more; keep it apart from what is exported.",
)
@_language
@database_option
def research(first: datetime, last: datetime, path: Path, language: Language, database: str | None) -> None:
    """Export requests under pseudonyms, as CSV: by week, without who or when."""
    from gateway.kpi.research import COLUMNS  # noqa: PLC0415 - not for `--help`
    from gateway.kpi.research import research as exported  # noqa: PLC0415 - as above
    from gateway.report import indicators  # noqa: PLC0415 - as above

    with built(database) as to, reported():
        noted(to.store, database, "kpi", ["research"])
        rows = exported(_span(first, last), path.read_bytes(), to)
        click.echo(indicators.pseudonymous(rows, COLUMNS, language), nl=False)


def _computed(wanted: Sequence[Definition], asked: _Asked, to: Services) -> Sequence[Result]:
    from gateway.kpi.computing import results  # noqa: PLC0415 - not for `--help`
    from gateway.store.records import microseconds  # noqa: PLC0415 - as above

    span = _span(asked["first"], asked["last"])
    known = microseconds(asked["known"]) if asked["known"] else None
    return results(wanted, span, to, region=asked["region"], known=known)


def _span(first: datetime, last: datetime) -> Span:
    from gateway.kpi.spans import window  # noqa: PLC0415 - not for `--help`

    return window(first.date(), last.date() + timedelta(days=1))


def _seen(found: Sequence[Result], asked: _Asked, to: Services) -> Sequence[Result]:
    """Return results as who looks sees them."""
    from gateway.kpi.results import for_outsiders  # noqa: PLC0415 - not for `--help`
    from gateway.kpi.seeing import seen_by  # noqa: PLC0415 - as above

    if asked["partner"] is not None:
        known = to.registry.partners().get(asked["partner"])
        if known is None:
            raise click.ClickException("there is no partner of this id")
        return [seen_by(one, known.caller()) for one in found]
    return [for_outsiders(one) for one in found] if asked["outside"] else found


def _freeze(found: Sequence[Result], to: Services, *, outside: bool) -> None:
    from gateway.kpi.freezing import freeze  # noqa: PLC0415 - not for `--help`

    for id_ in freeze(found, operator(to.settings), to, outside=outside):
        click.echo(f"MeasureReport/{id_}", err=True)


def _told(found: Sequence[Result], as_: str, language: Language) -> str:
    from gateway.report import indicators  # noqa: PLC0415 - not for `--help`

    match as_:
        case "json":
            return indicators.json(found)
        case "csv":
            return indicators.table(found, language)
        case "fhir":
            return indicators.bundle(found)
        case _:
            return indicators.text(found, language)


def _definitions() -> dict[str, Definition]:
    from gateway.kpi.definitions import definitions  # noqa: PLC0415 - not for `--help`

    return definitions(settings_for(None).kpis)


def _wanted(numbers: tuple[str, ...]) -> list[Definition]:
    from gateway.kpi.definitions import definition  # noqa: PLC0415 - not for `--help`

    if not numbers:
        return list(_definitions().values())
    folder = settings_for(None).kpis
    return [definition(number, folder) for number in dict.fromkeys(numbers)]
