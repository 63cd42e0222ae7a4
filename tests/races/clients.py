"""Real clients side by side: several processes, each with several threads, that all start at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast
from uuid import uuid4

from gateway.access.policy import development_caller
from gateway.errors import GatewayError
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import Store, open_store
from gateway.transact import Operation, transact
from gateway.validation import Validator

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

    from gateway.mapping.library import Library

PROCESSES, THREADS = 4, 12
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__, "gateway.store.sqlite.store", "gateway.store.postgresql.store"])
_MEETING: list[Barrier] = []  # of this process, once it is a client

Call = Callable[[Services], Sequence[tuple[str, str, int]]]
"""What is called with the doors, and returns what became of it."""

# What client number n hands in, or does.
Work = Callable[[int], Sequence[Operation] | Call]


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
    barrier = _CONTEXT.Barrier(PROCESSES, timeout=60)
    with ProcessPoolExecutor(PROCESSES, _CONTEXT, _meet_at, (barrier,)) as processes:
        shares = [range(p, PROCESSES * THREADS, PROCESSES) for p in range(PROCESSES)]
        return [result for share in processes.map(partial(_process, url, work), shares) for result in share]


def _meet_at(barrier: Barrier) -> None:
    _MEETING.append(barrier)


def _process(url: str, work: Work, numbers: Sequence[int]) -> list[Result]:
    store = open_store(url)
    to = services(store)
    with closing(store), ThreadPoolExecutor(len(numbers)) as threads:
        _MEETING[0].wait()
        return list(threads.map(lambda n: _client(work(n), to), numbers))


def _client(wanted: Sequence[Operation] | Call, to: Services) -> Result:
    try:
        return Result(list(wanted(to) if callable(wanted) else _handed_in(wanted, to)), None)
    except GatewayError as error:
        return Result([], type(error).__name__)


def _handed_in(ops: Sequence[Operation], to: Services) -> Sequence[tuple[str, str, int]]:
    return [(o.status, o.id, o.version) for o in transact(ops, development_caller(), to)]
