"""The parent of the processes of a gateway, where none of them is started."""

from __future__ import annotations

import signal
from multiprocessing.context import ForkProcess

import pytest

from gateway.cli.supervisor import Supervisor
from gateway.errors import Unavailable


def test_signals_are_heard_again_where_the_first_start_fails() -> None:
    def begin() -> list[ForkProcess]:
        assert {signal.SIGTERM, signal.SIGINT, signal.SIGHUP} <= blocked()
        raise Unavailable("the port is taken")

    before = blocked()
    with pytest.raises(Unavailable):
        Supervisor(begin).run()
    assert blocked() == before


def blocked() -> set[signal.Signals | int]:
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, []))
