"""Real clients side by side: several processes, each with several threads, that all start at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from uuid import uuid4

from gateway.access.policy import development_caller
from gateway.errors import GatewayError
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import Store, open_store
from gateway.transact import Operation, transact
from gateway.validation import Validator

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue
    from multiprocessing.synchronize import Barrier

    from gateway.mapping.library import Library

PROCESSES, THREADS = 4, 12
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__, "gateway.store.sqlite.store", "gateway.store.postgresql.store"])

# What client number n hands in.
Work = Callable[[int], Sequence[Operation]]


class Result(NamedTuple):
    """What one client got: (status, id, version) of each operation, or the name of the error."""

    outcomes: list[tuple[str, str, int]]
    error: str | None


def services(store: Store) -> Services:
    """Return what the door needs, with the real clock and ids, and without a mapping library."""
    library = cast("Library", None)
    return Services(Settings(), store, Validator(), library, lambda: datetime.now(UTC), lambda: str(uuid4()))


def compete(url: str, work: Work) -> list[Result]:
    """Let every client do its work at the same time, and return what each of them got."""
    barrier = _CONTEXT.Barrier(PROCESSES)
    results: SimpleQueue[list[Result]] = _CONTEXT.SimpleQueue()
    processes = [
        _CONTEXT.Process(target=_process, args=(url, work, range(p, PROCESSES * THREADS, PROCESSES), barrier, results))
        for p in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    found = [result for _ in processes for result in results.get()]
    for process in processes:
        process.join()
    return found


def _process(url: str, work: Work, numbers: Sequence[int], barrier: Barrier, results: SimpleQueue[Any]) -> None:
    store = open_store(url)
    to = services(store)
    with ThreadPoolExecutor(len(numbers)) as threads:
        barrier.wait()
        results.put(list(threads.map(lambda n: _client(work(n), to), numbers)))
    store.close()


def _client(ops: Sequence[Operation], to: Services) -> Result:
    try:
        outcomes = transact(ops, development_caller(), to)
    except GatewayError as error:
        return Result([], type(error).__name__)
    return Result([(o.status, o.id, o.version) for o in outcomes], None)
