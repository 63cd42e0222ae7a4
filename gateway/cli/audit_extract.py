"""`gateway audit extract`: for a patient who looked at what, for an officer what an organisation did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gateway.cli.inbox import Moment
from gateway.cli.stores import built, database_option

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from gateway.access.policy import Caller
    from gateway.mapping.findings import Language
    from gateway.services import Services
    from gateway.store.audited import Row
    from gateway.store.auditing.index import Name


@click.command()
@click.option(
    "--patient", metavar="Patient/ID|FILE", help="Of this patient, or the one with the BSN in FILE (-: input)."
)
@click.option("--partner", metavar="ID", help="Of what this partner did: its id in the registry, or its URA.")
@click.option("--since", type=Moment(), metavar="MOMENT", help="Of what was done since then (UTC, or an offset).")
@click.option("--until", type=Moment(), metavar="MOMENT", help="Of what was done before then.")
@click.option("--format", "as_", type=click.Choice(["text", "ndjson"]), default="text", show_default=True)
@click.option("--lang", "language", type=click.Choice(["en", "nl"]), default="nl", show_default=True, help="Of text.")
@database_option
def extract(
    patient: str | None,
    partner: str | None,
    since: datetime | None,
    until: datetime | None,
    as_: str,
    language: Language,
    database: str | None,
) -> None:
    """Write who did what, the newest first: lines to be read, or AuditEvents (NDJSON).

    A BSN is never said on the command line, where others can read it. That an extract was made stands in the audit.
    """
    from gateway.cli.operator import operator  # noqa: PLC0415 - the doors are slow to load
    from gateway.query.auditlog.extracts import Extract, extracted  # noqa: PLC0415 - as above

    with built(database) as to:
        caller = operator(to.settings)
        rows = extracted(Extract(_patients(patient, caller, to), partner or "", since, until), caller, to)
        for line in _text(rows, language) if as_ == "text" else _ndjson(rows, to):
            click.echo(line)


def _patients(patient: str | None, caller: Caller, to: Services) -> frozenset[str]:
    """Return the ids of the patients that are meant. UsageError for a number in plain sight, ResourceNotFound."""
    from gateway.query.auditlog.extracts import patients_of  # noqa: PLC0415 - as above

    if not patient:
        return frozenset()
    if patient.strip().isdigit():
        raise click.UsageError(
            "a number on the command line can be read by others: put it in a file, or in the input (-)"
        )
    type_, _, id_ = patient.partition("/")
    return frozenset([id_]) if type_ == "Patient" and id_ else patients_of(_number(patient), caller, to)


def _number(file: str) -> str:
    """Return the number in a file. UsageError where it cannot be read."""
    try:
        with click.open_file(file) as opened:
            return str(opened.read()).strip()
    except OSError as error:
        raise click.UsageError("--patient is Patient/123, or a file with a BSN in it") from error


def _text(rows: Iterable[tuple[Name, Row]], language: Language) -> Iterator[bytes]:
    from gateway.report.accesses import heading, line  # noqa: PLC0415 - only this form needs it

    yield heading(language).encode()
    for _, row in rows:
        yield line(row, language).encode()


def _ndjson(rows: Iterable[tuple[Name, Row]], to: Services) -> Iterator[bytes]:
    from gateway.fhir.json import encode  # noqa: PLC0415 - only this form needs it
    from gateway.query.auditlog.names import Names  # noqa: PLC0415 - as above
    from gateway.query.auditlog.told import told  # noqa: PLC0415 - as above

    with to.store.reading(snapshot=False) as db:
        names = Names.of(db)
    for name, row in rows:
        yield encode(told(row, names.id(name), to.settings.base_url))
