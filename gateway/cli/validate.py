"""`gateway validate`: are these resources R4? Without a server, without a network."""

from pathlib import Path

import click

from gateway.errors import GatewayError


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
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="URL",
    help="A profile to hold the resources against; may be repeated.",
)
@click.option(
    "--package",
    "packages",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="A FHIR package (.tgz), or a file or folder with definitions; may be repeated.",
)
@click.option("--show-values", is_flag=True, help="Show the offending values. They may be patient data.")
@click.option("--second-opinion", is_flag=True, help="Also load each resource in fhir.resources (R4B).")
@click.option("--lang", type=click.Choice(["en", "nl"]), default="en", show_default=True, help="Language of displays.")
@click.pass_context
def validate(  # noqa: PLR0913 - click hands each option over by its own name
    context: click.Context,
    *,
    files: tuple[Path, ...],
    format_: str,
    profiles: tuple[str, ...],
    packages: tuple[Path, ...],
    show_values: bool,
    second_opinion: bool,
    lang: str,
) -> None:
    """Check FHIR R4 resources and Bundles in FILES.

    FILES are JSON, XML, or NDJSON with one resource a line; - is standard input, a folder stands for the files in it.
    Profiles that they claim in meta.profile are checked as far as they are known: the gateway's own, those of installed
    packages (GATEWAY_PROFILES), and those of --package.
    Exit code 0: no errors (there may be warnings), 1: errors, 2: the command cannot be run so.
    """
    from gateway.cli import checking, findings  # noqa: PLC0415 - they load the validator, for which --help need not wait

    try:
        known = checking.profiles_of(packages)
    except GatewayError as refusal:
        raise click.UsageError(str(refusal)) from refusal
    found = checking.check(files, known, asked=profiles, second_opinion=second_opinion)
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
