"""Whatever is sent, the answer is a refusal with reasons or a success; never a failure of ours."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.app import create_app
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import open_store
from gateway.validation import Validator
from tests.conftest import NOW, counted, library

CALM = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])

KEYS = [
    "resourceType",
    "id",
    "status",
    "meta",
    "versionId",
    "lastUpdated",
    "identifier",
    "system",
    "value",
    "partOf",
    "reference",
    "entry",
    "request",
    "method",
    "url",
    "resource",
    "fullUrl",
    "ifMatch",
    "ifNoneExist",
    "ifNoneMatch",
    "ifModifiedSince",
    "type",
    "contained",
    "extension",
    "text",
    "div",
    "name",
    "schedule",
    "start",
    "end",
    "actor",
]
WORDS = [
    "Location",
    "Slot",
    "Bundle",
    "free",
    "active",
    "PUT",
    "POST",
    "GET",
    "DELETE",
    "PATCH",
    "Location/1",
    "Slot/2",
    "Location?identifier=a|b",
    "Location/_search",
    "Location/1/_history/1",
    "urn:uuid:5f2f6b1e-1111-4a64-9a8a-000000000001",
    'W/"1"',
    "0001-01-01",
    "9999-12-31T23:59:59Z",
    "transaction",
    "batch",
    "message",
    "collection",
]
STEPS = [
    "fhir",
    "Location",
    "Slot",
    "Locaton",
    "1",
    "..",
    "_history",
    "_search",
    "$validate",
    "metadata",
    "ingest",
    "dev",
    "health",
    "ready",
]
QUERIES = [
    "_since=0001-01-01",
    "_since=x",
    "_count=1",
    "_count=-1",
    "status=free&_sort=start",
    "_include=Slot:schedule",
    "_format=xml",
    "_pretty=true",
    "_has:Slot:schedule:status=free",
    "start=ge2026",
    "identifier=a|b|c",
    "_page=forged",
    "show-values=true",
    "%ff",
    "name=%00",
]
HEADERS = {
    "If-Match": ('W/"1"', "*", '"', "x, y"),
    "If-None-Match": ('W/"1"', "*", ","),
    "If-None-Exist": ("identifier=a|b", "", "nmae=x", "_id=1&_id=2"),
    "If-Modified-Since": ("Mon, 05 Jan 1970 10:00:00 GMT", "yesterday"),
    "Prefer": ("return=minimal", "return=x", "handling=lenient", ";;,=="),
    "Accept": ("*/*;q=x", "application/fhir+json;q=0", "text/plain", ",", "a/b/c"),
    "Accept-Language": ("nl;q=abc", "xx-yy", "*"),
    "Content-Type": (
        "application/fhir+json",
        "text/csv",
        "application/hl7-v2+er7",
        ";=",
        "application/fhir+json;charset=x",
    ),
    "Content-Encoding": ("gzip", "br", ""),
}

scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(WORDS)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
)
resources = st.fixed_dictionaries(
    {"resourceType": st.sampled_from(["Location", "Slot"])},
    optional=dict.fromkeys(("id", "status", "partOf", "identifier", "meta", "contained", "extension", "start"), trees),
)
requests = st.fixed_dictionaries(
    {"method": st.sampled_from(WORDS), "url": st.sampled_from(WORDS) | st.text(max_size=12)},
    optional=dict.fromkeys(("ifMatch", "ifNoneExist", "ifNoneMatch", "ifModifiedSince"), scalars),
)
entries = st.fixed_dictionaries(
    {"request": requests | trees}, optional={"fullUrl": scalars, "resource": resources | trees}
)
bundles = st.fixed_dictionaries(
    {"resourceType": st.just("Bundle"), "type": st.sampled_from(["transaction", "batch"]) | trees},
    optional={"entry": st.lists(entries | trees, max_size=4) | trees},
)


@pytest.fixture(scope="module")
def anything() -> Iterator[FlaskClient]:
    store = open_store("sqlite://")
    yield create_app(Services(Settings(), store, Validator(), library(), lambda: NOW, counted())).test_client()
    store.close()


@CALM
@example("/ingest/dev", {"resourceType": "Bundle", "type": "x", "entry": [{}, {"resource": None}]})
@example("/ingest/dev", {"resourceType": "Bundle", "type": "x", "entry": {"resource": 1}})
@given(st.sampled_from(["/fhir", "/fhir/Location", "/fhir/Slot", "/ingest/dev"]), bundles | resources | trees)
def test_any_json_is_answered(anything: FlaskClient, path: str, sent: Any) -> None:
    response = anything.post(path, data=json.dumps(sent), content_type="application/fhir+json")

    assert response.status_code < 500
    answered = response.get_json()
    if answered and answered.get("type") == "batch-response":
        assert not [e for e in answered.get("entry", []) if e["response"]["status"].startswith("5")]


@CALM
@given(
    st.sampled_from(["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH"]),
    st.lists(st.sampled_from(STEPS), max_size=5),
    st.sampled_from(QUERIES) | st.text("abc=&%:|_", max_size=12),
    st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in HEADERS.items()}),
    st.binary(max_size=40) | st.sampled_from([b'{"resourceType":"Location","id":"1"}', b"MSH|^~\\&|", b"a;b\r\n1;2"]),
)
def test_any_request_is_answered(
    anything: FlaskClient, method: str, steps: list[str], query: str, headers: dict[str, str], data: bytes
) -> None:
    response = anything.open("/".join(["", *steps]), query_string=query, method=method, headers=headers, data=data)

    assert response.status_code < 500
