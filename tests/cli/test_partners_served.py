"""What is said of partners holds at the next request: in every process of every node, by HTTP and MLLP, no restart."""

from __future__ import annotations

import socket
import ssl
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from click.testing import CliRunner

from gateway.access.certificates import CLIENTS, authority, client, write_development
from gateway.cli.partners import partners
from tests.messages import bed_message
from tests.servers import Running, serving, wait_for_port, with_certificates

pytestmark = pytest.mark.slow
_REQUESTS = 24  # on connections of their own: enough that every process answers some


class World(NamedTuple):
    """Nodes of four processes each on one store, with the development partners and their certificates."""

    nodes: list[Running]
    url: str
    folder: Path

    def operate(self, *arguments: str) -> None:
        done = CliRunner().invoke(partners, [*arguments, "--database", self.url])
        assert done.exit_code == 0, done.output

    def statuses(self, client: str) -> Counter[int]:
        """Ask every node from many connections at once."""
        own = (str(self.folder / f"{client}.pem"), str(self.folder / f"{client}.key"))

        def ask(number: int) -> int:
            url = f"https://127.0.0.1:{self.nodes[number % len(self.nodes)].port}/fhir/Slot"
            return requests.get(url, verify=str(self.folder / "ca.pem"), cert=own, timeout=60).status_code

        with ThreadPoolExecutor(_REQUESTS) as clients:
            return Counter(clients.map(ask, range(_REQUESTS)))

    @contextmanager
    def mllp(self, client: str) -> Iterator[ssl.SSLSocket]:
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        context.load_cert_chain(self.folder / f"{client}.pem", self.folder / f"{client}.key")
        with (
            socket.create_connection(("127.0.0.1", self.nodes[0].mllp_port), timeout=60) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as wire,
        ):
            yield wire


def said(wire: ssl.SSLSocket, name: str) -> str:
    """Send a message and return how it was acknowledged."""
    wire.sendall(b"\x0b" + bed_message(name) + b"\x1c\r")
    answer = b""
    while not answer.endswith(b"\x1c\r"):
        answer += wire.recv(65536)
    return answer.partition(b"MSA|")[2][:2].decode()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Start one node on SQLite, two on PostgreSQL."""
    folder: Path = tmp_path_factory.mktemp("partners")
    write_development(folder, datetime.now(UTC))
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{folder}/store.sqlite" if is_sqlite else request.getfixturevalue("postgresql").emptied()
    other = authority(datetime.now(UTC), "another CA")
    namesake = client(other, datetime.now(UTC), CLIENTS["client-hospital"], "namesake")
    (folder / "namesake.pem").write_bytes(namesake.certificate_pem)
    (folder / "namesake.key").write_bytes(namesake.key_pem)
    (folder / "both.pem").write_bytes((folder / "ca.pem").read_bytes() + other.certificate_pem)
    settings = with_certificates(folder, authorities="both.pem") | {"WORKERS": "4"}
    with ExitStack() as started:
        nodes = [
            started.enter_context(serving(folder, url, wait_for_port, **settings)) for _ in range(1 if is_sqlite else 2)
        ]
        here = World(nodes, url, folder)
        assert here.statuses("client-hospital") == {401: _REQUESTS}  # nobody is registered yet
        here.operate("add", "--development")
        yield here


def test_who_is_added_is_let_in_at_the_next_request(world: World) -> None:
    assert world.statuses("client-hospital") == {200: _REQUESTS}
    assert world.statuses("client-nameless") == {401: _REQUESTS}


def test_the_right_name_of_another_authority_is_nobody(world: World) -> None:
    """An authority that is trusted as much: by TLS it gets in, and then it is somebody else."""
    assert world.statuses("namesake") == {401: _REQUESTS}


def test_who_is_disabled_is_kept_out_at_the_next_request(world: World) -> None:
    world.operate("disable", "duinrand")
    assert world.statuses("client-hospital") == {401: _REQUESTS}
    assert world.statuses("client-zcc") == {200: _REQUESTS}

    world.operate("enable", "duinrand")
    assert world.statuses("client-hospital") == {200: _REQUESTS}


def test_a_connection_of_mllp_that_is_open_is_looked_at_again(world: World) -> None:
    with world.mllp("client-transfer-point") as wire:
        before = said(wire, "P1")
        world.operate("disable", "rtp-west")
        during = said(wire, "P2")
        world.operate("enable", "rtp-west")
        after = said(wire, "P3")

    assert (before, during, after) == ("AA", "AR", "AA")


def test_a_certificate_that_is_followed_at_once_is_not_good_any_more(world: World, tmp_path: Path) -> None:
    write_development(tmp_path, datetime.now(UTC))

    world.operate("rotate", "rav-15", "--certificate", str(tmp_path / "client-ambulance.pem"), "--until", "now")

    assert world.statuses("client-ambulance") == {401: _REQUESTS}
