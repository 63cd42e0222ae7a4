"""Every golden output in the eyes of somebody else's validator: Medplum's, where it is installed.

`python scripts/second_opinion.py TOOL` installs it (`make opinion`). One run looks at everything in some seconds.
"""

import json
import re
from pathlib import Path

import pytest

from scripts.second_opinion import installed, looked_at, opinion
from tests.golden import is_bundle

SCRIPT = installed()
needs_validator = pytest.mark.skipif(SCRIPT is None, reason="node or the other validator is not here: make opinion")


def test_every_golden_output_is_looked_at() -> None:
    named = {path for path in looked_at() if "cases" in path.parts}

    assert len(named) > 700
    assert all(is_bundle(path) for path in named)


@needs_validator
def test_another_validator_finds_no_error_in_what_we_make() -> None:
    assert SCRIPT is not None
    said = opinion(SCRIPT)

    count = re.search(r"^(\d+) resources checked: 0 with errors, 0 errors", said.stdout, re.MULTILINE)
    assert count, said.stdout[-3000:] + said.stderr[-500:]
    assert said.returncode == 0
    assert int(count[1]) > 5000


@needs_validator
def test_it_does_find_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert SCRIPT is not None
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"resourceType": "Slot", "status": "vrij"}))
    monkeypatch.setattr("scripts.second_opinion.looked_at", lambda: [wrong])

    assert opinion(SCRIPT).returncode == 1
