"""Real senders side by side: several processes, each with several threads, that hand in messages at the same moment."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway.access.policy import development_caller
from gateway.ingest import ingest
from gateway.services import Services, random_id
from gateway.settings import Settings
from gateway.store import open_store
from gateway.validation import Validator
from tests.conftest import NOW, library

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

PROCESSES, THREADS = 4, 12
SENDERS = PROCESSES * THREADS
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__, "gateway.store.sqlite.store", "gateway.store.postgresql.store"])
_MEETING: list[Barrier] = []  # of this process, once it sends

# What sender number n hands in.
Messages = Callable[[int], Sequence[bytes]]
Told = tuple[str, list[tuple[str, str, str, int]], list[str]]


def send(url: str, messages: Messages) -> list[list[Told]]:
    """Let every sender hand in its messages, all at the same time; return what each was told of each of them."""
    barrier = _CONTEXT.Barrier(PROCESSES, timeout=120)
    with ProcessPoolExecutor(PROCESSES, _CONTEXT, _meet_at, (barrier,)) as processes:
        shares = [range(p, SENDERS, PROCESSES) for p in range(PROCESSES)]
        return [told for share in processes.map(partial(_process, url, messages), shares) for told in share]


def _meet_at(barrier: Barrier) -> None:
    _MEETING.append(barrier)


def _process(url: str, messages: Messages, numbers: Sequence[int]) -> list[list[Told]]:
    store = open_store(url, durability="normal")
    to = Services(Settings(), store, Validator(), library(), lambda: NOW, random_id)
    with closing(store), ThreadPoolExecutor(len(numbers)) as threads:
        _MEETING[0].wait()
        return list(threads.map(lambda n: [_told(message, to) for message in messages(n)], numbers))


def _told(message: bytes, to: Services) -> Told:
    caller = development_caller()
    content_type: Any = "application/hl7-v2+er7"
    (taken,) = ingest(message, provider="dev", content_type=content_type, caller=caller, to=to).messages
    refusal = type(taken.refusal).__name__ if taken.refusal else ""
    made = [(one.status, one.type, one.id, one.version) for one in taken.made]
    return refusal, made, sorted(issue.code for issue in taken.issues)
