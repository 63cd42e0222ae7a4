"""`gateway serve` over TLS: who is let in by a certificate, and who is not, at HTTP and at MLLP."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from gateway.access.certificates import Pair, authority, client
from gateway.access.partners import CertificateName
from gateway.store import open_store
from tests.messages import bed_message
from tests.servers import Running, serving, wait_for_port
from tests.trust import DUINRAND, GOUWE, World, assertion, disable, partner, peer, register

pytestmark = pytest.mark.slow

NOT_SHAKEN = (requests.exceptions.SSLError, requests.ConnectionError)
CLIENTS = ("duinrand", "gouwe", "revoked", "leaving", "nobody", "spki", "slow", "many", "joining")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World.made(tmp_path_factory.mktemp("world"))
    for name in CLIENTS:
        world.client(name)
    world.client("uzi", DUINRAND)
    world.client("uzi-of-another", GOUWE)
    world.revoke("revoked")
    return world


@pytest.fixture(scope="module")
def database(world: World) -> str:
    issuer = peer(world.pairs["uzi"]).issuer
    url = f"sqlite:///{world.folder}/store.sqlite"
    register(
        url,
        partner("duinrand", world.pairs["duinrand"], providers=("dev",)),
        partner("gouwe", world.pairs["gouwe"], scopes=("system/Slot.rs",)),
        partner("many", world.pairs["many"], providers=("dev", "duinrand")),
        partner("revoked", world.pairs["revoked"]),
        partner("leaving", world.pairs["leaving"]),
        partner("spki", certificates=(CertificateName(spki=peer(world.pairs["spki"]).spki),)),
        partner("uzi", certificates=(CertificateName(issuer=issuer, uzi=DUINRAND.ura),), ura=DUINRAND.ura),
        partner("slow", world.pairs["slow"], rate=3),
    )
    return url


@pytest.fixture(scope="module")
def running(world: World, database: str) -> Iterator[Running]:
    """One gateway that wants a certificate of everybody."""
    with serving(world.folder, database, wait_for_port, **world.settings) as running:
        yield running


def ask(
    world: World, running: Running, name: str | None, path: str = "/fhir/Slot", **headers: str
) -> requests.Response:
    with world.session(name) as session:
        return session.get(f"https://127.0.0.1:{running.port}{path}", headers=headers, timeout=60)


def send(world: World, running: Running, name: str, message: bytes) -> bytes:
    context = ssl.create_default_context(cafile=world.folder / "ca.pem")
    context.load_cert_chain(*world.shown(name))
    with (
        socket.create_connection(("127.0.0.1", running.mllp_port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wire,
    ):
        wire.sendall(b"\x0b" + message + b"\x1c\r")
        return wire.recv(65536)


def audited(database: str) -> list[dict[str, object]]:
    store = open_store(database)
    with store.reading() as db:
        rows = [json.loads(content) for (content,) in db.rows("select content from audit order by seq")]
    store.close()
    return rows


@pytest.mark.parametrize("name", ["duinrand", "gouwe", "spki", "uzi"])
def test_a_partner_is_known_by_its_certificate(world: World, running: Running, database: str, name: str) -> None:
    assert ask(world, running, name).status_code == 200
    assert audited(database)[-1]["caller"] == name.capitalize()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nobody", "certificate-of-nobody"),
        ("uzi-of-another", "certificate-of-nobody"),
        ("revoked", "certificate-revoked"),
    ],
)
def test_who_is_no_partner_hears_nothing_but_that(
    world: World, running: Running, database: str, name: str, reason: str
) -> None:
    answer = ask(world, running, name)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="https://127.0.0.1:{running.port}/fhir"'
    assert reason not in answer.text
    last = audited(database)[-1]
    assert (last["action"], last["organisation"], last["parameters"]) == ("refused", "unknown", [reason])


def test_certificates_of_others_and_out_of_their_time_end_in_the_handshake(
    world: World, running: Running, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    elsewhere = World(tmp_path, authority(now))  # an authority of the same name
    elsewhere.keep("other", client(elsewhere.signer, now, None, "duinrand"))
    elsewhere.keep("expired", client(world.signer, now - timedelta(days=900), None, "duinrand"))
    elsewhere.keep("early", client(world.signer, now + timedelta(days=2), None, "duinrand"))
    (tmp_path / "ca.pem").write_bytes(world.signer.certificate_pem)
    for name in ("other", "expired", "early"):
        with pytest.raises(NOT_SHAKEN):
            ask(elsewhere, running, name)


def test_none_at_all_ends_in_the_handshake(world: World, running: Running) -> None:
    with pytest.raises(NOT_SHAKEN):
        ask(world, running, None)


@pytest.mark.parametrize("header", ["Client-Cert", "X-Client-Cert"])
def test_nobody_speaks_for_another_in_a_header(world: World, running: Running, header: str) -> None:
    forged = quote(world.pairs["duinrand"].certificate_pem.decode(), safe="")
    assert ask(world, running, "nobody", **{header: forged}).status_code == 401
    assert ask(world, running, "gouwe", **{header: forged}).status_code == 401
    other = {"X-SSL-Client-Cert": forged, "X-Forwarded-Client-Cert": forged, "X-SSL-Client-S-DN": "CN=duinrand"}
    assert ask(world, running, "nobody", **other).status_code == 401


def test_a_certificate_is_revoked_while_the_gateway_runs(world: World, running: Running) -> None:
    assert ask(world, running, "leaving").status_code == 200
    world.revoke("revoked", "leaving")
    wait(lambda: ask(world, running, "leaving").status_code == 401)
    assert b"MSA|AR" in send(world, running, "leaving", bed_message("L1"))
    assert ask(world, running, "duinrand").status_code == 200


def test_a_partner_that_is_disabled_is_unknown_at_once(world: World, running: Running, database: str) -> None:
    assert ask(world, running, "joining").status_code == 401
    register(database, partner("joining", world.pairs["joining"]))
    assert ask(world, running, "joining").status_code == 200
    disable(database, "joining")
    assert ask(world, running, "joining").status_code == 401


def test_scopes_hold_for_who_comes_with_a_certificate(world: World, running: Running) -> None:
    assert ask(world, running, "gouwe").status_code == 200
    assert ask(world, running, "gouwe", "/fhir/Location").status_code == 403
    assert ask(world, running, "gouwe", "/fhir/Patient/1").status_code == 403
    with world.session("gouwe") as session:
        answer = session.put(f"https://127.0.0.1:{running.port}/fhir/Slot/1", json={"resourceType": "Slot", "id": "1"})
    assert answer.status_code == 403


def test_a_partner_that_asks_too_often_is_told_when_to_come_back(world: World, running: Running) -> None:
    answers = [ask(world, running, "slow") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 20
    assert ask(world, running, "duinrand").status_code == 200


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/fhir/metadata", "/openapi.json", "/metrics"])
def test_what_everybody_may_know_needs_no_partner(world: World, running: Running, path: str) -> None:
    assert ask(world, running, "nobody", path).status_code == 200


def test_mllp_knows_senders_and_as_whom_they_send(world: World, running: Running, database: str) -> None:
    assert b"MSA|AA|M1" in send(world, running, "duinrand", bed_message("M1"))
    assert audited(database)[-1]["caller"] == "Duinrand"
    for name in ("nobody", "revoked", "gouwe"):
        assert b"MSA|AR|M2" in send(world, running, name, bed_message("M2"))


def test_over_mllp_who_sends_as_several_says_as_which(world: World, running: Running) -> None:
    message = bed_message("M3")
    fields = message.split(b"\r", 1)[0].split(b"|")
    for facility, code in ((b"", b"AR"), (b"duinrand", b"AA"), (b"DUINRAND", b"AA"), (b"elsewhere", b"AR")):
        head = b"|".join([*fields[:3], facility, *fields[4:]])
        answer = send(
            world, running, "many", head.replace(b"M3", b"M3" + facility) + b"\r" + message.split(b"\r", 1)[1]
        )
        assert b"MSA|" + code in answer


def test_a_token_is_bound_to_the_certificate_it_was_asked_with(world: World, running: Running, database: str) -> None:
    token = token_of(world, running, "duinrand", "duinrand-ehr")
    bearer = {"Authorization": f"Bearer {token}"}
    assert ask(world, running, "duinrand", **bearer).status_code == 200
    for name in ("gouwe", "nobody", "spki"):
        answer = ask(world, running, name, **bearer)
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert audited(database)[-1]["parameters"] == ["bound-to-another-certificate"]


def test_no_token_for_a_client_of_another_partner_than_the_certificate(world: World, running: Running) -> None:
    assert asked_token(world, running, "gouwe", "duinrand-ehr").json()["error"] == "invalid_client"


def asked_token(world: World, running: Running, name: str, client_id: str) -> requests.Response:
    url = f"https://127.0.0.1:{running.port}/oauth/token"
    form = {
        "grant_type": "client_credentials",
        "scope": "system/Slot.rs",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(url, datetime.now(UTC), client_id=client_id),
    }
    with world.session(name) as session:
        return session.post(url, form, timeout=60)


def token_of(world: World, running: Running, name: str, client_id: str) -> str:
    answer = asked_token(world, running, name, client_id)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def test_nothing_that_was_shown_stands_in_the_log(world: World, running: Running) -> None:
    token = token_of(world, running, "duinrand", "duinrand-ehr")
    ask(world, running, "gouwe", Authorization=f"Bearer {token}")
    log = running.log.read_text(encoding="utf-8")
    assert '"not-known"' in log
    assert token not in log
    assert "eyJ" not in log
    assert "PRIVATE KEY" not in log


def wait(is_so: object, seconds: float = 30.0) -> None:
    assert callable(is_so)
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_where_certificates_are_optional_a_token_will_do(world: World, database: str, tmp_path: Path) -> None:
    settings = world.settings | {"TLS_CLIENT_CERTIFICATE": "optional"}
    with serving(tmp_path, database, wait_for_port, **settings) as running:
        nothing = ask(world, running, None)
        assert nothing.status_code == 401
        assert nothing.headers["WWW-Authenticate"].startswith("Bearer realm=")
        assert "error=" not in nothing.headers["WWW-Authenticate"]
        url = f"https://127.0.0.1:{running.port}/oauth/token"
        form = {
            "grant_type": "client_credentials",
            "scope": "system/Slot.rs",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion(url, datetime.now(UTC)),
        }
        with world.session() as session:
            token = session.post(url, form, timeout=60).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert ask(world, running, None, **bearer).status_code == 200
        assert ask(world, running, "duinrand", **bearer).status_code == 200
        assert ask(world, running, "gouwe", **bearer).status_code == 401
        assert ask(world, running, None, "/fhir/Location", **bearer).status_code == 403
        with pytest.raises((ssl.SSLError, ConnectionError)):
            without_certificate(world, running)


def without_certificate(world: World, running: Running) -> None:
    """Ask MLLP without a certificate, which it never takes."""
    context = ssl.create_default_context(cafile=world.folder / "ca.pem")
    with (
        socket.create_connection(("127.0.0.1", running.mllp_port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wire,
    ):
        wire.sendall(b"\x0b" + bed_message("N1") + b"\x1c\r")
        if not wire.recv(65536):
            raise ConnectionResetError


def test_a_listed_proxy_tells_the_certificate(world: World, database: str, tmp_path: Path) -> None:
    rogue: Pair = client(authority(datetime.now(UTC)), datetime.now(UTC), None, "duinrand")
    settings = {"TLS_CLIENT_CA": str(world.folder / "ca.pem"), "TLS_CLIENT_CRL": str(world.folder / "crl.pem")}
    with serving(tmp_path, database, wait_for_port, PROXIES="127.0.0.1", **settings) as running:
        url = f"{running.base}/fhir/Slot"

        def told(pair: Pair) -> int:
            header = {"X-Client-Cert": quote(pair.certificate_pem.decode(), safe="")}
            return requests.get(url, headers=header, timeout=60).status_code

        assert told(world.pairs["duinrand"]) == 200
        assert [told(world.pairs[name]) for name in ("nobody", "revoked")] == [401, 401]
        assert told(rogue) == 401
        assert requests.get(url, timeout=60).status_code == 401
        assert requests.get(f"{running.base}/metrics", timeout=60).status_code == 403
    with serving(tmp_path, database, wait_for_port, PROXIES="10.1.2.3", **settings) as running:
        header = {"X-Client-Cert": quote(world.pairs["duinrand"].certificate_pem.decode(), safe="")}
        assert requests.get(f"{running.base}/fhir/Slot", headers=header, timeout=60).status_code == 401
