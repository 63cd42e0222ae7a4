"""The OpenAPI document says what is served, all of it and nothing else."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.fhir.search import compartments, types_in
from gateway.rest.metadata import SERVED
from gateway.rest.routes import Route
from tests.rest.documented import check

METHODS = {"get", "post", "put", "patch", "delete"}
IN_COMPARTMENTS = frozenset(type_ for name in compartments() for type_ in types_in(name))
NAMED = re.compile(r"\{(\w+)\}")


@pytest.fixture
def document(client: FlaskClient) -> Any:
    return client.get("/openapi.json").get_json()


def test_every_path_of_it_is_answered_and_no_other_method_on_it(client: FlaskClient, document: Any) -> None:
    adapter = client.application.url_map.bind("")
    for path, item in document["paths"].items():
        filled = NAMED.sub("x", path.replace("{compartment}", "Patient"))
        served = {method.lower() for method in adapter.allowed_methods(filled)} & METHODS
        assert set(item) <= served, path


def test_every_route_stands_in_it_for_every_type_that_the_capability_statement_lists(
    client: FlaskClient, document: Any
) -> None:
    routes: tuple[Route, ...] = client.application.extensions["gateway.routes"]
    wanted = {
        (route.method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/fhir{route.path}").replace("{type}", type_))
        for route in routes
        if route.interaction and "type>" in route.path
        for type_, interactions in SERVED.items()
        if route.interaction in interactions and ("compartment" not in route.path or type_ in IN_COMPARTMENTS)
    }
    there = {(method, path) for path, item in document["paths"].items() for method in item}

    assert wanted <= there
    assert ("put", "/fhir/Provenance/{id}") not in there  # what is said stays said


def test_a_compartment_is_listed_with_what_is_in_it_alone(document: Any) -> None:
    assert "/fhir/{compartment}/{id}/CodeSystem" not in document["paths"]
    asked = document["paths"]["/fhir/{compartment}/{id}/Coverage"]["get"]["parameters"]
    (of,) = [parameter["schema"]["enum"] for parameter in asked if parameter.get("name") == "compartment"]
    assert sorted(of) == ["Patient", "RelatedPerson"]


def test_search_parameters_are_those_of_the_capability_statement(client: FlaskClient, document: Any) -> None:
    statement = client.get("/fhir/metadata").get_json()
    for resource in statement["rest"][0]["resource"]:
        asked = document["paths"].get(f"/fhir/{resource['type']}", {}).get("get")
        if asked is None:
            continue
        named = {parameter["name"] for parameter in asked["parameters"] if "name" in parameter}
        assert named == {parameter["name"] for parameter in resource["searchParam"]}


def test_what_it_refers_to_is_there_and_each_operation_has_a_name_of_its_own(document: Any) -> None:
    def references(node: Any) -> Any:
        if isinstance(node, dict):
            yield from [node["$ref"]] if "$ref" in node else []
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    for reference in set(references(document)):
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))


def test_paths_name_every_parameter_that_stands_in_them(document: Any) -> None:
    components = document["components"]["parameters"]
    for path, item in document["paths"].items():
        for operation in item.values():
            given = [
                components[p["$ref"].rsplit("/", 1)[1]] if "$ref" in p else p for p in operation.get("parameters", [])
            ]
            assert {p["name"] for p in given if p["in"] == "path"} == set(NAMED.findall(path)), path


def test_an_answer_that_it_does_not_tell_of_fails_a_test_of_this_folder(client: FlaskClient, document: Any) -> None:
    assert client.put("/fhir/Location/1", json={"resourceType": "Location", "id": "1"}).status_code == 201
    response = client.get("/fhir/Location/1")
    told = document["paths"]["/fhir/Location/{id}"]["get"]["responses"]
    check(told, response)

    with pytest.raises(AssertionError):
        check({"4XX": told["4XX"]}, response)
    with pytest.raises(AssertionError):
        check({"200": {"content": {"text/plain": {}}}}, response)


@pytest.mark.parametrize("path", ["Location/1", "Location/1/_history/1"])
def test_it_tells_that_what_is_known_is_not_sent_again(client: FlaskClient, path: str) -> None:
    client.put("/fhir/Location/1", json={"resourceType": "Location", "id": "1"})

    assert client.get(f"/fhir/{path}", headers={"If-None-Match": 'W/"1"'}).status_code == 304


@pytest.mark.parametrize(("path", "method"), [("/fhir/$export", "get"), ("/fhir/$export-status/{id}", "delete")])
def test_it_tells_that_an_export_may_have_to_wait(document: Any, path: str, method: str) -> None:
    assert "503" in document["paths"][path][method]["responses"]
