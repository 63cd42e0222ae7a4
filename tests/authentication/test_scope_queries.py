"""Scopes with a query: of what is seen and of what is written, at every door that one caller has, on both databases."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.authentication.asking import Clock, form, granted, of

CATEGORY = "http://example.org/category"
LAB, VITAL = (f"category={CATEGORY}|{code}" for code in ("lab", "vital"))
READS = f"system/Observation.rs?{LAB} system/Patient.rs"


class Caller:
    """A client of one partner, which has a token for each way of asking."""

    def __init__(self, http: FlaskClient, clock: Clock) -> None:
        self._http, self._clock, self._numbers = http, clock, count()
        self._tokens: dict[str, str] = {}

    def __call__(self, scope: str, method: str, path: str, content: Any = None, **headers: str) -> TestResponse:
        if scope not in self._tokens:
            own = {"iss": "gouwe-ehr", "sub": "gouwe-ehr", "jti": f"jti-{next(self._numbers)}"}
            answer = self._http.post("/oauth/token", data=form(of(**own)(self._clock), scope=scope))
            assert answer.status_code == 200, answer.text
            assert answer.get_json()["scope"] == scope
            self._tokens[scope] = answer.get_json()["access_token"]
        said = {"Authorization": f"Bearer {self._tokens[scope]}", "Content-Type": "application/fhir+json", **headers}
        return self._http.open(f"/fhir{path}", method=method, json=content, headers=said)


def observation(id_: str, code: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": code}]}],
        "code": {"text": "x"},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2026-11-01",
        **more,
    }


ALL = "system/*.cruds"


@pytest.fixture
def ask(http: FlaskClient, clock: Clock) -> Caller:
    """Return a client of a partner, whose are a laboratory result and a vital sign that refers to it."""
    ask = Caller(http, clock)
    patient = {"resourceType": "Patient", "id": "p", "name": [{"family": "Test"}]}
    vital = observation("vital", "vital", derivedFrom=[{"reference": "Observation/lab"}])
    for resource in (patient, observation("lab", "lab", hasMember=[{"reference": "Observation/vital"}]), vital):
        path = f"/{resource['resourceType']}/{resource['id']}"
        assert ask(ALL, "PUT", path, resource).status_code == 201
    return ask


def ids(answer: TestResponse) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {entry["resource"]["id"] for entry in answer.get_json().get("entry", ()) if entry["resource"].get("id")}


SEEN: dict[str, tuple[str, set[str]]] = {
    "search": ("/Observation", {"lab"}),
    "search for another": (f"/Observation?{VITAL}", set()),
    "search of several types": ("/?_type=Observation,Patient", {"lab", "p"}),
    "compartment": ("/Patient/p/Observation", {"lab"}),
    "_include": ("/Observation?_id=lab&_include=Observation:has-member", {"lab"}),
    "_revinclude": ("/Patient?_revinclude=Observation:subject", {"p", "lab"}),
    "_has": ("/Patient?_has:Observation:subject:status=final", {"p"}),
    "_has of another": (f"/Patient?_has:Observation:subject:{VITAL}", set()),
    "chain": ("/Observation?has-member.status=final", set()),
    "history of the type": ("/Observation/_history", {"lab"}),
    "history of everything": ("/_history", {"lab", "p"}),
    "history of one": ("/Observation/lab/_history", {"lab"}),
    "everything": ("/Patient/p/$everything", {"lab", "p"}),
    "the last": (f"/Observation/$lastn?patient=Patient/p&{LAB},{CATEGORY}|vital", {"lab"}),
}


def test_what_is_found_is_of_the_scope(ask: Caller) -> None:
    found = {case: ids(ask(READS, "GET", path)) for case, (path, _) in SEEN.items()}
    assert found == {case: wanted for case, (_, wanted) in SEEN.items()}
    everything = {case: ids(ask(ALL, "GET", path)) for case, (path, _) in SEEN.items()}
    assert all(
        "vital" in everything[case] for case in SEEN.keys() - {"_has", "_has of another", "chain", "history of one"}
    )


@pytest.mark.parametrize("path", ["", "/_history", "/_history/1", "/$meta"])
def test_what_is_not_of_the_scope_is_as_if_it_were_not_there(ask: Caller, path: str) -> None:
    theirs, never = (ask(READS, "GET", f"/Observation/{id_}{path}") for id_ in ("vital", "never"))
    assert theirs.status_code == never.status_code == 404
    assert theirs.data == never.data.replace(b"never", b"vital")
    assert ask(READS, "GET", f"/Observation/lab{path}").status_code == 200


def test_several_scopes_on_a_type_are_alternatives(ask: Caller) -> None:
    both = f"system/Observation.rs?{LAB} system/Observation.rs?{VITAL}"
    assert ids(ask(both, "GET", "/Observation")) == {"lab", "vital"}
    final = f"system/Observation.rs?{LAB}&status=preliminary system/Observation.rs?{VITAL}"
    assert ids(ask(final, "GET", "/Observation")) == {"vital"}
    apart = f"system/Observation.r?{LAB} system/Observation.s"
    assert ids(ask(apart, "GET", "/Observation")) == {"lab", "vital"}
    assert ask(apart, "GET", "/Observation/vital").status_code == 404


def test_what_is_exported_is_both_read_and_searched(ask: Caller, clock: Clock) -> None:
    for scope, wanted in (
        (f"system/Observation.rs?{LAB}", {"Observation"}),
        (f"system/Observation.s system/Observation.r?{LAB}", {"Observation"}),
        (f"system/Observation.r?{VITAL} system/Observation.s?{LAB}", set()),
    ):
        begun = ask(scope, "GET", "/$export?_type=Observation", Prefer="respond-async")
        assert begun.status_code == 202, begun.text
        at = begun.headers["Content-Location"].partition("/fhir")[2]
        clock.now += timedelta(seconds=60)  # the token is good for longer
        manifest = ask(scope, "GET", at)
        assert manifest.status_code == 200, manifest.text
        files = [ask(scope, "GET", one["url"].partition("/fhir")[2]) for one in manifest.get_json()["output"]]
        assert {one["type"] for one in manifest.get_json()["output"]} == wanted
        assert all(b'"lab"' in file.data and b'"vital"' not in file.data for file in files)


WRITES = f"system/Observation.cruds?{LAB} system/Patient.rs"
PUT_LAB, PUT_VITAL = observation("new", "lab"), observation("new", "vital")


def patch(code: str) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": "/category/0/coding/0/code", "value": code}]


def entry(method: str, url: str, resource: Any = None, **more: Any) -> dict[str, Any]:
    said = {"request": {"method": method, "url": url, **more}}
    return said if resource is None else {"resource": resource, **said}


WRITTEN: dict[str, tuple[str, str, Any, dict[str, str], int]] = {
    "create": ("POST", "/Observation", PUT_LAB, {}, 201),
    "create of another": ("POST", "/Observation", PUT_VITAL, {}, 403),
    "update that makes": ("PUT", "/Observation/new", PUT_LAB, {}, 201),
    "update that makes another": ("PUT", "/Observation/new", PUT_VITAL, {}, 403),
    "update": ("PUT", "/Observation/lab", observation("lab", "lab", status="amended"), {}, 200),
    "update out of it": ("PUT", "/Observation/lab", observation("lab", "vital"), {}, 403),
    "update into it": ("PUT", "/Observation/vital", observation("vital", "lab"), {}, 403),
    "update of another": ("PUT", "/Observation/vital", observation("vital", "vital", status="amended"), {}, 403),
    "patch": ("PATCH", "/Observation/lab", [{"op": "replace", "path": "/status", "value": "amended"}], {}, 200),
    "patch out of it": ("PATCH", "/Observation/lab", patch("vital"), {}, 403),
    "patch into it": ("PATCH", "/Observation/vital", patch("lab"), {}, 404),
    "delete": ("DELETE", "/Observation/lab", None, {}, 204),
    "delete of another": ("DELETE", "/Observation/vital", None, {}, 204),  # as of what is not there
    "conditional create": ("POST", "/Observation", PUT_LAB, {"If-None-Exist": "_id=never"}, 201),
    "conditional create of another": ("POST", "/Observation", PUT_VITAL, {"If-None-Exist": "_id=never"}, 403),
    "conditional create of what is there": ("POST", "/Observation", PUT_VITAL, {"If-None-Exist": "_id=lab"}, 200),
    "conditional create, others are not found": ("POST", "/Observation", PUT_LAB, {"If-None-Exist": "_id=vital"}, 201),
    "conditional update out of it": ("PUT", "/Observation?_id=lab", observation("lab", "vital"), {}, 403),
    "conditional patch out of it": ("PATCH", "/Observation?_id=lab", patch("vital"), {}, 403),
}


def carried_out(ask: Caller, case: str) -> TestResponse:
    method, path, content, headers, wanted = WRITTEN[case]
    if method == "PATCH":
        headers = {**headers, "Content-Type": "application/json-patch+json"}
    answer = ask(WRITES, method, path, content, **headers)
    assert answer.status_code == wanted, (case, answer.text)
    return answer


NOTHING = {case for case, found in WRITTEN.items() if found[-1] in {403, 404}} | {
    "delete of another",
    "conditional create of what is there",
}


@pytest.mark.parametrize("case", sorted(WRITTEN.keys() - NOTHING))
def test_what_is_of_the_scope_is_written(ask: Caller, case: str) -> None:
    before = versions(ask)
    carried_out(ask, case)
    assert versions(ask) != before


def test_what_is_not_of_the_scope_is_not_written(ask: Caller) -> None:
    before = versions(ask)
    for case in sorted(NOTHING):
        answer = carried_out(ask, case)
        if answer.status_code == 403:
            assert f"system/Observation.cruds?{LAB}" in answer.get_json()["issue"][0]["diagnostics"]
    assert versions(ask) == before


def versions(ask: Caller) -> int:
    """Return how many versions of Observations there are."""
    return len(ask(ALL, "GET", "/Observation/_history").get_json()["entry"])


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_the_entry_of_a_bundle_is_named(ask: Caller, kind: str) -> None:
    entries = [
        entry("PUT", "Observation/new", PUT_LAB),
        entry("POST", "Observation", PUT_VITAL),
        entry("PUT", "Observation/lab", observation("lab", "vital")),
    ]
    answer = ask(WRITES, "POST", "", {"resourceType": "Bundle", "type": kind, "entry": entries})
    if kind == "batch":
        assert [one["response"]["status"][:3] for one in answer.get_json()["entry"]] == ["201", "403", "403"]
        return
    assert answer.status_code == 403
    named = sorted(issue["expression"][0] for issue in answer.get_json()["issue"])
    assert named == ["Bundle.entry[1].request", "Bundle.entry[2].request"]
    assert ids(ask(ALL, "GET", "/Observation")) == {"lab", "vital"}


def test_each_right_has_its_own_query(ask: Caller) -> None:
    apart = f"system/Observation.c?{LAB} system/Observation.u?{VITAL} system/Observation.d?{LAB} system/Observation.rs"
    assert ask(apart, "POST", "/Observation", PUT_LAB).status_code == 201
    assert ask(apart, "POST", "/Observation", PUT_VITAL).status_code == 403
    assert ask(apart, "PUT", "/Observation/vital", observation("vital", "vital", status="amended")).status_code == 200
    assert ask(apart, "PUT", "/Observation/lab", observation("lab", "lab", status="amended")).status_code == 403
    refused = ask(apart, "DELETE", "/Observation/vital")
    assert refused.status_code == 403
    assert f"system/Observation.d?{LAB}" in refused.text
    assert ask(apart, "DELETE", "/Observation/lab").status_code == 204


def test_what_nobody_narrows_may_be_created_by_two_scopes(ask: Caller) -> None:
    either = f"system/Observation.c?{LAB} system/Observation.c?{VITAL}"
    assert [ask(either, "POST", "/Observation", one).status_code for one in (PUT_LAB, PUT_VITAL)] == [201, 201]
    assert ask(either, "POST", "/Observation", observation("x", "other")).status_code == 403


def test_a_label_and_a_reference_are_compared_as_they_are_stored(ask: Caller) -> None:
    """What the gateway itself writes counts, and a reference to what the transaction makes."""
    owner = "https://msb-gateway.example/fhir/CodeSystem/owner"
    mine = f"system/Observation.c?_security={owner}|gouwe&subject=Patient/made system/Patient.cus"
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            entry("PUT", "Patient/made", {"resourceType": "Patient", "id": "made"}),
            entry("POST", "Observation", observation("x", "x", subject={"reference": "Patient?_id=made"})),
        ],
    }
    assert ask(ALL, "PUT", "/Patient/made", {"resourceType": "Patient", "id": "made"}).status_code == 201
    assert ask(mine, "POST", "", bundle).status_code == 200
    bundle["entry"][1]["resource"]["subject"] = {"reference": "Patient?_id=p"}  # type: ignore[index]
    assert ask(mine, "POST", "", bundle).status_code == 403


def test_a_token_says_what_was_granted_when_it_is_looked_at(http: FlaskClient, clock: Clock) -> None:
    own = {"iss": "gouwe-ehr", "sub": "gouwe-ehr"}
    token = granted(http, clock, "a", scope=READS, client_assertion=of(jti="a", **own)(clock))
    asked = form(of(jti="b", **own)(clock), token=token)
    said = http.post("/oauth/introspect", data=asked).get_json()
    assert (said["active"], said["scope"]) == (True, READS)


def test_a_client_learns_why_a_query_is_none(http: FlaskClient, clock: Clock) -> None:
    answer = http.post("/oauth/token", data=form(of()(clock), scope="system/Slot.rs?schedule.actor=Location/1"))
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_scope")
    said = answer.get_json()["error_description"]
    assert "Slot" in said
    assert said.isascii()
    assert '"' not in said
