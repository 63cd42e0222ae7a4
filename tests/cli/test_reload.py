"""SIGHUP: mappings are read anew, nobody who sends meanwhile notices, and what cannot be loaded changes nothing."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import requests

from tests.messages import bed_message
from tests.servers import Running, descendants, send_mllp, serving

ER7 = {"Content-Type": "application/hl7-v2+er7"}
OVERLAY = "provider: nieuw\norganisation: {name: Nieuw, ura: '00000009'}\n"


def post(running: Running, provider: str, number: int) -> int:
    data = bed_message(f"R{provider}{number}", bed=f"{number}")
    return requests.post(f"{running.base}/ingest/{provider}", data, headers=ER7, timeout=60).status_code


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 240  # a machine may have much else to do
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_reload_takes_in_what_was_added_and_drops_nobody(tmp_path: Path) -> None:
    (tmp_path / "more" / "providers").mkdir(parents=True)
    told, failures, sent = threading.Event(), list[str](), list[int]()
    with serving(tmp_path, f"sqlite:///{tmp_path}/store.sqlite", MAPPINGS=str(tmp_path / "more")) as running:

        def send(first: int) -> None:
            number = first
            while not told.is_set():
                number += 1
                try:
                    status = post(running, "dev", number)
                    taken = b"MSA|AA" in send_mllp(running.mllp_port, bed_message(f"W{number}", bed=f"9{number}"))
                except (OSError, requests.RequestException) as error:
                    failures.append(type(error).__name__)
                    continue
                if status != 200 or not taken:
                    failures.append(f"{status} {taken}")
                sent.append(number)

        clients = [threading.Thread(target=send, args=(1000 * n,)) for n in range(1, 3)]
        for client in clients:
            client.start()
        assert post(running, "nieuw", 1) == 404
        (tmp_path / "more" / "providers" / "nieuw.yaml").write_text(OVERLAY, encoding="utf-8")
        before = set(descendants(running.process.pid))
        running.process.send_signal(signal.SIGHUP)
        until(lambda: post(running, "nieuw", 1) == 200)
        until(lambda: not before & set(descendants(running.process.pid)))
        known = len(sent)
        until(lambda: len(sent) > known + 8)
        told.set()
        for client in clients:
            client.join()
        assert running.stop() == 0

    assert failures == []


def test_what_cannot_be_loaded_is_told_and_the_gateway_goes_on(tmp_path: Path) -> None:
    overlays = tmp_path / "more" / "providers"
    overlays.mkdir(parents=True)
    with serving(tmp_path, f"sqlite:///{tmp_path}/store.sqlite", MAPPINGS=str(tmp_path / "more")) as running:
        (overlays / "nieuw.yaml").write_text("provider: nieuw\nshre: clinical\n", encoding="utf-8")
        reload_in_vain(running, times=1)
        before = children(running.process.pid)  # when it first answers, some are still to be started
        reload_in_vain(running, times=2)

        assert "nieuw.yaml" in running.log.read_text(encoding="utf-8")
        assert children(running.process.pid) == before
        assert post(running, "dev", 1) == 200
        assert running.stop() == 0


def reload_in_vain(running: Running, *, times: int) -> None:
    """Have it load anew, and return when it has said so many times that it cannot."""
    running.process.send_signal(signal.SIGHUP)
    until(lambda: running.log.read_text(encoding="utf-8").count("not-reloaded") == times)


def children(pid: int) -> list[str]:
    """Return what a process started itself: gunicorn starts its workers a moment later, and anew."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
