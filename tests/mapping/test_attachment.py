"""Documents inside messages, as mappings see them: values to use, or a finding that says what is wrong."""

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.errors import MappingFailed
from gateway.mapping.library import Library
from gateway.mapping.mapped import Mapped
from gateway.mapping.run import run
from tests.mapping.writing import HEAD, written

PDF = b"%PDF-1.4\n%%EOF\n"
BODY = """
let:
  letter: attachment(OBX-5.5, OBX-5.3, OBX-5.4)
emit:
  - resourceType: Binary
    id: letter
    contentType: "{{ letter.contentType }}"
    data: "{{ letter.data }}"
  - resourceType: DocumentReference
    id: letter
    status: current
    content: [{attachment: {url: Binary/letter, size: "{{ letter.size }}", hash: "{{ letter.hash }}"}}]
"""


def _mapped(library: Library, data: str, kind: str = "PDF", encoding: str = "Base64") -> Mapped:
    message = "\r".join(
        [
            r"MSH|^~\&|EPD|ZKH|GW|ZCC|20260105100000||ADT^A31|M1|P|2.5.1||||||8859/1",
            f"OBX|1|ED|11488-4^^LN||^application^{kind}^{encoding}^{data}||||||F",
            "",
        ]
    )
    (mapped,) = run(library, message.encode(), received_at=datetime(2026, 1, 5, 9, tzinfo=UTC))
    return mapped


def test_a_pdf_becomes_a_binary_and_what_refers_to_it(tmp_path: Path) -> None:
    encoded = base64.b64encode(PDF).decode()

    mapped = _mapped(written(tmp_path, BODY, head=HEAD), encoded)

    binary, reference = (resource for resource, _, _ in mapped.resources)
    assert binary["contentType"] == "application/pdf"
    assert base64.b64decode(binary["data"]) == PDF
    assert reference["content"][0]["attachment"]["size"] == len(PDF)
    assert not mapped.issues


@pytest.mark.parametrize(
    ("data", "kind", "encoding", "code", "text"),
    [
        ("geen base64!", "PDF", "Base64", "bad-attachment", "not encoded as it says"),
        (base64.b64encode(b"MZ\x90").decode(), "PDF", "Base64", "unsafe-attachment", "a program"),
        (base64.b64encode(b"tekst").decode(), "PDF", "Base64", "bad-attachment", "not of the type"),
        (PDF.hex(), "exe", "Hex", "bad-attachment", "not taken"),
        (base64.b64encode(PDF + b" " * 2000).decode(), "PDF", "Base64", "too-large", "larger than 1,000 bytes"),
    ],
)
def test_what_is_wrong_with_a_document_is_said(
    tmp_path: Path, data: str, kind: str, encoding: str, code: str, text: str
) -> None:
    library = written(tmp_path, BODY, head=HEAD)
    library.max_attachment = 1000

    with pytest.raises(MappingFailed) as failed:
        _mapped(library, data, kind, encoding)

    (issue,) = [issue for issue in failed.value.issues if issue.code == code]
    assert text in issue.diagnostics
    assert issue.place is not None
    assert issue.place.path.startswith("OBX-5")


def test_a_message_without_a_document_makes_none(tmp_path: Path) -> None:
    mapped = _mapped(written(tmp_path, BODY, head=HEAD), "")

    assert "data" not in mapped.resources[0][0]


def test_a_provider_may_have_a_limit_of_its_own(tmp_path: Path) -> None:
    library = written(tmp_path, BODY, head=HEAD, files={"providers/klein.yaml": "provider: klein\nmaxAttachment: 5\n"})
    large = written(tmp_path, BODY, head=HEAD, files={"providers/klein.yaml": "provider: klein\nmaxAttachment: veel\n"})

    assert library.provider("klein").max_attachment == 5
    assert library.provider("dev").max_attachment == 10_000_000
    assert any("maxAttachment" in issue.diagnostics for issue in large.problems.issues)
