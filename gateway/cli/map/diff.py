"""`gateway map diff`: what another version of a mapping changes, over a corpus of messages."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.map import options, versions

if TYPE_CHECKING:
    from gateway.errors import Issue
    from gateway.mapping.comparison import Change, Element, Sums

_MASK = "\u2022\u2022\u2022"


@click.command()
@click.argument("a")
@click.argument("b")
@click.option(
    "--corpus", "corpora", required=True, multiple=True, type=click.Path(exists=True, path_type=Path),
    help="Messages: a folder or a file; more than once for several.",
)  # fmt: skip
@options.asked_options
@options.format_option("text", "json")
@options.values_option
@click.pass_context
def diff(
    context: click.Context,
    *,
    a: str,
    b: str,
    corpora: tuple[Path, ...],
    asked: options.Asked,
    format_: str,
    show_values: bool,
) -> None:
    """Show what version B of a mapping makes otherwise than version A: elements and findings, message by message.

    A version is the name of a mapping; a folder or file that holds one; DIR:NAME, of another folder of mappings; or
    REVISION:NAME, as it was in git (HEAD~3:adt_a20_bed). Values are masked: the messages may be of patients.

    Exit code 0: no difference, 1: differences, or a version cannot be read, 2: the command cannot be run so.
    """
    from gateway.errors import GatewayError  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.mapping.comparison import Sums, changes, results  # noqa: PLC0415 - idem

    sums, shape = Sums(), _Shape(a, b, format_, show_values=show_values)
    try:
        with versions.version(a, asked.folders) as old, versions.version(b, asked.folders) as new:
            for one in (old, new):
                one.library.provider(asked.provider)
            for path in options.with_progress(options.inside(corpora), "comparing"):
                data = options.content(path)
                made = [
                    results(one, data, provider=asked.provider, received_at=asked.received_at) for one in (old, new)
                ]
                for number, change in enumerate(changes(*made), 1):
                    sums.add(change)
                    shape.take(str(path) if max(map(len, made)) == 1 else f"{path}#{number}", change)
    except GatewayError as error:
        click.echo("\n".join(f"{issue.severity}: {issue}" for issue in error.issues), err=True)
        context.exit(1)
    shape.finish(sums)
    context.exit(1 if sums.differ else 0)


class _Shape:
    def __init__(self, a: str, b: str, format_: str, *, show_values: bool) -> None:
        self.a, self.b = a, b
        self.json = format_ == "json"
        self.show_values = show_values

    def take(self, message: str, change: "Change | None") -> None:
        """Write what differs for one message, if anything does."""
        if not change:
            return
        if self.json:
            click.echo(_json(self._document(message, change)))
            return
        click.echo(message)
        for element in change.elements:
            click.echo(f"  {element.path}: {self._shown(element, element.old)} -> {self._shown(element, element.new)}")
        for sign, colour, issues in (("-", "red", self._gone(change)), ("+", "green", self._added(change))):
            for issue in issues:
                click.echo(click.style(f"  {sign} {issue.severity}: {self._issue(issue)}", fg=colour))

    def _gone(self, change: "Change") -> "list[Issue]":
        return [versions.as_said(issue, self.a) for issue in change.gone]

    def _added(self, change: "Change") -> "list[Issue]":
        return [versions.as_said(issue, self.b) for issue in change.added]

    def finish(self, sums: "Sums") -> None:
        """Write the sums."""
        counted = {"differ": sums.differ, "same": sums.same, "neither": sums.neither}
        if self.json:
            click.echo(_json({**counted, "elements": dict(sums.elements), "issues": dict(sums.issues)}))
            return
        total = sum(counted.values())
        click.echo(f"{total} messages: {sums.differ} differ, {sums.same} the same, {sums.neither} for neither version")
        for name, count in [*sums.elements.most_common(), *sums.issues.most_common()]:
            click.echo(f"  {count:>6}  {name}")

    def _shown(self, element: "Element", value: Any) -> str:
        if value is None:
            return "(absent)"
        if element.whole:
            return str(value)
        return _json(value) if self.show_values else _MASK

    def _issue(self, issue: "Issue") -> str:
        value = f" [{issue.value}]" if self.show_values and issue.value is not None else ""
        return f"{issue} ({issue.code}){value}"

    def _document(self, message: str, change: "Change") -> dict[str, Any]:
        elements = []
        for element in change.elements:
            word = "removed" if element.new is None else "added" if element.old is None else "changed"
            values = {"old": element.old, "new": element.new} if self.show_values or element.whole else {}
            elements.append({"path": element.path, "change": word, **values})
        issues = [("gone", one) for one in self._gone(change)] + [("added", one) for one in self._added(change)]
        told = [
            {"change": word, "severity": issue.severity, "code": issue.code, "text": str(issue)}
            | ({"value": issue.value} if self.show_values and issue.value is not None else {})
            for word, issue in issues
        ]
        return {"message": message, "elements": elements, "issues": told}


def _json(value: Any) -> str:
    from gateway.fhir.json import encode  # noqa: PLC0415 - msgspec takes 50 ms

    return encode(value).decode()
