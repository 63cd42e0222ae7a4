"""A watched folder, from a file that is dropped to a bed that can be found."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from gateway.access.policy import development_caller
from gateway.errors import BadSettings, Unavailable
from gateway.folder import Watch
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import open_store
from tests.messages import bed_list, bed_message, bed_row
from tests.servers import serving

LONG_AGO = 1_700_000_000
PATIENCE_SECONDS = 30.0


def watch(folder: Path, to: Services) -> Watch:
    return Watch(folder, to, development_caller(), language="nl", keep_days=7)


def put(folder: Path, name: str, content: bytes, provider: str = "dev") -> Path:
    path = folder / provider / "in" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def there(folder: Path, outcome: str, provider: str = "dev") -> list[str]:
    """Return what lies in a folder, without the moments the names begin with."""
    return sorted(path.name.split("-", 1)[1] for path in (folder / provider / outcome).iterdir())


def report(folder: Path, outcome: str) -> str:
    [path] = (folder / "dev" / outcome).glob("*.report.txt")
    return path.read_text(encoding="utf-8")


def test_a_message_and_a_list_are_taken_in(services: Services, tmp_path: Path) -> None:
    put(tmp_path, "a20.hl7", bed_message(bed="1"))
    put(tmp_path, "bedden.csv", bed_list([bed_row("2"), bed_row("3", "ONZIN")]))
    assert watch(tmp_path, services).look() == 2
    lists = ["bedden.csv", "bedden.csv.report.csv", "bedden.csv.report.txt"]
    assert there(tmp_path, "processed") == ["a20.hl7", "a20.hl7.report.txt", *lists]
    [told] = (tmp_path / "dev" / "processed").glob("*bedden.csv.report.txt")
    assert "Rijen: 1 verwerkt, 1 apart gezet." in told.read_text(encoding="utf-8")
    assert "ONZIN" in told.read_text(encoding="utf-8")  # the sender's own word, in the sender's own folder


def test_what_is_refused_fails_with_the_reason(services: Services, tmp_path: Path) -> None:
    put(tmp_path, "brief.pdf", b"%PDF-1.7 something")
    assert watch(tmp_path, services).look() == 1
    assert there(tmp_path, "failed") == ["brief.pdf", "brief.pdf.report.txt"]
    assert "PDF" in report(tmp_path, "failed")


def test_a_file_that_is_too_large_fails_unread(services: Services, tmp_path: Path) -> None:
    small = replace(services, settings=replace(services.settings, max_body=10))
    put(tmp_path, "a20.hl7", bed_message())
    assert watch(tmp_path, small).look() == 1
    assert "10 bytes" in report(tmp_path, "failed")


def test_an_unknown_providers_folder_is_told_of_once_and_left_alone(
    services: Services, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = put(tmp_path, "a20.hl7", bed_message(), provider="nobody")
    looking = watch(tmp_path, services)
    assert (looking.look(), looking.look()) == (0, 0)
    told = [record for record in caplog.records if record.message == "folder-of-unknown-provider"]
    assert [vars(record)["known"] for record in told] == [sorted(services.library.providers)]
    assert kept.exists()


def test_while_the_store_cannot_be_reached_the_file_stays(services: Services, tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite"
    lost = open_store(f"sqlite:///{broken}")
    broken.write_bytes(b"no database" * 10_000)
    path = put(tmp_path, "a20.hl7", bed_message())
    with pytest.raises(Unavailable):
        watch(tmp_path, replace(services, store=lost)).look()
    assert path.read_bytes() == bed_message()
    assert watch(tmp_path, services).look() == 1


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_serve_takes_in_what_is_dropped(tmp_path: Path) -> None:
    dropped = tmp_path / "drop"
    dropped.mkdir()
    put(dropped, "a20.hl7", bed_message(bed="9"))
    with serving(tmp_path, f"sqlite:///{tmp_path}/store.sqlite", FOLDER=str(dropped)) as running:
        until(lambda: (dropped / "dev" / "processed").is_dir() and len(there(dropped, "processed")) == 2)
        found = requests.get(f"{running.base}/fhir/Slot", params={"status": "busy-unavailable"}, timeout=10).json()
        assert found["total"] == 1  # it was free in January, so nobody knows
        assert running.stop() == 0


def test_the_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="GATEWAY_FOLDER: no folder"):
        Settings.from_env({"GATEWAY_FOLDER": str(tmp_path / "nowhere")})
