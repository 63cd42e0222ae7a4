"""`gateway map lint` and `gateway map compile`: what can be known of mappings without a message."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.map import options

if TYPE_CHECKING:
    from gateway.errors import Issue
    from gateway.mapping import ir
    from gateway.mapping.library import Library


@click.command()
@click.argument("mapping", required=False)
@options.folders_option
@options.format_option("text", "json", "sarif")
@options.language_option
@click.option("--portable", is_flag=True, help="Also tell what other engines of HL7's mapping language do not have.")
@click.pass_context
def lint(
    context: click.Context,
    *,
    mapping: str | None,
    folders: tuple[Path, ...],
    format_: str,
    language: str,
    portable: bool,
) -> None:
    """Check all mappings (or MAPPING), fragments, ConceptMaps and overlays: file, line, column, and what was meant.

    Of JSON, XML and FHIR also the names that are read and that no message of the golden cases has.

    Exit code 0: nothing found, 1: errors or warnings.
    """
    from gateway.errors import GatewayError  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.mapping.library import Library  # noqa: PLC0415 - idem

    library = Library.read(options.roots(folders))
    try:
        library.check(library.mapping(mapping) if mapping else None)
    except GatewayError as error:
        _tell(error.issues, format_, language)
        context.exit(1)
    _look_into_cases(library, [library.mapping(mapping)] if mapping else library.mappings, folders)
    if portable:
        from gateway.mapping.fml.export.hints import portability  # noqa: PLC0415 - only --portable needs it

        for one in [library.mapping(mapping)] if mapping else library.mappings:
            portability(one, library.units(library.problems), library.problems)
    issues = library.problems.issues
    _tell(issues, format_, language)
    if format_ == "text" and all(issue.severity == "information" for issue in issues):
        click.echo(f"{len(library.mappings)} mappings, {len(library.concept_maps)} ConceptMaps: nothing wrong")
    context.exit(1 if any(issue.severity != "information" for issue in issues) else 0)


def _look_into_cases(library: "Library", mappings: "Sequence[ir.Mapping]", folders: tuple[Path, ...]) -> None:
    """Report the names that mappings of trees read and that no message of their cases has."""
    from gateway.mapping.cases import find_cases  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.mapping.checks.absent import check_absent, names_in  # noqa: PLC0415 - idem

    cases = find_cases(options.roots(folders))
    for one in mappings:
        messages = [case.message for case in cases if case.mapping == one.name]
        if one.source.tree is not None and messages:
            present = names_in(messages, one.source.format)
            check_absent(one, library.units(library.problems), present, library.problems)


def _tell(issues: "Sequence[Issue]", format_: str, language: str) -> None:
    from gateway.cli import findings  # noqa: PLC0415 - loads the catalogue of issues

    if format_ == "text":
        for issue in issues:
            click.echo(f"{issue.rule or 'mappings'}: {issue.severity}: {issue.diagnostics} ({issue.code})")
        return
    by_file: dict[str, list[Issue]] = {}
    for issue in issues:
        by_file.setdefault((issue.rule or "mappings").partition(":")[0], []).append(placed(issue))
    found = [findings.Finding(file, None, list(of_file)) for file, of_file in by_file.items()]
    if format_ == "sarif":
        click.echo(findings.as_sarif(found))
        return
    everything = findings.Finding("mappings", None, list(issues))
    click.echo(findings.as_outcome(everything, show_values=False, language=language))


def placed(issue: "Issue") -> "Issue":
    """Return an issue about a map file with the line of its rule as its place."""
    from dataclasses import replace  # noqa: PLC0415 - `--help` need not wait for it

    from gateway.errors import Place  # noqa: PLC0415 - idem

    file, _, rest = (issue.rule or "").partition(":")
    line = rest.partition(":")[0]
    return replace(issue, place=Place(file, int(line))) if line.isdigit() else issue


@click.command("compile")
@click.argument("mapping")
@options.provider_option
@options.folders_option
@click.option("--show", is_flag=True, help="Print the generated Python.")
@click.option("--traced", is_flag=True, help="The dialect that keeps a trace.")
@click.pass_context
def compile_(
    context: click.Context, *, mapping: str, provider: str, folders: tuple[Path, ...], show: bool, traced: bool
) -> None:
    """Make the program of MAPPING for a provider.

    With --show the Python is printed, at each step the file and line of the rule: where a line has none, it belongs to
    the rule above it. Exit code 0: made, 1: it cannot be made, 2: the command cannot be run so.
    """
    from gateway.errors import GatewayError  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.mapping.compiler.shown import shown  # noqa: PLC0415 - idem

    try:
        library = options.library(folders)
        program = library.program(library.mapping(mapping), library.provider(provider), traced=traced)
    except GatewayError as error:
        for issue in error.issues:
            click.echo(f"{issue.severity}: {issue}", err=True)
        context.exit(1)
    click.echo(
        shown(program) if show else f"{mapping} for {provider}: {len(program.source.splitlines())} lines of Python"
    )
