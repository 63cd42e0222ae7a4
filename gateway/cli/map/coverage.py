"""`gateway map coverage`: what the golden cases prove of a mapping, and what not."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.map import options

if TYPE_CHECKING:
    from gateway.mapping.coverage import Coverage


_PERCENT = click.FloatRange(0, 100)


@click.command()
@click.argument("mapping", required=False)
@options.folders_option
@options.format_option("text", "json")
@click.option("--at-least", type=_PERCENT, default=0.0, help="Exit 1 when fewer of all rules together fire.")
@click.option("--fail-under", type=_PERCENT, default=0.0, help="Exit 1 when fewer of the rules of any mapping fire.")
@click.option("--totals", is_flag=True, help="Only the numbers, not each rule and field.")
@click.pass_context
def coverage(
    context: click.Context,
    *,
    mapping: str | None,
    folders: tuple[Path, ...],
    format_: str,
    at_least: float,
    fail_under: float,
    totals: bool,
) -> None:
    """Show which rules no case fires and which fields of the cases no rule reads, for all mappings or MAPPING.

    Over all mappings, a rule of a fragment that several use counts once, and has fired when it did for any of them. For
    one mapping, a rule does not count that asks for a parameter for which the mapping gives the fragment nothing.
    Exit code 0: well, 1: less than --at-least or --fail-under, or the mappings cannot be read, 2: the command cannot be
    run so.
    """
    from gateway.errors import GatewayError  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.mapping.cases import find_cases  # noqa: PLC0415 - idem
    from gateway.mapping.coverage import Coverage, measure  # noqa: PLC0415 - idem

    try:
        library = options.library(folders)
        chosen = [library.mapping(mapping)] if mapping else list(library.mappings)
        cases = find_cases(options.roots(folders))
    except GatewayError as error:
        click.echo("\n".join(str(issue) for issue in error.issues), err=True)
        context.exit(1)
    whole = Coverage("all mappings")
    shares = []
    for one in chosen:
        found = measure(library, one, [case for case in cases if case.mapping == one.name])
        whole.add(found)
        shares.append(found.share)
        click.echo(_json(found) if format_ == "json" else _text(found, totals=totals))
    if len(chosen) > 1:
        click.echo(_json(whole) if format_ == "json" else _text(whole, totals=totals))
    short = whole.share * 100 < at_least or any(share * 100 < fail_under for share in shares)
    context.exit(1 if short else 0)


def _text(found: "Coverage", *, totals: bool) -> str:
    head = f"{found.mapping}: {len(found.rules) - len(found.silent)} of {len(found.rules)} rules fired"
    lines = [f"{head} ({_percent(found.share)}) by {found.cases} cases"]
    if totals:
        return lines[0]
    if found.beyond:
        lines.append(
            f"  not counted  {len(found.beyond)} rules of fragments, which ask for what this mapping never gives them"
        )
    lines += [f"  never fired  {rule.name}  {rule.span}" for rule in found.silent]
    lines += [f"  never read   {path}  (it stands in {case})" for path, case in found.unread.items()]
    return "\n".join(lines)


def _percent(share: float) -> str:
    """Return the share rounded down: 100% is all of them."""
    return f"{int(share * 1000) / 10:g}%"


def _json(found: "Coverage") -> str:
    from gateway.fhir.json import encode  # noqa: PLC0415 - msgspec takes 50 ms

    silent = [{"rule": rule.name, "map": str(rule.span)} for rule in found.silent]
    named = {
        "mapping": found.mapping,
        "cases": found.cases,
        "rules": len(found.rules),
        "fired": len(found.fired & found.rules),
        "notCounted": len(found.beyond),
    }
    return encode({**named, "neverFired": silent, "neverRead": list(found.unread)}).decode()
