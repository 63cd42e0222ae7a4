"""`gateway map run`: messages in, transaction Bundles out, findings on standard error."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.map import options

if TYPE_CHECKING:
    from gateway.errors import Issue
    from gateway.mapping.findings import Language
    from gateway.mapping.library import Library
    from gateway.mapping.mapped import Mapped


@click.command("run")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, allow_dash=True, path_type=Path))
@options.asked_options
@options.format_option("text", "json", "sarif")
@options.values_option
@click.option("--trace", is_flag=True, help="Also show where each element came from.")
@click.option("--unread", is_flag=True, help="Also show the source fields that no rule read.")
@click.option("--strict", is_flag=True, help="Also validate each Bundle against R4, and load it in fhir.resources.")
@click.pass_context
def run_(context: click.Context, /, *, files: tuple[Path, ...], asked: options.Asked, **shown: Any) -> None:
    """Map the messages in FILES (- is standard input, a folder stands for its files) and print transaction Bundles.

    One message gives one Bundle; several give NDJSON, one Bundle a line. Findings go to standard error.
    Exit code 0: all well, 1: a message was refused or has errors, 2: the command cannot be run so.
    """
    shape = Shape(shown.pop("format_"), asked.language, **shown)
    work = Work.begin(asked, shape)
    if work is None:
        context.exit(1)
    for path in options.with_progress(options.inside(files), "mapping"):
        for mapped in work.results(path, shape):
            shape.take(options.shown(path), mapped)
    shape.finish()
    context.exit(1 if shape.has_errors else 0)


@dataclass
class Work:
    """Maps files one after the other."""

    library: "Library"
    asked: options.Asked

    @staticmethod
    def begin(asked: options.Asked, shape: "Shape") -> "Work | None":
        """Return what maps, or None when the mappings or the provider cannot be used; `shape` is told why."""
        from gateway.errors import GatewayError  # noqa: PLC0415 - `--help` need not wait for it

        try:
            library = options.library(asked.folders)
            library.provider(asked.provider)
        except GatewayError as error:
            shape.refused("mappings", error.issues)
            shape.finish()
            return None
        return Work(library, asked)

    def results(self, path: Path, shape: "Shape") -> "Iterator[Mapped]":
        """Yield what each message of a file becomes; what is refused is told to `shape`, and the next one is mapped."""
        from gateway.errors import GatewayError  # noqa: PLC0415 - `--help` need not wait for it

        with ExitStack() as opened:
            try:
                rest = self._begun(path, opened)
            except GatewayError as error:
                shape.refused(options.shown(path), error.issues)
                return
            while True:
                try:
                    yield next(rest)
                except StopIteration:
                    return
                except GatewayError as error:
                    shape.refused(options.shown(path), error.issues)

    def _begun(self, path: Path, opened: ExitStack) -> "Iterator[Mapped]":
        """Return what a file becomes. NDJSON is read line by line, however long it is."""
        from gateway.mapping.run import run, run_lines  # noqa: PLC0415 - `--help` need not wait for it

        asked = self.asked
        said: Any = {"provider": asked.provider, "received_at": asked.received_at, "language": asked.language}
        if options.is_ndjson(path):
            return run_lines(self.library, opened.enter_context(path.open("rb")), **said)
        return run(self.library, options.content(path), **said)


@dataclass
class Shape:
    """How results are written. The first Bundle waits until it is known whether it is the only one."""

    format: str
    language: "Language"
    show_values: bool
    trace: bool = False
    unread: bool = False
    strict: bool = False
    has_errors: bool = False
    _first: Any = None
    _count: int = 0
    _findings: list[Any] = field(default_factory=list)

    def take(self, file: str, mapped: "Mapped") -> None:
        """Take one result."""
        issues = [*mapped.issues, *(self._checked(mapped) if self.strict else ())]
        if self.unread:
            issues += _unread(mapped, self.language)
        self._tell(file, issues)
        self._write(self._document(mapped, issues))
        if self.trace and self.format == "text":
            for entry in mapped.trace.entries():
                click.echo(str(entry), err=True)

    def refused(self, file: str, issues: "tuple[Issue, ...]") -> None:
        """Tell that a message was refused."""
        self._tell(file, list(issues))
        self.has_errors = True

    def finish(self) -> None:
        """Write what is still to be written."""
        from gateway.cli import findings  # noqa: PLC0415 - loads the catalogue of issues

        if self.format == "sarif":
            click.echo(findings.as_sarif(self._findings))
        elif self._count == 1 and self._first is not None:
            click.echo(_encoded(self._first, pretty=self.format == "text"), nl=self.format != "text")

    def _document(self, mapped: "Mapped", issues: "list[Issue]") -> Any:
        if not (self.trace or self.unread) or self.format != "json":
            return mapped.bundle()
        from gateway.fhir.outcome import operation_outcome  # noqa: PLC0415 - loads the catalogue of issues

        outcome = operation_outcome(issues, show_values=self.show_values, language=self.language)
        entries = [entry.as_json() for entry in mapped.trace.entries()] if self.trace else []
        named = {"mapping": mapped.mapping, "version": mapped.version, "bundle": mapped.bundle(), "outcome": outcome}
        return {**named, "trace": entries} if self.trace else named

    def _write(self, document: Any) -> None:
        self._count += 1
        if self.format == "sarif":
            return
        if self._count == 1:
            self._first = document
            return
        if self._count == 2:
            click.echo(_encoded(self._first))
            self._first = None
        click.echo(_encoded(document))

    def _tell(self, file: str, issues: "list[Issue]") -> None:
        from gateway.cli import findings  # noqa: PLC0415 - loads the catalogue of issues

        finding = findings.Finding(file, None, issues)
        self.has_errors = self.has_errors or finding.has_errors
        if self.format == "sarif":
            self._findings.append(finding)
        elif not issues:
            return
        elif self.format == "json":
            click.echo(findings.as_outcome(finding, show_values=self.show_values, language=self.language), err=True)
        else:
            click.echo("\n".join(findings.as_text(finding, show_values=self.show_values)), err=True)

    def _checked(self, mapped: "Mapped") -> "list[Issue]":
        from gateway.cli.map.strict import findings_of  # noqa: PLC0415 - the validator is loaded only for it

        return findings_of(mapped.bundle())


def _encoded(document: Any, *, pretty: bool = False) -> str:
    from gateway.fhir.json import encode, encode_pretty  # noqa: PLC0415 - msgspec takes 50 ms

    return (encode_pretty if pretty else encode)(document).decode()


def _unread(mapped: "Mapped", language: "Language") -> "list[Issue]":
    from gateway.mapping.unread import unread  # noqa: PLC0415 - only --unread needs it

    return unread(mapped, language)
