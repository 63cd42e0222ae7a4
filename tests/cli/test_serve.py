"""`gateway serve` as it runs: what it says, what it refuses, whom it waits for, how it stops."""

import gzip
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.messages import bed_message
from tests.servers import Running, clean_environment, descendants, free_port, send_mllp, serving

pytestmark = pytest.mark.slow

JSON = "application/fhir+json"
BED = b'{"resourceType":"Location","status":"active"}'
OWN = """\
map: https://duinrand.example/StructureMap/{event}
version: 1.0.0
source: {{format: hl7v2, when: "MSH-9.1 = 'ADT' and MSH-9.2 = '{event}'"}}
emit:
  - resourceType: Patient
    id: "{{{{ id('patient', PID-3.1) }}}}"
    active: true
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One gateway for the tests of this file that do not stop it."""
    folder = tmp_path_factory.mktemp("serve")
    with serving(folder, f"sqlite:///{folder}/store.sqlite", MAX_BODY="1000000") as running:
        yield running


def refused(**settings: str) -> str:
    """Return what `gateway serve` says when it will not start."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "serve"],
        env=clean_environment() | {f"GATEWAY_{name}": value for name, value in settings.items()},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def raw(running: Running, *pieces: bytes) -> bytes:
    """Send bytes as they are and return all that comes back."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as wire:
        for piece in pieces:
            wire.sendall(piece)
        answer = b""
        while piece := wire.recv(65536):
            answer += piece
    return answer


def test_it_says_where_it_serves_and_that_nobody_is_authenticated(running: Running) -> None:
    said = running.log.read_text(encoding="utf-8")

    assert f"FHIR at http://127.0.0.1:{running.port}/fhir" in said
    assert f"MLLP at 127.0.0.1:{running.mllp_port}" in said
    assert "NO AUTHENTICATION" in said


def test_both_doors_lead_to_one_store(running: Running) -> None:
    answer = send_mllp(running.mllp_port, bed_message("A20-1", bed="door"))
    told = requests.get(f"{running.base}/fhir/Slot?status=busy-unavailable&_summary=count", timeout=30)

    assert b"MSA|AA|A20-1" in answer
    assert told.json()["total"] >= 1  # it was free in January, so nobody knows


def test_links_are_those_of_the_port_it_listens_on(running: Running) -> None:
    response = requests.post(f"{running.base}/fhir/Location", data=BED, headers={"Content-Type": JSON}, timeout=30)

    assert response.headers["Location"].startswith(f"http://127.0.0.1:{running.port}/fhir/Location/")


def test_the_server_does_not_tell_what_it_is(running: Running) -> None:
    assert "Server" not in requests.get(f"{running.base}/health/live", timeout=30).headers


def test_slow_and_idle_clients_hold_up_nobody(running: Running) -> None:
    head = b"POST /fhir HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: 1000\r\n\r\n{"
    with ExitStack() as clients:
        for number in range(240):
            slow = clients.enter_context(socket.create_connection(("127.0.0.1", running.port), timeout=30))
            slow.sendall((b"", b"GET /fhir/metadata HT", head)[number % 3])
        began = time.perf_counter()
        statuses = [requests.get(f"{running.base}/health/live", timeout=30).status_code for _ in range(5)]
        took = time.perf_counter() - began

    assert statuses == [200] * 5
    assert took < 10


def test_an_answer_that_nobody_reads_holds_up_nobody(running: Running) -> None:
    with ExitStack() as clients:
        for _ in range(20):
            deaf = clients.enter_context(socket.create_connection(("127.0.0.1", running.port), timeout=30))
            deaf.sendall(b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\n\r\n")
        assert requests.get(f"{running.base}/health/live", timeout=10).status_code == 200


def test_a_request_that_comes_in_pieces_is_answered(running: Running) -> None:
    request = (
        b"POST /fhir/Location HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(BED), BED)
    )

    answer = raw(running, *(request[at : at + 7] for at in range(0, len(request), 7)))

    assert answer.startswith(b"HTTP/1.1 201")


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_chunked_body_is_read_to_its_end(running: Running, size: int) -> None:
    body = b'{"resourceType":"Location","status":"active","name":"0\\r\\n\\r\\n"}'
    chunks = (body[at : at + size] for at in range(0, len(body), size))

    response = requests.post(f"{running.base}/fhir/Location", data=chunks, headers={"Content-Type": JSON}, timeout=30)

    assert response.status_code == 201


def test_a_sender_that_waits_for_continue_is_told_to(running: Running) -> None:
    head = b"POST /fhir/Location HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nExpect: 100-continue\r\n"
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as wire:
        wire.sendall(head + b"Content-Length: %d\r\n\r\n" % len(BED))
        assert wire.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.sendall(BED)
        assert wire.recv(1000).startswith(b"HTTP/1.1 201")


def test_a_body_that_is_too_large_is_answered_and_not_read(running: Running) -> None:
    large = requests.post(
        f"{running.base}/fhir/Location", data=b" " * 60_000_000, headers={"Content-Type": JSON}, timeout=60
    )
    bomb = requests.post(
        f"{running.base}/fhir/Location",
        data=gzip.compress(b" " * 50_000_000),
        headers={"Content-Type": JSON, "Content-Encoding": "gzip"},
        timeout=60,
    )

    assert (large.status_code, large.json()["issue"][0]["code"]) == (413, "too-long")
    assert (bomb.status_code, bomb.json()["issue"][0]["code"]) == (413, "too-long")


def test_an_endless_chunked_body_is_cut_off(running: Running) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(20_000):
            yield b" " * 100_000
        pytest.fail("two gigabytes were read")

    try:
        status = requests.post(
            f"{running.base}/fhir/Location", data=endless(), headers={"Content-Type": JSON}, timeout=60
        ).status_code
    except requests.ConnectionError:
        status = 413  # cut off before it had finished sending, and never would

    assert status == 413


@pytest.mark.parametrize(
    "head",
    [
        b"POST /fhir/Location HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /fhir/Location HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n{}  ",
        b"POST /fhir/Location HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"POST /fhir/Location HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /fhir/Location?name=" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_a_request_that_can_be_read_two_ways_or_none_is_refused(running: Running, head: bytes) -> None:
    assert re.match(rb"HTTP/1\.[01] 4\d\d ", raw(running, head))


def test_http_1_0_without_a_host_is_answered(running: Running) -> None:
    assert raw(running, b"GET /health/live HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200")


def test_a_second_request_on_one_connection_is_not_smuggled(running: Running) -> None:
    answer = raw(running, b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /fhir/metadata HTTP/1.1\r\nHost: x\r\n\r\n")

    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close" in answer


def test_it_stops_gracefully_and_takes_its_children_along(tmp_path: Path) -> None:
    with serving(tmp_path, f"sqlite:///{tmp_path}/store.sqlite") as running:
        children = descendants(running.process.pid)
        assert running.stop() == 0
        assert len(children) >= 3  # gunicorn, its workers, the MLLP listener
        assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def test_what_is_being_answered_when_it_is_stopped_is_answered(tmp_path: Path) -> None:
    answers: list[int] = []
    with serving(tmp_path, f"sqlite:///{tmp_path}/store.sqlite") as running:

        def send() -> None:
            bundle = b'{"resourceType":"Bundle","type":"batch","entry":[%s]}' % b",".join(
                b'{"resource":%s,"request":{"method":"POST","url":"Location"}}' % BED for _ in range(150)
            )
            headers = {"Content-Type": JSON}
            answers.append(requests.post(f"{running.base}/fhir", data=bundle, headers=headers, timeout=60).status_code)

        thread = threading.Thread(target=send)
        thread.start()
        while not requests.get(f"{running.base}/fhir/Location?_summary=count", timeout=30).json()["total"]:
            pass
        assert running.stop() == 0
        thread.join(60)

    assert answers == [200]


def test_when_one_of_its_processes_dies_all_end_and_it_says_so_by_its_status(tmp_path: Path) -> None:
    with serving(tmp_path, f"sqlite:///{tmp_path}/store.sqlite") as running:
        children = descendants(running.process.pid)
        listener = next(pid for pid in children if not descendants(pid) and is_child_of(running.process.pid, pid))
        subprocess.run(["kill", "-KILL", str(listener)], check=True)

        assert running.process.wait(30) == 1
        assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def is_child_of(parent: int, pid: int) -> bool:
    return f"PPid:\t{parent}\n" in Path(f"/proc/{pid}/status").read_text(encoding="ascii")


def test_when_the_supervisor_is_killed_its_children_end(tmp_path: Path) -> None:
    with serving(tmp_path, f"sqlite:///{tmp_path}/store.sqlite") as running:
        children = descendants(running.process.pid)
        running.process.send_signal(signal.SIGKILL)
        running.process.wait(30)

        deadline = time.monotonic() + 30
        while (left := [pid for pid in children if Path(f"/proc/{pid}").exists()]) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert left == []


def test_it_will_not_listen_to_the_world_without_authentication(tmp_path: Path) -> None:
    said = refused(HOST="0.0.0.0", MLLP_HOST="0.0.0.0", DATABASE=f"sqlite:///{tmp_path}/s.sqlite")

    assert "GATEWAY_HOST" in said
    assert "GATEWAY_MLLP_HOST" in said


def test_every_wrong_setting_is_named_at_once() -> None:
    said = refused(PROT="1", WORKERS="many", DATABASE="oracle://x")

    assert all(name in said for name in ("GATEWAY_PROT", "GATEWAY_WORKERS", "GATEWAY_DATABASE"))


def test_a_port_in_use_is_told_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(PORT=str(port), MLLP_PORT=str(free_port()), DATABASE=f"sqlite:///{tmp_path}/s.sqlite")

    assert f"127.0.0.1:{port}" in said


def test_every_mistake_in_mappings_of_the_installation_is_told_and_nothing_starts(tmp_path: Path) -> None:
    """Each start checks every mapping: also one that was right at the start before."""
    ports = {"PORT": str(free_port()), "MLLP_PORT": str(free_port()), "MAPPINGS": str(tmp_path / "own")}
    store = f"sqlite:///{tmp_path}/store.sqlite"
    for name in ("one", "two"):
        (tmp_path / "own/hl7v2" / name).mkdir(parents=True)
        (tmp_path / "own/hl7v2" / name / "mapping.yaml").write_text(OWN.format(event=name), encoding="utf-8")
    with serving(tmp_path, store, MAPPINGS=ports["MAPPINGS"]) as running:
        assert requests.get(f"{running.base}/fhir/metadata", timeout=30).status_code == 200

    for name, wrong in (("one", "gendr"), ("two", "birthdate")):
        path = tmp_path / "own/hl7v2" / name / "mapping.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("active", wrong), encoding="utf-8")
    said = refused(DATABASE=store, **ports)

    assert "own/hl7v2/one/mapping.yaml:7:5" in said
    assert "own/hl7v2/two/mapping.yaml:7:5" in said
    assert "did you mean 'gender'?" in said
    assert "did you mean 'birthDate'?" in said
