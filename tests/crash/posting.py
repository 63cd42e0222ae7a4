"""A client that posts what it has in some order, tells of each what was answered after it was, and can be killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.app import create_app
from gateway.services import Services, random_id
from gateway.settings import Settings
from gateway.store import open_store
from gateway.validation import Validator
from tests.conftest import library

ROOT = Path(__file__).parents[2]


def post_all(url: str, seed: int, count: int, send: Callable[[FlaskClient, int], TestResponse]) -> None:
    """Have `send` post each of so many, and print its number with the digest of its answer."""
    numbers = list(range(count))
    Random(seed).shuffle(numbers)
    with closing(open_store(url)) as store:
        to = Services(Settings(), store, Validator(), library(), lambda: datetime.now(UTC), random_id)
        client = create_app(to).test_client()
        for n in numbers:
            answer = send(client, n)
            assert answer.status_code == 200, answer.data
            print(n, sha256(answer.data).hexdigest(), flush=True)


def posted(module: str, url: str, seed: int, *, killed_after: int | None = None) -> dict[str, str]:
    """Run a module that posts all, or as many as are answered before the kill; return each with its answer."""
    command = [sys.executable, "-m", module, url, str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        lines = [client.stdout.readline() for _ in range(killed_after or 0)]
        if killed_after is not None:
            client.kill()
        lines += client.stdout.readlines()
    return dict(line.split() for line in lines if line.endswith("\n"))
