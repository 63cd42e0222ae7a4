"""The layers of the architecture hold: imports point one way, nothing is in a circle, Flask stays at the edge."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_import_contracts_are_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_typed_decoders_are_made_at_import() -> None:
    """Several threads that are the first to decode a Struct at once crash the process (msgspec 0.22)."""
    typed = re.compile(r"\bdecode\([^)]*\btype=", re.DOTALL)

    assert [str(p) for p in (ROOT / "gateway").rglob("*.py") if typed.search(p.read_text(encoding="utf-8"))] == []
