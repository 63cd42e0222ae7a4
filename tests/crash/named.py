"""Posts Bundles that have names, in some order, and tells of each what was answered, after it was."""

from __future__ import annotations

import sys
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.fhir.json import encode
from tests.crash.posting import post_all

COUNT, ENTRIES = 80, 4


def bundle(n: int) -> dict[str, Any]:
    """Return Bundle n: a batch or a transaction that makes some Locations."""
    entries = [
        {"resource": {"resourceType": "Location", "name": f"{n}"}, "request": {"method": "POST", "url": "Location"}}
        for _ in range(ENTRIES)
    ]
    kind = "batch" if n % 2 else "transaction"
    return {"resourceType": "Bundle", "type": kind, "identifier": {"value": str(n)}, "entry": entries}


def post(client: FlaskClient, n: int) -> TestResponse:
    return client.post("/fhir", data=encode(bundle(n)), content_type="application/fhir+json")


if __name__ == "__main__":
    post_all(sys.argv[1], int(sys.argv[2]), COUNT, post)
