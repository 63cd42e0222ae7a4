"""What files hold, read again when they change: once a second at most they are looked at."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from gateway.errors import GatewayError

_log = logging.getLogger("gateway.access")
_LOOK_SECONDS = 1.0

T = TypeVar("T")
State = tuple[tuple[str, int, int, int], ...]


class Watched(Generic[T]):
    """What `read` makes of some files, or folders of them. Raises what `read` raises, when it is made."""

    def __init__(self, paths: Sequence[Path], read: Callable[[], T], seconds: Callable[[], float]) -> None:
        self._paths = paths
        self._read = read
        self._seconds = seconds
        self._looked = seconds()
        self._state = self._stated()
        self._found = read()

    def now(self) -> T:
        """Return it. What cannot be read any more is told in the log, and what was read before holds on."""
        return self.fresh() if self._seconds() - self._looked >= _LOOK_SECONDS else self._found

    def fresh(self) -> T:
        """Return the same, looked at now."""
        self._looked = self._seconds()
        state = self._stated()
        if state != self._state:
            self._state = state
            self._renew()
        return self._found

    def _renew(self) -> None:
        names = ", ".join(path.name for path in self._paths)
        try:
            self._found = self._read()
        except (GatewayError, OSError) as error:
            _log.error("not-read-again: %s: %s", names, error)
        else:
            _log.info("read-again: %s", names)

    def _stated(self) -> State:
        return tuple(found for path in self._paths for one in _files(path) for found in _stated(one))


def _files(path: Path) -> Sequence[Path]:
    try:
        return sorted(path.iterdir())
    except OSError:  # it is a file, or gone
        return [path]


def _stated(path: Path) -> State:
    try:
        found = path.stat()
    except OSError:
        return ()
    return ((path.name, found.st_mtime_ns, found.st_ino, found.st_size),)
