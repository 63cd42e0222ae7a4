"""`gateway map export` and `gateway map import`: mappings from and to the forms that others read."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.map import options

if TYPE_CHECKING:
    from gateway.mapping.library import Library

FORMATS = ("fml", "structuremap")


@click.command("export")
@click.argument("mapping", required=False)
@options.folders_option
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="fml", show_default=True, help="What to write."
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="A folder to write a file per mapping to."
)
@click.pass_context
def export(
    context: click.Context, *, mapping: str | None, folders: tuple[Path, ...], format_: str, out: Path | None
) -> None:
    """Write MAPPING (with --out: all of them) as text of HL7's mapping language, or as a StructureMap.

    Exit code 0: all well, 1: a mapping cannot be written so, 2: the command cannot be run so.
    """
    from gateway.errors import GatewayError  # noqa: PLC0415 - `--help` need not wait for it

    if mapping is None and out is None:
        raise click.UsageError("name a mapping, or a folder with --out")
    try:
        library = options.library(folders)
        names = [mapping] if mapping is not None else [one.name for one in library.mappings]
        for name in names:
            found = library.mapping(name)
            _write(found.name, _text(library, found, format_), format_, out)
    except GatewayError as error:
        click.echo("\n".join(str(issue) for issue in error.issues), err=True)
        context.exit(1)


def _text(library: "Library", mapping: Any, format_: str) -> str:
    from gateway.fhir.json import encode_pretty  # noqa: PLC0415 - only the commands that write need it
    from gateway.mapping.fml import writer  # noqa: PLC0415 - idem
    from gateway.mapping.fml.export import export as exported  # noqa: PLC0415 - idem

    model = library.fml.models.get(mapping.file)
    resource = model.resource if model is not None else exported(mapping, library)
    return writer.write(resource) if format_ == "fml" else encode_pretty(resource).decode()


def _write(name: str, text: str, format_: str, out: Path | None) -> None:
    if out is None:
        click.echo(text, nl=False)
        return
    file = out / f"{name.replace('/', '-')}.{'fml' if format_ == 'fml' else 'json'}"
    out.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    click.echo(str(file))


@click.command("import")
@click.argument("file", type=click.Path(exists=True, allow_dash=True, dir_okay=False, path_type=Path))
@click.option("--as", "name", required=True, help="What the mapping is to be called.")
@click.option(
    "--into", "folder", default=Path("mappings"), show_default=True, type=click.Path(file_okay=False, path_type=Path),
    help="The folder of mappings to write to.",
)  # fmt: skip
@click.pass_context
def import_(context: click.Context, *, file: Path, name: str, folder: Path) -> None:
    """Install FILE, text of HL7's mapping language or a StructureMap, as the mapping fml/NAME.

    Exit code 0: installed, 1: the file is no map (each mistake with line and column), 2: it cannot be run so.
    """
    from gateway.mapping.fml import front, installed  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.mapping.spans import Problems  # noqa: PLC0415 - idem

    if not name.replace("_", "").replace("-", "").isalnum():
        raise click.BadParameter("letters, digits, - and _ only", param_hint="--as")
    problems = Problems()
    text = options.content(file).decode("utf-8", "replace")
    model = installed.model_of(text, options.shown(file), problems)
    if model is not None:
        front.mapping(model, f"fml/{name}", problems)
    if model is None or problems.errors:
        for issue in problems.issues:
            click.echo(f"{issue.rule}: {issue.severity}: {issue.diagnostics} ({issue.code})", err=True)
        context.exit(1)
    target = folder / "fml" / name / ("mapping.json" if text.lstrip("\ufeff \r\n\t").startswith("{") else "mapping.fml")
    if any((target.parent / one).exists() for one in installed.NAMES):
        raise click.UsageError(f"{target.parent} holds a mapping already")
    (target.parent / "cases").mkdir(parents=True, exist_ok=True)
    target.write_text(text.removeprefix("\ufeff"), encoding="utf-8")
    click.echo(
        f"{target}: put a message with test identities into {target.parent / 'cases'}, then: gateway map accept {name}"
    )
