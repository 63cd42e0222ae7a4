"""The committed tables are what the script makes of the definitions."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.data import shipped
from tests.shared import SHARED, needs_shared

SCRIPT = Path(__file__).parents[2] / "scripts" / "r4_tables.py"


@needs_shared
@pytest.mark.slow
def test_the_script_makes_the_committed_tables_again(tmp_path: Path) -> None:
    definitions = Path(str(SHARED)) / "data" / "fhir-r4"
    subprocess.run([sys.executable, SCRIPT, definitions, tmp_path], check=True, capture_output=True)

    for made in sorted(tmp_path.iterdir()):
        assert made.read_bytes() == (shipped("profiles") / "r4" / made.name).read_bytes(), made.name
    assert len(list(tmp_path.iterdir())) == len(list((shipped("profiles") / "r4").glob("*.json")))


def test_the_tables_stay_small() -> None:
    assert sum(path.stat().st_size for path in (shipped("profiles") / "r4").glob("*.json")) < 1_400_000
