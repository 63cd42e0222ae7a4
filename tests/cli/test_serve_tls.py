"""`gateway serve` with certificates: who shows none gets no further than the handshake, and holds up nobody."""

import fcntl
import os
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from gateway.access.certificates import write_development
from tests.messages import bed_message
from tests.servers import Running, serving_a_hospital

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    write_development(folder, datetime.now(UTC))
    return folder


@pytest.fixture(scope="module")
def running(certificates: Path) -> Iterator[Running]:
    with serving_a_hospital(certificates) as running:
        yield running


def get(running: Running, certificates: Path, *, client: str | None) -> requests.Response:
    own = (str(certificates / f"{client}.pem"), str(certificates / f"{client}.key")) if client else None
    url = f"https://127.0.0.1:{running.port}/fhir/metadata"
    return requests.get(url, verify=str(certificates / "ca.pem"), cert=own, timeout=30)


def test_a_client_with_a_certificate_is_served(running: Running, certificates: Path) -> None:
    response = get(running, certificates, client="client-hospital")

    statement = response.json()
    assert statement["implementation"]["url"] == f"https://127.0.0.1:{running.port}/fhir"
    assert "certificates" in statement["rest"][0]["security"]["description"]


def test_a_client_without_one_or_with_one_of_another_authority_is_not(
    running: Running, certificates: Path, tmp_path: Path
) -> None:
    write_development(tmp_path, datetime.now(UTC))
    (tmp_path / "ca.pem").write_bytes((certificates / "ca.pem").read_bytes())

    for folder, client in ((certificates, None), (tmp_path, "client-hospital")):
        with pytest.raises((requests.exceptions.SSLError, requests.ConnectionError)):
            get(running, folder, client=client)


def test_plain_http_is_not_answered(running: Running) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{running.port}/fhir/metadata", timeout=30)


def test_handshakes_that_are_never_ended_hold_up_nobody(running: Running, certificates: Path) -> None:
    with ExitStack() as clients:
        for _ in range(50):
            clients.enter_context(socket.create_connection(("127.0.0.1", running.port), timeout=30))
        assert get(running, certificates, client="client-nursing-home").status_code == 200


def test_mllp_speaks_tls_too(running: Running, certificates: Path) -> None:
    context = ssl.create_default_context(cafile=certificates / "ca.pem")
    context.load_cert_chain(certificates / "client-hospital.pem", certificates / "client-hospital.key")
    with (
        socket.create_connection(("127.0.0.1", running.mllp_port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wire,
    ):
        wire.sendall(b"\x0b" + bed_message("A20-1") + b"\x1c\r")
        answer = wire.recv(65536)

    assert b"MSA|AA|A20-1" in answer


def test_who_is_turned_away_hears_so_over_tls(certificates: Path, tmp_path: Path) -> None:
    lock = os.open(tmp_path / "store.sqlite-lock", os.O_RDWR | os.O_CREAT, 0o600)
    settings = {"WORKERS": "1", "MAX_WAITING": "1", "WAIT_SECONDS": "8"}
    with serving_a_hospital(certificates, tmp_path, **settings) as running:
        assert get(running, certificates, client="client-hospital").status_code == 200
        fcntl.flock(lock, fcntl.LOCK_EX)

        def post(number: int) -> requests.Response:
            own = (str(certificates / "client-hospital.pem"), str(certificates / "client-hospital.key"))
            url = f"https://127.0.0.1:{running.port}/ingest/dev"
            return requests.post(
                url, data=bed_message(f"T{number}"), verify=str(certificates / "ca.pem"), cert=own, timeout=60
            )

        with ThreadPoolExecutor(12) as clients:
            answers = list(clients.map(post, range(12)))
        os.close(lock)

    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["Retry-After"]) for answer in answers)
    assert '"event": "turned-away"' in running.log.read_text(encoding="utf-8")
