"""Bad inputs 135 to 137: what would stand in a log, a link or a page as something else than text."""

import base64
import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.attacks.admissions import ER7, admission
from tests.attacks.target import BSN, FAMILY, Target, assert_secret, check_refused

pytestmark = pytest.mark.slow

LOGGED: list[tuple[str, str, dict[str, str], Any]] = [
    ("GET", "/fhir/Patient?name=x%0d%0a%7b%22level%22:%22error%22%7d", {}, b""),
    ("GET", "/fhir/Geheimstra%0d%0aforged", {}, b""),
    ("GET", "/fhir/Patient/%1b%5b2J", {}, b""),
    ("GET", f"/fhir/Patient?family={FAMILY}", {}, b""),
    ("GET", f"/fhir/Patient/{FAMILY}", {}, b""),
    ("GET", f"/fhir/Patient?identifier={BSN}", {}, b""),
    ("GET", f"/fhir/Patient?identifier={quote('http://fhir.nl/fhir/NamingSystem/bsn|' + BSN)}", {}, b""),
    ("GET", f"/{FAMILY}", {}, b""),
    (
        "GET",
        "/fhir/metadata",
        {"User-Agent": FAMILY, "Referer": BSN, "Authorization": f"Bearer {FAMILY}", "Cookie": BSN},
        b"",
    ),
    ("GET", "/fhir/metadata", {"X-Request-Id": f"{FAMILY}\x1b[2J"}, b""),
    ("POST", f"/ingest/{FAMILY}%0d%0aforged", {"Content-Type": ER7}, admission()),
    ("POST", "/ingest/dev", {"Content-Type": ER7}, admission()),
    (
        "POST",
        "/fhir/Patient/_search",
        {"Content-Type": "application/x-www-form-urlencoded"},
        f"identifier={BSN}&family={FAMILY}".encode(),
    ),
    ("FROBNICATE", f"/fhir/{FAMILY}", {}, b""),
]


@pytest.mark.threat(135, 136)
@pytest.mark.parametrize(("method", "path", "headers", "body"), LOGGED)
def test_135_136_the_log_is_lines_of_json_that_name_nobody(
    target: Target, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    before = len(target.log())

    target.send(method, path, body, headers)

    said = target.log()[before:]
    assert all(line.startswith('{"at": ') and line.endswith("}") for line in said.splitlines())
    assert "forged" not in said
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", said)
    assert_secret(said)


@pytest.mark.threat(136)
@pytest.mark.parametrize(
    "question", [f"identifier={BSN}", f"identifier=urn:oid:2.16.840.1.113883.2.4.6.3|{BSN}", f"_id={BSN}"]
)
def test_136_a_bsn_in_a_url_is_refused_and_in_a_body_comes_back_in_no_link(target: Target, question: str) -> None:
    check_refused(target.get(f"/fhir/Patient?{quote(question, safe='=')}"), 400, "bsn-in-url")

    found = target.send(
        "POST", "/fhir/Patient/_search", question.encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    )

    links = [link["url"] for link in found.json().get("link", [])]
    assert not [link for link in links if BSN in link], links


@pytest.mark.threat(137)
@pytest.mark.parametrize(
    "accept", ["text/html", "application/xhtml+xml", "text/html, */*;q=0.1", "*/*", "image/svg+xml"]
)
@pytest.mark.parametrize(
    "path",
    [
        *("/fhir/Patient?family=%3Cscript%3Ealert(1)%3C/script%3E", "/fhir/%3Cscript%3E/1", "/fhir/metadata"),
        *(
            "/fhir/Patient?%3Cimg%20src=x%20onerror=alert(1)%3E=1",
            "/%3Cscript%3Ealert(1)%3C/script%3E",
            "/health/ready",
        ),
        *("/fhir/Patient?_format=%3Csvg/onload=alert(1)%3E", "/fhir/Patient?_sort=%3Cb%3E", "/openapi.json"),
    ],
)
def test_137_nothing_is_answered_that_a_browser_would_take_for_a_page(target: Target, path: str, accept: str) -> None:
    answer = target.send("GET", path, headers={"Accept": accept})

    kind = answer.headers["Content-Type"]
    assert "html" not in kind
    assert "svg" not in kind
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in answer.text
    assert "<img" not in answer.text


@pytest.mark.threat(137)
def test_137_a_page_that_is_stored_is_not_served_as_one(target: Target) -> None:
    page = base64.b64encode(b"<script>alert(1)</script>").decode()
    made = target.post("/fhir/Binary", {"resourceType": "Binary", "contentType": "text/html", "data": page})
    assert made.status == 201

    answer = target.send("GET", f"/fhir/Binary/{made.json()['id']}", headers={"Accept": "text/html,*/*;q=0.1"})

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if "html" in answer.headers["Content-Type"]:
        assert "attachment" in answer.headers.get("Content-Disposition", "") or "sandbox" in answer.headers.get(
            "Content-Security-Policy", ""
        )
