"""Clients that do as they are told: they come back when they are asked to, and keep count of what was said."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import requests

from tests.messages import bed_message
from tests.servers import Running, send_mllp

ER7 = "application/hl7-v2+er7"
HURRY = 0.1  # of the time that they are asked to wait: a test is short
TIMEOUT = 60


@dataclass
class Crowd:
    """What was answered to all clients together, by `AA`, the status or code of a refusal, or what went wrong."""

    running: Running
    answers: Counter[str] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    longest: float = 0.0

    def send(self, clients: dict[str, Callable[[str], float | None]], names: Sequence[str]) -> None:
        """Have each client send one message after another, each until it is acknowledged; they all begin at once."""
        barrier = threading.Barrier(len(names))
        threads = [
            threading.Thread(target=self._client, args=(clients[name.split("-")[0]], name, barrier)) for name in names
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(240)
        assert not any(thread.is_alive() for thread in threads)

    def _client(self, send: Callable[[str], float | None], name: str, barrier: threading.Barrier) -> None:
        barrier.wait(60)
        for number in range(3):
            wait: float | None = 0.0
            while wait is not None:
                time.sleep(wait * HURRY)
                began = time.monotonic()
                try:
                    wait = send(f"{name}-{number}")
                except Exception as error:  # noqa: BLE001 - no answer is what these tests look for
                    self.answers[type(error).__name__] += 1
                    return
                self.longest = max(self.longest, time.monotonic() - began)
            self.acknowledged.append(f"{name}-{number}")

    def by_http(self, name: str) -> float | None:
        """Send a message; return None when it was taken, else after how many seconds to come back."""
        url, data = f"{self.running.base}/ingest/dev", bed_message(name, bed=name)
        answer = requests.post(url, data=data, headers={"Content-Type": ER7}, timeout=TIMEOUT)
        if answer.status_code == 200:
            assert f"MSA|AA|{name}" in answer.text
            self.answers["AA"] += 1
            return None
        (issue,) = answer.json()["issue"]
        assert issue["code"] in {"transient", "throttled"}
        assert "try again in" in issue["diagnostics"]
        self.answers[f"{answer.status_code} {issue['code']}"] += 1
        return float(answer.headers["Retry-After"])

    def by_mllp(self, name: str) -> float | None:
        """Send a message; return None when it was taken, else after how many seconds to come back."""
        answer = send_mllp(self.running.mllp_port, bed_message(name, bed=name)).decode()
        code = re.search(r"MSA\|(A[AER])\|" + name, answer)
        assert code, answer
        if code[1] == "AA":
            self.answers["MLLP AA"] += 1
            return None
        hint = re.search(r"ERR\|\|.*\|207\^.*try again in (\d+) seconds", answer)
        assert code[1] == "AR"
        assert hint, answer
        self.answers[f"MLLP AR {answer.split('ERR|')[1].split('|')[4].split('^')[0]}"] += 1
        return float(hint[1])
