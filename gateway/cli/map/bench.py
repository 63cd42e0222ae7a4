"""`gateway map bench`: how many messages a second a mapping takes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.map import options

if TYPE_CHECKING:
    from gateway.mapping.ir import Mapping
    from gateway.mapping.library import Library
    from gateway.mapping.pace import Sample


@click.command()
@click.argument("mapping", required=False)
@click.option(
    "--message", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Instead of the golden cases."
)
@click.option("--seconds", type=float, default=1.0, show_default=True, help="How long to measure each mapping.")
@click.option("--provider", help="Only cases of this provider; with --message, whose it is (dev when not said).")
@options.folders_option
@click.pass_context
def bench(
    context: click.Context,
    *,
    mapping: str | None,
    message: Path | None,
    seconds: float,
    provider: str | None,
    folders: tuple[Path, ...],
) -> None:
    """Map the good golden cases of all mappings (or MAPPING) over and over on one core: trace on, bytes to JSON.

    The floor is what nobody can do without: reading the message in the shortest way there is, and writing the same
    output as JSON. For tables the rate is in rows. Exit code 0: measured, 1: refused, 2: the command cannot be run so.
    """
    from gateway.errors import GatewayError  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.mapping.pace import Sample  # noqa: PLC0415 - idem

    try:
        library = options.library(folders)
        if message is not None:
            sample = Sample(message.read_bytes(), provider or "dev")
            one = library.mapping(mapping) if mapping else _mapping_of(library, sample)
            _measure(str(message), library, one, [sample], seconds)
            context.exit(0)
        for name, samples in _samples(options.roots(folders), mapping, provider).items():
            _measure(name, library, library.mapping(name), samples, seconds)
    except GatewayError as error:
        click.echo("\n".join(str(issue) for issue in error.issues), err=True)
        context.exit(1)


def _mapping_of(library: "Library", sample: "Sample") -> "Mapping":
    from gateway.mapping.run import run  # noqa: PLC0415 - `--help` need not wait for it

    first = next(run(library, sample.content, provider=sample.provider, received_at=options.now()))
    return library.mapping(first.mapping)


def _samples(roots: Sequence[Path], mapping: str | None, provider: str | None) -> "dict[str, list[Sample]]":
    from gateway.mapping.cases import find_cases  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.mapping.pace import Sample  # noqa: PLC0415 - idem

    found: dict[str, list[Sample]] = {}
    for case in find_cases(roots, mapping):
        good = case.bundle_file.is_file() and not case.issues_file.is_file()
        if good and provider in {None, case.provider}:
            found.setdefault(case.mapping, []).append(Sample(case.message.read_bytes(), case.provider))
    return found


def _measure(name: str, library: "Library", mapping: "Mapping", samples: "list[Sample]", seconds: float) -> None:
    from gateway.mapping.pace import pace  # noqa: PLC0415 - `--help` need not wait for it

    own = library.only(mapping) if mapping.source.named else library
    format_ = mapping.source.format
    found = pace(own, samples, format_=format_, received_at=options.now(), seconds=seconds)
    unit = "rows" if format_ == "csv" else "messages"
    click.echo(
        f"{name:<40} {found.rate:>10,.0f} {unit + '/s':<10}  {found.whole * 1e6:>8.1f} µs  "
        f"{found.ratio:>6.1f} x the floor"
    )
