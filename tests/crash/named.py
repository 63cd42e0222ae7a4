"""Posts Bundles that have names, in some order, and tells of each what was answered, after it was."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from typing import Any

from gateway.app import create_app
from gateway.fhir.json import encode
from gateway.services import Services, random_id
from gateway.settings import Settings
from gateway.store import open_store
from gateway.validation import Validator
from tests.conftest import library

COUNT, ENTRIES = 80, 4


def bundle(n: int) -> dict[str, Any]:
    """Return Bundle n: a batch or a transaction that makes some Locations."""
    entries = [
        {"resource": {"resourceType": "Location", "name": f"{n}"}, "request": {"method": "POST", "url": "Location"}}
        for _ in range(ENTRIES)
    ]
    kind = "batch" if n % 2 else "transaction"
    return {"resourceType": "Bundle", "type": kind, "identifier": {"value": str(n)}, "entry": entries}


def main(url: str, seed: int) -> None:
    numbers = list(range(COUNT))
    Random(seed).shuffle(numbers)
    with closing(open_store(url)) as store:
        to = Services(Settings(), store, Validator(), library(), lambda: datetime.now(UTC), random_id)
        client = create_app(to).test_client()
        for n in numbers:
            answer = client.post("/fhir", data=encode(bundle(n)), content_type="application/fhir+json")
            assert answer.status_code == 200
            print(n, sha256(answer.data).hexdigest(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
