"""Waiting to write: in turn, never longer than is allowed, and nobody's turn is lost when another gives up."""

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.errors import Unavailable
from gateway.store import open_store
from gateway.store.sqlite.lock import FairLock, FileLock, WriteLock
from tests.store.writing import SLOT, put


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock on a file as another process does."""
    other = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(other, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(other)


def soon(seconds: float = 0.05) -> float:
    return time.monotonic() + seconds


def later() -> float:
    return time.monotonic() + 30


def is_free(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _enter(lock: FairLock, entered: threading.Event) -> bool:
    mine = lock.acquire(later())
    entered.set()
    return mine


def test_a_thread_that_gave_up_does_not_get_the_turn_of_another() -> None:
    lock, entered = FairLock(), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        with lock:
            assert not lock.acquire(soon())
            second = threads.submit(_enter, lock, entered)
            assert not lock.acquire(soon())
            assert not entered.is_set()
        assert second.result(30)
        lock.release()
    assert lock.acquire(soon())


def test_who_waits_for_another_process_is_told_after_a_while(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    with held(tmp_path / "lock"):
        began = time.monotonic()
        assert not lock.acquire(soon(0.1))
        assert 0.1 <= time.monotonic() - began < 10
    lock.close()


def test_a_lock_that_comes_when_nobody_wants_it_any_more_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = FileLock(path)
    with held(path):
        assert not lock.acquire(soon())
        assert not lock.acquire(soon())
    assert lock.acquire(later())
    assert not is_free(path)
    lock.release()
    assert is_free(path)
    lock.close()


def test_who_gave_up_and_comes_back_gets_the_lock_that_its_waiter_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = FileLock(path)
    with ThreadPoolExecutor(1) as threads:
        with held(path):
            assert not lock.acquire(soon())
            again = threads.submit(lock.acquire, later())
        assert again.result(30)
    assert not is_free(path)
    lock.release()
    assert is_free(path)
    lock.close()


def test_a_lock_that_is_closed_while_it_waits_keeps_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = FileLock(path)
    with held(path):
        assert not lock.acquire(soon())
        lock.close()
    other = FileLock(path)
    assert other.acquire(later())
    other.release()
    other.close()


def test_many_threads_with_locks_of_their_own_are_in_one_at_a_time(tmp_path: Path) -> None:
    inside, seen = [0], []

    def enter(lock: WriteLock) -> None:
        for _ in range(20):
            with lock:
                inside[0] += 1
                seen.append(inside[0])
                inside[0] -= 1

    locks = [WriteLock(tmp_path / "lock", 60) for _ in range(3)]  # as in three processes
    with ThreadPoolExecutor(12) as threads:
        list(threads.map(enter, locks * 4))
    for lock in locks:
        lock.close()

    assert seen == [1] * 240


def test_a_writer_that_waits_too_long_is_told_to_come_back_and_nothing_is_stored(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/db", patience=0.1)
    with held(tmp_path / "db-lock"), pytest.raises(Unavailable, match="try again in 10 seconds"):
        put(store)

    assert store.read(SLOT) is None
    put(store)
    assert store.read(SLOT) is not None
    store.close()


def test_another_program_that_writes_to_the_file_is_waited_for_as_long(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/db", patience=0.1)
    other = sqlite3.connect(tmp_path / "db", isolation_level=None)
    other.execute("begin immediate")

    with pytest.raises(Unavailable, match="locked; try again in 10 seconds"):
        put(store)

    other.execute("rollback")
    other.close()
    put(store)
    store.close()
