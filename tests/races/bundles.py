"""Real clients of the FHIR API side by side: several processes, each with several threads, that post at one moment."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.app import create_app
from gateway.fhir.json import encode
from gateway.services import Services, random_id
from gateway.settings import Settings
from gateway.store import open_store
from gateway.validation import Validator
from tests.conftest import NOW, library

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

    from gateway.store import Store

PROCESSES, THREADS = 4, 12
CLIENTS = PROCESSES * THREADS
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__, "gateway.store.sqlite.store", "gateway.store.postgresql.store"])
_MEETING: list[Barrier] = []  # of this process, once it is a client

# What client number n posts to the base.
Work = Callable[[int], dict[str, Any]]


class Told(NamedTuple):
    """What one client was answered."""

    status: int
    repeated: bool
    body: bytes


def services(store: Store) -> Services:
    """Return a gateway on a store; its clock stands still, so that equal answers are equal bytes."""
    return Services(Settings(), store, Validator(), library(), lambda: NOW, random_id)


def post(url: str, work: Work, path: str = "/fhir") -> list[Told]:
    """Let every client post at the same time, and return what each was answered."""
    barrier = _CONTEXT.Barrier(PROCESSES, timeout=120)
    with ProcessPoolExecutor(PROCESSES, _CONTEXT, _meet_at, (barrier,)) as processes:
        shares = [range(p, CLIENTS, PROCESSES) for p in range(PROCESSES)]
        return [told for share in processes.map(partial(_process, url, work, path), shares) for told in share]


def _meet_at(barrier: Barrier) -> None:
    _MEETING.append(barrier)


def _process(url: str, work: Work, path: str, numbers: range) -> list[Told]:
    store = open_store(url, durability="normal")
    app = create_app(services(store))

    def told(n: int) -> Told:
        answer = app.test_client().post(path, data=encode(work(n)), content_type="application/fhir+json")
        return Told(answer.status_code, "Idempotent-Replayed" in answer.headers, answer.data)

    with closing(store), ThreadPoolExecutor(len(numbers)) as threads:
        _MEETING[0].wait()
        return list(threads.map(told, numbers))
