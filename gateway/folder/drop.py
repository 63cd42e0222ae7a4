"""One provider's folders. A file is taken by exactly one node, read whole, and moved, never copied or deleted.

Who takes a file holds a lock on it (flock) and then moves it out of `in/`. The lock ends with the process that holds
it, so what a node that died had taken lies unlocked in `working/`, and the next node that looks takes it up.
"""

import fcntl
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

IN, WORKING, PROCESSED, FAILED = "in", "working", "processed", "failed"
FOLDERS = (IN, WORKING, PROCESSED, FAILED)

_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".upload", "~")
"""How programs that upload call a file that is not whole yet; they rename it when it is."""

_OPEN = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LONGEST_NAME = 150  # of 255 that a file system allows: ours add a moment and an ending


@dataclass(frozen=True, slots=True)
class Claim:
    """A file that this node holds: its descriptor, where it lies now, and what its sender called it."""

    descriptor: int
    path: Path
    name: str
    size: int
    changed: float  # seconds since 1970

    def content(self) -> bytes:
        """Return all its bytes. OSError when it cannot be read."""
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        with os.fdopen(os.dup(self.descriptor), "rb") as stream:
            return stream.read()

    @property
    def whole(self) -> bool:
        """Whether nobody wrote to it since it was claimed."""
        now = os.fstat(self.descriptor)
        return (now.st_size, now.st_mtime) == (self.size, self.changed)

    def release(self) -> None:
        """Let go of it, wherever it lies."""
        os.close(self.descriptor)


class Drop:
    """The folders of one provider; they are made when they are not there."""

    def __init__(self, folder: Path, provider: str, *, settled_after: float) -> None:
        self.provider = provider
        self._settled_after = settled_after
        self._folders = {name: folder / provider / name for name in FOLDERS}
        for path in self._folders.values():
            path.mkdir(parents=True, exist_ok=True)

    def claims(self, now: float) -> Iterator[Claim]:
        """Yield the files that are whole, oldest first, each held by this node alone.

        `now` is the time in seconds since 1970: who changed a file less than `settled_after` ago may not be done.
        """
        for path in self._waiting(WORKING):
            claim = _lock(path)
            if claim is not None:
                yield claim
        for path in self._waiting(IN):
            claim = self._take(path, now)
            if claim is not None:
                yield claim

    def finish(
        self, claim: Claim, outcome: Literal["processed", "failed"], reports: Mapping[str, str], moment: str
    ) -> None:
        """Move a claimed file to where it belongs, its reports (by how their names end) beside it, and let go of it.

        The reports are there first: who finds the file finds why it lies there. `moment` begins all names.
        """
        name = f"{moment}-{claim.name}"
        folder = self._folders[outcome]
        for ending, report in reports.items():
            unfinished = folder / f".{name}.report.{ending}.part"
            unfinished.write_bytes(report.encode())  # as it is: a CSV has line ends of its own
            unfinished.replace(folder / f"{name}.report.{ending}")
        claim.path.replace(folder / name)
        claim.release()

    def give_back(self, claim: Claim) -> None:
        """Let go of a file that could not be taken now; it is tried again. It never overwrites a newer one."""
        with suppress(FileExistsError):
            os.link(claim.path, self._folders[IN] / claim.name)
            claim.path.unlink()
        claim.release()

    def sweep(self, before: float) -> None:
        """Delete what was processed before a moment (seconds since 1970). What failed stays until somebody takes it."""
        for path in self._folders[PROCESSED].iterdir():
            with suppress(FileNotFoundError):
                if path.lstat().st_ctime < before:  # when it was moved here, not when its sender wrote it
                    path.unlink()

    def _waiting(self, name: str) -> list[Path]:
        """Return the files of a folder, oldest first, without those a program is still uploading."""
        found = []
        with os.scandir(self._folders[name]) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name.lower().endswith(_UNFINISHED):
                    continue
                with suppress(FileNotFoundError):
                    if entry.is_file(follow_symlinks=False):
                        found.append((entry.stat(follow_symlinks=False).st_mtime, entry.name))
        return [self._folders[name] / file for _, file in sorted(found)]

    def _take(self, path: Path, now: float) -> Claim | None:
        """Return a file of `in/` that is whole, moved to `working/`, or None when it is not ours to take."""
        claim = _lock(path)
        if claim is None:
            return None
        if now - claim.changed < self._settled_after:
            claim.release()
            return None
        # Named by its inode: two files of one name, one after the other, never meet in `working/`.
        held = self._folders[WORKING] / f"{os.fstat(claim.descriptor).st_ino}-{path.name[-_LONGEST_NAME:]}"
        path.rename(held)
        return Claim(claim.descriptor, held, claim.name, claim.size, claim.changed)


def _lock(path: Path) -> Claim | None:
    """Return a claim on a file, or None when another holds it or it has just been moved."""
    try:
        descriptor = os.open(path, _OPEN)
    except OSError:  # gone, a link, or not ours to open
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        opened, there = os.fstat(descriptor), path.lstat()
    except OSError:
        os.close(descriptor)
        return None
    if (opened.st_dev, opened.st_ino) != (there.st_dev, there.st_ino) or not stat.S_ISREG(opened.st_mode):
        os.close(descriptor)
        return None
    name = path.name.partition("-")[2] if path.parent.name == WORKING else path.name
    return Claim(descriptor, path, name[-_LONGEST_NAME:], opened.st_size, opened.st_mtime)
