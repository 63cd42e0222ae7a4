"""A gateway that is killed in the middle of its work loses nothing it acknowledged, and keeps nothing half."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.fhir.json import decode
from gateway.store import Identity, Store, open_store
from gateway.store.contents import figures
from tests.store.writing import versions

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def killed_after(acknowledged: int, url: str, first: int) -> list[int]:
    """Run the stream, kill it without warning after so many messages, and return what it acknowledged."""
    command = [sys.executable, "-m", "tests.crash.stream", url, str(first)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as stream:
        assert stream.stdout is not None
        lines = [stream.stdout.readline() for _ in range(acknowledged)]
        stream.kill()
        lines += stream.stdout.readlines()
    return [int(line) for line in lines if line.endswith("\n")]


def messages(store: Store) -> list[int]:
    with store.reading() as db:
        return [int(control_id) for (control_id,) in db.rows("select control_id from inbox order by id")]


def written(store: Store, type_: str) -> dict[tuple[int, int], int]:
    """Return for (place, version) the message that wrote it."""
    found: dict[tuple[int, int], int] = {}
    for place in range(7):
        for version in versions(store, Identity(type_, f"place-{place}"), count=10_000):
            body: dict[str, Any] = decode(version.body)
            found[place, version.version] = int(body["name"].removeprefix("message "))
    return found


def test_what_was_acknowledged_is_there_and_nothing_is_half(database_url: str) -> None:
    open_store(database_url).close()
    acknowledged: list[int] = []
    for n, count in enumerate((1, 40, 15)):
        acknowledged += killed_after(count, database_url, n * 1_000_000)

    store = open_store(database_url)
    taken = messages(store)
    found = figures(store)

    assert len(acknowledged) >= 56
    assert set(acknowledged) <= set(taken)
    assert len(taken) - len(acknowledged) <= 3  # at most the one that was under way at each kill
    assert written(store, "Location") == written(store, "Organization")
    assert sorted(written(store, "Location").values()) == sorted(taken)
    assert found.versions == found.outbox == 2 * len(taken)
    assert (found.audit, found.broken) == (len(taken), [])
    store.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_file_is_sound_after_a_kill(database_url: str) -> None:
    open_store(database_url).close()
    killed_after(25, database_url, 0)

    store = open_store(database_url)
    with store.reading() as db:
        assert db.rows("pragma integrity_check") == [("ok",)]
    store.close()
