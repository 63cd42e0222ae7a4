"""A real gateway to test with: `gateway serve` in processes of its own, on free ports."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests import telling
from tests.trust import hospital, register

START_SECONDS = 90.0  # a machine may have much else to do


@dataclass(frozen=True)
class Running:
    """A gateway that answers."""

    process: subprocess.Popen[bytes]
    port: int
    mllp_port: int
    log: Path

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> int:
        """Stop it gracefully and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        """Kill every process of it at once, as a power cut would."""
        for pid in [self.process.pid, *descendants(self.process.pid)]:
            os.kill(pid, signal.SIGKILL)
        self.process.wait(60)


@contextmanager
def serving(
    folder: Path, database: str, wait: Callable[[Running], None] | None = None, **settings: str
) -> Iterator[Running]:
    """Start a gateway, wait until it is ready; stop it at the end if it still runs. Its log may tell of nobody."""
    port, mllp_port = free_port(), free_port()
    ours = {"DATABASE": database, "PORT": str(port), "MLLP_PORT": str(mllp_port)} | settings
    log = folder / f"serve-{port}.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "serve"],
            env=clean_environment() | {f"GATEWAY_{name}": value for name, value in ours.items()},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    running = Running(process, port, mllp_port, log)
    try:
        (wait or wait_until_ready)(running)
        yield running
    finally:
        if process.poll() is None:
            running.stop()
    telling.check(log.read_text(encoding="utf-8"), "the log of a gateway")


def with_certificates(folder: Path, *, authorities: str = "ca.pem") -> dict[str, str]:
    """Return the settings of a gateway that knows its clients by the development certificates in a folder."""
    files = {"TLS_CERTIFICATE": "server.pem", "TLS_KEY": "server.key", "TLS_CLIENT_CA": authorities}
    return {name: str(folder / file) for name, file in files.items()}


@contextmanager
def serving_a_hospital(certificates: Path, folder: Path | None = None, **settings: str) -> Iterator[Running]:
    """Start a gateway that knows the hospital of some development certificates, and nobody else; in their folder, or in
    another.
    """
    there = folder or certificates
    database = f"sqlite:///{there}/store.sqlite"
    register(database, hospital(certificates / "client-hospital.pem"))
    with serving(there, database, wait_for_port, **with_certificates(certificates), **settings) as running:
        yield running


def wait_until_ready(running: Running) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert running.process.poll() is None, running.log.read_text(encoding="utf-8")
        try:
            requests.get(f"{running.base}/health/ready", timeout=5).raise_for_status()
        except (requests.ConnectionError, requests.Timeout, requests.HTTPError):  # 503: not yet
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"not ready: {running.log.read_text(encoding='utf-8')}")


def wait_for_port(running: Running) -> None:
    """Return when it listens: enough where it does not answer everybody."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert running.process.poll() is None, running.log.read_text(encoding="utf-8")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", running.port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"not listening: {running.log.read_text(encoding='utf-8')}")


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def descendants(pid: int) -> list[int]:
    """Return the processes that `pid` started, and those that they started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [found for child in map(int, children) for found in (child, *descendants(child))]


def send_mllp(port: int, message: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """Send one message and return the answer to it, without its frame. ConnectionError when there is none."""
    with ExitStack() as opened:
        wire = opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
        if tls:
            wire = opened.enter_context(tls.wrap_socket(wire, server_hostname="127.0.0.1"))
        wire.sendall(b"\x0b" + message + b"\x1c\r")
        answer = b""
        while not answer.endswith(b"\x1c\r"):
            piece = wire.recv(65536)
            if not piece:
                raise ConnectionResetError
            answer += piece
    return answer.strip(b"\x0b\x1c\r")
