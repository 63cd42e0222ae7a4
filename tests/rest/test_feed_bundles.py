"""The feed that needs no mapping: Bundles of FHIR, as a partner sends them, taken as they came or refused by name.

`tests/feeds/fhir_bundle/`: `good-*` and `broken-*`, what is there before (`.before.json`), what a broken one is told
(`.issues.json`).
"""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.fhir import json, xml
from gateway.fhir.freshness import bare

FEED = Path(__file__).parents[1] / "feeds" / "fhir_bundle"
CASES = [path for path in sorted(FEED.iterdir()) if not path.name.endswith((".before.json", ".issues.json"))]
GOOD = [path for path in CASES if path.name.startswith("good-")]
BROKEN = [path for path in CASES if path.name.startswith("broken-")]


def post(client: FlaskClient, path: Path) -> TestResponse:
    kind = f"application/fhir+{path.suffix[1:]}"
    return client.post("/fhir", data=path.read_bytes(), content_type=kind, headers={"Accept": "application/fhir+json"})


def before(client: FlaskClient, path: Path) -> None:
    there = path.with_suffix(".before.json")
    if there.exists():
        assert post(client, there).status_code == 200


def bundle(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    found = xml.read(data) if path.suffix == ".xml" else json.decode(data)
    assert isinstance(found, dict)
    return found


def said(resource: Any) -> Any:
    """Return what a resource says, without what the store gives it: id, meta, and to where its references lead."""
    if isinstance(resource, list):
        return [said(inner) for inner in resource]
    if not isinstance(resource, dict):
        return resource
    return {key: said(inner) for key, inner in resource.items() if key not in {"id", "meta", "reference"}}


def stored(client: FlaskClient) -> dict[str, int]:
    types = ("Location", "HealthcareService", "Schedule", "Slot")
    return {type_: client.get(f"/fhir/{type_}?_summary=count").get_json()["total"] for type_ in types}


def test_there_are_twelve_of_each_kind() -> None:
    assert len(GOOD) >= 12
    assert len(BROKEN) >= 12


@pytest.mark.parametrize("path", GOOD, ids=lambda p: p.stem)
def test_a_good_bundle_is_stored_as_it_came(client: FlaskClient, path: Path) -> None:
    before(client, path)

    response = post(client, path)

    assert response.status_code == 200, response.text
    answers = response.get_json()["entry"]
    for sent, answer in zip(bundle(path)["entry"], answers, strict=True):
        there = client.get("/fhir/" + answer["response"]["location"].partition("/_history")[0])
        kept = json.decode(there.data)
        assert said(bare(kept)) == said(sent["resource"])
        assert b"urn:uuid:" not in there.data
    again = post(client, path)
    assert again.status_code == 200


def test_a_number_keeps_its_digits(client: FlaskClient) -> None:
    post(client, FEED / "good-counts-to-the-digit.json")

    assert b'"valueDecimal":23.50' in client.get("/fhir/Slot").data


def test_the_same_bundle_twice_makes_no_new_version(client: FlaskClient) -> None:
    path = FEED / "good-sent-twice.json"
    before(client, path)

    assert [entry["response"]["etag"] for entry in post(client, path).get_json()["entry"]] == ['W/"1"'] * 4


def test_a_bed_that_is_taken_is_no_longer_found_as_free(client: FlaskClient) -> None:
    path = FEED / "good-bed-is-taken.json"
    before(client, path)
    assert client.get("/fhir/Slot?status=free&_summary=count").get_json()["total"] == 1

    post(client, path)

    assert client.get("/fhir/Slot?status=free&_summary=count").get_json()["total"] == 0


@pytest.mark.parametrize("path", BROKEN, ids=lambda p: p.stem)
def test_a_broken_bundle_is_refused_whole_and_by_name(client: FlaskClient, path: Path) -> None:
    before(client, path)
    there = stored(client)

    response = post(client, path)

    issues = [
        {"code": issue["details"]["coding"][0]["code"], "expression": issue.get("expression")}
        for issue in response.get_json()["issue"]
        if issue["severity"] == "error"
    ]
    told = {"status": response.status_code, "issues": issues}
    assert told == json.decode(path.with_suffix(".issues.json").read_bytes())
    assert stored(client) == there
