"""One `/metrics` for all processes of a gateway, also of those that are no more."""

import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from gateway.cli.serve import counting_together
from gateway.metrics import TOGETHER
from tests.messages import bed_message
from tests.servers import descendants, send_mllp, serving

ER7 = {"Content-Type": "application/hl7-v2+er7"}
ACCEPTED = re.compile(r'gateway_messages_total\{format="hl7v2",outcome="accepted",provider="dev"\} (\d+)')


def accepted(base: str) -> int:
    found = ACCEPTED.search(requests.get(f"{base}/metrics", timeout=30).text)
    return int(found[1]) if found else 0


def test_what_every_process_took_is_told_by_any_of_them_and_outlives_them(tmp_path: Path) -> None:
    with serving(tmp_path, f"sqlite:///{tmp_path}/store.sqlite", WORKERS="2") as running:
        for number in range(6):
            data = bed_message(f"H{number}", bed=str(number))
            requests.post(f"{running.base}/ingest/dev", data, headers=ER7, timeout=30).raise_for_status()
        for number in range(3):
            assert b"MSA|AA" in send_mllp(running.mllp_port, bed_message(f"M{number}", bed=f"1{number}"))
        told = {accepted(running.base) for _ in range(8)}
        ended = workers(running.process.pid)
        for pid in ended:
            os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 60
        while not (there := workers(running.process.pid)) or there & ended:
            assert time.monotonic() < until
            time.sleep(0.05)

        assert told == {9}
        assert accepted(running.base) == 9


def workers(pid: int) -> set[int]:
    """Return the processes below gunicorn, which is below the supervisor."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return {found for child in map(int, children) for found in descendants(child)}


@pytest.mark.parametrize("before", [None, "elsewhere"])
def test_nothing_is_left_of_counting_together(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if before is None:
        monkeypatch.delenv(TOGETHER, raising=False)
    else:
        monkeypatch.setenv(TOGETHER, before)

    with suppress(KeyboardInterrupt), counting_together():
        folder = Path(os.environ[TOGETHER])
        assert folder.is_dir()
        raise KeyboardInterrupt

    assert os.environ.get(TOGETHER) == before
    assert not folder.exists()
