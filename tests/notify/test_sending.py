"""Whatever a receiver does, sending ends, says why, and has read and followed nothing it should not."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.access.certificates import write_development
from gateway.notify.endpoints import Allowed, Refused
from gateway.notify.outward import Outward
from gateway.notify.sending import Line, NotSent
from tests.receivers import dripping, huge, never, nonsense, outward, receiving, status


def send(way: Outward, url: str, body: bytes = b"x") -> int:
    with Line(way, url) as line:
        return line.send(body, {"Content-Type": "text/plain"}).status


def test_what_is_sent_arrives_with_its_headers_and_no_others_of_this_machine(
    certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    with receiving(certificates) as receiver:
        assert send(outward(certificates, receiver), receiver.base + "/a?b=c") == 200

    (request,) = receiver.requests
    assert (request.method, request.path, request.body) == ("POST", "/a?b=c", b"x")
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert set(request.headers) == {
        "host", "user-agent", "accept-encoding", "accept", "content-type", "content-length",
    }  # fmt: skip


def test_several_go_over_one_connection(certificates: Path) -> None:
    with receiving(certificates) as receiver, Line(outward(certificates, receiver), receiver.base) as line:
        for body in (b"1", b"2", b"3"):
            line.send(body, {})
        connected = [s for s in line._deadline._lines if s.fileno() >= 0]

    assert [request.body for request in receiver.requests] == [b"1", b"2", b"3"]
    assert len(connected) == 1


def test_an_address_that_is_not_listed_is_not_connected_to(certificates: Path) -> None:
    with receiving(certificates) as receiver:
        way = outward(certificates, receiver)
        for url in (
            f"https://localhost:{receiver.port}/", f"http://127.0.0.1:{receiver.port}/",
            f"https://127.0.0.1:{receiver.port + 1}/", f"https://127.0.0.1.evil.example:{receiver.port}/",
            f"https://127.0.0.1:{receiver.port}@evil.example/", "https://127.0.0.1/", "file:///etc/passwd",
            f"https://2130706433:{receiver.port}/", f"https://[::1]:{receiver.port}/",
        ):  # fmt: skip
            with pytest.raises(Refused):
                send(way, url)

    assert receiver.requests == []


def test_a_name_that_leads_inward_is_not_connected_to(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(certificates) as receiver:
        inward = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: inward)
        way = Outward(Allowed(frozenset({"https://ehr.example"})), authorities=certificates / "ca.pem")
        with pytest.raises(NotSent, match="inside a network"):
            send(way, "https://ehr.example/")

    assert receiver.requests == []


def test_a_redirect_is_not_followed(certificates: Path) -> None:
    with receiving(certificates) as receiver:
        for code in (301, 302, 303, 307, 308):
            receiver.answers["/away"] = status(code, Location=receiver.base + "/inner")
            with pytest.raises(NotSent, match=f"{code}: a redirect, which is not followed"):
                send(outward(certificates, receiver), receiver.base + "/away")

    assert {request.path for request in receiver.requests} == {"/away"}


@pytest.mark.parametrize("answer", [never, dripping])
def test_who_does_not_answer_is_left_in_time(certificates: Path, answer: object) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/slow"] = answer  # type: ignore[assignment]
        begun = time.monotonic()
        with pytest.raises(NotSent, match="took too long"):
            send(outward(certificates, receiver, seconds=0.5), receiver.base + "/slow")

        assert time.monotonic() - begun < 5


def test_a_server_that_does_not_even_begin_tls_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(NotSent, match="took too long"):
            send(Outward(Allowed(frozenset({url})), seconds=0.5), url)


def test_of_a_huge_answer_little_is_read(certificates: Path) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/huge"] = huge
        assert send(outward(certificates, receiver), receiver.base + "/huge") == 200
        receiver.wait_for(lambda _: True)

    deadline = time.monotonic() + 10
    while "/huge" not in receiver.written and time.monotonic() < deadline:
        time.sleep(0.01)
    assert receiver.written["/huge"] < 50_000_000


def test_what_is_no_answer_of_http_is_told_so(certificates: Path) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/ssh"] = nonsense
        with pytest.raises(NotSent):
            send(outward(certificates, receiver), receiver.base + "/ssh")


def test_an_error_is_told_with_its_status_and_when_to_come_back(certificates: Path) -> None:
    with receiving(certificates) as receiver:
        receiver.answers["/"] = status(503, Retry_After="120")
        with pytest.raises(NotSent) as caught:
            send(outward(certificates, receiver), receiver.base + "/")

    assert (caught.value.reason, caught.value.status, caught.value.after) == ("it answered 503", 503, 120)


def test_a_certificate_of_another_authority_is_not_trusted(certificates: Path, tmp_path: Path) -> None:
    write_development(tmp_path, datetime.now(UTC))
    with receiving(tmp_path) as receiver, pytest.raises(NotSent, match="TLS"):
        send(outward(certificates, receiver), receiver.base + "/")

    assert receiver.requests == []


def test_the_certificate_is_verified_for_the_name_and_not_for_the_address(
    certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(certificates) as receiver:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        for host, message in (("localhost", None), ("ehr.example", "TLS")):
            from ipaddress import ip_network

            origin = f"https://{host}:{receiver.port}"
            allowed = Allowed(frozenset({origin}), (ip_network("127.0.0.0/8"),))
            way = Outward(allowed, authorities=certificates / "ca.pem")
            if message is None:
                assert send(way, origin + "/") == 200
                assert receiver.requests[-1].headers["host"] == f"localhost:{receiver.port}"
                continue
            with pytest.raises(NotSent, match=message):
                send(way, origin + "/")

    assert len(receiver.requests) == 1


def test_a_client_certificate_is_shown(certificates: Path) -> None:
    with receiving(certificates, clients=True) as receiver:
        with pytest.raises(NotSent):
            send(outward(certificates, receiver), receiver.base + "/")
        assert send(outward(certificates, receiver, client="client-hospital"), receiver.base + "/") == 200

    assert [request.client for request in receiver.requests] == ["Ziekenhuis Duinrand (test)"]


def test_who_is_not_there_is_told_of(certificates: Path) -> None:
    with receiving(certificates) as receiver:
        way, url = outward(certificates, receiver), receiver.base + "/"
    with pytest.raises(NotSent, match="no connection"):
        send(way, url)


def test_another_url_of_a_line_stays_at_its_origin(certificates: Path) -> None:
    with receiving(certificates) as receiver, Line(outward(certificates, receiver), receiver.base + "/a") as line:
        line.send(b"", {}, method="PUT", url=receiver.base + "/a/Slot/1")
        with pytest.raises(Refused):
            line.send(b"", {}, url="https://other.example/")

    assert [(r.method, r.path) for r in receiver.requests] == [("PUT", "/a/Slot/1")]


def test_nothing_that_a_receiver_sets_is_sent_back(certificates: Path) -> None:
    with receiving(certificates) as receiver, Line(outward(certificates, receiver), receiver.base) as line:
        receiver.answers["/"] = status(200, Set_Cookie="a=b")
        line.send(b"", {})
        line.send(b"", {})

    assert all("cookie" not in request.headers for request in receiver.requests)
