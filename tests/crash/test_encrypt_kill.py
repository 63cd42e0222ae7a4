"""kill -9 of `gateway store encrypt` half way: nothing is lost, all can be read, and started again it finishes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.fhir.json import decode
from gateway.ingest import ingest
from gateway.query import read
from gateway.services import Services
from gateway.store.inbox import entered
from gateway.store.rekeying import BATCH
from gateway.store.sealed import MARK
from gateway.transact.inbox import content_of
from tests.keys import held, key_file
from tests.messages import bed_message
from tests.servers import clean_environment
from tests.store.test_sealed import BSN, CALLER, SYSTEM, found, patient, put, with_keys

pytestmark = pytest.mark.slow

NUMBER = 2 * BATCH + 10
# It waits where it is told to: with rows of the second commit written and not committed, or before the indexes.
STOPPED = """
import sys
from contextlib import contextmanager
from itertools import count
from gateway.store import reindex, rekeying

def wait():
    print("waits", flush=True)
    sys.stdin.readline()

overwriting, numbers = rekeying.overwriting, count(1)

@contextmanager
def waiting(db):
    with overwriting(db):
        yield
        if next(numbers) == 2:
            wait()

if sys.argv[1] == "within a commit":
    rekeying.overwriting = waiting
else:
    reindex.reindex = lambda *_, **__: wait()
from gateway.cli.store import store
store.main(["encrypt"])
"""


def environment(url: str, keys: Path) -> dict[str, str]:
    return clean_environment() | {"GATEWAY_DATABASE": url, "GATEWAY_DATA_KEYS": str(keys)}


def killed(url: str, keys: Path, where: str) -> None:
    """Encrypt up to a point, and kill it there."""
    command = [sys.executable, "-c", STOPPED, where]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environment(url, keys), text=True, **pipes) as running:  # type: ignore[call-overload]
        assert running.stdout.readline() == "waits\n"
        os.kill(running.pid, signal.SIGKILL)
        running.wait(60)
    assert running.returncode == -signal.SIGKILL


def check_nothing_is_lost(to: Services, url: str, keys: Path) -> None:
    again = with_keys(to, url, keys)
    try:
        for number in range(NUMBER):
            name = decode(read("Patient", f"p{number}", CALLER, again).body)["name"]
            assert name == [{"family": f"Ergernis{number}"}]
        assert content_of(entered(again.store)[0], again) == bed_message()
    finally:
        again.store.close()


def sealed(to: Services) -> int:
    """Return how many versions of resources are sealed."""
    with to.store.reading() as db:
        ((number,),) = db.rows("select count(*) from resource where substr(body, 1, ?) = ?", (len(MARK), MARK))
    return int(number)


def test_encrypting_that_is_killed_loses_nothing_and_finishes(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    keys = key_file(tmp_path)
    put(services, *(patient(f"p{number}", family=f"Ergernis{number}") for number in range(NUMBER)))
    ingest(bed_message(), provider="dev", content_type=None, caller=CALLER, to=services)

    killed(database_url, keys, "within a commit")
    assert sealed(services) == BATCH  # the first commit, and nothing of the second
    check_nothing_is_lost(services, database_url, keys)

    killed(database_url, keys, "before the indexes")
    assert sealed(services) > NUMBER  # what the message made too
    check_nothing_is_lost(services, database_url, keys)

    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "store", "encrypt"],
        env=environment(database_url, keys),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    check_nothing_is_lost(services, database_url, keys)
    again = with_keys(services, database_url, keys)
    assert len(found(again, "Patient", ("identifier", f"{SYSTEM}|{BSN}"), ("_count", "200"))) == NUMBER
    again.store.close()
    if services.store.engine == "sqlite":  # PostgreSQL lets go of what was at its next VACUUM
        services.store.close()
        assert BSN.encode() not in held(services.store, database_url)
