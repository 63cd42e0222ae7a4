"""A worker to test with, and what it is to tell."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from gateway.access.policy import development_caller
from gateway.deliver.worker import Worker
from gateway.notify.outward import Outward
from gateway.services import Services, now, random_id
from gateway.store import queues
from gateway.store.queues import Queue
from gateway.store.records import Parcel
from gateway.transact import Put, Received, transact

CALLER = development_caller()


def alive(services: Services, way: Outward) -> Services:
    """Return the services with the time of this machine, and a way outward."""
    return replace(services, clock=now, new_id=random_id, outward=way)


def send(to: Services, *parcels: Parcel, id_: str = "a", name: str = "IC") -> None:
    """Store a resource, and have parcels sent in the same commit."""
    location = {"resourceType": "Location", "id": id_, "status": "active", "name": name}
    received = Received("dev", "test", b"", to.clock(), by_client=True, parcels=lambda *_: parcels)
    transact([Put(location)], CALLER, to, received=received)


def parcel(url: str, body: str | bytes, once: str | None = None) -> Parcel:
    return Parcel(url, "text/plain", body.encode() if isinstance(body, str) else body, once)


@contextmanager
def telling(*nodes: Services) -> Iterator[None]:
    """Have a worker of each node at work until the end."""
    stop = threading.Event()
    threads = [threading.Thread(target=Worker(to, stop).run) for to in nodes]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def queue(to: Services, name: str) -> Queue:
    with to.store.reading() as db:
        found = queues.queue(db, name)
    assert found is not None
    return found


def rows(to: Services, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with to.store.reading() as db:
        return db.rows(sql, parameters)


def eventually(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
