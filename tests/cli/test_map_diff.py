"""`gateway map diff`: what another version of a mapping changes, over a corpus of messages."""

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from tests.mapping.writing import HEAD, MESSAGE, resource, written

AT = ("--received-at", "2026-01-05T10:00:00+01:00")
OLD = resource("gender: male", 'birthDate: "{{ PID-7.toDate() }}"')
NEW = resource("gender: female", "active: true")
A47 = MESSAGE.replace("ADT^A31", "ADT^A47")


def diff(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["map", "diff", *map(str, arguments), *AT], catch_exceptions=False)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.hl7").write_text(MESSAGE)
    (folder / "b.hl7").write_text(A47)
    (folder / "c.hl7").write_text(MESSAGE.replace("19410307", "gisteren"))
    return folder


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    written(tmp_path / "old", OLD)
    written(tmp_path / "new", NEW)
    return tmp_path


def test_elements_are_told_old_and_new_and_masked(maps: Path, corpus: Path) -> None:
    done = diff(f"{maps / 'old'}:written", f"{maps / 'new'}:written", "--corpus", corpus)

    assert done.exit_code == 1
    assert done.stdout.splitlines()[:4] == [
        str(corpus / "a.hl7"),
        "  Patient.gender: ••• -> •••",
        "  Patient.birthDate: ••• -> (absent)",
        "  Patient.active: (absent) -> •••",
    ]
    assert "1941" not in done.stdout
    assert "3 messages: 2 differ, 0 the same, 1 for neither version" in done.stdout


def test_values_are_shown_to_who_asks(maps: Path, corpus: Path) -> None:
    done = diff(f"{maps / 'old'}:written", f"{maps / 'new'}:written", "--corpus", corpus, "--show-values")

    assert '  Patient.gender: "male" -> "female"' in done.stdout
    assert '  Patient.birthDate: "1941-03-07" -> (absent)' in done.stdout


def test_findings_and_whole_resources_are_told(maps: Path, corpus: Path) -> None:
    done = diff(f"{maps / 'old'}:written", f"{maps / 'new'}:written", "--corpus", corpus / "c.hl7")

    lines = done.stdout.splitlines()
    assert "  Patient: (absent) -> 4 elements" in lines
    assert any(line.startswith("  - error: PID-7 (line 3, byte") and "(bad-value)" in line for line in lines)
    assert "gisteren" not in done.stdout
    assert "       1  - bad-value" in lines


def test_the_same_version_has_no_differences(maps: Path, corpus: Path) -> None:
    one = f"{maps / 'old'}:written"

    done = diff(one, one, "--corpus", corpus)

    assert (done.exit_code, done.stdout) == (0, "3 messages: 0 differ, 2 the same, 1 for neither version\n")


def test_json_is_an_object_a_message_and_the_sums(maps: Path, corpus: Path) -> None:
    done = diff(f"{maps / 'old'}:written", f"{maps / 'new'}:written", "--corpus", corpus, "--format", "json")

    first, _, sums = (json.loads(line) for line in done.stdout.splitlines())
    assert first["elements"][0] == {"path": "Patient.gender", "change": "changed"}
    assert sums["differ"] == 2
    assert sums["elements"] == {"Patient.gender": 1, "Patient.birthDate": 1, "Patient.active": 1, "Patient": 1}


def test_a_version_may_be_a_folder_or_a_file_of_its_own(maps: Path, corpus: Path, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(HEAD + NEW)
    old = maps / "old" / "hl7v2" / "written"

    for b in (draft, maps / "new" / "hl7v2" / "written"):
        done = diff(old, b, "--corpus", corpus / "a.hl7", "--mappings", maps / "old")
        assert (done.exit_code, "  Patient.gender: ••• -> •••" in done.stdout) == (1, True)


def test_a_version_may_be_one_that_stands_in_git(maps: Path, corpus: Path) -> None:
    folder = maps / "old"

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    written(folder, NEW)

    done = diff("HEAD:written", "written", "--corpus", corpus / "a.hl7", "--mappings", folder, "--show-values")

    assert done.exit_code == 1
    assert '  Patient.gender: "male" -> "female"' in done.stdout
    refused = diff("HEAD~9:written", "written", "--corpus", corpus, "--mappings", folder)
    assert (refused.exit_code, "'HEAD~9' is no folder and no git revision" in refused.stderr) == (2, True)


def test_what_is_no_version_is_told(maps: Path, corpus: Path) -> None:
    old = f"{maps / 'old'}:written"

    assert diff(old, maps / "new", "--corpus", corpus).exit_code == 2
    assert diff("--output=x:written", old, "--corpus", corpus).exit_code == 2
    assert diff(old, old).exit_code == 2
    misspelt = diff(old, f"{maps / 'new'}:writen", "--corpus", corpus)
    assert (misspelt.exit_code, "did you mean" in misspelt.stderr) == (1, True)


@pytest.mark.parametrize("name", ["mapping.yaml", "mine.yaml", ""])
def test_findings_of_a_version_in_a_file_of_its_own_name_that_file(
    maps: Path, corpus: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "own").mkdir()
    file = tmp_path / "own" / (name or "mapping.yaml")
    file.write_text(next((maps / "old").rglob("mapping.yaml")).read_text())

    done = diff(f"{maps / 'new'}:written", tmp_path / "own" / name, "--corpus", corpus)
    file.write_text("mapping: [")
    broken = diff(f"{maps / 'new'}:written", tmp_path / "own" / name, "--corpus", corpus)

    assert f"({file}:" in done.stdout
    assert f"{file}:" in broken.stderr
    assert "given/" not in done.stdout + broken.stderr
