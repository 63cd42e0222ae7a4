"""`gateway map import`: a map in HL7's mapping language, or HL7's v2-to-FHIR code tables."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.lazy import LazyGroup

if TYPE_CHECKING:
    from gateway.mapping.v2_tables import Imported

_MAP = "map"


class _Import(LazyGroup):
    """`import FILE --as NAME` stands for `import map FILE --as NAME`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return what is left of the arguments for the command that is meant."""
        if args and args[0] not in {*self.commands_in, "--help"}:
            args = [_MAP, *args]
        return super().parse_args(ctx, args)


@click.group(
    "import",
    cls=_Import,
    commands_in={
        _MAP: ("gateway.cli.map.exchange:import_", "FML or a StructureMap as a mapping: import FILE --as NAME."),
        "v2-tables": ("gateway.cli.map.importing:v2_tables", "HL7's v2-to-FHIR code tables as ConceptMaps."),
    },
)
def import_() -> None:
    """Install what others wrote: `import FILE --as NAME` takes a map, `import v2-tables DIR` code tables."""


@click.command("v2-tables")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write to, such as mappings/concept_maps.",
)
@click.option("--version", default="0.1.0", show_default=True, help="The version the ConceptMaps get.")
@click.option("--left-out", "listed", is_flag=True, help="List every row that was not used, not only their number.")
@click.pass_context
def v2_tables(context: click.Context, *, folder: Path, out: Path, version: str, listed: bool) -> None:
    """Make an R4 ConceptMap of each of HL7's v2-to-FHIR code tables (CSV) in DIR.

    The same tables give the same files. A row that a ConceptMap cannot hold is left out and counted, with the reason.
    Exit code 0: made, 1: DIR holds no such table, 2: the command cannot be run so.
    """
    from gateway.mapping import v2_tables as tables  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.mapping.concept_map_text import written  # noqa: PLC0415 - idem

    found = tables.imported(tables.files(folder), version=version)
    for name in found.not_tables:
        click.echo(f"{name}: not a v2-to-FHIR code table", err=True)
    if not found.concept_maps:
        click.echo(f"{folder}: no v2-to-FHIR code table with rows that can be used", err=True)
        context.exit(1)
    out.mkdir(parents=True, exist_ok=True)
    for resource in found.concept_maps:
        (out / f"{resource['id']}.json").write_text(written(resource), encoding="utf-8")
    _tell(found, listed=listed)


def _tell(found: "Imported", *, listed: bool) -> None:
    from gateway.mapping.v2_tables import REASONS  # noqa: PLC0415 - `--help` need not wait for it

    click.echo(f"{len(found.concept_maps)} ConceptMaps, {found.used} of {found.rows} rows")
    for reason, count in found.reasons.items():
        click.echo(f"  {count:>5} left out: {REASONS[reason]} ({reason})")
    for left in found.left if listed else ():
        click.echo(f"  {left.file}:{left.line}: {left.reason}")
