"""`gateway validate`: are these resources R4? Without a server, without a network."""

from pathlib import Path

import click


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, allow_dash=True, path_type=Path))
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="json: an OperationOutcome a line; sarif: for editors and code review.",
)
@click.option("--show-values", is_flag=True, help="Show the offending values. They may be patient data.")
@click.option("--second-opinion", is_flag=True, help="Also load each resource in fhir.resources (R4B).")
@click.option("--lang", type=click.Choice(["en", "nl"]), default="en", show_default=True, help="Language of displays.")
@click.pass_context
def validate(
    context: click.Context,
    *,
    files: tuple[Path, ...],
    format_: str,
    show_values: bool,
    second_opinion: bool,
    lang: str,
) -> None:
    """Check FHIR R4 resources and Bundles in FILES.

    FILES are JSON, or NDJSON with one resource a line; - is standard input, a folder stands for the files in it.
    Exit code 0: no errors (there may be warnings), 1: errors, 2: the command cannot be run so.
    """
    from gateway.cli import checking, findings  # noqa: PLC0415 - they load the validator, for which --help need not wait

    found = checking.check(files, second_opinion=second_opinion)
    if format_ == "sarif":
        everything = list(found)
        click.echo(findings.as_sarif(everything))
        context.exit(any(finding.has_errors for finding in everything))
    has_errors = False
    for finding in found:
        has_errors |= finding.has_errors
        if format_ == "json":
            click.echo(findings.as_outcome(finding, show_values=show_values, language=lang))
        else:
            click.echo("\n".join(findings.as_text(finding, show_values=show_values)))
    context.exit(has_errors)
