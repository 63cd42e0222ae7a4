"""`gateway map watch`: while you write a mapping, what each save changes in what a message becomes."""

import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.map import options

if TYPE_CHECKING:
    from gateway.mapping.library import Library


@click.command()
@click.argument("mapping")
@click.argument("message", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.asked_options
@options.values_option
@click.option(
    "--interval", type=click.FloatRange(0.05, 60), default=0.3, show_default=True, help="Seconds between two looks."
)
def watch(*, mapping: str, message: Path, asked: options.Asked, show_values: bool, interval: float) -> None:
    """Map MESSAGE by MAPPING, and again whenever it, or any file of the mappings, is saved.

    The first time the Bundle and the findings are shown, after that what changed in them. While the mapping cannot be
    loaded its errors are shown instead. Ctrl-C ends it, with exit code 0.
    """
    # A shell may start a command in the background with interrupts switched off.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    last: list[str] | None = None
    try:
        for _ in _saves([*options.roots(asked.folders), message], interval):
            try:
                now = _outcome(mapping, message, asked, show_values=show_values)
            except _NotLoadedError as error:
                click.secho(f"not loaded: {mapping}", fg="red")
                click.echo("\n".join(error.lines))
                continue
            _show(last, now)
            last = now
    except KeyboardInterrupt:
        click.echo("")


class _NotLoadedError(Exception):
    """The mappings cannot be used as they stand on disk."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(*lines)
        self.lines = lines


def _saves(paths: Sequence[Path], interval: float) -> Iterator[None]:
    """Yield at once, and then after each change of a file."""
    before: dict[Path, tuple[int, int]] | None = None
    while True:
        now = _stamps(paths)
        if now != before:
            before = now
            yield
        time.sleep(interval)


def _stamps(paths: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    found = {}
    for path in (path for given in paths for path in _watched(given)):
        try:
            stat = path.stat()
        except FileNotFoundError:  # an editor replaces a file by another one
            continue
        found[path] = (stat.st_mtime_ns, stat.st_size)
    return found


def _watched(given: Path) -> list[Path]:
    """Return the files to look at: not the golden cases, of which there are thousands and no mapping is made."""
    if not given.is_dir():
        return [given]
    return [path for path in options.inside([given]) if "cases" not in path.relative_to(given).parts]


def _outcome(mapping: str, message: Path, asked: options.Asked, *, show_values: bool) -> list[str]:
    """Return the Bundles and findings of the message as lines. Raises _NotLoadedError."""
    from gateway.errors import GatewayError  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.mapping.comparison import Version  # noqa: PLC0415 - idem
    from gateway.mapping.library import Library  # noqa: PLC0415 - idem

    try:
        library = Library.read(options.roots(asked.folders))
        problems = library.problems
        chosen = None if problems.errors else library.mapping(mapping)
        if chosen is not None:
            library.check(chosen)
        if chosen is None or problems.errors:
            raise _NotLoadedError([f"{issue.rule}: {issue.diagnostics}" for issue in problems.errors])
        data = message.read_bytes()
        return list(_lines(Version.of(mapping, library, chosen).library, data, asked, show_values=show_values))
    except GatewayError as error:
        raise _NotLoadedError([str(issue) for issue in error.issues]) from error
    except OSError as error:  # saved at this very moment
        raise _NotLoadedError([f"cannot be read: {error.strerror}"]) from error


def _lines(library: "Library", data: bytes, asked: options.Asked, *, show_values: bool) -> Iterator[str]:
    from gateway.errors import GatewayError, Issue  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.fhir.json import encode_pretty  # noqa: PLC0415 - idem
    from gateway.mapping.run import run  # noqa: PLC0415 - idem

    def told(issues: Sequence[Issue]) -> Iterator[str]:
        for issue in issues:
            value = f" [{issue.value}]" if show_values and issue.value is not None else ""
            yield f"{issue.severity}: {issue} ({issue.code}){value}"

    rest = run(library, data, provider=asked.provider, received_at=asked.received_at, language=asked.language)
    while True:
        try:
            mapped = next(rest)
        except StopIteration:
            return
        except GatewayError as error:
            yield from told(error.issues)
        else:
            yield from encode_pretty(mapped.bundle()).decode().splitlines()
            yield from told(mapped.issues)


def _show(last: list[str] | None, now: list[str]) -> None:
    if last is None:
        click.echo("\n".join(now))
        return
    from difflib import unified_diff  # noqa: PLC0415 - only after a save

    lines = list(unified_diff(last, now, "before", "now", n=2, lineterm=""))
    click.secho(f"{'changed' if lines else 'no difference'}, {options.now():%H:%M:%S}", fg="cyan")
    for line in lines:
        colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
        click.echo(click.style(line, fg=colour) if colour else line)
