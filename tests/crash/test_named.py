"""kill -9 among Bundles that have names, then all of them again: each has one effect, and its first answer stands."""

from __future__ import annotations

from contextlib import closing

import pytest

from gateway.store import open_store
from gateway.store.contents import figures
from tests.crash import named
from tests.crash.posting import posted

pytestmark = pytest.mark.slow


def test_what_was_broken_off_is_made_good_and_what_was_answered_is_answered_so_again(database_url: str) -> None:
    open_store(database_url).close()
    first: dict[str, str] = {}
    for seed, count in enumerate((15, 30)):
        first = posted(named.__name__, database_url, seed, killed_after=count) | first

    whole = posted(named.__name__, database_url, 99)

    assert 30 <= len(first) < named.COUNT
    assert len(whole) == named.COUNT
    assert {number: whole[number] for number in first} == first
    with closing(open_store(database_url)) as store:
        found = figures(store)
    assert found.resources == {"Location": named.COUNT * named.ENTRIES}
    assert found.versions == found.outbox == named.COUNT * named.ENTRIES
    assert found.broken == []
