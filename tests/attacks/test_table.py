"""The table of bad inputs is whole: every number has its words, its code and a test, and docs/security.md says so."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.threat_table import OPEN, ROOT, problems, threats

KNOWN = {number: said for rows in threats().values() for number, said in rows.items()}
WHOLE = {n: ["tests/attacks/test_xml.py::test_x"] for n, said in KNOWN.items() if said.becomes != OPEN}


@pytest.mark.slow
def test_every_bad_input_is_shown_and_the_page_says_by_what() -> None:
    command = [sys.executable, "-m", "scripts.threat_table", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.stdout + done.stderr == ""
    assert done.returncode == 0


def test_what_is_not_shown_is_seen() -> None:
    assert list(problems(WHOLE)) == []
    assert list(problems(WHOLE | {5: []})) == ["5 is not shown by any test of tests/attacks"]
    assert list(problems(WHOLE | {5: ["tests/fhir/test_xml.py::test_x"]})) != []
    assert list(problems(WHOLE | {138: WHOLE[1]})) == ["138 is not in threats.yaml"]


def test_the_code_that_sees_to_it_is_there() -> None:
    assert [said.code for said in KNOWN.values() if said.code and not Path(ROOT, said.code).is_file()] == []
