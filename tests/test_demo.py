"""`make demo` shows the main job, ends by itself, and run twice neither fails nor doubles anything."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli.demo_samples import BROKEN, FEEDS, MORE


def _demo(database: str, folder: Path) -> str:
    command = [sys.executable, "-m", "gateway.cli", "demo", "--database", database]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _counts(printed: str) -> dict[str, int]:
    """Return the number of resources by type, as printed."""
    section = printed.split("CAME OUT")[1].split("FREE PLACES", maxsplit=1)[0]
    return {name: int(number) for name, number in re.findall(r"^  (\w+) +(\d+)$", section, re.MULTILINE)}


@pytest.mark.slow
def test_the_demo_shows_every_door_and_run_twice_doubles_nothing(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/demo.sqlite"

    first, second = _demo(database, tmp_path), _demo(database, tmp_path)

    assert {"HTTP", "MLLP", "file", "folder"} <= set(re.findall(r"^  (HTTP|MLLP|file|folder) ", first, re.MULTILINE))
    assert _counts(first)["Slot"] > 0
    assert _counts(first)["ServiceRequest"] > 0
    assert _counts(second) == _counts(first)
    assert ["filled before" in printed for printed in (first, second)] == [False, True]
    assert "REFUSED, AND WHY" in first
    refused = first.split("REFUSED, AND WHY")[1].split("CAME OUT", maxsplit=1)[0]
    assert [sample.file for sample in (*FEEDS, *MORE) if sample.file in refused] == []
    assert [sample.file for sample in BROKEN if sample.file not in refused] == []
    assert len(FEEDS) == 16
    assert first.split("PARTNERS")[1].count("URA") == second.split("PARTNERS")[1].count("URA") == 6
    assert re.search(r"FREE PLACES: [1-9]", first)
    assert re.search(r"Slot\.status.*NPU-2", first, re.DOTALL)
