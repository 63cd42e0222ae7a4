"""Takes in one long list of beds, and says when the first rows of it are stored."""

from __future__ import annotations

import sys

from gateway.access.policy import development_caller
from gateway.ingest import ingest
from gateway.services import Services, random_id
from gateway.settings import Settings
from gateway.store import open_store
from gateway.validation import Validator
from tests.conftest import NOW
from tests.inbox.lists import library, row, table


def services(url: str) -> Services:
    """Return a gateway on a store."""
    return Services(Settings(), open_store(url), Validator(), library(), lambda: NOW, random_id)


def first(count: int) -> bytes:
    """Return a list of so many beds, and of one in ten that the next list does not have."""
    return table([row(bed, at="09:40") for bed in range(count + count // 10)])


def second(count: int) -> bytes:
    """Return the next list: every third bed is taken."""
    return table([row(bed, "VRIJ" if bed % 3 else "BEZET", at="09:45") for bed in range(count)])


def main(url: str, count: int) -> None:
    to = services(url)
    print("begin", flush=True)
    answer = ingest(second(count), provider="zuid", content_type="text/csv", caller=development_caller(), to=to)
    assert answer.refusal is None
    print("end", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
