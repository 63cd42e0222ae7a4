"""Large bodies take turns: what takes seconds never keeps all processes from what takes milliseconds.

A table of 40,000 rows or a Bundle of thousands of entries keeps the process that reads it busy. So there is one lane
fewer for them than there are processes, and a sender may be in one lane only.

A lane is a byte of a file that its process has locked; it is free again when that process ends, however it ends.
https://man7.org/linux/man-pages/man2/fcntl.2.html (advisory record locking)
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from hashlib import sha256

from flask import Flask, Request, current_app, g

from gateway.errors import Overloaded, TooManyRequests
from gateway.rest import wire

LARGE = 512 * 1024
"""Bytes from which a body is large; one that is compressed counts ten times."""

_COMPRESSION = 10
_NONE = nullcontext()
_NAME = 8  # bytes of a sender's name that a lane remembers


class Lanes:
    """The lanes of all processes that are forked from this one."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._mine: set[int] = set()  # a process does not see its own locks
        self._mutex = threading.Lock()
        with tempfile.TemporaryFile(prefix="msb-gateway-lanes-") as file:  # without a name: nobody else opens it
            self._file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)

    def enter(self, sender: str) -> int:
        """Return the lane that is the sender's now. Raises TooManyRequests and Overloaded; then it has none."""
        name = sha256(sender.encode()).digest()[:_NAME]
        with self._looking():
            free = [lane for lane in range(self._number) if self._is_free(lane)]
            if any(self._name(lane) == name for lane in range(self._number) if lane not in free):
                raise TooManyRequests(_later("another large body of yours", TooManyRequests.retry_after))
            if not free:
                raise Overloaded(_later("other large bodies", Overloaded.retry_after))
            self._mine.add(free[0])
            fcntl.lockf(self._file, fcntl.LOCK_EX, 1, free[0])
            os.pwrite(self._file, name, self._at(free[0]))
            return free[0]

    def leave(self, lane: int) -> None:
        """Give a lane back."""
        with self._mutex:
            self._mine.discard(lane)
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, lane)

    @contextmanager
    def within(self, sender: str) -> Iterator[None]:
        """Be in a lane. Raises what `enter` raises."""
        lane = self.enter(sender)
        try:
            yield
        finally:
            self.leave(lane)

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """Be the only one who looks for a lane; who leaves one need not wait."""
        with self._mutex:
            fcntl.lockf(self._file, fcntl.LOCK_EX, 1, self._number)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, self._number)

    def _is_free(self, lane: int) -> bool:
        if lane in self._mine:
            return False
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, lane)
        except (BlockingIOError, PermissionError):
            return False
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, lane)
        return True

    def _name(self, lane: int) -> bytes:
        return os.pread(self._file, _NAME, self._at(lane))

    def _at(self, lane: int) -> int:
        return self._number + 1 + lane * _NAME


def keep_lanes(app: Flask, workers: int) -> None:
    """Have lanes for the large bodies of `app`."""
    app.extensions["gateway.lanes"] = Lanes(max(1, workers - 1))


def lane(asked: Request) -> AbstractContextManager[None]:
    """Return the lane of a request, to be in while it is answered. TooManyRequests and Overloaded, for none."""
    if asked.method not in {"POST", "PUT"} or not _asks_for_a_lane(asked):
        return _NONE
    lanes: Lanes = current_app.extensions["gateway.lanes"]
    provider = (asked.view_args or {}).get("provider", "")
    return lanes.within(f"{g.caller.organisation}\x1f{provider}")


def _asks_for_a_lane(asked: Request) -> bool:
    """Return whether a body is large, by what its head says; chunks, of which it says nothing, are there already."""
    size = asked.content_length
    if size is None:
        size = len(wire.sent()) if "Transfer-Encoding" in asked.headers else 0
    return is_large(size, compressed="Content-Encoding" in asked.headers)


def is_large(size: int, *, compressed: bool) -> bool:
    """Return whether a body of so many bytes is large."""
    return size * (_COMPRESSION if compressed else 1) >= LARGE


def _later(what: str, seconds: int) -> str:
    return f"{what} is being read, and this one was not; try again in {seconds} seconds"
