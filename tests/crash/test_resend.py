"""kill -9 in the middle of a resend, then everything again: the beds are right, and no message has two effects."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gateway.store import open_store
from gateway.store.contents import figures
from tests.crash import resend
from tests.order.test_order import beds

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def resent(url: str, seed: int, *, killed_after: int | None) -> list[int]:
    """Resend all messages in some order; kill whoever does it after so many of them. Return what was acknowledged."""
    command = [sys.executable, "-m", "tests.crash.resend", url, str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sender:
        assert sender.stdout is not None
        if killed_after is not None:
            lines = [sender.stdout.readline() for _ in range(killed_after)]
            sender.kill()
        else:
            lines = []
        lines += sender.stdout.readlines()
    return [int(line) for line in lines if line.endswith("\n")]


def test_a_resend_that_is_killed_is_made_good_by_the_next(database_url: str) -> None:
    open_store(database_url).close()
    killed = [resent(database_url, seed, killed_after=count) for seed, count in enumerate((40, 90, 10))]

    whole = resent(database_url, 99, killed_after=None)

    to = resend.services(database_url)
    with closing(to.store):
        assert all(len(some) < resend.COUNT for some in killed)
        assert len(whole) == resend.COUNT
        assert beds(to) == resend.hospital().truth()
        found = figures(to.store)
        assert found.inbox == {"accepted": resend.COUNT}
        assert found.broken == []
