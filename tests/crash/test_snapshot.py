"""kill -9 in the middle of a long list of beds; sent again, the picture is that of the list."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gateway.store import Store, inbox
from tests.crash import snapshot
from tests.inbox.lists import picture, take

ROOT = Path(__file__).parents[2]
COUNT = int(os.environ.get("MSB_SNAPSHOT_ROWS", "3000"))
pytestmark = pytest.mark.slow


def stored(store: Store) -> int:
    with store.reading(snapshot=False) as db:
        ((number,),) = db.rows("select count(*) from inbox where event_time is null and state = 'accepted'")
    return int(number)


def test_a_list_that_is_killed_halfway_is_made_good_by_the_next(database_url: str) -> None:
    to = snapshot.services(database_url)
    with closing(to.store):
        take(snapshot.first(COUNT), to)
        before = stored(to.store)
        command = [sys.executable, "-m", "tests.crash.snapshot", database_url, str(COUNT)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sender:
            assert sender.stdout is not None
            assert sender.stdout.readline() == "begin\n"
            while stored(to.store) < before + COUNT // 400:  # half of its stretches of 200 rows
                assert sender.poll() is None
            sender.kill()
            assert sender.stdout.readlines() == []
        halfway = [status for status, _ in picture(to).values()]

        again = take(snapshot.second(COUNT), to)

        assert 0 < halfway.count("busy") < len(range(0, COUNT, 3))
        assert again.refusal is None
        found = {int(path.rpartition("/")[2]): status for path, (status, _) in picture(to).items()}
        assert found == {
            bed: "busy-unavailable" if bed >= COUNT else "free" if bed % 3 else "busy"
            for bed in range(COUNT + COUNT // 10)
        }
        assert {one.state for one in inbox.entered(to.store, limit=10_000)} == {"accepted"}
