from __future__ import annotations

import os
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from gateway.errors import BadSettings, Unavailable
from gateway.store import open_store
from gateway.store.chain import flaws
from gateway.store.sqlite.flush import Flush
from gateway.store.sqlite.lock import FairLock
from gateway.store.sqlite.store import SqliteStore
from tests.store.writing import SLOT, count, put


class Waiting(FairLock):
    """A FairLock of which can be seen how many wait."""

    def wait_until(self, number: int) -> None:
        while len(self._waiting) < number:
            threading.Event().wait(0.001)


def test_threads_come_in_in_the_order_in_which_they_came() -> None:
    lock = Waiting()
    entered: list[int] = []
    with ThreadPoolExecutor(8) as threads, lock:
        for n in range(8):
            threads.submit(_enter, lock, n, entered)
            lock.wait_until(n + 1)

    assert entered == list(range(8))


def _enter(lock: FairLock, n: int, entered: list[int]) -> None:
    with lock:
        entered.append(n)


def test_who_fails_inside_lets_the_next_one_in() -> None:
    lock = FairLock()
    with pytest.raises(ValueError, match="no"), lock:
        raise ValueError("no")

    with lock:
        pass


def test_one_flush_serves_every_commit_before_it(tmp_path: Path) -> None:
    (tmp_path / "db-wal").touch()
    flushed: list[int] = []
    flush = Flush(tmp_path / "db", fdatasync=flushed.append)
    numbers = [flush.committed() for _ in range(5)]

    for number in numbers:
        flush.wait(number)

    assert len(flushed) == 1
    flush.wait(flush.committed())
    assert len(flushed) == 2
    flush.close()


def test_a_commit_is_flushed_before_it_is_acknowledged_and_after_the_lock_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    path = tmp_path / "store.sqlite"
    other = SqliteStore(path)

    def fdatasync(file: int) -> None:
        assert os.path.samestat(os.fstat(file), (tmp_path / "store.sqlite-wal").stat())
        put(other, SLOT._replace(id=f"other-{len(seen)}"))  # another writer gets in meanwhile
        seen.append(file)

    store = open_store(f"sqlite:///{path}", durability="full")
    other = open_store(f"sqlite:///{path}", durability="normal")  # type: ignore[assignment] # it is one
    assert isinstance(store, SqliteStore)
    monkeypatch.setattr(store._here(), "flush", Flush(path, fdatasync=fdatasync))

    put(store)

    assert len(seen) == 1
    assert count(store, "resource") == 2
    store.close()
    other.close()


def test_reading_is_audited_without_waiting_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    path = tmp_path / "store.sqlite"
    store = open_store(f"sqlite:///{path}", durability="full")
    assert isinstance(store, SqliteStore)
    monkeypatch.setattr(store._here(), "flush", Flush(path, fdatasync=flushed.append))

    store.audit(b"{}")

    assert (count(store, "audit"), flushed) == (1, [])
    store.close()


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/var/store.sqlite")
    put(store)

    for path in (tmp_path / "var").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    store.close()


def test_a_store_in_memory_is_empty_and_alone_and_goes() -> None:
    first, second = open_store("sqlite://"), open_store("sqlite://")
    put(first)

    assert count(second, "resource") == 0
    assert isinstance(first, SqliteStore)
    folder = first._path.parent
    first.close()
    second.close()
    del first
    assert not folder.exists()


def test_a_fork_has_connections_of_its_own(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    put(store)
    child = os.fork()
    if child == 0:
        os._exit(0 if [put(store) for _ in range(20)] else 1)
    mine = [put(store, SLOT._replace(id="b")) for _ in range(20)]

    _, status = os.waitpid(child, 0)

    assert (os.waitstatus_to_exitcode(status), mine) == (0, list(range(1, 21)))
    assert count(store, "resource") == 41
    with store.reading() as db:
        assert db.rows("pragma integrity_check") == [("ok",)]
    store.close()


@pytest.mark.parametrize("url", ["", "sqlite:///", "store.sqlite", "mysql://x", "file:///x"])
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(BadSettings):
        open_store(url)


def test_what_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_bytes(b"not a database at all, but long enough to be looked at" * 40)

    with pytest.raises(Unavailable):
        open_store(f"sqlite:///{tmp_path}/store.sqlite")


def test_a_mistake_in_our_sql_is_not_called_unavailable(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")

    with pytest.raises(sqlite3.OperationalError), store.reading() as db:
        db.rows("select nothing from nowhere")

    store.close()


def test_a_migration_that_fails_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    open_store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("delete from schema_version where version > 1")  # so that its second migration runs again, and fails

    with pytest.raises(sqlite3.OperationalError):
        open_store(f"sqlite:///{path}", renew=True)

    with closing(sqlite3.connect(path)) as db:
        assert db.execute("select version from schema_version").fetchall() == [(1,)]


def test_rows_of_the_audit_that_many_write_by_themselves_are_one_chain(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite"
    stores = [open_store(url), open_store(url)]  # as of two processes, each with its own connections and locks

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: stores[number % 2].audit(b'{"row":%d}' % number), range(100)))
    put(stores[0])  # a row in the commit of what it tells of stands in the same chain

    with stores[1].reading() as db:
        rows = db.rows("select lane, seq, content from audit order by lane, seq")
        assert list(flaws(db)) == []
    assert [(lane, seq) for lane, seq, _ in rows] == [(0, number) for number in range(1, 102)]
    assert {content for _, _, content in rows} >= {b'{"row":%d}' % number for number in range(100)}
    for store in stores:
        store.close()


def test_a_row_of_the_audit_that_cannot_be_written_leaves_nothing_begun(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    store.audit(b"{}")
    other = sqlite3.connect(tmp_path / "store.sqlite")
    other.execute("create trigger full before insert on audit begin select raise(abort, 'full'); end")

    with pytest.raises(sqlite3.IntegrityError):
        store.audit(b"{}")
    other.execute("drop trigger full")
    store.audit(b"{}")

    with store.reading() as db:
        assert list(flaws(db)) == []
        assert count(store, "audit") == 2
    other.close()
    store.close()
