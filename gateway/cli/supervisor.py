"""The parent of all processes of a gateway: it starts them, stops them together, and replaces them at a SIGHUP.

When one child ends by itself, all end: whatever started the gateway sees it and can start it again. A reload reads the
mappings, packages, certificates and keys anew and starts new children on the same ports; the old ones answer what they
have and end. What cannot be loaded is told, and the old children go on.
"""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from socket import socket
from types import FrameType

from gateway.errors import GatewayError

_log = logging.getLogger("gateway")

STOPPING = (signal.SIGTERM, signal.SIGINT)
GRACE_SECONDS = 25
_HEARD = (*STOPPING, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1


class Supervisor:
    """Runs what `begin` starts. Signals wait, from the moment that it is made, until it runs."""

    def __init__(self, begin: Callable[[], list[ForkProcess]]) -> None:
        self._begin = begin
        self._children: list[ForkProcess] = []
        self._leaving: list[ForkProcess] = []
        self._told = False
        self._is_to_reload = False
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)

    def run(self) -> int:
        """Start, and return when all has ended: 0 when a signal asked for it. Raises what the first start raises."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
        try:
            self._children = self._begin()
            for number in STOPPING:
                signal.signal(number, self._stop)
            if not os.isatty(0):  # there it says that the terminal is gone
                signal.signal(signal.SIGHUP, self._hear_reload)
        finally:  # also where nothing was started: what comes after hears them again
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        while not self._told and all(child.is_alive() for child in self._children):
            wait([self._woken, *(child.sentinel for child in (*self._children, *self._leaving))])
            self._leaving = [child for child in self._leaving if child.is_alive()]
            if self._is_to_reload:
                self._reload()
        return self._ended()

    def _reload(self) -> None:
        """Start new children, then ask the old ones to end; when they cannot be started, go on with those."""
        self._is_to_reload = False
        os.read(self._woken, 1024)
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
        try:
            fresh = self._begin()
        except (GatewayError, OSError) as error:
            for issue in error.issues if isinstance(error, GatewayError) else (type(error).__name__,):
                _log.error("not-reloaded: %s", issue)
        else:
            self._leaving += self._children
            _relieve(self._children)
            _terminate(self._children)
            self._children = fresh
            _log.info("reloaded")
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)

    def _ended(self) -> int:
        """Stop all, wait for them, and return the exit status."""
        well = self._told
        if not self._told:  # a second signal would end a child that is at its last work after the first
            self._stop(signal.SIGTERM, None)
        for child in (*self._children, *self._leaving):
            child.join(GRACE_SECONDS + 5)
            if child.is_alive():
                child.kill()
                well = False
        # a child that is told before it can listen to it ends by the signal itself, with nothing begun
        return 0 if well and all(child.exitcode in {0, -signal.SIGTERM} for child in self._children) else 1

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._told = True
        _terminate((*self._children, *self._leaving))
        self._wake()

    def _hear_reload(self, _number: int, _frame: FrameType | None) -> None:
        self._is_to_reload = True
        self._wake()

    def _wake(self) -> None:
        os.write(self._waker, b"!")


def child(name: str, run: Callable[[], None], *, unused: Sequence[socket]) -> ForkProcess:
    """Start `run` in a process of its own, which ends when this one does."""
    started = multiprocessing.get_context("fork").Process(target=_run, args=(run, unused), name=name)
    started.start()
    return started


def _run(run: Callable[[], None], unused: Sequence[socket]) -> None:
    os.setpgid(0, 0)  # Ctrl-C reaches the supervisor alone, which then stops us gracefully
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    for number in STOPPING:
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
    for other in unused:
        other.close()
    run()


def _relieve(children: Sequence[ForkProcess]) -> None:
    """Tell the porter that others serve from now on: who waits is not to be turned away."""
    for one in children:
        if one.name == "porter" and one.is_alive() and one.pid:
            os.kill(one.pid, signal.SIGHUP)


def _terminate(children: Sequence[ForkProcess]) -> None:
    for one in children:
        if one.is_alive():
            one.terminate()
