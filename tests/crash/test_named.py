"""kill -9 among Bundles that have names, then all of them again: each has one effect, and its first answer stands."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gateway.store import open_store
from gateway.store.contents import figures
from tests.crash import named

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def posted(url: str, seed: int, *, killed_after: int | None = None) -> dict[str, str]:
    """Post all Bundles in some order, or as many as are answered before the kill; return each with its answer."""
    command = [sys.executable, "-m", "tests.crash.named", url, str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        lines = [client.stdout.readline() for _ in range(killed_after or 0)]
        if killed_after is not None:
            client.kill()
        lines += client.stdout.readlines()
    return dict(line.split() for line in lines if line.endswith("\n"))


def test_what_was_broken_off_is_made_good_and_what_was_answered_is_answered_so_again(database_url: str) -> None:
    open_store(database_url).close()
    first: dict[str, str] = {}
    for seed, count in enumerate((15, 30)):
        first = posted(database_url, seed, killed_after=count) | first

    whole = posted(database_url, 99)

    assert 30 <= len(first) < named.COUNT
    assert len(whole) == named.COUNT
    assert {number: whole[number] for number in first} == first
    with closing(open_store(database_url)) as store:
        found = figures(store)
    assert found.resources == {"Location": named.COUNT * named.ENTRIES}
    assert found.versions == found.outbox == named.COUNT * named.ENTRIES
    assert found.broken == []
