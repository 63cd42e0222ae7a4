"""Posts FHIR messages, in some order, and tells of each what was answered, after it was."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import NOW
from tests.crash.posting import post_all
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


def post(client: FlaskClient, n: int) -> TestResponse:
    return send(client, message(n))


if __name__ == "__main__":
    post_all(sys.argv[1], int(sys.argv[2]), COUNT, post)
