"""nginx ends TLS before a gateway, and tells it who the client is: as docs/operating.md says it must be set."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from tests.servers import free_port, serving, wait_for_port
from tests.trust import World, partner, register

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed here"),
]

OPERATING = Path(__file__).parents[2] / "docs/operating.md"
CONFIGURATION = """
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {world}/server.pem;
        ssl_certificate_key {world}/server.key;
        ssl_client_certificate {world}/ca.pem;
        {directives}
        location / {{ proxy_pass http://127.0.0.1:{behind}; }}
    }}
}}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World.made(tmp_path_factory.mktemp("world"))
    for name in ("duinrand", "gouwe", "revoked", "nobody"):
        world.client(name)
    world.revoke("revoked")
    return world


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    """nginx with the directives that are documented, before a gateway without TLS of its own."""
    folder, database = world.folder, f"sqlite:///{world.folder}/store.sqlite"
    register(
        database,
        partner("duinrand", world.pairs["duinrand"]),
        partner("gouwe", world.pairs["gouwe"], scopes=("system/Slot.rs",)),
        partner("revoked", world.pairs["revoked"]),
    )
    files = {name: world.settings[name] for name in ("TLS_CLIENT_CA", "TLS_CLIENT_CRL")}
    with serving(folder, database, wait_for_port, PROXIES="127.0.0.1", **files) as running:
        port = free_port()
        text = CONFIGURATION.format(
            folder=folder, world=folder, port=port, behind=running.port, directives=documented()
        )
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
        with subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-g", "daemon off;"]) as proxy:
            yield listening(f"https://127.0.0.1:{port}", world)
            proxy.terminate()


def documented() -> str:
    """Return the directives of nginx that the documentation gives."""
    text = OPERATING.read_text(encoding="utf-8")
    start = text.index("`ssl_verify_client on;") + 1
    return text[start : text.index("`", start)]


def listening(address: str, world: World) -> str:
    until = time.monotonic() + 60
    while True:
        try:
            ask(world, address, "duinrand")
        except requests.ConnectionError:
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return address


def ask(world: World, address: str, name: str, path: str = "/fhir/Slot", **headers: str) -> int:
    with world.session(name) as session:
        return session.get(f"{address}{path}", headers=headers, timeout=60).status_code


def test_clients_are_known_by_what_nginx_tells(world: World, address: str) -> None:
    assert ask(world, address, "duinrand") == 200
    assert ask(world, address, "duinrand", "/fhir/Location") == 200
    assert (ask(world, address, "gouwe"), ask(world, address, "gouwe", "/fhir/Location")) == (200, 403)
    assert [ask(world, address, name) for name in ("nobody", "revoked")] == [401, 401]


@pytest.mark.parametrize("header", ["X-Client-Cert", "Client-Cert", "x-client-cert", "X_Client_Cert"])
def test_what_a_client_sends_of_it_goes(world: World, address: str, header: str) -> None:
    forged = {header: quote(world.pairs["duinrand"].certificate_pem.decode(), safe="")}
    assert ask(world, address, "nobody", **forged) == 401
    assert ask(world, address, "gouwe", "/fhir/Location", **forged) == 403
