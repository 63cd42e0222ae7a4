"""More than the gateway can take at once: nobody goes without an answer, and nothing that was acknowledged is lost.

Real processes, real sockets, 72 clients at once, and a store that somebody else holds for a while.
"""

import fcntl
import itertools
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from gateway.store import Store, open_store
from tests.load.clients import Crowd
from tests.messages import bed_message
from tests.servers import serving

pytestmark = pytest.mark.slow

HTTP_CLIENTS, MLLP_CLIENTS, EACH = 48, 24, 3
HELD_SECONDS = 4.0


@contextmanager
def held(database_url: str) -> Iterator[None]:
    """Keep everybody from writing to a store, as a backup or a migration does."""
    if database_url.startswith("sqlite"):
        lock = os.open(f"{database_url.removeprefix('sqlite:///')}-lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
        os.close(lock)
        return
    with psycopg.connect(database_url) as other:
        other.execute("lock table resource, current, inbox in exclusive mode")
        yield


def kept(store: Store) -> Counter[str]:
    """Return how often each message was taken."""
    with store.reading() as database:
        return Counter(id_ for (id_,) in database.rows("select control_id from inbox where state = 'accepted'"))


def beds(store: Store) -> int:
    with store.reading() as database:
        ((number,),) = database.rows("select count(*) from current where type = 'Slot'")
        return int(number)


def wait_for(folder: Path, pattern: str) -> None:
    """Return when a file is in a folder: a watched one is looked at again after a while."""
    until = time.monotonic() + 90
    while not list(folder.glob(pattern)):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_who_is_refused_comes_back_and_everything_is_there_once(tmp_path: Path, database_url: str) -> None:
    names = [f"H-{n}" for n in range(HTTP_CLIENTS)] + [f"M-{n}" for n in range(MLLP_CLIENTS)]
    incoming = tmp_path / "dropped" / "dev" / "in"
    incoming.mkdir(parents=True)
    (incoming / "message.hl7").write_bytes(bed_message("F-0", bed="F-0"))
    settings = {"MAX_WAITING": "6", "WAIT_SECONDS": "1", "WORKERS": "2", "FOLDER": str(tmp_path / "dropped")}
    with serving(tmp_path, database_url, None, **settings) as running:
        crowd = Crowd(running)
        with held(database_url):
            sending = threading.Thread(
                target=crowd.send, args=({"H": crowd.by_http, "M": crowd.by_mllp}, names), daemon=True
            )
            sending.start()
            time.sleep(HELD_SECONDS)
            assert not crowd.acknowledged  # nothing is acknowledged that is not stored
        sending.join(300)
        wait_for(incoming.parent / "processed", "*.hl7")
        log = running.log.read_text(encoding="utf-8")
        assert running.stop() == 0
    store = open_store(database_url)
    said = crowd.answers
    everything = {f"{name}-{number}" for name, number in itertools.product(names, range(EACH))}
    stored = everything | {"F-0"}

    assert said["AA"] == HTTP_CLIENTS * EACH, said
    assert said["MLLP AA"] == MLLP_CLIENTS * EACH, said
    assert {name.removeprefix("MLLP AR ") for name in said} <= {
        "AA",
        "MLLP AA",
        "503 throttled",
        "503 transient",
        "overloaded",
        "unavailable",
    }
    assert said["503 throttled"] > 0
    assert said["503 transient"] > 0
    assert said["MLLP AR overloaded"] > 0
    assert said["MLLP AR unavailable"] > 0
    assert set(crowd.acknowledged) == everything
    assert kept(store) == Counter(stored)  # each once
    assert beds(store) == len(stored)
    assert crowd.longest < 20
    assert [line for line in log.splitlines() if line.startswith("{") and json.loads(line)["level"] == "error"] == []
    store.close()
