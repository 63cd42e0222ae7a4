"""The golden cases beside the mappings: enough of them, about test identities only, and valid R4 twice over."""

from pathlib import Path
from typing import Any

import pytest

from gateway.data import shipped

MAPPINGS = sorted(path.parent for path in shipped("mappings").glob("*/*/mapping.yaml"))


@pytest.mark.parametrize("folder", MAPPINGS, ids=lambda p: p.name)
@pytest.mark.parametrize("kind", ["good", "broken"])
def test_there_are_six_of_each_kind(folder: Path, kind: str) -> None:
    cases: list[Any] = [p for p in (folder / "cases").glob(f"{kind}-*") if p.suffix in {".hl7", ".csv"}]

    assert len(cases) >= 6
