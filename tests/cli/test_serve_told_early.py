"""`gateway serve` that is told to stop while it starts: it does, and waits for nobody who did not hear it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import clean_environment, free_port

pytestmark = pytest.mark.slow

# A worker that is told to stop before it listens to signals: it goes on only when it was told.
SLOW = """
import signal, time
from gateway.cli import http_worker, serve

class Slow(http_worker.HttpWorker):
    def init_process(self):
        print("begins", flush=True)
        while signal.SIGTERM not in signal.sigpending():
            time.sleep(0.01)
        super().init_process()

    def run(self):
        super().run()
        print("ends", flush=True)

serve.HttpWorker = Slow
serve.serve.main([])
"""


def test_a_worker_that_is_told_to_stop_before_it_listens_to_signals_stops(tmp_path: Path) -> None:
    ours = {"DATABASE": f"sqlite:///{tmp_path}/s.sqlite", "PORT": str(free_port()), "MLLP_PORT": str(free_port())}
    with subprocess.Popen(
        [sys.executable, "-c", SLOW],
        env=clean_environment() | {f"GATEWAY_{name}": value for name, value in (ours | {"WORKERS": "1"}).items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as gateway:
        assert gateway.stdout is not None
        while gateway.stdout.readline() != "begins\n":
            assert gateway.poll() is None
        gateway.send_signal(signal.SIGTERM)

        assert gateway.stdout.read() == "ends\n"
    assert gateway.returncode == 0
