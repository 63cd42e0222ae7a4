"""Posts FHIR messages, in some order, and tells of each what was answered, after it was."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any

from gateway.app import create_app
from gateway.services import Services, random_id
from gateway.settings import Settings
from gateway.store import open_store
from gateway.validation import Validator
from tests.conftest import NOW, library
from tests.messaging.made import booking, referral, send

COUNT = 60
"""Of each three a booking, the cancellation of that, and a referral."""


def message(n: int) -> dict[str, Any]:
    """Return message n."""
    unit, kind = divmod(n, 3)
    number, at = str(unit), NOW + timedelta(seconds=n)
    if kind == 0:
        return booking(f"m{n}", f"s{unit}", number=number, at=at)
    if kind == 1:
        return booking(f"m{n}", f"s{unit}", number=number, at=at, status="cancelled", reason="update")
    return referral(f"m{n}", number=number, at=at)


def main(url: str, seed: int) -> None:
    numbers = list(range(COUNT))
    Random(seed).shuffle(numbers)
    with closing(open_store(url)) as store:
        to = Services(Settings(), store, Validator(), library(), lambda: datetime.now(UTC), random_id)
        client = create_app(to).test_client()
        for n in numbers:
            answer = send(client, message(n))
            assert answer.status_code == 200, answer.data
            print(n, sha256(answer.data).hexdigest(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
