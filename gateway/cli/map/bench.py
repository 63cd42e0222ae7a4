"""`gateway map bench`: how many messages a second a mapping takes."""

from pathlib import Path

import click

from gateway.cli.map import options


@click.command()
@click.argument("mapping", required=False)
@click.option(
    "--message", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Instead of the golden cases."
)
@click.option("--seconds", type=float, default=1.0, show_default=True)
@options.provider_option
@options.folders_option
@click.pass_context
def bench(
    context: click.Context,
    *,
    mapping: str | None,
    message: Path | None,
    seconds: float,
    provider: str,
    folders: tuple[Path, ...],
) -> None:
    """Map the good golden cases of PROVIDER, of all mappings (or of MAPPING), over and over, trace on, to JSON.

    The floor is what nobody can do without: splitting the message, and writing the same output as JSON.
    """
    from gateway.errors import GatewayError  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.mapping.cases import find_cases  # noqa: PLC0415 - idem
    from gateway.mapping.pace import pace  # noqa: PLC0415 - idem

    library = options.library(folders)
    try:
        samples: dict[str, list[bytes]] = {}
        if message is not None:
            samples[str(message)] = [message.read_bytes()]
        else:
            for case in find_cases(options.roots(folders), mapping):
                ours = case.provider == provider and case.mapping.startswith(("hl7v2/", "json/", "xml/"))
                if ours and case.bundle_file.is_file():
                    samples.setdefault(case.mapping, []).append(case.message.read_bytes())
        for name, messages in samples.items():
            found = pace(library, messages, provider=provider, received_at=options.now(), seconds=seconds)
            click.echo(
                f"{name:<40} {found.rate:>10,.0f}/s  {found.whole * 1e6:>8.1f} µs  {found.ratio:>6.1f} x the floor"
            )
    except GatewayError as error:
        click.echo("\n".join(str(issue) for issue in error.issues), err=True)
        context.exit(1)
