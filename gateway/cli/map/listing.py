"""`gateway map list`: what is installed. It reads the heads of the files only, so it answers at once."""

from pathlib import Path

import click

from gateway.cli.map import options


@click.command("list")
@options.folders_option
@options.format_option("text", "json")
@click.pass_context
def list_(context: click.Context, *, folders: tuple[Path, ...], format_: str) -> None:
    """List the installed mappings: name, version, what each accepts, what it is called."""
    from gateway.mapping.heads import heads  # noqa: PLC0415 - `--help` need not wait for it

    found = heads(options.roots(folders))
    if format_ == "json":
        import json  # noqa: PLC0415 - only this format needs it

        for head in found:
            click.echo(json.dumps(head.as_json(), ensure_ascii=False))
        context.exit(0)
    columns = [("mapping", "version", "accepts", "title"), *(head.row for head in found)]
    widths = [max(len(row[i]) for row in columns) for i in range(3)]
    for name, version, accepts, title in columns:
        click.echo(f"{name:<{widths[0]}}  {version:<{widths[1]}}  {accepts:<{widths[2]}}  {title}".rstrip())
