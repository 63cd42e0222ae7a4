"""`gateway store backup` and `restore`, as an operator runs them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from gateway.access.policy import development_caller
from gateway.ingest import ingest
from gateway.services import Services
from tests.cli.test_store import run
from tests.messages import bed_message


@pytest.fixture
def url(services: Services) -> str:
    caller = development_caller()
    ingest(bed_message(), provider="dev", content_type=None, caller=caller, to=services)
    return services.settings.database


def test_a_backup_is_read_by_its_owner_alone_and_restored_by_one_command(url: str, tmp_path: Path) -> None:
    file, other = tmp_path / "night.bak", f"sqlite:///{tmp_path}/other.sqlite"

    made = run("backup", str(file), database=url)
    checked = run("restore", "--check", str(file), database=other)
    restored = run("restore", str(file), database=other)
    again = run("restore", str(file), database=other)

    assert made.exit_code == checked.exit_code == restored.exit_code == 0, made.output
    assert "found whole" in made.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run("export", database=other).output == run("export", database=url).output != ""
    assert again.exit_code == 1
    assert "not empty" in again.output
    assert not (tmp_path / "night.bak.part").exists()


def test_a_backup_that_is_there_is_not_written_over(url: str, tmp_path: Path) -> None:
    file = tmp_path / "night.bak"
    file.write_text("precious")

    refused = run("backup", str(file), database=url)

    assert refused.exit_code == 1
    assert "is there already" in refused.output
    assert file.read_text() == "precious"


def test_a_backup_that_fails_leaves_nothing_that_looks_like_one(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gateway.store.archive.check", full)

    failed = run("backup", str(tmp_path / "night.bak"), database=url)

    assert failed.exit_code == 1
    assert "No space left" in failed.output
    assert not [path for path in tmp_path.iterdir() if "night" in path.name]


def test_what_is_no_backup_is_told_so(url: str, tmp_path: Path) -> None:
    file = tmp_path / "other"
    file.write_bytes(b"PK\x03\x04 not really")

    refused = run("restore", "--check", str(file), database=url)

    assert refused.exit_code == 1
    assert "no backup of a store" in refused.output
