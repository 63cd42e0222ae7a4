"""Finds the reference data that tests may read and never copy; absent outside our workplace."""

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared"
_NAMED = os.environ.get("MSB_SHARED")

SHARED: Path | None = next((p for p in (Path(_NAMED) if _NAMED else _BESIDE,) if (p / "data").is_dir()), None)

needs_shared = pytest.mark.skipif(SHARED is None, reason="the shared reference data is not on this machine")
