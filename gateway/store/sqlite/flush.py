"""Durable commits for the price of one disk flush among all who wait for it.

The writer commits without flushing and lets the next writer in; only then is the write-ahead log flushed, and only then
is the commit acknowledged. Flushes so overlap with other writers' work, and one flush covers every commit before it.
What an acknowledged writer may rely on is the same as with `pragma synchronous = full`.
https://sqlite.org/wal.html
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path


class Flush:
    """Flushes the write-ahead log of the database at `path`; `fdatasync` is what flushes a file descriptor."""

    def __init__(self, path: Path, *, fdatasync: Callable[[int], None] = os.fdatasync) -> None:
        self._log = path.with_name(path.name + "-wal")
        self._fdatasync = fdatasync
        self._mutex = threading.Lock()
        self._file: int | None = None
        self._committed = 0
        self._flushed = 0

    def committed(self) -> int:
        """Note one more commit and return its number; called by the one writer there is."""
        self._committed += 1
        return self._committed

    def wait(self, number: int) -> None:
        """Return when the commit of that number is on disk."""
        with self._mutex:
            if self._flushed >= number:
                return  # whoever had the mutex before flushed this commit too
            upto = self._committed
            self._fdatasync(self._opened())
            self._flushed = upto

    def close(self) -> None:
        """Close the log."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        # The log stays the same file as long as this process has a connection open, and it always has.
        if self._file is None:
            self._file = os.open(self._log, os.O_RDWR | os.O_CLOEXEC)
            folder = os.open(self._log.parent, os.O_RDONLY | os.O_CLOEXEC)
            os.fsync(folder)  # the name of the log must survive as well
            os.close(folder)
        return self._file
