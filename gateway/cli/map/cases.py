"""`gateway map test` and `gateway map accept`: golden cases."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.map import options

if TYPE_CHECKING:
    from gateway.errors import Issue
    from gateway.mapping.cases import Case, Outcome


@click.command()
@click.argument("mapping", required=False)
@options.folders_option
@options.format_option("text", "json")
@click.option("--no-strict", is_flag=True, help="Do not validate the golden Bundles (faster).")
@click.pass_context
def test(
    context: click.Context, *, mapping: str | None, folders: tuple[Path, ...], format_: str, no_strict: bool
) -> None:
    """Run the golden cases of all mappings, of MAPPING, or one case, and show each difference.

    Every golden Bundle must also be valid R4. Exit code 0: all as they were, 1: one differs, or is not valid.
    """
    from gateway.errors import GatewayError  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.mapping.cases import difference, find_cases, outcome  # noqa: PLC0415 - idem

    failed = 0
    try:
        library = options.library(folders)
        cases = find_cases(options.roots(folders), mapping)
    except GatewayError as error:
        _tell(error.issues)
        context.exit(1)
    for case in cases:
        now = outcome(case, library)
        lines = difference(case, now) or ([] if no_strict else _invalid(now))
        failed += bool(lines)
        _show(case, lines, format_)
    if format_ == "text":
        click.echo(f"{len(cases) - failed} of {len(cases)} cases as they should be")
    context.exit(1 if failed or not cases else 0)


@click.command()
@click.argument("cases", nargs=-1, required=True)
@options.folders_option
@click.pass_context
def accept(context: click.Context, *, cases: tuple[str, ...], folders: tuple[Path, ...]) -> None:
    """Write what CASES (or all cases of a mapping) give now to their golden files. Read the change first."""
    from gateway.errors import GatewayError  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.mapping.cases import accept as renew  # noqa: PLC0415 - idem
    from gateway.mapping.cases import find_cases, outcome  # noqa: PLC0415 - idem

    try:
        library = options.library(folders)
        chosen = [case for name in cases for case in find_cases(options.roots(folders), name)]
    except GatewayError as error:
        _tell(error.issues)
        context.exit(1)
    for case in chosen:
        changed = renew(case, outcome(case, library))
        click.echo(f"{case.name}: {', '.join(file.name for file in changed) or 'as it was'}")


def _show(case: "Case", lines: Sequence[str], format_: str) -> None:
    if format_ == "json":
        from gateway.fhir.json import encode  # noqa: PLC0415 - msgspec takes 50 ms

        click.echo(encode({"case": case.name, "ok": not lines, "difference": list(lines)}).decode())
        return
    click.echo(f"{'FAIL' if lines else 'ok  '} {case.name}")
    for line in lines:
        colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
        click.echo(f"     {click.style(line, fg=colour) if colour else line}")


def _invalid(now: "Outcome") -> list[str]:
    """Return why the golden Bundle is not valid R4, or not loaded by fhir.resources."""
    from gateway.cli.map.strict import findings_of  # noqa: PLC0415 - the validator is loaded only for it

    document = now.document
    issues = findings_of(document) if document is not None else []
    return [
        f"not valid: {issue}"
        for issue in issues
        if issue.severity in {"error", "fatal"} or issue.code == "second-opinion"
    ]


def _tell(issues: "Sequence[Issue]") -> None:
    for issue in issues:
        click.echo(f"{issue.severity}: {issue}", err=True)
