"""A version of a mapping, as it is said on the command line: a name, a folder, a file, or one of another time."""

import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from gateway.cli.map import options

if TYPE_CHECKING:
    from gateway.errors import Issue
    from gateway.mapping.comparison import Version

FILES = ("mapping.yaml", "mapping.fml", "mapping.json")
_GIVEN = "given/mapping"
"""Where the copy of a mapping in a file of its own lies: a root, and a folder in it."""
SAID = (
    "A version is the name of a mapping; a folder or file that holds one; DIR:NAME, of another folder of mappings; "
    "or REVISION:NAME, as it was in git."
)


@contextmanager
def version(said: str, folders: Sequence[Path]) -> "Iterator[Version]":
    """Give the version of a mapping that is meant.

    Raises BadMapping when it cannot be read or is not there, UsageError when nothing is meant by it.
    """
    from gateway.errors import BadMapping  # noqa: PLC0415 - `--help` need not wait for it
    from gateway.mapping.comparison import Version  # noqa: PLC0415 - idem

    with TemporaryDirectory() as space:
        roots, name = _meant(said, options.roots(folders), Path(space))
        try:
            library = options.library(roots)
        except BadMapping as error:
            raise BadMapping([as_said(issue, said) for issue in error.issues]) from error
        yield Version.of(said, library, library.mapping(name))


def as_said(issue: "Issue", said: str) -> "Issue":
    """Return a finding of a version with the rule in the file that was named, not in the copy that was read."""
    file = _file(Path(said))
    if file is None or issue.rule is None:
        return issue
    copy = f"{_GIVEN}/{file.stem}/mapping{file.suffix}"
    read, named = (copy.rpartition("/")[0], str(file.parent)) if file.name in FILES else (copy, str(file))
    return replace(issue, rule=named + issue.rule.removeprefix(read)) if issue.rule.startswith(read) else issue


def _meant(said: str, roots: list[Path], space: Path) -> tuple[list[Path], str]:
    """Return the folders of mappings to read, and the name in them."""
    file = _file(Path(said))
    if file is not None:
        return _given(file, roots, space)
    if Path(said).is_dir():
        raise click.UsageError(f"{said} holds no mapping; of a folder of mappings, say {said}:NAME")
    where, colon, name = said.partition(":")
    if not colon or said.startswith(("http://", "https://")):
        return roots, said
    if Path(where).is_dir():
        return [Path(where)], name
    return [_at(where, root, space) for root in roots], name


def _file(path: Path) -> Path | None:
    """Return the file that holds a mapping: this one, or that of its folder."""
    if path.is_file():
        return path
    return next((path / name for name in FILES if (path / name).is_file()), None)


def _given(file: Path, roots: list[Path], space: Path) -> tuple[list[Path], str]:
    """Return where a mapping in a file of its own is read: as one of `roots`, or beside what stands there."""
    for root in roots:
        if file.name in FILES and file.resolve().is_relative_to(root.resolve()):
            return roots, file.resolve().parent.relative_to(root.resolve()).as_posix()
    target = space / _GIVEN / file.stem
    if file.name in FILES:
        shutil.copytree(file.parent, target, ignore=shutil.ignore_patterns("cases"))
    else:
        target.mkdir(parents=True)
        shutil.copy(file, target / f"mapping{file.suffix}")
    return [space / _GIVEN.partition("/")[0], *roots], f"mapping/{file.stem}"


def _at(revision: str, root: Path, space: Path) -> Path:
    """Return a folder of mappings as it was at a git revision."""
    if revision.startswith("-"):
        raise click.UsageError(f"no git revision is called '{revision}'")
    git = ["git", "-C", str(root), "archive", "--format=tar", revision, "."]
    try:
        done = subprocess.run(git, capture_output=True, check=False)  # noqa: S603 - no shell; an option is refused above
    except FileNotFoundError as error:
        raise click.UsageError("git is not installed") from error
    if done.returncode:
        why = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise click.UsageError(f"'{revision}' is no folder and no git revision of {root}: {why[0] if why else ''}")
    folder = space / root.resolve().name
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder
