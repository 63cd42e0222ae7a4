"""`gateway store erase-patient`: for who has to make the store forget somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from gateway.cli.stores import built, database_option, shown

if TYPE_CHECKING:
    from gateway.transact.erasure import Found


@click.command("erase-patient")
@click.argument("patient", metavar="Patient/ID")
@click.option("--reason", metavar="TEXT", help="Why; it stands in the audit, so let it name nobody.")
@click.option("--yes", "sure", is_flag=True, help="Erase; without it only what would go is told.")
@database_option
def erase_patient(patient: str, reason: str | None, database: str | None, *, sure: bool) -> None:
    """Erase a patient for good: all that is about it, every version, and the content of its messages.

    A row of the audit says that it was done. There is no way back but a backup, in which it still is.
    """
    from gateway.cli.operator import operator  # noqa: PLC0415 - not for `--help`
    from gateway.transact.erasure import erase, find  # noqa: PLC0415 - as above

    type_, _, id_ = patient.partition("/")
    if type_ != "Patient" or not id_:
        raise click.UsageError("name the patient as Patient/123; POST Patient/_search finds it by a number")
    if sure and not reason:
        raise click.UsageError("say why: --reason")
    with built(database) as to:
        found = find(id_, to)
        click.echo("\n".join(_lines(found)))
        if not sure:
            click.echo("nothing was erased: to do so add --yes and --reason")
            return
        erase(found, reason or "", operator(to.settings), to)
    click.echo(f"erased from {shown(database)}; backups made before still hold it")


def _lines(found: Found) -> Iterator[str]:
    for name, number in sorted(Counter(one.type for one in found.resources.values()).items()):
        yield f"{number:6,}  {name}, every version of it"
    yield f"{len(found.versions):6,}  older versions of what is about somebody else now"
    yield f"{len(found.messages):6,}  messages, of which the content goes"
    yield f"{len(found.deliveries):6,}  that were kept to be sent"
    for one in sorted(found.staying):
        yield f"        {one.type}/{one.id} stays, and still names {found.patient.type}/{found.patient.id}"
