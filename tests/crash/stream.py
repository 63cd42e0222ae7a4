"""Stores a stream of messages until it is killed, and says of each that it is stored, after it is."""

from __future__ import annotations

import sys
from typing import Any

from gateway.access.policy import development_caller
from gateway.store import open_store
from gateway.transact import Put, Received, transact
from tests.races.clients import services


def resource(type_: str, n: int, place: int) -> dict[str, Any]:
    """Return the resource at one place of message n; a place is written again and again."""
    return {"resourceType": type_, "id": f"place-{place}", "name": f"message {n}"}


def main(url: str, first: int) -> None:
    to = services(open_store(url))
    for n in range(first, first + 100_000):
        received = Received("dev", "hl7v2", f"MSH|{n}".encode(), to.clock(), control_id=str(n))
        ops = [Put(resource(type_, n, n % 7)) for type_ in ("Location", "Organization")]
        transact(ops, development_caller(), to, received=received)
        print(n, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
