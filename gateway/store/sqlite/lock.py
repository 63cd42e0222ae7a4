"""One writer at a time, first come first served, among threads and among processes.

SQLite's own wait polls with growing pauses, which makes some writers wait a hundred times longer than others.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections import deque
from pathlib import Path
from types import TracebackType


class FairLock:
    """Lets threads in, in the order in which they came."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def __enter__(self) -> None:
        with self._mutex:
            if not self._held:
                self._held = True
                return
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append(gate)
        try:
            gate.acquire()
        except BaseException:  # interrupted while waiting: leave the queue, or pass on what was just given
            self._leave(gate)
            raise

    def __exit__(self, *_: object) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False

    def _leave(self, gate: threading.Lock) -> None:
        with self._mutex:
            if gate in self._waiting:
                self._waiting.remove(gate)
                return
        self.__exit__()


class WriteLock:
    """A FairLock that also keeps other processes out, by a lock on the file at `path` (None: no other process)."""

    def __init__(self, path: Path | None) -> None:
        self._threads = FairLock()
        self._file = None if path is None else os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> None:
        self._threads.__enter__()
        if self._file is not None:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX)
            except BaseException:
                self._threads.__exit__()
                raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.__exit__()

    def close(self) -> None:
        """Close the lock's file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
