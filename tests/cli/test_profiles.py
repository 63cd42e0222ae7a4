"""`gateway profiles`, and a registry that answers as registries do, or should not."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.cli.registry import Patience, Registry, secured
from gateway.errors import Conflict, GatewayError, MalformedMessage, ResourceNotFound, TooLarge, Unavailable
from tests.validation.test_packages import package

pytestmark = pytest.mark.usefixtures("folder")

Answer = Callable[[BaseHTTPRequestHandler], object]


class Served:
    """A registry on this machine: each path has its answer."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                served.asked.append(self.path)
                answer = served.answers.get(self.path)
                if answer is None:
                    self.send_error(404)
                else:
                    answer(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base has it
                del format, args

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def offer(self, name: str, content: bytes, version: str = "1.0.0", **dist: Any) -> None:
        """List a package and serve its archive; `dist` is what the list says beside the address."""
        said = {"tarball": f"{self.address}/{name}/-/{name}-{version}.tgz", "shasum": hashlib.sha1(content).hexdigest()}
        row = {"name": name, "version": version, "dist": {k: v for k, v in (said | dist).items() if v}}
        self.answers[f"/{name}"] = body(json.dumps({"name": name, "versions": {version: row}}).encode())
        self.answers[f"/{name}/-/{name}-{version}.tgz"] = body(content)
        self.answers[f"/{name}/{version}"] = body(content)


def body(content: bytes, *, promised: int | None = None, status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(content) if promised is None else promised))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(content)
        request.close_connection = True

    return answer


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATEWAY_PROFILES", str(tmp_path / "packages"))
    return tmp_path / "packages"


def gateway(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["profiles", *map(str, arguments)], catch_exceptions=False)


def test_a_file_is_installed_listed_checked_and_removed(tmp_path: Path) -> None:
    file = tmp_path / "p.tgz"
    file.write_bytes(package())

    done = gateway("install", file)
    assert done.exit_code == 0
    assert done.stdout.startswith("example.colours#1.0.0: installed, 2 files, sha256 ")
    assert "unchanged" in gateway("install", file).stdout
    assert "example.colours#1.0.0: 2 files" in gateway("list").stdout
    assert gateway("check").exit_code == 0
    assert gateway("remove", "example.colours#1.0.0").exit_code == 0
    assert "example.colours" not in gateway("list").stdout
    assert gateway("remove", "example.colours#1.0.0").exit_code == 1


def test_check_tells_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "p.tgz"
    file.write_bytes(package(dependencies={"example.base": "1.0.0"}))
    assert "needs example.base#1.0.0, which is not installed" in gateway("install", file).stdout

    done = gateway("check")

    assert done.exit_code == 1
    assert "it needs example.base#1.0.0" in done.stdout


def test_a_name_needs_a_registry() -> None:
    done = gateway("install", "example.colours#1.0.0")

    assert done.exit_code == 2
    assert "--registry" in done.output


def test_a_name_is_asked_of_the_registry(served: Served) -> None:
    served.offer("example.colours", package())

    done = gateway("install", "example.colours#1.0.0", "--registry", served.address)

    assert (done.exit_code, "installed" in done.stdout, "no checksum" in done.stdout) == (0, True, False)


def test_what_it_needs_comes_from_the_registry_too(served: Served) -> None:
    served.offer("example.colours", package(dependencies={"example.base": "2.0.x", "hl7.fhir.r4.core": "4.0.1"}))
    served.offer("example.base", package(name="example.base", version="2.0.3"), "2.0.3")

    done = gateway("install", "example.colours#1.0.0", "--registry", served.address)

    assert "example.base#2.0.3: installed" in done.stdout
    assert gateway("check").exit_code == 0
    assert not any("r4.core" in path for path in served.asked)


def test_packages_that_need_each_other_end(served: Served) -> None:
    served.offer("example.colours", package(dependencies={"example.base": "1.0.0"}))
    served.offer("example.base", package(name="example.base", dependencies={"example.colours": "1.0.0"}))

    assert gateway("install", "example.colours#1.0.0", "--registry", served.address).exit_code == 0


def test_a_registry_without_checksums_is_said(served: Served) -> None:
    served.offer("example.colours", package(), shasum=None)

    assert "no checksum" in gateway("install", "example.colours#1.0.0", "--registry", served.address).stdout


def test_a_refusal_is_one_line_and_exit_code_1(folder: Path, served: Served) -> None:
    served.offer("example.colours", package(), shasum="00" * 20)

    done = gateway("install", "example.colours#1.0.0", "--registry", served.address)

    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert not folder.exists()


def fetched(served: Served, name: str = "example.colours", version: str = "1.0.0", **options: Any) -> bytes:
    registry = Registry(served.address, **options)
    return registry.archive(registry.listed(name, version))


def test_integrity_is_checked(served: Served) -> None:
    right = "sha512-" + base64.b64encode(hashlib.sha512(package()).digest()).decode()
    served.offer("example.colours", package(), integrity=right)
    assert fetched(served) == package()

    served.offer("example.colours", package(), integrity="sha512-" + base64.b64encode(b"x" * 64).decode())
    with pytest.raises(Conflict, match="integrity"):
        fetched(served)


def test_without_a_tarball_the_version_itself_is_asked(served: Served) -> None:
    served.offer("example.colours", package(), tarball=None)

    assert fetched(served) == package()
    assert served.asked[-1] == "/example.colours/1.0.0"


TARBALL = "/example.colours/-/example.colours-1.0.0.tgz"


@pytest.mark.parametrize(
    ("path", "answer", "refused"),
    [
        (TARBALL, body(package()[:-40]), Conflict),
        (TARBALL, body(package()[:-40], promised=len(package())), Unavailable),
        (TARBALL, body(b"", status=500), Unavailable),
        (TARBALL, body(b"", status=404), ResourceNotFound),
        (TARBALL, body(b"", status=302, Location="http://127.0.0.1:1/elsewhere.tgz"), Conflict),
        (TARBALL, body(b"", status=302, Location="file:///etc/passwd"), Conflict),
        (TARBALL, body(b"", status=302, Location=TARBALL), Unavailable),
        (TARBALL, body(b"x" * 300_000), TooLarge),
        ("/example.colours", body(b"not json"), MalformedMessage),
        ("/example.colours", body(b'{"versions": []}'), MalformedMessage),
        ("/example.colours", body(b'{"versions": {"2.0.0": {}}}'), ResourceNotFound),
        ("/example.colours", body(b'{"versions": {"1.0.0": {"dist": {"tarball": "http://127.0.0.1:1/x"}}}}'), Conflict),
        ("/example.colours", body(b"", status=404), ResourceNotFound),
    ],
    ids=lambda value: getattr(value, "__name__", None) if isinstance(value, type) else None,
)
def test_what_a_registry_must_not_do(path: str, answer: Answer, refused: type[GatewayError], served: Served) -> None:
    served.offer("example.colours", package())
    served.answers[path] = answer

    with pytest.raises(refused):
        fetched(served, largest=200_000)


def test_a_redirect_within_the_registry_is_followed(served: Served) -> None:
    served.offer("example.colours", package())
    served.answers["/moved.tgz"] = served.answers[TARBALL]
    served.answers[TARBALL] = body(b"", status=302, Location="/moved.tgz")

    assert fetched(served) == package()


def test_a_registry_that_does_not_answer_is_not_waited_for(served: Served) -> None:
    served.offer("example.colours", package())
    hold = threading.Event()
    served.answers[TARBALL] = lambda _: hold.wait(20)

    with pytest.raises(Unavailable):
        fetched(served, patience=Patience(connect=0.5, pause=0.2, whole=1))
    hold.set()


def test_a_registry_that_drips_is_not_waited_for(served: Served) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        stop = threading.Event()
        for _ in range(200):
            try:
                request.wfile.write(b"x" * 70_000)
            except OSError:
                return
            stop.wait(0.05)

    served.offer("example.colours", package())
    served.answers[TARBALL] = drip

    with pytest.raises(Unavailable, match="slow"):
        fetched(served, patience=Patience(connect=1, pause=5, whole=0.3))


def test_nobody_there_is_said() -> None:
    with pytest.raises(Unavailable):
        Registry("http://127.0.0.1:1").listed("a", "1")


def test_pack_makes_our_own_package(tmp_path: Path) -> None:
    out = tmp_path / "ours.tgz"

    assert gateway("pack", "--out", out).exit_code == 0
    assert "msb-gateway.profiles#" in gateway("install", out).stdout
    assert gateway("check").exit_code == 0


def test_validate_uses_what_is_given(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text('{"resourceType": "Patient", "active": true}')
    profile = {
        "resourceType": "StructureDefinition", "url": "https://example.org/p", "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "differential": {"element": [{"path": "Patient"}, {"path": "Patient.name", "min": 1}]},
    }  # fmt: skip
    (tmp_path / "defs.json").write_text(json.dumps(profile))
    asked = ["validate", str(file), "--profile", "https://example.org/p"]

    told = CliRunner().invoke(main, [*asked, "--package", str(tmp_path / "defs.json")])
    unknown = CliRunner().invoke(main, asked)

    assert (told.exit_code, "https://example.org/p#Patient.name" in told.stdout) == (1, True)
    assert (unknown.exit_code, "profile-unknown" in unknown.stdout) == (1, True)


def test_a_registry_that_lists_itself_without_tls_is_asked_with_it() -> None:
    assert secured("http://r.example/a/1", "https://r.example/") == "https://r.example/a/1"
    assert secured("http://elsewhere.example/a", "https://r.example/") == "http://elsewhere.example/a"
    assert secured("https://r.example/a", "http://r.example/") == "https://r.example/a"
