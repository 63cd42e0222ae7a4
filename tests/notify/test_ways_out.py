"""Every way out of the gateway: there are three, and none uses a proxy, a password or a redirect of others.

What is sent or fetched on behalf of somebody (subscriptions, answers, feeds, keys of clients, providers of identities,
closed questions) goes by one of them, `gateway.notify.sending`, which asks for the allow-list, looks a name up once,
and connects to what it looked at. The other two are the operator's own: the registry of packages and the collector.
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import ast
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import gateway
from gateway.cli.registry import Registry
from gateway.errors import GatewayError, Unavailable
from gateway.identities.discovery import Discovery
from gateway.identities.published_keys import PublishedKeys
from gateway.notify.endpoints import Allowed, Refused
from gateway.notify.outward import Outward
from gateway.notify.sending import Line, NotSent
from tests.receivers import outward, receiving, status

PACKAGE = Path(gateway.__file__).parent
OPENS = {"requests", "urllib3", "http.client", "urllib.request", "ftplib", "smtplib", "httpx", "aiohttp", "telnetlib"}
OURS = {"notify/sending.py", "cli/registry.py", "telemetry/otlp.py"}
FETCHES = {
    "deliver/feeds.py",
    "deliver/parcels.py",
    "deliver/subscriptions.py",
    "identities/discovery.py",
    "identities/provider.py",
    "identities/published_keys.py",
    "notify/closed_question/mitz.py",
}
"""What sends by the first of them: a module that is not here has to be looked at, and tested."""


def imported(path: Path) -> set[str]:
    """Return the modules that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def modules() -> dict[str, set[str]]:
    return {str(path.relative_to(PACKAGE)): imported(path) for path in PACKAGE.rglob("*.py")}


def test_nothing_else_opens_connections() -> None:
    opening = {name for name, used in modules().items() if (used | {one.partition(".")[0] for one in used}) & OPENS}
    connecting = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if any(word in path.read_text("utf-8") for word in ("create_connection(", ".connect((", "open_connection("))
    }

    demo = {"cli/demo.py"}  # talks to the gateway that it started
    assert opening == OURS | demo
    assert connecting <= OURS | demo


def test_it_is_known_what_sends() -> None:
    assert {name for name, used in modules().items() if "gateway.notify.sending.Line" in used} == FETCHES


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[socket.socket]:
    """Return a socket that the whole environment says is the proxy, with a password for every host in .netrc."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = f"http://user:hunter2@127.0.0.1:{listener.getsockname()[1]}"
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
            monkeypatch.setenv(name.lower(), proxy)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        netrc = tmp_path / "netrc"
        netrc.write_text(
            "machine 127.0.0.1 login user password hunter2\ndefault login user password hunter2\n", "utf-8"
        )
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        yield listener


def is_untouched(canary: socket.socket) -> bool:
    canary.setblocking(False)
    try:
        canary.accept()[0].close()
    except BlockingIOError:
        return True
    return False


def line(way: Outward, url: str) -> None:
    with suppress(Refused, NotSent), Line(way, url) as opened:
        opened.send(b"x", {})


def keys(way: Outward, url: str) -> None:
    assert PublishedKeys(way, lambda: 0.0).at(url, "kid") is None


def discovery(way: Outward, url: str) -> None:
    with suppress(Unavailable):
        Discovery(url, way, lambda: 0.0).addresses()


PATHS = ("/", "", "/.well-known/openid-configuration")
WAYS: dict[str, Callable[[Outward, str], None]] = {"line": line, "keys": keys, "discovery": discovery}


@pytest.mark.parametrize("name", WAYS)
def test_it_goes_straight_to_its_endpoint_without_a_password(
    name: str, certificates: Path, canary: socket.socket
) -> None:
    with receiving(certificates) as receiver:
        WAYS[name](outward(certificates, receiver), receiver.base)

    assert len(receiver.requests) == 1
    assert "authorization" not in receiver.requests[0].headers
    assert is_untouched(canary)


@pytest.mark.parametrize("name", WAYS)
def test_it_follows_no_redirect(name: str, certificates: Path, canary: socket.socket) -> None:
    inward = f"http://127.0.0.1:{canary.getsockname()[1]}/latest/meta-data"
    with receiving(certificates) as receiver:
        receiver.answers = dict.fromkeys(PATHS, status(302, Location=inward))
        WAYS[name](outward(certificates, receiver), receiver.base)

    assert len(receiver.requests) == 1
    assert is_untouched(canary)


@pytest.mark.parametrize("name", WAYS)
def test_it_asks_nobody_who_is_not_listed(name: str, certificates: Path, canary: socket.socket) -> None:
    with receiving(certificates) as receiver:
        way = outward(certificates, receiver)
        WAYS[name](way, f"https://127.0.0.1:{canary.getsockname()[1]}/")

    assert is_untouched(canary)
    assert receiver.requests == []


@pytest.mark.parametrize("name", WAYS)
def test_a_name_is_looked_up_once_and_what_was_looked_at_is_connected_to(
    name: str, certificates: Path, monkeypatch: pytest.MonkeyPatch, canary: socket.socket
) -> None:
    with receiving(certificates) as receiver:
        inside, other = ("127.0.0.1", receiver.port), canary.getsockname()
        answers = [[(socket.AF_INET, socket.SOCK_STREAM, 6, "", place)] for place in (inside, other, other, other)]
        asked: list[str] = []
        looking = socket.getaddrinfo

        def rebinding(host: str, *others: object, **more: object) -> object:
            if host != "localhost":
                return looking(host, *others, **more)  # type: ignore[arg-type] # as it was called
            asked.append(host)
            return answers[len(asked) - 1]

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        allowed = Allowed(frozenset({f"https://localhost:{receiver.port}"}))
        WAYS[name](Outward(allowed, authorities=certificates / "ca.pem"), f"https://localhost:{receiver.port}")

    assert asked == ["localhost"]
    assert len(receiver.requests) == 1
    assert is_untouched(canary)


def test_the_registry_is_asked_straight_and_without_a_password(
    certificates: Path, canary: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates / "ca.pem"))
    with receiving(certificates) as receiver:
        receiver.answers = {"/a.package": status(404)}
        with pytest.raises(GatewayError):
            Registry(receiver.base).listed("a.package", "1.0.0")

    assert [request.path for request in receiver.requests] == ["/a.package"]
    assert "authorization" not in receiver.requests[0].headers
    assert is_untouched(canary)


def test_the_registry_leads_nowhere_else(
    certificates: Path, canary: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates / "ca.pem"))
    elsewhere = f"http://127.0.0.1:{canary.getsockname()[1]}/"
    with receiving(certificates) as receiver:
        receiver.answers = {"/a.package": status(302, Location=elsewhere)}
        with pytest.raises(GatewayError):
            Registry(receiver.base).listed("a.package", "1.0.0")

    assert is_untouched(canary)


def test_spans_go_straight_to_the_collector_and_by_no_redirect(
    certificates: Path, canary: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra `otel` is not installed")
    from gateway.telemetry.otlp import Otlp

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(certificates / "ca.pem"))
    elsewhere = f"http://127.0.0.1:{canary.getsockname()[1]}/"
    with receiving(certificates) as collector:
        collector.answers = {"/v1/traces": status(302, Location=elsewhere)}
        telemetry = Otlp(collector.base, "0")
        telemetry.begin("x", "server", {}).end()
        telemetry.close()

    assert {request.path for request in collector.requests} == {"/v1/traces"}
    assert all("authorization" not in request.headers for request in collector.requests)
    assert is_untouched(canary)
