"""`gateway map watch`: a real process, real edits, and an interrupt."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

from tests.mapping.writing import HEAD, MESSAGE, resource, written

GATEWAY = Path(sys.executable).with_name("gateway")
PATIENCE = 60.0


class Watching:
    """A running `gateway map watch`, its lines as they come."""

    def __init__(self, *arguments: str | Path) -> None:
        command = [GATEWAY, "map", "watch", *arguments, "--interval", "0.05"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def until(self, wanted: str) -> list[str]:
        """Return the lines up to the one that holds `wanted`."""
        seen: list[str] = []
        while not (seen and wanted in seen[-1]):
            try:
                seen.append(self.lines.get(timeout=PATIENCE))
            except Empty:
                pytest.fail(f"no line with {wanted!r} in {seen}")
        return seen

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    written(tmp_path / "maps", resource("gender: male"))
    return tmp_path / "maps"


@pytest.fixture
def message(tmp_path: Path) -> Path:
    file = tmp_path / "message.hl7"
    file.write_text(MESSAGE)
    return file


@pytest.fixture
def watching(maps: Path, message: Path) -> Iterator[Watching]:
    started = Watching("written", message, "--mappings", maps)
    yield started
    started.process.kill()
    started.process.wait()
    assert started.process.stdout is not None
    started.process.stdout.close()


def save(maps: Path, body: str) -> None:
    (maps / "hl7v2" / "written" / "mapping.yaml").write_text(HEAD + body)


def test_each_save_shows_what_changed_and_a_broken_mapping_its_errors(
    watching: Watching, maps: Path, message: Path
) -> None:
    first = watching.until('"gender": "male"')
    assert '"resourceType": "Bundle",' in first[1]

    save(maps, resource("gender: female"))
    changed = watching.until('+        "gender": "female"')
    assert any(line.startswith('-        "gender": "male"') for line in changed)

    save(maps, resource("gendr: female"))
    broken = watching.until("no element 'gendr'")
    assert any("not loaded: written" in line for line in broken)
    assert "mapping.yaml:7:5" in broken[-1]

    save(maps, resource("gender: [unclosed"))
    watching.until("mapping.yaml:")

    save(maps, resource("gender: other"))
    watching.until('+        "gender": "other"')  # told against the last one that ran

    message.write_text(MESSAGE.replace("ADT^A31", "ADT^A47"))
    watching.until("no mapping accepts ADT^A47")

    assert watching.interrupt() == 0


def test_findings_are_shown_without_values(watching: Watching, maps: Path) -> None:
    watching.until('"gender": "male"')
    save(maps, resource('birthDate: "{{ PID-5.1.1.toDate() }}"'))

    told = watching.until("(bad-value)")
    assert not any("Jansen" in line for line in told)
    assert watching.interrupt() == 0


def test_a_mapping_that_is_not_there_is_told_and_waited_for(maps: Path, message: Path) -> None:
    started = Watching("draft", message, "--mappings", maps)
    try:
        started.until("no mapping 'draft'")
        (maps / "hl7v2" / "written").rename(maps / "hl7v2" / "draft")
        started.until('"gender": "male"')
        assert started.interrupt() == 0
    finally:
        started.process.kill()
        started.process.wait()
        assert started.process.stdout is not None
        started.process.stdout.close()
