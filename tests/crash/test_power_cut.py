"""A power cut takes whatever was not flushed to the disk. What was acknowledged was; the rest is gone, or there whole.

SQLite: at every flush that the store waits for, what is on disk by then is put aside. That, and that alone, is what a
power cut leaves at worst; of what was written later any part may be there as well, torn anywhere.
PostgreSQL: the server is killed without warning and started again on its own log.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import Store, open_store
from gateway.store.contents import figures
from gateway.store.sqlite import connection
from gateway.store.sqlite.flush import Flush
from gateway.store.sqlite.store import SqliteStore
from gateway.store.verify import verify
from gateway.transact import Put, transact
from gateway.validation import Validator
from tests.conftest import NOW, counted, library
from tests.databases import own_server

CALLER = development_caller()
BASE = "https://gateway.example/fhir"
WRITERS, EACH = 8, 30


class Disk:
    """What a disk would hold if the power went now: the files as they were when the last flush began that has ended."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._path = path
        self._folder = folder
        self._number = 0
        self.flushed: Path | None = None
        self.store: SqliteStore

    def fdatasync(self, descriptor: int) -> None:
        """Put aside what is there, flush it, and from then on that is what the disk holds."""
        self._number += 1
        aside = self._folder / str(self._number)
        with self.store._here().lock:  # nobody writes meanwhile, nor moves what was written into the database
            copied(self._path, aside)
        os.fdatasync(descriptor)
        self.flushed = aside


def copied(path: Path, folder: Path) -> None:
    folder.mkdir()
    for name in (path.name, f"{path.name}-wal"):
        if (path.parent / name).exists():
            shutil.copyfile(path.parent / name, folder / name)


def services(store: Store, url: str) -> Services:
    return Services(Settings(database=url), store, Validator(), library(), lambda: NOW, counted())


def put(to: Services, id_: str) -> None:
    """Write two resources that belong together, in one transaction."""
    slot = {"start": "2026-01-05T10:00:00Z", "end": "2026-01-05T11:00:00Z", "schedule": {"reference": "Schedule/s"}}
    transact(
        [Put({"resourceType": "Location", "id": id_, "status": "active", "name": f"bed {id_}"}),
         Put({"resourceType": "Slot", "id": id_, "status": "free", **slot})],
        CALLER,
        to,
    )  # fmt: skip


def test_after_a_power_cut_all_that_was_acknowledged_is_there_and_nothing_is_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_SETTINGS", connection._SETTINGS.replace("= 10000", "= 40"))  # many checkpoints
    path = tmp_path / "live" / "store.sqlite"
    disk = Disk(path, tmp_path)
    opened = open_store(f"sqlite:///{path}")
    assert isinstance(opened, SqliteStore)
    disk.store = opened
    opened._here().flush = Flush(path, fdatasync=disk.fdatasync)
    to = services(opened, f"sqlite:///{path}")

    def write(writer: int) -> list[tuple[str, Path]]:
        done = []
        for number in range(EACH):
            id_ = f"w{writer}-{number}"
            put(to, id_)
            assert disk.flushed is not None
            done.append((id_, disk.flushed))  # from now on it is acknowledged, and on this disk
        return done

    with ThreadPoolExecutor(WRITERS) as pool:
        acknowledged = [one for done in pool.map(write, range(WRITERS)) for one in done]
    last = path.with_name(f"{path.name}-wal").read_bytes()
    opened.close()

    cuts = sorted({folder for _, folder in acknowledged}, key=lambda folder: int(folder.name))
    place = random.Random(7)
    for folder in place.sample(cuts, 12):
        wanted = {id_ for id_, on in acknowledged if int(on.name) <= int(folder.name)}
        torn = Path(shutil.copytree(folder, tmp_path / f"{folder.name}-torn"))
        tear(torn, last, place)
        assert wanted <= survivors(folder)
        assert wanted <= survivors(torn)


def tear(folder: Path, later: bytes, place: random.Random) -> None:
    """Let some of what was written later be there too, broken off anywhere."""
    log = folder / "store.sqlite-wal"
    begun = log.stat().st_size
    with log.open("ab") as file:
        file.write(later[begun : begun + place.randrange(1, 40_000)] or place.randbytes(5000))


def survivors(folder: Path) -> set[str]:
    """Return the ids that are there when the gateway starts again; whatever is there is whole and agrees."""
    with closing(open_store(f"sqlite:///{folder}/store.sqlite")) as store:
        return whole(store)


def whole(store: Store) -> set[str]:
    assert list(verify(store, BASE)) == []
    found = figures(store)
    assert found.broken == []
    assert found.resources.get("Location") == found.resources.get("Slot")
    with store.reading() as db:
        rows = db.rows("select id from current where type = 'Location'")
    return {id_ for (id_,) in rows}


def test_a_server_of_postgresql_that_dies_loses_nothing_that_was_acknowledged() -> None:
    with own_server() as server:
        url = str(server.get_uri())
        with closing(open_store(url)) as store:
            with store.changing() as db:  # the connections that write
                settings = "current_setting('synchronous_commit'), current_setting('fsync')"
                assert db.rows(f"select {settings}, current_setting('full_page_writes')") == [("on", "on", "on")]
            to = services(store, url)
            with ThreadPoolExecutor(WRITERS) as pool:
                list(pool.map(lambda n: put(to, f"p{n}"), range(80)))
        kill(server)
        with closing(open_store(str(server.get_uri()))) as store:
            assert whole(store) == {f"p{n}" for n in range(80)}


def kill(server: Any) -> None:
    """Kill the server as it stands, and start it again as soon as nothing is left of it."""
    pid_file = Path(server.pgdata) / "postmaster.pid"
    os.kill(int(pid_file.read_text(encoding="ascii").splitlines()[0]), signal.SIGKILL)
    until = time.monotonic() + 60
    while True:
        pid_file.unlink(missing_ok=True)  # whoever starts it takes a process that nobody has waited for for a server
        try:
            server.start()
        except subprocess.CalledProcessError:  # its children are still there, for a moment
            assert time.monotonic() < until
            time.sleep(0.1)
        else:
            return
