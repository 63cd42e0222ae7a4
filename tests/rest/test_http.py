"""What https://hl7.org/fhir/R4/http.html says of requests and answers, row by row.

Each row is a request with its headers, and what the answer must be; the resource is there in two versions.
"""

from __future__ import annotations

import gzip
from email.utils import format_datetime
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskClient

from gateway.fhir import json, xml
from tests.conftest import NOW

JSON, XML = "application/fhir+json", "application/fhir+xml"
BED = {"resourceType": "Location", "id": "a", "name": "one", "mode": "instance", "status": "active"}
NEXT = BED | {
    "name": "two",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">t</div>'},
}
THEN, BEFORE = format_datetime(NOW, usegmt=True), "Mon, 05 Jan 2025 00:00:00 GMT"
ONE, ALL = "/fhir/Location/a", "/fhir/Location"


class Row(NamedTuple):
    """A request and its answer: `has` is in the body, `kind` is the media type, `headers` are those of the answer."""

    method: str
    path: str
    status: int
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed
    body: bytes | None = None
    has: str = ""
    kind: str = ""
    told: dict[str, str | None] = {}  # noqa: RUF012 - never changed


def put(resource: Any = NEXT) -> bytes:
    return json.encode(resource)


ROWS = {
    # the representation: https://hl7.org/fhir/R4/http.html#mime-type
    "json is the default": Row("GET", ONE, 200, kind=JSON, has='"two"'),
    "accept xml": Row("GET", ONE, 200, {"Accept": XML}, kind=XML, has="<Location"),
    "accept application/xml": Row("GET", ONE, 200, {"Accept": "application/xml"}, kind=XML),
    "accept text/json": Row("GET", ONE, 200, {"Accept": "text/json"}, kind=JSON),
    "accept by quality": Row("GET", ONE, 200, {"Accept": f"{JSON};q=0.5, {XML}"}, kind=XML),
    "accept of a browser": Row("GET", ONE, 200, {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, kind=JSON),
    "accept our version": Row("GET", ONE, 200, {"Accept": f"{JSON}; fhirVersion=4.0"}, kind=JSON),
    "accept another version": Row("GET", ONE, 406, {"Accept": f"{JSON}; fhirVersion=5.0"}, has="OperationOutcome"),
    "accept an image": Row("GET", ONE, 406, {"Accept": "image/png"}, has="OperationOutcome"),
    "accept turtle": Row("GET", ONE, 406, {"Accept": "text/turtle"}, has="OperationOutcome"),
    "_format before accept": Row("GET", f"{ONE}?_format=xml", 200, {"Accept": JSON}, kind=XML),
    "_format in full": Row("GET", f"{ONE}?_format=application/fhir%2Bxml", 200, kind=XML),
    "_format with a plus": Row("GET", f"{ONE}?_format=application/fhir+xml", 200, kind=XML),
    "_format unknown": Row("GET", f"{ONE}?_format=ttl", 406, has="OperationOutcome"),
    "_pretty": Row("GET", f"{ONE}?_pretty=true", 200, has='\n  "id": "a"'),
    "not pretty": Row("GET", f"{ONE}?_pretty=false", 200, has='"id":"a"'),
    "pretty xml": Row("GET", f"{ONE}?_pretty=true&_format=xml", 200, has="\n  <id "),
    # how much of it: https://hl7.org/fhir/R4/search.html#summary
    "_summary=text": Row("GET", f"{ONE}?_summary=text", 200, has="SUBSETTED"),
    "_summary=true": Row("GET", f"{ONE}?_summary=true", 200, has="SUBSETTED"),
    "_summary=data": Row("GET", f"{ONE}?_summary=data", 200, has="SUBSETTED"),
    "_summary=false": Row("GET", f"{ONE}?_summary=false", 200, has="generated"),
    "_summary=count": Row("GET", f"{ONE}?_summary=count", 400, has="_summary"),
    "_elements": Row("GET", f"{ONE}?_elements=name", 200, has="SUBSETTED"),
    "_elements unknown": Row("GET", f"{ONE}?_elements=naam", 400, has="did you mean"),
    "_summary in a search": Row("GET", f"{ALL}?_summary=text", 200, has="SUBSETTED"),
    "vread _elements": Row("GET", f"{ONE}/_history/1?_elements=name", 200, has="SUBSETTED"),
    "a parameter that is none": Row("GET", f"{ONE}?name=x", 400, has="unknown-parameter"),
    "vread with a parameter": Row("GET", f"{ONE}/_history/1?x=y", 400),
    "update with a parameter": Row("PUT", f"{ONE}?x=y", 400, {"Content-Type": JSON}, put()),
    "create with a parameter": Row("POST", f"{ALL}?x=y", 400, {"Content-Type": JSON}, put()),
    "delete with a parameter": Row("DELETE", f"{ONE}?x=y", 400),
    "metadata mode": Row("GET", "/fhir/metadata?mode=full", 200, has="CapabilityStatement"),
    "metadata terminology": Row("GET", "/fhir/metadata?mode=terminology", 400),
    # read: https://hl7.org/fhir/R4/http.html#read
    "etag and last-modified": Row("GET", ONE, 200, told={"ETag": 'W/"2"', "Last-Modified": ""}),
    "vread": Row("GET", f"{ONE}/_history/1", 200, has='"one"', told={"ETag": 'W/"1"'}),
    "head": Row("HEAD", ONE, 200, told={"ETag": 'W/"2"'}),
    "no such": Row("GET", "/fhir/Location/none", 404, has="OperationOutcome"),
    "no such version": Row("GET", f"{ONE}/_history/9", 404, has="OperationOutcome"),
    "no such type": Row("GET", "/fhir/Plaats/a", 404, has="OperationOutcome"),
    "gone": Row("GET", "/fhir/Location/gone", 410, has="OperationOutcome"),
    "no id": Row("GET", "/fhir/Location/a_b", 404, has="OperationOutcome"),
    # conditional read: https://hl7.org/fhir/R4/http.html#cread
    "if-none-match": Row("GET", ONE, 304, {"If-None-Match": 'W/"2"'}, told={"ETag": 'W/"2"', "Content-Type": None}),
    "if-none-match strong": Row("GET", ONE, 304, {"If-None-Match": '"2"'}),
    "if-none-match star": Row("GET", ONE, 304, {"If-None-Match": "*"}),
    "if-none-match of a list": Row("GET", ONE, 304, {"If-None-Match": 'W/"1", W/"2"'}),
    "if-none-match older": Row("GET", ONE, 200, {"If-None-Match": 'W/"1"'}),
    "if-modified-since": Row("GET", ONE, 304, {"If-Modified-Since": "Tue, 06 Jan 2037 00:00:00 GMT"}),
    "if-modified-since before": Row("GET", ONE, 200, {"If-Modified-Since": BEFORE}),
    "if-modified-since no date": Row("GET", ONE, 200, {"If-Modified-Since": "yesterday"}),
    "if-none-match goes first": Row("GET", ONE, 200, {"If-None-Match": 'W/"1"', "If-Modified-Since": THEN}),
    "if-none-match of head": Row("HEAD", ONE, 304, {"If-None-Match": 'W/"2"'}),
    "if-none-match of what is gone": Row("GET", "/fhir/Location/gone", 410, {"If-None-Match": "*"}),
    # update and delete: https://hl7.org/fhir/R4/http.html#concurrency
    "if-match": Row("PUT", ONE, 200, {"If-Match": 'W/"2"', "Content-Type": JSON}, put(), told={"ETag": 'W/"2"'}),
    "if-match older": Row("PUT", ONE, 412, {"If-Match": 'W/"1"', "Content-Type": JSON}, put(), has="version-conflict"),
    "if-match of two": Row("PUT", ONE, 400, {"If-Match": 'W/"1", W/"2"', "Content-Type": JSON}, put()),
    "if-match of a delete": Row("DELETE", ONE, 412, {"If-Match": 'W/"1"'}, has="version-conflict"),
    "another id": Row("PUT", "/fhir/Location/b", 400, {"Content-Type": JSON}, put(), has="Location.id"),
    "another type": Row("PUT", "/fhir/Slot/a", 400, {"Content-Type": JSON}, put(), has="Slot.resourceType"),
    "update as create": Row(
        "PUT",
        "/fhir/Location/new",
        201,
        {"Content-Type": JSON},
        put(NEXT | {"id": "new"}),
        told={"Location": "Location/new/_history/1"},
    ),
    "deleted": Row("DELETE", ONE, 204),
    "deleted before": Row("DELETE", "/fhir/Location/gone", 204),
    "never there": Row("DELETE", "/fhir/Location/none", 204),
    # create: https://hl7.org/fhir/R4/http.html#create
    "created": Row(
        "POST",
        ALL,
        201,
        {"Content-Type": JSON},
        put(),
        told={"ETag": 'W/"1"', "Location": "/_history/1", "Last-Modified": ""},
    ),
    "if-none-exist": Row(
        "POST", ALL, 200, {"Content-Type": JSON, "If-None-Exist": "name=two"}, put(), told={"ETag": 'W/"2"'}
    ),
    "invalid": Row("POST", ALL, 422, {"Content-Type": JSON}, put(BED | {"status": "vrij"}), has="Location.status"),
    "not json": Row("POST", ALL, 400, {"Content-Type": JSON}, b"{", has="OperationOutcome"),
    "no resource": Row("POST", ALL, 400, {"Content-Type": JSON}, b"[]", has="OperationOutcome"),
    # prefer: https://hl7.org/fhir/R4/http.html#ops
    "minimal": Row(
        "PUT",
        ONE,
        200,
        {"Content-Type": JSON, "Prefer": "return=minimal"},
        put(BED),
        told={"ETag": 'W/"3"', "Content-Type": None},
    ),
    "outcome": Row(
        "PUT", ONE, 200, {"Content-Type": JSON, "Prefer": "return=OperationOutcome"}, put(BED), has="OperationOutcome"
    ),
    "another preference": Row("PUT", ONE, 400, {"Content-Type": JSON, "Prefer": "return=all"}, put(BED)),
    # media types of what is sent
    "xml in, xml out": Row("PUT", ONE, 200, {"Content-Type": XML}, xml.write(NEXT), kind=XML),
    "xml in, json out": Row("PUT", ONE, 200, {"Content-Type": XML, "Accept": JSON}, xml.write(NEXT), kind=JSON),
    "text": Row("PUT", ONE, 415, {"Content-Type": "text/plain"}, put(), has="OperationOutcome"),
    "no content-type": Row("PUT", ONE, 415, {}, put(), has="OperationOutcome"),
    "version 5": Row("PUT", ONE, 415, {"Content-Type": f"{JSON}; fhirVersion=5.0"}, put(), has="OperationOutcome"),
    "json in latin-1": Row("PUT", ONE, 415, {"Content-Type": f"{JSON}; charset=latin1"}, put(), has="OperationOutcome"),
    "gzip in": Row("PUT", ONE, 200, {"Content-Type": JSON, "Content-Encoding": "gzip"}, gzip.compress(put())),
    "brotli in": Row(
        "PUT", ONE, 415, {"Content-Type": JSON, "Content-Encoding": "br"}, put(), told={"Accept-Encoding": "gzip"}
    ),
    "no gzip in": Row("PUT", ONE, 400, {"Content-Type": JSON, "Content-Encoding": "gzip"}, put()),
    "patch in text": Row(
        "PATCH", ONE, 415, {"Content-Type": "text/plain"}, b"x", told={"Accept-Patch": "application/json-patch+json"}
    ),
    "if-match of what is there": Row("PUT", ONE, 200, {"Content-Type": JSON, "If-Match": "*"}, put()),
    "if-match of what is not there": Row(
        "PUT", f"{ONE}1", 412, {"Content-Type": JSON, "If-Match": "*"}, put(NEXT | {"id": "a1"})
    ),
    # a condition that a write does not know is refused, not broken in silence
    "if-none-match of a write": Row(
        "PUT", ONE, 400, {"Content-Type": JSON, "If-None-Match": "*"}, put(), has="If-None-Exist"
    ),
    "if-none-exist of an update": Row(
        "PUT", ONE, 400, {"Content-Type": JSON, "If-None-Exist": "name=x"}, put(), has="If-None-Exist"
    ),
    "if-match of a create": Row("POST", ALL, 400, {"Content-Type": JSON, "If-Match": 'W/"1"'}, put(), has="If-Match"),
    "delete of what never was": Row("DELETE", f"{ALL}/never", 204, told={"Last-Modified": None, "ETag": None}),
    "no version of that number": Row("GET", f"{ONE}/_history/99", 404, has="no such version"),
    "pretty or not": Row("GET", f"{ONE}?_pretty=yes", 400, has="_pretty"),
    # methods: https://www.rfc-editor.org/rfc/rfc9110#name-405-method-not-allowed
    "trace": Row("TRACE", ONE, 405, told={"Allow": "DELETE, GET, HEAD, PATCH, PUT"}),
    "post on an instance": Row(
        "POST", ONE, 405, {"Content-Type": JSON}, put(), told={"Allow": "DELETE, GET, HEAD, PATCH, PUT"}
    ),
    "put on a version": Row(
        "PUT", f"{ONE}/_history/1", 405, {"Content-Type": JSON}, put(), told={"Allow": "GET, HEAD"}
    ),
    "put on metadata": Row("PUT", "/fhir/metadata", 405, {"Content-Type": JSON}, put(), told={"Allow": "GET, HEAD"}),
    "delete of a search": Row("DELETE", f"{ALL}/_search", 405, told={"Allow": "POST"}),
    "put of what stays said": Row(
        "PUT", "/fhir/Provenance/a", 405, {"Content-Type": JSON}, put(), told={"Allow": "GET, HEAD"}
    ),
    "options": Row("OPTIONS", ONE, 405, told={"Allow": "DELETE, GET, HEAD, PATCH, PUT"}),
    "post of a definition": Row(
        "POST", "/fhir/ValueSet", 405, {"Content-Type": JSON}, put(), told={"Allow": "GET, HEAD"}
    ),
    # operations
    "an operation by another method": Row(
        "PUT", f"{ONE}/$meta", 405, {"Content-Type": JSON}, put(), told={"Allow": "GET, HEAD, POST"}
    ),
    "an operation that writes by GET": Row("GET", f"{ONE}/$meta-add", 405, told={"Allow": "POST"}),
    "an unknown operation": Row("GET", f"{ONE}/$frobnicate", 404, has="operation is not served"),
    "an operation that is of no type": Row("POST", "/fhir/$validate", 404, has="operation is not served"),
}


@pytest.fixture
def there(client: FlaskClient) -> FlaskClient:
    for resource in (BED, NEXT, BED | {"id": "gone"}):
        client.put(f"/fhir/Location/{resource['id']}", data=json.encode(resource), content_type=JSON)
    client.delete("/fhir/Location/gone")
    return client


@pytest.mark.parametrize("name", ROWS)
def test_http_is_as_r4_says(there: FlaskClient, name: str) -> None:
    row = ROWS[name]
    answer = there.open(row.path, method=row.method, headers=row.headers, data=row.body)

    assert answer.status_code == row.status, answer.data
    assert row.has in answer.get_data(as_text=True)
    assert not row.kind or answer.headers["Content-Type"].startswith(row.kind)
    for header, value in row.told.items():
        assert header not in answer.headers if value is None else value in answer.headers.get(header, "absent")
    if row.status >= 400 and row.method != "HEAD":
        assert b"OperationOutcome" in answer.data
    assert answer.headers["X-Request-Id"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("accepted", ["gzip", "gzip, deflate, br", "*", "x-gzip;q=0.5"])
def test_a_large_answer_is_compressed_for_who_takes_that(there: FlaskClient, accepted: str) -> None:
    plain = there.get("/fhir/metadata")
    packed = there.get("/fhir/metadata", headers={"Accept-Encoding": accepted})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 3
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "identity", "*;q=0, identity"])
def test_an_answer_is_plain_for_who_takes_nothing_else(there: FlaskClient, accepted: str) -> None:
    assert "Content-Encoding" not in there.get("/fhir/metadata", headers={"Accept-Encoding": accepted}).headers


def test_a_small_answer_is_not_compressed(there: FlaskClient) -> None:
    assert "Content-Encoding" not in there.get(ONE, headers={"Accept-Encoding": "gzip"}).headers


def test_a_part_does_not_take_the_place_of_the_whole(there: FlaskClient) -> None:
    part = there.get(f"{ONE}?_elements=name").get_json()
    for path in (ONE, f"{ALL}?name=two"):
        answer = there.put(path, data=json.encode(part), content_type=JSON)
        assert (answer.status_code, answer.get_json()["issue"][0]["expression"]) == (422, ["Location.meta.tag"])
