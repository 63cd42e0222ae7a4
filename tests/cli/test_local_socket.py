"""A UNIX socket for a proxy: whose it may be, who may open it, what is left of it; and a gateway that listens there."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from gateway.cli.local_socket import Access, LocalSocket
from gateway.errors import BadSettings, Unavailable
from tests.servers import Running, clean_environment, serving
from tests.trust import World, partner, register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A path that is short enough, wherever the tests are kept."""
    link = Path(f"/tmp/gateway-{os.getpid()}-{abs(hash(tmp_path)) % 10**6}")
    link.symlink_to(tmp_path)
    yield link / "http.sock"
    link.unlink()


@pytest.mark.parametrize(("access", "mode"), [("owner", 0o600), ("group", 0o660)])
def test_who_may_open_it_is_said_by_its_permissions(path: Path, access: Access, mode: int) -> None:
    before = os.umask(0)
    try:
        with closing(LocalSocket(path, access, 8)):
            assert stat.S_IMODE(path.lstat().st_mode) == mode
    finally:
        os.umask(before)
    assert sorted(one.name for one in path.parent.iterdir()) == ["http.sock.lock"]


def test_what_a_gateway_left_that_was_killed_is_taken(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
        left.listen()
    with closing(LocalSocket(path, "owner", 8)) as found, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        found.listener.accept()[0].close()
    assert not path.exists()


def test_what_somebody_listens_on_is_not(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(Unavailable, match="somebody listens there already"):
            LocalSocket(path, "owner", 8)
        assert path.exists()
    path.unlink()
    with closing(LocalSocket(path, "owner", 8)):
        path.unlink()  # as somebody might who cleans up: the lock still says whose it is
        with pytest.raises(Unavailable, match="somebody listens there already"):
            LocalSocket(path, "owner", 8)


def test_what_is_another_ones_by_now_is_left(path: Path) -> None:
    first = LocalSocket(path, "owner", 8)
    path.unlink()
    path.write_text("another", encoding="utf-8")
    first.close()
    assert path.read_text(encoding="utf-8") == "another"


def test_what_cannot_be_listened_at_is_told(path: Path) -> None:
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(BadSettings, match="is no socket"):
        LocalSocket(path, "owner", 8)
    assert path.read_text(encoding="utf-8") == "mine"
    with pytest.raises(BadSettings, match="no folder"):
        LocalSocket(path.parent / "none" / "x", "owner", 8)
    with pytest.raises(BadSettings, match="cannot be listened at"):
        LocalSocket(path.with_name("x" * 120), "owner", 8)
    path.parent.resolve().chmod(0o777)
    with pytest.raises(BadSettings, match="everybody may write"):
        LocalSocket(path.with_name("other"), "owner", 8)


class _Connection(http.client.HTTPConnection):
    """HTTP over the socket of a path."""

    def __init__(self, path: Path) -> None:
        super().__init__("gateway.example", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


def ask(path: Path, target: str = "/fhir/Slot", **headers: str) -> int:
    with closing(_Connection(path)) as asked:
        asked.request("GET", target, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = asked.getresponse()
        answer.read()
        return answer.status


def shown(world: World, name: str) -> str:
    return quote(world.pairs[name].certificate_pem.decode(), safe="")


def waiting_for(path: Path) -> Callable[[Running], None]:
    def wait(running: Running) -> None:
        until = time.monotonic() + 90
        while True:
            assert running.process.poll() is None, running.log.read_text(encoding="utf-8")
            try:
                if ask(path, "/health/ready") == 200:
                    return
            except OSError:
                assert time.monotonic() < until
            time.sleep(0.05)

    return wait


@contextmanager
def gateway(path: Path, world: World) -> Iterator[Running]:
    files = {name: world.settings[name] for name in ("TLS_CLIENT_CA", "TLS_CLIENT_CRL")}
    database = f"sqlite:///{world.folder}/store.sqlite"
    settings = files | {"SOCKET": str(path), "BASE_URL": "https://gateway.example/fhir", "WORKERS": "1"}
    with serving(world.folder, database, waiting_for(path), **settings) as running:
        yield running


def check_answers(path: Path, world: World) -> None:
    own = shown(world, "duinrand")
    assert ask(path, X_Client_Cert=own) == 200
    assert ask(path, "/fhir/Location", X_Client_Cert=own) == 403
    assert [ask(path), ask(path, X_Client_Cert=shown(world, "nobody"))] == [401, 401]
    assert ask(path, X_Client_Cert=own, Client_Cert=":AAAA:") == 401
    assert ask(path, "/fhir/Location", X_Client_Cert=own, PATH_INFO="/fhir/Slot", SCRIPT_NAME="/fhir") == 403
    assert ask(path, "/metrics", X_Forwarded_For="127.0.0.1") == 403


@pytest.mark.slow
def test_a_gateway_listens_there_for_a_proxy_and_nowhere_else(path: Path, tmp_path: Path) -> None:
    world = World.made(tmp_path)
    for name in ("duinrand", "nobody"):
        world.client(name)
    known = partner("duinrand", world.pairs["duinrand"], scopes=("system/Slot.rs",))
    register(f"sqlite:///{world.folder}/store.sqlite", known)
    with gateway(path, world) as running:
        check_answers(path, world)
        with socket.socket() as port:
            assert port.connect_ex(("127.0.0.1", running.port)) != 0
        made = path.lstat().st_ino
        running.process.send_signal(signal.SIGHUP)
        wait_for(running, "reloaded")
        check_answers(path, world)
        assert path.lstat().st_ino == made
        assert "somebody listens there already" in refused(path, world)
        check_answers(path, world)
        running.kill()
        assert path.exists()
    with gateway(path, world) as running:
        check_answers(path, world)
        assert running.stop() == 0
    assert not path.exists()


def wait_for(running: Running, word: str) -> None:
    until = time.monotonic() + 60
    while word not in running.log.read_text(encoding="utf-8"):
        assert time.monotonic() < until
        time.sleep(0.05)


def refused(path: Path, world: World) -> str:
    """Return what another gateway says that is started on the same socket."""
    own = {"SOCKET": str(path), "BASE_URL": "https://gateway.example/fhir", "MLLP_PORT": "0"}
    own |= {"DATABASE": f"sqlite:///{world.folder}/store.sqlite", "TLS_CLIENT_CA": world.settings["TLS_CLIENT_CA"]}
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "serve"],
        env=clean_environment() | {f"GATEWAY_{name}": value for name, value in own.items()},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert not re.search("Traceback", done.stderr)
    return done.stderr
