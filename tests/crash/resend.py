"""Takes in the messages of a small hospital in any order, and says of each that it is stored, after it is."""

from __future__ import annotations

import sys
from random import Random

from gateway.access.policy import development_caller
from gateway.ingest import ingest
from gateway.services import Services, random_id
from gateway.settings import Settings
from gateway.store import open_store
from gateway.validation import Validator
from tests.conftest import NOW, library
from tests.order.hospital import Hospital, wards

COUNT = 300


def hospital() -> Hospital:
    """Return the hospital, its messages made."""
    made = Hospital(Random(11), wards(2))
    made.week(COUNT)
    return made


def services(url: str) -> Services:
    """Return a gateway on a store."""
    return Services(Settings(), open_store(url), Validator(), library(), lambda: NOW, random_id)


def main(url: str, seed: int) -> None:
    to = services(url)
    messages = list(enumerate(hospital().messages))
    Random(seed).shuffle(messages)
    for number, message in messages:
        answer = ingest(message, provider="dev", content_type=None, caller=development_caller(), to=to)
        assert answer.refusal is None
        print(number, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
