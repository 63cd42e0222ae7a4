"""Whatever an operation is asked with, it answers or refuses with reasons; it never fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.app import create_app
from gateway.fhir import json
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import open_store
from tests.conftest import NOW, counted, library
from tests.rest.operations.conftest import validator

CALM = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"
PATHS = [
    *("CodeSystem/$lookup", "CodeSystem/$validate-code", "ValueSet/$validate-code", "ValueSet/$expand"),
    *("ValueSet/bed-state/$expand", "Patient/$validate", "Patient/a/$validate", "ValueSet/bed-state/$validate-code"),
    *("Patient/a/$everything", "Location/l/$everything", "Observation/$lastn", "Patient/a/$meta"),
    *("Patient/a/$meta-add", "Patient/a/$meta-delete", "$meta", "Slot/$meta"),
]
NAMES = [
    *("resource", "mode", "profile", "code", "system", "coding", "codeableConcept", "url", "valueSet", "codeSystem"),
    *("version", "display", "abstract", "filter", "offset", "count", "activeOnly", "displayLanguage", "property"),
    *("_since", "_type", "_count", "start", "end", "_page", "max", "patient", "category", "meta"),
]
KEYS = [
    *("valueString", "valueCode", "valueUri", "valueBoolean", "valueInteger", "valueCoding", "valueCodeableConcept"),
    *("valueMeta", "resource", "valueDate", "valueInstant", "part"),
]
TEXTS = st.sampled_from(
    [
        *("create", "update", "profile", "female", GENDERS, "http://hl7.org/fhir/administrative-gender", "Patient/a"),
        *("2026-01-01", "2026-01-01T00:00:00Z", "true", "0", "1", "", " ", "|", "a|b", "Patient,Slot", "nl", "\x00"),
    ]
)
FIELDS = [
    *("resourceType", "url", "status", "compose", "include", "exclude", "system", "concept", "code", "filter", "op"),
    *("property", "value", "valueSet", "expansion", "contains", "total", "content", "coding", "tag", "profile", "id"),
    *("security", "display", "designation", "version", "caseSensitive", "language", "meta"),
]
WORDS = st.sampled_from(
    [
        *(
            "ValueSet",
            "CodeSystem",
            "Patient",
            "active",
            "complete",
            "fragment",
            "is-a",
            "regex",
            "exists",
            "in",
            GENDERS,
        ),
        *("http://hl7.org/fhir/item-type", "question", "(a+)+$", "female", "[", "child", "parent"),
    ]
)
VALUES = st.recursive(
    st.one_of(WORDS, TEXTS, st.integers(-1, 2**40), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)),
    max_leaves=12,
)
PARAMETER = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=2)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    url = f"sqlite:///{tmp_path_factory.mktemp('any')}/store.sqlite"
    store = open_store(url, durability="normal")
    to = Services(Settings(database=url), store, validator(), library(), lambda: NOW, counted())
    client = create_app(to).test_client()
    for type_, id_ in (("Patient", "a"), ("Location", "l")):
        sent = json.encode({"resourceType": type_, "id": id_, "language": "nl"})
        assert client.put(f"/fhir/{type_}/{id_}", data=sent, content_type="application/fhir+json").status_code == 201
    yield client
    store.close()


@CALM
@given(st.sampled_from(PATHS), st.lists(st.tuples(st.sampled_from(NAMES), PARAMETER), max_size=4))
def test_parameters_that_are_posted_never_fail(target: FlaskClient, path: str, said: list[tuple[str, Any]]) -> None:
    sent = {"resourceType": "Parameters", "parameter": [{"name": name, **value} for name, value in said]}
    answer = target.post(f"/fhir/{path}", data=json.encode(sent), content_type="application/fhir+json")
    assert answer.status_code < 500, answer.data


@CALM
@given(st.sampled_from(PATHS), st.lists(st.tuples(st.sampled_from(NAMES), TEXTS), max_size=4))
def test_parameters_of_the_url_never_fail(target: FlaskClient, path: str, said: list[tuple[str, str]]) -> None:
    assert target.get(f"/fhir/{path}", query_string=said).status_code < 500


@CALM
@given(st.sampled_from(["valueSet", "codeSystem"]), st.sampled_from(PATHS[:4]), VALUES, VALUES)
def test_definitions_that_are_sent_along_never_fail(
    target: FlaskClient, name: str, path: str, compose: Any, concept: Any
) -> None:
    kind = "ValueSet" if name == "valueSet" else "CodeSystem"
    whole = {"resourceType": kind, "status": "active", "url": "urn:x", "content": "complete"}
    resource = whole | {"compose": {"include": [compose]}} if kind == "ValueSet" else whole | {"concept": concept}
    coding = {"system": "urn:x", "code": "a"}
    sent = {"resourceType": "Parameters", "parameter": [{"name": name, "resource": resource}]}
    if "expand" not in path:
        sent["parameter"].append({"name": "coding", "valueCoding": coding})  # type: ignore[attr-defined]
    answer = target.post(f"/fhir/{path}", data=json.encode(sent), content_type="application/fhir+json")
    assert answer.status_code < 500, answer.data
