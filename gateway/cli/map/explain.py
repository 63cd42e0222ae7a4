"""`gateway map explain` and `gateway map trace`: where did this element come from?"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.map import options
from gateway.cli.map.run import Shape, Work

if TYPE_CHECKING:
    from gateway.mapping.mapped import Mapped


_MESSAGE = click.Path(exists=True, allow_dash=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("path")
@click.option("--message", "message", required=True, type=_MESSAGE, help="The message, - for standard input.")
@options.asked_options
@options.format_option("text", "json")
@click.pass_context
def explain(context: click.Context, *, path: str, message: Path, asked: options.Asked, format_: str) -> None:
    """Say of the element PATH (such as Slot.status or Location[2].name) from which field, by which rule, it came."""
    found, errors = _mapped(message, asked)
    entries = [entry for mapped in found for entry in mapped.trace.explain(path)]
    for entry in entries:
        click.echo(_line(entry, format_))
    if not entries and found:
        click.echo(_nothing(path, found), err=True)
    context.exit(1 if errors or not entries else 0)


@click.command()
@click.argument("message", type=_MESSAGE)
@options.asked_options
@options.format_option("text", "json")
@click.pass_context
def trace(context: click.Context, *, message: Path, asked: options.Asked, format_: str) -> None:
    """Show the trace of MESSAGE: a line for each element, or with --format json an object a line."""
    found, errors = _mapped(message, asked)
    for mapped in found:
        if format_ == "text":
            click.echo(f"# {mapped.mapping} {mapped.version}")
        for entry in mapped.trace.entries():
            click.echo(_line(entry, format_))
    context.exit(1 if errors else 0)


def _mapped(message: Path, asked: options.Asked) -> "tuple[list[Mapped], bool]":
    """Return what the messages of a file become, and whether one was refused; findings are told."""
    shape = Shape("text", asked.language, show_values=False)
    work = Work.begin(asked, shape)
    found = list(work.results(message, shape)) if work else []
    return found, shape.has_errors


def _line(entry: Any, format_: str) -> str:
    if format_ == "text":
        return str(entry)
    from gateway.fhir.json import encode  # noqa: PLC0415 - msgspec takes 50 ms

    return encode(entry.as_json()).decode()


def _nothing(path: str, found: "list[Mapped]") -> str:
    """Say that there is no such element, and what there is on the way to it."""
    paths = [entry.path for mapped in found for entry in mapped.trace.entries()]
    type_ = path.partition(".")[0].partition("[")[0]
    of_type = [p for p in paths if p.partition(".")[0].partition("[")[0] == type_]
    if not of_type:
        made = ", ".join(dict.fromkeys(p.partition(".")[0] for p in paths))
        return f"the message makes no {type_}; it makes {made or 'nothing'}"
    from gateway.mapping.spans import suggestion  # noqa: PLC0415 - only a mistake needs it

    return f"no element {path}{suggestion(path, of_type)}"
