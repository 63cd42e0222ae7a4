"""Bad inputs 32 to 45: HTTP that is too large, forged, or says what it is not."""

import gzip
import json
import time
from functools import cache, partial

import pytest

from tests.attacks.by_hand import TINY, head
from tests.attacks.estate import ATTACKER
from tests.attacks.target import FAMILY, JSON, Attack, Target, cases, check_refused, encoded, patient

pytestmark = pytest.mark.slow

MAX_BODY = 20_000_000
GZIP = {"Content-Encoding": "gzip"}


@cache
def bomb() -> bytes:
    return gzip.compress(b'{"resourceType":"Patient","x":"' + b" " * 200_000_000 + b'"}', 9)


typed = partial(Attack, body=encoded())

REFUSED = [
    Attack(32, "gzip-bomb", 413, "20000000 bytes", body=bomb, headers=GZIP),
    Attack(
        32,
        "gzip-in-gzip",
        415,
        "gzip",
        body=gzip.compress(gzip.compress(encoded())),
        headers={"Content-Encoding": "gzip, gzip"},
    ),
    Attack(32, "gzip-cut-off", 400, "gzip", body=gzip.compress(encoded())[:-9], headers=GZIP),
    Attack(32, "gzip-that-is-none", 400, "gzip", body=encoded(), headers=GZIP),
    Attack(32, "brotli", 415, "gzip", body=encoded(), headers={"Content-Encoding": "br"}),
    Attack(33, "60-mb", 413, "20000000 bytes", body=lambda: b" " * 60_000_000),
    Attack(33, "60-mb-message", 413, "20000000 bytes", path="/ingest/dev", body=lambda: b"MSH|" + b" " * 60_000_000),
    Attack(
        33,
        "60-mb-search-form",
        413,
        "20000000 bytes",
        path="/fhir/Patient/_search",
        body=lambda: b"name=" + b"x" * 60_000_000,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ),
    typed(34, "no-content-type", 415, r"application/fhir\+json", headers={"Content-Type": ""}),
    typed(34, "text", 415, r"application/fhir\+json", headers={"Content-Type": "text/plain"}),
    typed(34, "turtle", 415, r"application/fhir\+json", headers={"Content-Type": "application/fhir+turtle"}),
    typed(
        34,
        "json-that-says-xml",
        400,
        "not well-formed XML",
        headers={"Content-Type": "application/fhir+xml", "Accept": JSON},
    ),
    typed(34, "form", 415, r"application/fhir\+json", headers={"Content-Type": "application/x-www-form-urlencoded"}),
    typed(34, "multipart", 415, r"application/fhir\+json", headers={"Content-Type": "multipart/form-data; boundary=x"}),
    typed(34, "nonsense", 415, r"application/fhir\+json", headers={"Content-Type": ";;;=,"}),
    typed(35, "fhir-5", 415, "4.0", headers={"Content-Type": f"{JSON}; fhirVersion=5.0"}),
    typed(35, "fhir-5-accepted", 406, "4.0", headers={"Accept": f"{JSON}; fhirVersion=5.0"}),
    Attack(36, "image", 406, r"application/fhir\+json", headers={"Accept": "image/png"}),
    Attack(36, "turtle", 406, r"application/fhir\+json", headers={"Accept": "application/fhir+turtle"}),
    Attack(36, "format-turtle", 406, r"application/fhir\+json", path="/fhir/Patient?_format=ttl"),
    Attack(36, "format-html", 406, r"application/fhir\+json", path="/fhir/Patient?_format=text/html"),
    Attack(36, "refused-by-quality", 406, r"application/fhir\+json", headers={"Accept": f"{JSON};q=0"}),
    Attack(37, "trace", 405, "served", method="TRACE"),
    Attack(37, "propfind", 405, "served", method="PROPFIND"),
    Attack(37, "connect", 405, "served|method", method="CONNECT"),
    Attack(37, "made-up", 405, "served", method="FROBNICATE"),
    Attack(37, "post-to-an-instance", 405, "served", path="/fhir/Patient/123", body=encoded()),
    Attack(37, "delete-a-type", 400, "match everything", path="/fhir/Patient", method="DELETE"),
    Attack(
        40,
        "override",
        405,
        "served",
        path="/fhir/Patient/123",
        body=encoded(id="123"),
        headers={"X-HTTP-Method-Override": "PUT"},
    ),
    Attack(40, "override-in-the-query", 405, "served", path="/fhir/Patient/123?_method=PUT", body=encoded(id="123")),
    Attack(
        41,
        "preflight",
        405,
        "served",
        method="OPTIONS",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"},
    ),
    Attack(42, "crlf", 400, "control character", path="/fhir/Patient?name=x%0d%0aSet-Cookie:%20a=b"),
    Attack(42, "crlf-in-a-name", 400, "parameter", path="/fhir/Patient?x%0d%0aSet-Cookie:%20a=b=1"),
    Attack(42, "crlf-in-a-path", 404, "path", path="/fhir/Patient/x%0d%0aSet-Cookie:%20a=b"),
    Attack(42, "nul", 400, "control character", path="/fhir/Patient?name=x%00y"),
    Attack(45, "5000-parameters", 400, "200 parameters", path="/fhir/Patient?" + "a=1&" * 1500),
    Attack(
        45,
        "5000-in-a-form",
        400,
        "200 parameters",
        path="/fhir/Patient/_search",
        body=b"a=1&" * 5000,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ),
    Attack(45, "not-utf-8", 400, "UTF-8", path="/fhir/Patient?name=%ff%fe"),
]


@pytest.mark.parametrize("attack", cases(REFUSED))
def test_it_is_refused_and_nothing_is_left(target: Target, attack: Attack) -> None:
    before = target.rows()

    answer = target.send(*attack.request)

    check_refused(answer, attack.status, attack.says)
    assert "Set-Cookie" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
    assert target.rows() == before


@pytest.mark.threat(33)
@pytest.mark.parametrize("path", ["/fhir/Patient", "/fhir", "/ingest/dev"])
@pytest.mark.parametrize("expect", [(), ("Expect: 100-continue",)], ids=["at-once", "expecting"])
def test_33_60_mb_is_refused_by_its_length_before_a_byte_of_it_is_sent(
    target: Target, path: str, expect: tuple[str, ...]
) -> None:
    answer = target.raw(head("Content-Length: 60000000", *expect, start=f"POST {path} HTTP/1.1"))

    check_refused(answer, 413, "20000000 bytes")


@pytest.mark.threat(39)
def test_39_links_are_made_of_the_setting_and_never_of_what_the_caller_says(target: Target) -> None:
    forged = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
        "Forwarded": "host=evil.example",
        "Content-Type": JSON,
    }

    created = target.send("POST", "/fhir/Location", TINY, forged)
    page = target.send("GET", "/fhir/Location?_count=1", headers=forged)

    assert created.headers["Location"].startswith(f"{target.base}/fhir/Location/")
    assert "evil" not in str(created.headers) + created.text + page.text


@pytest.mark.threat(39)
def test_39_an_absolute_request_target_is_our_own(target: Target) -> None:
    page = target.send("GET", "http://evil.example/fhir/Location?_count=1")

    assert "evil" not in page.text + str(page.headers)


@pytest.mark.threat(42)
def test_42_a_request_id_cannot_forge_a_header_or_a_line_of_the_log(target: Target) -> None:
    answer = target.send("GET", "/fhir/metadata", headers={"X-Request-Id": "x\x1b[31m red"})

    assert answer.status in {200, 400}
    assert "\x1b" not in str(answer.headers)
    assert "\x1b" not in target.log()


@pytest.mark.threat(43)
def test_43_the_server_does_not_tell_what_it_is(target: Target) -> None:
    answer = target.get("/fhir/metadata")

    assert "Server" not in answer.headers
    assert "X-Powered-By" not in answer.headers


@pytest.mark.threat(32)
@pytest.mark.parametrize("path", ["/fhir/Patient", "/ingest/dev", "/fhir/Patient/_search", "/oauth/token"])
@pytest.mark.parametrize("who", [ATTACKER, None])
def test_32_a_bomb_takes_little_room(target: Target, path: str, who: str | None) -> None:
    with target.in_little_room(120_000_000):
        answer = target.send("POST", path, bomb(), GZIP | {"Content-Type": JSON}, who=who)

    assert 400 <= answer.status < 500


def test_head_on_a_search_is_the_search_without_its_body(target: Target) -> None:
    target.post("/fhir/Patient", patient())
    searched, asked = target.get("/fhir/Patient?_count=1"), target.send("HEAD", "/fhir/Patient?_count=1")
    refused = target.send("HEAD", "/fhir/Patient?nonsense=1")

    assert (asked.status, asked.body) == (200, b"")
    assert asked.headers["Content-Length"] == str(len(searched.body))
    assert (refused.status, refused.body) == (400, b"")


@pytest.fixture
def matches(target: Target) -> str:
    """Return an identifier that two patients have."""
    token = f"https://attacks.example|{time.monotonic_ns()}"
    system, value = token.split("|")
    for _ in range(2):
        target.post("/fhir/Patient", patient(identifier=[{"system": system, "value": value}]))
    return token


def test_a_condition_that_matches_several_is_refused(target: Target, matches: str) -> None:
    before = target.rows()

    created = target.post("/fhir/Patient", patient(), If_None_Exist=f"identifier={matches}")
    updated = target.put(f"/fhir/Patient?identifier={matches}", patient())

    check_refused(created, 412, "matches")
    check_refused(updated, 412, "matches")
    assert target.rows() == before


@pytest.mark.parametrize("condition", ["", "identifier=", "_count=1", "nonsense=1", "name=%ff", "&&&", "_has:x"])
def test_a_condition_that_says_nothing_is_refused(target: Target, condition: str) -> None:
    before = target.rows()

    check_refused(target.post("/fhir/Patient", patient(), If_None_Exist=condition), 400, "")
    assert target.rows() == before


def test_what_was_deleted_is_gone(target: Target) -> None:
    created = target.post("/fhir/Patient", patient())
    id_ = created.json()["id"]
    deleted = target.send("DELETE", f"/fhir/Patient/{id_}")

    assert created.headers["ETag"] == 'W/"1"'
    assert deleted.status == 204
    assert target.get(f"/fhir/Patient/{id_}").status in {404, 410}
    assert target.get(f"/fhir/Patient?_id={id_}&_summary=count").json()["total"] == 0
    assert target.send("DELETE", f"/fhir/Patient/{id_}").status == 204


@pytest.mark.parametrize("etag", ['W/"99"', '"x"', 'W/"1", W/"2"', "W/", '"', "\xff"])
def test_if_match_that_does_not_match_changes_nothing(target: Target, etag: str) -> None:
    id_ = target.post("/fhir/Patient", patient()).json()["id"]
    headers = {"If-Match": etag, "Content-Type": JSON}

    answer = target.send("PUT", f"/fhir/Patient/{id_}", encoded(id=id_, active=True), headers)

    assert answer.status in {400, 412}
    check_refused(answer, answer.status, "")
    assert target.get(f"/fhir/Patient/{id_}").headers["ETag"] == 'W/"1"'


def test_an_answer_says_what_it_is_and_that_nobody_may_keep_it(target: Target) -> None:
    answer = target.send("GET", f"/fhir/Patient?family={FAMILY}", headers={"Accept": "*/*"})

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.body)["resourceType"] == "Bundle"
