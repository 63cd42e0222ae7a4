"""People log in at a gateway of several processes, over TLS, with a provider that is real too; on both databases."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from gateway.identities.provider import CALLBACK
from tests.openid import CLIENT, OpenId, openid
from tests.servers import Running, serving, wait_for_port
from tests.trust import World, partner, register

pytestmark = pytest.mark.slow


def log_in(world: World, base: str) -> requests.Session:
    session = world.session()
    answer = session.get(f"{base}/login?to=/login", headers={"Accept-Language": "en"}, timeout=60)
    assert "You are logged in" in answer.text, answer.text
    return session


def read(session: requests.Session, base: str) -> int:
    return session.get(f"{base}/fhir/Slot", timeout=60).status_code


def wait_until_out(session: requests.Session, base: str) -> None:
    """Return when no process takes the session any more: each looks once a second."""
    deadline = time.monotonic() + 30
    while any(read(session, base) == 200 for _ in range(12)):
        assert time.monotonic() < deadline


def base_of(running: Running) -> str:
    return f"https://127.0.0.1:{running.port}"


def test_a_session_is_good_at_every_process_and_ends_at_every_node(tmp_path: Path, database_url: str) -> None:
    world = World.made(tmp_path)
    register(database_url, partner("zcc", kind="zcc", ura="00000010", rate=100_000))
    key = tmp_path / "session.key"
    key.write_text("5e" * 32, encoding="ascii")
    key.chmod(0o600)
    with ExitStack() as stack:
        provider = stack.enter_context(openid(tmp_path, ""))
        provider.claims = {"organization": "zcc", "roles": ["zcc-coordinator"], "name": "J. Jansen"}
        settings = world.settings | {
            "TLS_CLIENT_CERTIFICATE": "optional",
            "OIDC_ISSUER": provider.issuer,
            "OIDC_CLIENT_ID": CLIENT,
            "ENDPOINT_CA": str(tmp_path / "ca.pem"),
            "SESSION_KEY": str(key),
            "WORKERS": "3",
        }
        nodes = [stack.enter_context(serving(tmp_path, database_url, wait_for_port, **settings)) for _ in range(2)]
        first, second = map(base_of, nodes)
        provider.redirect = f"{first}{CALLBACK}"
        provider.gateway_keys = world.session().get(f"{first}/oauth/jwks", timeout=60).json()
        session = log_in(world, first)
        assert {read(session, base) for base in (first, second) for _ in range(12)} == {200}
        copy = world.session()
        copy.cookies.update(session.cookies)
        ours = {"Origin": first, "Sec-Fetch-Site": "same-origin"}
        assert session.post(f"{first}/logout", headers=ours, timeout=60).status_code == 200
        assert not session.cookies
        for base in (first, second):
            wait_until_out(copy, base)
        _check_answers_once(world, provider, first)


def _check_answers_once(world: World, provider: OpenId, base: str) -> None:
    """An answer of the provider is taken by one process, and by no other after it."""
    session = world.session()
    asked = session.get(f"{base}/login", allow_redirects=False, timeout=60).headers["Location"]
    back = session.get(asked, allow_redirects=False, timeout=60).headers["Location"]
    before = session.cookies.copy()
    assert session.get(back, allow_redirects=False, timeout=60).status_code == 303
    for _ in range(6):
        thief = world.session()
        thief.cookies.update(before)
        assert thief.get(back, allow_redirects=False, timeout=60).status_code == 403
    assert provider.asked.count("/token") == 2
