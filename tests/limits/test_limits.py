"""Each limit at each door: size, inflation, depth, entries. What is too much is refused, is cheap, and leaves nothing.

Time is measured at real gateways: `tests/attacks/test_http.py` (46, 47), `tests/cli/test_serve.py`,
`tests/mllp/test_listener.py`.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from gateway.access.policy import development_caller
from gateway.app import create_app
from gateway.fhir import json
from gateway.fhir.bundle import MAX_ENTRIES
from gateway.folder import Watch
from gateway.formats.hl7v2.message import MAX_SEGMENTS
from gateway.ingest import acknowledged
from gateway.messaging.reading import MAX_ENTRIES as MAX_OF_A_MESSAGE
from gateway.mllp.frames import Frames, framed
from gateway.rest.upload import MAX_FILES
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import open_store
from tests.conftest import NOW, counted, library
from tests.messages import bed_message

FHIR, ER7, PDF = "application/fhir+json", "application/hl7-v2+er7", "application/pdf"
MAX = 200_000
Door = Callable[[bytes], int]


@pytest.fixture
def to(tmp_path: Path) -> Iterator[Services]:
    """Return everything the doors need, with a small limit on bodies."""
    from gateway.validation import Validator

    settings = Settings(database=f"sqlite:///{tmp_path}/store.sqlite", max_body=MAX)
    store = open_store(settings.database)
    yield Services(settings, store, Validator(), library(), lambda: NOW, counted())
    store.close()


def allowing(to: Services, size: int) -> Services:
    return replace(to, settings=replace(to.settings, max_body=size))


def http(to: Services) -> FlaskClient:
    return create_app(to).test_client()


def posted(to: Services, path: str, content_type: str, **headers: str) -> Door:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda body: http(to).post(path, data=body, content_type=content_type, headers=named).status_code


def form(to: Services, name: str = "x.json") -> Door:
    def send(body: bytes) -> int:
        file = FileStorage(BytesIO(body), name, content_type=FHIR if name.endswith("json") else ER7)
        boundary, sent = encode_multipart({"file": file})  # in memory: the client would leave a file open
        return posted(to, "/ingest/dev", f'multipart/form-data; boundary="{boundary}"')(sent)

    return send


def mllp(to: Services) -> Door:
    """Return the door of MLLP: 200 for what is acknowledged, 413 for what is too long, 400 for any other refusal."""

    def send(body: bytes) -> int:
        frames = Frames(to.settings.max_body)
        (frame,) = [frame for start in range(0, len(body) + 3, 65_536) for frame in frames.feed(
            framed(body)[start : start + 65_536])]  # fmt: skip
        if frame.wrong is not None:
            return 413 if frame.wrong.code == "too-large" else 400
        told = acknowledged(frame.content, provider="dev", caller=development_caller(), to=to)
        return 200 if b"MSA|AA|" in told else 400

    return send


def folder(to: Services, tmp_path: Path, name: str) -> Door:
    """Return the watched folder: 200 for a file that is processed, 400 for one that failed, with a report beside it."""

    def send(body: bytes) -> int:
        path = tmp_path / "watched" / "dev" / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        os.utime(path, (1, 1))
        assert Watch(tmp_path / "watched", to, development_caller(), language="en", keep_days=7).look() == 1
        failed = list((tmp_path / "watched" / "dev" / "failed").glob(f"*{name}"))
        assert len(list((tmp_path / "watched" / "dev" / "failed").glob("*.report.txt"))) == len(failed)
        return 400 if failed else 200

    return send


def doors(to: Services, tmp_path: Path) -> dict[str, Door]:
    """Return every door that takes FHIR in JSON."""
    return {
        "FHIR": posted(to, "/fhir/Location", FHIR),
        "PUT": lambda body: http(to).put("/fhir/Location/a", data=body, content_type=FHIR).status_code,
        "PATCH": lambda body: (
            http(to).patch("/fhir/Location/a", data=body, content_type="application/json-patch+json").status_code
        ),
        "transaction": posted(to, "/fhir", FHIR),
        "$validate": posted(to, "/fhir/Location/$validate", FHIR),
        "$process-message": posted(to, "/fhir/$process-message", FHIR),
        "Binary as FHIR": posted(to, "/fhir/Binary", FHIR),
        "ingest": posted(to, "/ingest/dev", FHIR),
        "ingest JSON": posted(to, "/ingest/dev", "application/json"),
        "ingest NDJSON": posted(to, "/ingest/dev", "application/x-ndjson"),
        "form": form(to),
        "folder": folder(to, tmp_path, "x.json"),
    }


EVERY = ["FHIR", "PUT", "PATCH", "transaction", "$validate", "$process-message", "Binary as FHIR", "ingest"]
EVERY += ["ingest JSON", "ingest NDJSON", "form", "folder"]


def is_empty(to: Services) -> bool:
    with to.store.reading() as db:
        return db.rows("select count(*) from resource") == [(0,)]


@pytest.mark.parametrize("name", EVERY)
def test_a_body_that_is_too_large_is_refused_by_every_door(name: str, to: Services, tmp_path: Path) -> None:
    location = json.encode({"resourceType": "Location", "description": "x" * MAX})

    assert doors(to, tmp_path)[name](location) == (400 if name == "folder" else 413)
    assert is_empty(to)


@pytest.mark.parametrize("content_type", [PDF, "application/octet-stream", "text/csv"])
def test_a_document_that_is_too_large_once_encoded_is_refused(content_type: str, to: Services) -> None:
    assert posted(to, "/fhir/Binary", content_type)(b"%PDF-" + b"x" * (MAX * 3 // 4)) == 413
    assert posted(to, "/fhir/Binary", content_type)(b"%PDF-" + b"x" * 1_000) == 201


def test_a_message_that_is_too_large_is_refused_over_mllp_and_kept_nowhere(to: Services) -> None:
    whole = bed_message("L-1")

    assert mllp(to)(whole + b"ZZZ|" + b"x" * MAX) == 413
    assert mllp(to)(whole) == 200


@pytest.mark.parametrize("path", ["/fhir/Location", "/fhir", "/fhir/$process-message", "/ingest/dev", "/fhir/Binary"])
def test_what_inflates_beyond_the_limit_is_refused_before_it_is_inflated(path: str, to: Services) -> None:
    bomb = gzip.compress(b'{"resourceType":"Location","x":"' + b" " * 50_000_000 + b'"}', 9)

    assert len(bomb) < MAX
    assert posted(to, path, FHIR, Content_Encoding="gzip")(bomb) == 413
    assert is_empty(to)


def test_a_form_is_inflated_within_the_limit_and_what_is_compressed_in_it_or_in_a_folder_is_not_inflated_at_all(
    to: Services, tmp_path: Path
) -> None:
    bomb = gzip.compress(b" " * 50_000_000, 9)

    assert posted(to, "/ingest/dev", "multipart/form-data; boundary=x", Content_Encoding="gzip")(bomb) == 413
    assert form(to, "x.gz")(bomb) in {400, 415, 422}
    assert folder(to, tmp_path, "x.gz")(bomb) == 400
    assert mllp(to)(bomb.replace(b"\x1c", b"").replace(b"\x0b", b"")) == 400
    assert is_empty(to)


def nested(depth: int) -> bytes:
    value = b'{"url":"https://x.example/x","extension":[' * depth + b"]}" * depth
    return b'{"resourceType":"Location","extension":[%b]}' % value


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("bomb", [nested(1_500), b"[" * 100_000 + b"]" * 90_000], ids=["extensions", "arrays"])
def test_what_is_nested_too_deeply_is_refused_by_every_door(
    name: str, bomb: bytes, to: Services, tmp_path: Path
) -> None:
    assert doors(to, tmp_path)[name](bomb) in {400, 413, 415, 422}
    assert is_empty(to)


@pytest.mark.parametrize("path", ["/fhir/Location", "/fhir/$process-message", "/ingest/dev"])
@pytest.mark.parametrize("kind", ["application/fhir+xml", "application/xml"])
def test_xml_that_is_nested_too_deeply_is_refused(path: str, kind: str, to: Services) -> None:
    inside = b'<extension url="x">' * 3_000 + b"</extension>" * 3_000
    bomb = b'<Location xmlns="http://hl7.org/fhir">' + inside + b"</Location>"

    assert posted(to, path, kind)(bomb) in {400, 413, 415, 422}
    assert is_empty(to)


@pytest.mark.parametrize("name", ["transaction", "ingest", "form", "folder"])
def test_a_transaction_of_too_many_entries_is_refused_by_every_door(name: str, to: Services, tmp_path: Path) -> None:
    entry = {
        "resource": {"resourceType": "Basic", "code": {"text": "x"}},
        "request": {"method": "POST", "url": "Basic"},
    }
    bundle = json.encode({"resourceType": "Bundle", "type": "transaction", "entry": [entry] * (MAX_ENTRIES + 1)})
    to = allowing(to, 20_000_000)

    assert doors(to, tmp_path)[name](bundle) == (400 if name == "folder" else 413)
    assert is_empty(to)


def test_a_message_of_too_many_entries_is_refused(to: Services) -> None:
    entry = {"resource": {"resourceType": "MessageHeader"}}
    bundle = json.encode({"resourceType": "Bundle", "type": "message", "entry": [entry] * (MAX_OF_A_MESSAGE + 1)})

    assert posted(to, "/fhir/$process-message", FHIR)(bundle) == 413
    assert is_empty(to)


@pytest.mark.parametrize("name", ["ingest", "form", "mllp", "folder"])
def test_a_message_of_too_many_segments_is_refused_by_every_door(name: str, to: Services, tmp_path: Path) -> None:
    to = allowing(to, 20_000_000)
    found = {
        "ingest": posted(to, "/ingest/dev", ER7),
        "form": form(to, "x.hl7"),
        "mllp": mllp(to),
        "folder": folder(to, tmp_path, "x.hl7"),
    }

    assert found[name](bed_message("S-1") + b"ZZZ|1\r" * MAX_SEGMENTS) in {400, 413}
    assert is_empty(to)


def test_a_form_of_too_many_files_is_refused(to: Services) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.hl7"\r\n\r\nMSH|\r\n'

    assert posted(to, "/ingest/dev", "multipart/form-data; boundary=x")(part * (MAX_FILES + 1) + b"--x--\r\n") == 413
    assert is_empty(to)
