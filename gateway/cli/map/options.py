"""What the commands of `gateway map` have in common: options, the library, the messages of files and folders."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gateway.data import shipped

if TYPE_CHECKING:
    from gateway.mapping.findings import Language
    from gateway.mapping.library import Library

F = TypeVar("F", bound=Callable[..., Any])


class _Moment(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click only
    """A moment with its offset."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment; a usage error when it is none or names no offset."""
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail("write it as 2026-01-05T10:00:00+01:00", param, ctx)
        if moment.tzinfo is None:
            self.fail("add the offset: 2026-01-05T10:00:00+01:00", param, ctx)
        return moment


MOMENT = _Moment()
_HEAD = 65536  # bytes that tell the format of a file
_FEW = 20  # files that need no progress bar


def folders_option(command: F) -> F:
    """Add --mappings: which folders hold the mappings."""
    option = click.option(
        "--mappings",
        "folders",
        multiple=True,
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="A folder of mappings; more than once for several. Without it: the shipped ones.",
    )
    return option(command)


def format_option(*formats: str) -> Callable[[F], F]:
    """Add --format; the first is what is used without it."""
    return click.option("--format", "format_", type=click.Choice(formats), default=formats[0], show_default=True)


@dataclass(frozen=True)
class Asked:
    """For whom, with which mappings, when received, and in which language something is mapped."""

    provider: str
    folders: tuple[Path, ...]
    received_at: datetime
    language: "Language"


def provider_option(command: F) -> F:
    """Add --provider."""
    text = "Whose overlay to use."
    return click.option("--provider", default="dev", show_default=True, help=text)(command)


def asked_options(command: F) -> F:
    """Add --provider, --mappings, --received-at and --lang; the command gets them as `asked`."""

    @wraps(command)
    def asking(
        *args: Any, provider: str, folders: tuple[Path, ...], received_at: datetime | None, language: Any, **rest: Any
    ) -> Any:
        return command(*args, asked=Asked(provider, folders, received_at or now(), language), **rest)

    moment = "When the message is received, with an offset: 2026-01-05T10:00:00+01:00. Without it: now."
    received = click.option("--received-at", "received_at", type=MOMENT, default=None, help=moment)
    wrapped: Any = asking
    added: F = provider_option(folders_option(received(language_option(wrapped))))
    return added


def language_option(command: F) -> F:
    """Add --lang."""
    text = "Language of findings."
    option = click.option(
        "--lang", "language", type=click.Choice(["en", "nl"]), default="en", show_default=True, help=text
    )
    return option(command)


def values_option(command: F) -> F:
    """Add --show-values."""
    text = "Show the offending values. They may be patient data."
    return click.option("--show-values", is_flag=True, help=text)(command)


def now() -> datetime:
    """Return the present moment: only the command line asks the clock, the engine is told."""
    return datetime.now(UTC).astimezone()


def roots(folders: Sequence[Path]) -> list[Path]:
    """Return the folders to read: the shipped one unless others are named."""
    return list(folders) or [shipped("mappings")]


def library(folders: Sequence[Path], *, check: bool = False) -> "Library":
    """Return the library. Raises BadMapping when a file of it cannot be read (with `check`: or has any problem)."""
    from gateway.errors import BadMapping  # noqa: PLC0415 - the engine is loaded by the commands that run it
    from gateway.mapping.library import Library  # noqa: PLC0415 - idem

    if check:
        return Library.load(roots(folders))
    found = Library.read(roots(folders))
    if found.problems.errors:
        raise BadMapping(found.problems.issues)
    return found


def inside(paths: Sequence[Path]) -> list[Path]:
    """Return the files meant: a folder stands for all files in it, in a stable order."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        else:
            found.append(path)
    return found


def content(path: Path) -> bytes:
    """Return the bytes of a file, or of standard input for `-`."""
    return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()


def is_ndjson(path: Path) -> bool:
    """Return whether a file is NDJSON, by its first lines; standard input, which is read once, is never asked."""
    from gateway.errors import GatewayError  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.formats.detect import detect  # noqa: PLC0415 - idem

    if str(path) == "-":
        return False
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    try:
        return detect(head, None) == "ndjson"
    except GatewayError:
        return False


def with_progress(paths: Sequence[Path], label: str) -> Iterator[Path]:
    """Yield the paths; on a terminal a bar on standard error shows how far they are."""
    if len(paths) < _FEW or not sys.stderr.isatty():
        yield from paths
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal shows it
    from rich.progress import track  # noqa: PLC0415 - idem

    yield from track(paths, description=label, console=Console(stderr=True), transient=True)


def shown(path: Path) -> str:
    """Return how a file is called in findings: as it was given."""
    return "standard input" if str(path) == "-" else str(path)
