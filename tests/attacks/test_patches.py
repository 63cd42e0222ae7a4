"""Bad inputs 96 to 103: patches that change who a resource is, that cost too much, or that are none."""

import base64
import json
import time
from typing import Any

import pytest

from tests.attacks.target import FAMILY, JSON, Answer, Target, check_refused, numbered, patient

pytestmark = pytest.mark.slow

JSON_PATCH = "application/json-patch+json"
ROOM = 150_000_000


def operation(op: str, path: str, **more: Any) -> dict[str, Any]:
    return {"op": op, "path": path} | more


def parameters(kind: str, path: str, **value: Any) -> dict[str, Any]:
    """Return a FHIRPath Patch of one operation."""
    said = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    said += [{"name": "value", name: given} for name, given in value.items()]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": said}]}


DOUBLING = [operation("copy", "/name/-", **{"from": "/name"}) for _ in range(40)]
EVERY_WAY = "Patient.identifier.where(value.matches('({})+$'))"
GOOD = operation("replace", "/active", value=False)

REFUSED: dict[str, tuple[int, str, Any]] = {
    "96-id-replaced": (422, r"\bid\b", [operation("replace", "/id", value="another")]),
    "96-id-removed": (422, r"\bid\b", [operation("remove", "/id")]),
    "96-id-moved": (422, r"\bid\b", [operation("move", "/language", **{"from": "/id"})]),
    "96-id-by-the-whole": (422, "id", [operation("replace", "", value=patient(id="another"))]),
    "96-id-by-fhirpath": (422, "id", parameters("replace", "Patient.id", valueId="another")),
    "97-type-replaced": (422, "resourceType|type", [operation("replace", "/resourceType", value="Group")]),
    "97-type-removed": (422, "resourceType|type", [operation("remove", "/resourceType")]),
    "97-type-by-the-whole": (422, "", [operation("replace", "", value={"resourceType": "Group"})]),
    "98-test-that-fails": (422, "operation 2", [GOOD, operation("test", "/name/0/family", value="x")]),
    "98-test-last": (422, "operation 3", [GOOD, GOOD, operation("test", "/gender", value="male")]),
    "98-test-of-what-is-not-there": (422, "operation 1", [operation("test", "/a/b/c", value=1)]),
    "99-wrong-code": (422, r"Patient\.gender", [operation("add", "/gender", value=FAMILY)]),
    "99-unknown-element": (422, "element", [operation("add", "/frobnicate", value=1)]),
    "99-null": (422, "", [operation("add", "", value=None)]),
    "99-list": (422, "", [operation("add", "", value=[])]),
    "99-empty": (422, r"Patient\.telecom", [operation("add", "/telecom", value=[])]),
    "99-script": (
        422,
        r"Patient\.text",
        [operation("add", "/text", value={"status": "generated", "div": "<div onclick='x()'>a</div>"})],
    ),
    "99-by-fhirpath": (422, "", parameters("replace", "Patient.name", valueString=FAMILY)),
    "100-index": (422, "operation 1", [operation("replace", "/name/1000000000", value={})]),
    "100-index-to-add": (422, "operation 1", [operation("add", "/name/1000000000", value={})]),
    "100-index-of-30-digits": (422, "operation 1", [operation("remove", "/name/" + "9" * 30)]),
    "100-index-below-nothing": (422, "operation 1", [operation("remove", "/name/-1")]),
    "100-index-that-is-none": (422, "operation 1", [operation("remove", "/name/1e3")]),
    "101-copies-that-double": (422, "at most", DOUBLING),
    "102-nested": (422, "", parameters("delete", EVERY_WAY.format("9+"))),
    "102-alternatives": (422, "", parameters("delete", EVERY_WAY.format("9|99|999"))),
    "102-path-of-10000-levels": (400, "", parameters("delete", "(" * 10_000 + "Patient" + ")" * 10_000)),
    "103-object": (400, "list", operation("remove", "/name")),
    "103-text": (400, "list", FAMILY),
    "103-number": (400, "list", 7),
    "103-null": (400, "list", None),
    "103-list-of-names": (400, "operation", [FAMILY]),
    "103-1001-operations": (400, "1000", [GOOD] * 1001),
    "103-operation-nobody-knows": (400, "operation 1", [operation("merge", "/name", value=1)]),
    "103-path-that-is-a-list": (400, "operation 1", [operation("remove", ["name"])]),  # type: ignore[arg-type]
}


@pytest.fixture
def path(target: Target) -> str:
    """Return the path of a patient who is there."""
    nines = [{"system": "https://attacks.example", "value": "9" * 60 + "x"}]
    id_ = f"patched-{time.monotonic_ns()}"
    assert target.put(f"/fhir/Patient/{id_}", patient(id=id_, identifier=nines, active=True)).status == 201
    return f"/fhir/Patient/{id_}"


def sent(target: Target, path: str, patch: Any) -> Answer:
    kind = JSON if isinstance(patch, dict) and "resourceType" in patch else JSON_PATCH
    return target.send("PATCH", path, json.dumps(patch).encode(), {"Content-Type": kind})


@pytest.mark.parametrize("name", numbered(REFUSED))
def test_it_is_refused_and_what_is_there_stays(target: Target, path: str, name: str) -> None:
    status, says, patch = REFUSED[name]
    before = target.rows()

    answer = sent(target, path, patch)

    check_refused(answer, status, says)
    assert target.rows() == before
    assert target.get(path).headers["ETag"] == 'W/"1"'


@pytest.mark.threat(101, 102)
@pytest.mark.parametrize("name", ["101-copies-that-double", "102-nested", "102-alternatives"])
def test_it_costs_little(target: Target, path: str, name: str) -> None:
    began = time.perf_counter()

    with target.in_little_room(ROOM):
        sent(target, path, REFUSED[name][2])

    assert time.perf_counter() - began < 10


@pytest.mark.threat(96, 98, 103)
def test_as_an_entry_it_is_refused_as_well(target: Target, path: str) -> None:
    before = target.rows()

    for name in ("96-id-replaced", "98-test-that-fails", "103-object"):
        patch = {"resourceType": "Binary", "contentType": JSON_PATCH, "data": encoded(REFUSED[name][2])}
        entry = {"resource": patch, "request": {"method": "PATCH", "url": path.removeprefix("/fhir/")}}
        answer = target.post("/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
        check_refused(answer, REFUSED[name][0], r"Bundle\.entry\[0\]")

    assert target.rows() == before


def encoded(patch: Any) -> str:
    return base64.b64encode(json.dumps(patch).encode()).decode()
