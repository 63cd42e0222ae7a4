"""A UNIX socket that HTTP listens on for a proxy on the same machine: who may open it, says the file system.

A file of that name that nobody listens on any more, as a gateway leaves it that was killed, is taken; one that somebody
listens on is not. A lock beside it tells which, also between two that start at once.
https://man7.org/linux/man-pages/man7/unix.7.html
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path
from typing import Literal

from gateway.errors import BadSettings, Unavailable

Access = Literal["owner", "group"]
ADDRESS = ("unix", 0)
"""Stands for the address of who asks over such a socket: there is none, and gunicorn would believe every header."""

_MODES: dict[Access, int] = {"owner": 0o600, "group": 0o660}


class LocalSocket:
    """A socket that listens at a path, until it is closed by the process that made it."""

    def __init__(self, path: Path, access: Access, backlog: int) -> None:
        """Listen. Raises BadSettings for what cannot be listened at, Unavailable where another one does."""
        _check_folder(path)
        self._path, self._owner = path, os.getpid()
        self._lock = _locked(path)  # held by our children too: as long as one of them listens
        try:
            _check_free(path)
            self.listener = _listening(path, _MODES[access], backlog)
        except BaseException:
            os.close(self._lock)
            raise
        self._made = path.lstat().st_ino

    def close(self) -> None:
        """Take the file away, unless it is another's by now. Does nothing in a child."""
        if os.getpid() != self._owner:
            return
        with suppress(OSError):
            if self._path.lstat().st_ino == self._made:
                self._path.unlink()
        self.listener.close()
        os.close(self._lock)


def is_local(sock: socket.socket) -> bool:
    """Return whether a socket is one of a path."""
    return getattr(sock, "family", None) == socket.AF_UNIX


def _check_folder(path: Path) -> None:
    """Raise BadSettings where others could put a socket of their own in the place of ours."""
    try:
        found = path.parent.stat()
    except OSError as error:
        raise BadSettings(f"GATEWAY_SOCKET: no folder {path.parent}") from error
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        raise BadSettings(f"GATEWAY_SOCKET: everybody may write to {path.parent}, and put another socket there")


def _locked(path: Path) -> int:
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise _taken(path) from error
    return lock


def _check_free(path: Path) -> None:
    """Return when there is nothing, or a socket on which nobody listens."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise BadSettings(f"GATEWAY_SOCKET: {path} is there, and is no socket")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        found = probe.connect_ex(str(path))
    if found != errno.ECONNREFUSED:
        raise _taken(path)


def _listening(path: Path, mode: int, backlog: int) -> socket.socket:
    """Return a socket that is at its place, with its permissions, from the moment that anybody sees it."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        aside.unlink(missing_ok=True)
        listener.bind(str(aside))
        aside.chmod(mode)
        listener.listen(backlog)
        aside.replace(path)
    except OSError as error:
        listener.close()
        raise BadSettings(f"GATEWAY_SOCKET: {path} cannot be listened at: {error.strerror or error}") from error
    finally:
        os.umask(before)
    return listener


def _taken(path: Path) -> Unavailable:
    return Unavailable(f"{path} cannot be listened on: somebody listens there already")
