"""What is not seen whole is told in its reduced form: that is decided in one place, and each door goes by it."""

from __future__ import annotations

import re
from pathlib import Path

import gateway

PACKAGE = Path(gateway.__file__).parent
LOOKING = {
    "deliver/announce.py",
    "query/present.py",
    "transact/commit.py",
    "transact/patches.py",
    "transact/permitted.py",
}
"""Who asks what is seen in part: two doors tell it, in its form; who writes only has to know that it is so."""


def saying(pattern: str) -> set[str]:
    found = re.compile(pattern)
    paths = (path for path in PACKAGE.rglob("*.py") if found.search(path.read_text("utf-8")))
    return {str(path.relative_to(PACKAGE)) for path in paths}


def test_only_these_ask_what_is_seen_in_part() -> None:
    assert saying(r"with_reduced=True") == LOOKING
    assert saying(r"\btelling\(") == {"query/__init__.py", "query/present.py", "query/several.py"}


def test_what_a_search_finds_is_made_in_one_place() -> None:
    found = {path for path in saying(r"\bFound\([a-z]") if path.startswith(("store/", "query/", "deliver/"))}
    assert found == {"store/search/apart.py"}
