"""`gateway map new`: begin a mapping from a sample message."""

from pathlib import Path

import click

from gateway.cli.map import options


@click.command()
@click.argument("name")
@click.option(
    "--from", "sample", required=True, type=click.Path(exists=True, allow_dash=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--into", "folder", default=Path("mappings"), show_default=True, type=click.Path(file_okay=False, path_type=Path),
    help="The folder of mappings to write to.",
)  # fmt: skip
@click.pass_context
def new(context: click.Context, *, name: str, sample: Path, folder: Path) -> None:
    """Write a mapping called NAME for messages like the sample: it loads and runs, and is for you to fill in."""
    from gateway.errors import GatewayError  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.mapping.scaffold import scaffold  # noqa: PLC0415 - idem

    if not name.replace("_", "").replace("-", "").isalnum():
        raise click.BadParameter("letters, digits, - and _ only", param_hint="NAME")
    try:
        format_, text = scaffold(name, options.content(sample))
    except GatewayError as error:
        click.echo("\n".join(str(issue) for issue in error.issues), err=True)
        context.exit(1)
    file = folder / format_ / name / "mapping.yaml"
    if file.exists():
        raise click.UsageError(f"{file} is there already")
    (file.parent / "cases").mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    click.echo(
        f"{file}: put a sample with test identities into {file.parent / 'cases'}, then: gateway map accept {name}"
    )
