"""A gateway that runs deletes the content of old messages by itself."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.access.policy import development_caller
from gateway.cli.retention import purge_old
from gateway.ingest import ingest
from gateway.services import Services, now, random_id
from gateway.settings import Settings
from gateway.store import inbox, open_store
from gateway.validation import Validator
from tests.conftest import NOW, library
from tests.messages import bed_message
from tests.servers import serving


def take(to: Services, id_: str) -> int:
    ingest(bed_message(id_), provider="dev", content_type=None, caller=development_caller(), to=to)
    return inbox.entered(to.store, limit=1)[0].id


def test_only_what_is_older_than_the_settings_say_goes(services: Services) -> None:
    to = replace(services, settings=replace(services.settings, inbox_days=2))
    old, young = take(to, "1"), take(replace(to, clock=lambda: NOW + timedelta(days=1)), "2")

    purge_old(replace(to, clock=lambda: NOW + timedelta(days=2, minutes=1)))

    assert inbox.content(to.store, old) == b""
    assert inbox.content(to.store, young) == bed_message("2")


@pytest.mark.slow
def test_a_running_gateway_does_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite"
    to = Services(Settings(), open_store(url), Validator(), library(), lambda: now() - timedelta(days=31), random_id)
    with closing(to.store):
        old = take(to, "1")
        with serving(tmp_path, url) as running:
            deadline = time.monotonic() + 30
            while inbox.content(to.store, old) and time.monotonic() < deadline:
                time.sleep(0.1)
            assert running.stop() == 0
        assert inbox.content(to.store, old) == b""
