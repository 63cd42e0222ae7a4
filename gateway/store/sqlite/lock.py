"""One writer at a time, first come first served, among threads and among processes.

SQLite's own wait polls with growing pauses, which makes some writers wait a hundred times longer than others. Nobody
waits longer than is allowed: whoever asked is told, and may come back.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import deque
from pathlib import Path
from types import TracebackType

from gateway.errors import Unavailable


class FairLock:
    """Lets threads in, in the order in which they came."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def acquire(self, until: float | None = None) -> bool:
        """Return whether it is this thread's turn; False when it was not by `until` (monotonic seconds)."""
        with self._mutex:
            if not self._held:
                self._held = True
                return True
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append(gate)
        try:
            if gate.acquire(timeout=-1 if until is None else max(0.0, until - time.monotonic())):
                return True
        except BaseException:  # interrupted while waiting: leave the queue, or pass on what was just given
            if not self._left(gate):
                self.release()
            raise
        return not self._left(gate)

    def release(self) -> None:
        """Let in the thread that waited longest."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _left(self, gate: threading.Lock) -> bool:
        """Return whether a thread could leave the queue; False when its turn came just now."""
        with self._mutex:
            if gate in self._waiting:
                self._waiting.remove(gate)
                return True
            return False


class FileLock:
    """The lock on a file, for one thread at a time, with an end to the waiting.

    `flock` itself wakes who waits at once, but waits for ever: so a thread of its own does the waiting. When nobody
    wants the lock any more by the time it comes, that thread gives it back.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._changed = threading.Condition()
        self._waiter: threading.Thread | None = None
        self._is_asking = self._is_wanted = self._is_given = self._is_closed = False

    def acquire(self, until: float | None) -> bool:
        """Return whether the file is ours; False when it was not by `until` (monotonic seconds)."""
        if until is None:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            return True
        # While the waiter asks, it may get it at any moment, and would let go of ours. It begins to for us alone.
        if not self._is_asking and self._is_free():
            return True
        with self._changed:
            if not self._is_asking:
                self._ask()
            self._is_wanted = True
            try:
                return self._changed.wait_for(lambda: self._is_given, max(0.0, until - time.monotonic()))
            except BaseException:  # interrupted while waiting
                if self._is_given:
                    self.release()
                raise
            finally:
                self._is_wanted = self._is_given = False

    def release(self) -> None:
        """Let others have the file."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file; a waiter closes it itself when it is done."""
        with self._changed:
            self._is_closed = True
            if self._waiter is None:
                os.close(self._file)
            self._changed.notify_all()

    def _is_free(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _ask(self) -> None:
        self._is_asking = True
        if self._waiter is None:
            self._waiter = threading.Thread(target=self._wait, name="store-lock", daemon=True)
            self._waiter.start()
        self._changed.notify_all()

    def _wait(self) -> None:
        while self._is_asked():
            fcntl.flock(self._file, fcntl.LOCK_EX)
            with self._changed:
                self._is_given = self._is_wanted
                if not self._is_wanted:
                    self.release()
                self._is_asking = False  # at the end: who sees it may take the lock at once
                self._changed.notify_all()
        os.close(self._file)

    def _is_asked(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._is_asking or self._is_closed)
            return not self._is_closed


class WriteLock:
    """A FairLock that also keeps other processes out, by a lock on the file at `path` (None: no other process).

    Who waits more than `patience` seconds gets Unavailable; with None it waits as long as it takes.
    """

    def __init__(self, path: Path | None, patience: float | None) -> None:
        self._threads = FairLock()
        self._file = None if path is None else FileLock(path)
        self._patience = patience

    def __enter__(self) -> None:
        until = None if self._patience is None else time.monotonic() + self._patience
        if not self._threads.acquire(until):
            raise self._busy()
        is_ours = False
        try:
            is_ours = self._file is None or self._file.acquire(until)
        finally:
            if not is_ours:
                self._threads.release()
        if not is_ours:
            raise self._busy()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.release()
        self._threads.release()

    def close(self) -> None:
        """Close the lock's file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _busy(self) -> Unavailable:
        return Unavailable.later(f"the store is busy: others have been writing to it for {self._patience:g} seconds")
