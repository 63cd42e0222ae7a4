"""More than one gateway at a time, each with an empty store of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from gateway.services import Services
from gateway.settings import Settings
from gateway.store import open_store
from gateway.validation import Validator
from tests.conftest import NOW, counted, library

Opened = Callable[[], Services]


@pytest.fixture
def open_services() -> Iterator[Opened]:
    """Return what opens a gateway."""
    with ExitStack() as stack:

        def opened() -> Services:
            store = stack.enter_context(closing(open_store("sqlite://")))
            return Services(Settings(), store, Validator(), library(), lambda: NOW, counted())

        yield opened
