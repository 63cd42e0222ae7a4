"""Bad inputs 69 to 90: Bundles that reach elsewhere, contradict themselves, or come again."""

import json
import socket
import time
import uuid
from typing import Any

import pytest

from tests.attacks.target import FAMILY, JSON, Target, check_refused, encoded, numbered, patient

pytestmark = pytest.mark.slow

Entry = dict[str, Any]


def entry(method: str, url: str, resource: Any = None, **more: Any) -> Entry:
    made: Entry = {"request": {"method": method, "url": url}}
    return made | ({"resource": resource} if resource is not None else {}) | more


def create(**changes: Any) -> Entry:
    return entry("POST", "Patient", patient(**changes))


def bundle(*entries: Any, kind: str = "transaction") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def urn() -> str:
    return f"urn:uuid:{uuid.uuid4()}"


def linked(own: str, other: str) -> Entry:
    return entry("POST", "Patient", patient(link=[{"other": {"reference": other}, "type": "seealso"}]), fullUrl=own)


def twice_named(url: str) -> list[Entry]:
    return [entry("PUT", url, patient(id="twice")), entry("PUT", url, patient(id="twice", active=True))]


ONE, TWO = urn(), urn()
WITHIN = r"Bundle\.entry\[1\]"

# Each is the second entry, or the rest, of a transaction of which the first entry is good.
WRONG: dict[str, tuple[int, str, list[Any]]] = {
    "69-foreign-server": (400, WITHIN, [entry("POST", "http://evil.example/fhir/Patient", patient())]),
    "69-foreign-server-by-name-only": (404, WITHIN, [entry("GET", "//evil.example/fhir/Patient/1")]),
    "69-file": (400, WITHIN, [entry("GET", "file:///etc/passwd")]),
    "69-begins-as-ours": (400, WITHIN, [entry("GET", "https://gateway.example.evil.example/fhir/Patient/1")]),
    "70-dots": (404, WITHIN, [entry("GET", "../../etc/passwd")]),
    "70-dots-below": (404, WITHIN, [entry("DELETE", "Patient/../Slot/1")]),
    "70-dots-encoded": (404, WITHIN, [entry("GET", "Patient/%2e%2e%2fx")]),
    "71-trace": (405, WITHIN, [entry("TRACE", "Patient/1")]),
    "71-lower-case": (405, WITHIN, [entry("post", "Patient", patient())]),
    "71-patch": (400, WITHIN, [entry("PATCH", "Patient/1", patient())]),
    "71-method-is-a-number": (400, WITHIN, [{"request": {"method": 1, "url": "Patient"}}]),
    "72-no-request": (400, WITHIN, [{"resource": patient()}]),
    "72-no-url": (400, WITHIN, [{"request": {"method": "POST"}, "resource": patient()}]),
    "72-url-is-a-list": (400, WITHIN, [{"request": {"method": "POST", "url": ["Patient"]}, "resource": patient()}]),
    "72-empty-url": (405, WITHIN, [entry("POST", "", patient())]),
    "72-entry-is-null": (400, WITHIN, [None]),
    "72-entry-is-a-name": (400, WITHIN, [FAMILY]),
    "72-no-resource": (400, WITHIN, [entry("POST", "Patient")]),
    "72-resource-is-a-name": (400, WITHIN, [entry("POST", "Patient", FAMILY)]),
    "72-full-url-is-a-number": (400, WITHIN, [create() | {"fullUrl": 5}]),
    "72-if-none-exist-is-a-list": (
        400,
        WITHIN,
        [{"request": {"method": "POST", "url": "Patient", "ifNoneExist": [FAMILY]}, "resource": patient()}],
    ),
    "72-if-match-is-an-object": (
        400,
        WITHIN,
        [{"request": {"method": "PUT", "url": "Patient/1", "ifMatch": {}}, "resource": patient(id="1")}],
    ),
    "73-unknown-type": (404, WITHIN, [entry("POST", FAMILY, {"resourceType": FAMILY})]),
    "73-type-of-another": (400, WITHIN, [entry("POST", "Slot", patient())]),
    "74-transaction-in-a-transaction": (405, WITHIN, [entry("POST", "", bundle(create()))]),
    "74-transaction-to-the-base": (405, WITHIN, [entry("POST", "/", bundle(create()))]),
    "75-same-resource-twice": (400, r"Bundle\.entry\[[12]\]", twice_named("Patient/twice")),
    "75-deleted-and-put": (
        422,
        r"Bundle\.entry\[[12]\]",
        [entry("PUT", "Patient/t", patient(id="t")), entry("DELETE", "Patient/t")],
    ),
    "76-same-full-url-twice": (400, "fullUrl", [create() | {"fullUrl": ONE}, create() | {"fullUrl": ONE}]),
    "77-dangling": (422, WITHIN, [linked(ONE, TWO)]),
    "77-dangling-conditional": (422, WITHIN, [linked(ONE, "Patient?identifier=nobody|nothing")]),
    "80-invalid-last": (422, WITHIN, [create(gender=FAMILY)]),
    "82-conditional-reference-without-criterion": (422, WITHIN, [linked(ONE, "Patient?")]),
    "82-conditional-reference-to-nonsense": (400, WITHIN, [linked(ONE, "Patient?frobnicate=1")]),
    "82-reference-is-a-number": (
        422,
        WITHIN,
        [entry("POST", "Patient", patient(managingOrganization={"reference": 5}))],
    ),
    "82-reference-is-a-list": (
        422,
        WITHIN,
        [entry("POST", "Patient", patient(managingOrganization={"reference": [ONE]}))],
    ),
    "82-reference-is-an-object": (
        422,
        WITHIN,
        [entry("POST", "Patient", patient(managingOrganization={"reference": {}}))],
    ),
    "82-condition-that-is-nonsense": (
        400,
        WITHIN,
        [{"request": {"method": "POST", "url": "Patient", "ifNoneExist": "frobnicate=1"}, "resource": patient()}],
    ),
    "82-condition-of-20000-values": (413, WITHIN, [linked(ONE, "Patient?identifier=" + ",".join("a" * 20_000))]),
    "86-operation": (404, WITHIN, [entry("POST", "Patient/$everything", {"resourceType": "Parameters"})]),
    "86-search-by-post": (405, WITHIN, [entry("GET", "Patient/_search?name=x")]),
    "86-metadata": (405, WITHIN, [entry("GET", "metadata")]),
}


@pytest.mark.threat(80)
@pytest.mark.parametrize("name", numbered(WRONG))
def test_a_transaction_with_it_is_refused_whole(target: Target, name: str) -> None:
    status, says, entries = WRONG[name]
    before = target.rows()

    answer = target.post("/fhir", bundle(create(), *entries))

    check_refused(answer, 400 if status == 405 else status, says)  # the method of the request itself is served
    assert target.rows() == before


ALONE = [name for name in WRONG if name[:2] not in {"75", "76", "77"}]


@pytest.mark.threat(81)
@pytest.mark.parametrize("name", numbered(ALONE))
def test_81_a_batch_keeps_the_entry_beside_it(target: Target, name: str) -> None:
    status, _, entries = WRONG[name]

    answer = target.post("/fhir", bundle(create(), *entries, create(), kind="batch"))

    assert answer.status == 200, answer.text
    statuses = [one["response"]["status"][:3] for one in answer.json()["entry"]]
    assert statuses == ["201", str(status), "201"]
    outcome = answer.json()["entry"][1]["response"]["outcome"]
    assert all(issue["diagnostics"] for issue in outcome["issue"])
    assert FAMILY not in json.dumps(outcome)


SHAPES: dict[str, tuple[int, str, Any]] = {
    "72-entries-are-an-object": (400, r"Bundle\.entry", {"resourceType": "Bundle", "type": "transaction", "entry": {}}),
    "72-entries-are-a-name": (400, r"Bundle\.entry", {"resourceType": "Bundle", "type": "batch", "entry": FAMILY}),
    "72-no-type": (400, r"Bundle\.type", {"resourceType": "Bundle", "entry": [create()]}),
    "72-type-is-a-list": (
        400,
        r"Bundle\.type",
        {"resourceType": "Bundle", "type": ["transaction"], "entry": [create()]},
    ),
    "72-type-is-a-name": (400, r"Bundle\.type", bundle(create(), kind=FAMILY)),
    "72-searchset": (
        400,
        r"Bundle\.type",
        {"resourceType": "Bundle", "type": "searchset", "total": 1, "entry": [{"resource": patient()}]},
    ),
    "72-collection": (400, r"Bundle\.type", bundle({"resource": patient()}, kind="collection")),
    "72-document": (400, r"Bundle\.type", bundle({"resource": patient()}, kind="document")),
    "72-history": (400, r"Bundle\.type", bundle(create(), kind="history")),
    "72-no-bundle": (400, "Bundle", patient()),
    "79-20001-entries": (413, "20000 entries", bundle(*[{}] * 20_001)),
    "83-message": (400, r"Bundle\.type", bundle({"resource": {"resourceType": "MessageHeader"}}, kind="message")),
    "83-message-without-header": (400, r"Bundle\.type", bundle({"resource": patient()}, kind="message")),
}


@pytest.mark.parametrize("name", numbered(SHAPES))
def test_a_bundle_of_another_shape_is_refused(target: Target, name: str) -> None:
    status, says, sent = SHAPES[name]
    before = target.rows()

    answer = target.post("/fhir", sent)

    check_refused(answer, status, says)
    assert target.rows() == before


@pytest.mark.threat(83)
def test_83_a_message_is_refused_by_its_name_where_messages_are_taken_too(target: Target) -> None:
    before = target.rows()

    answer = target.post("/ingest/dev", bundle({"resource": patient()}, kind="message"), Accept=JSON)

    check_refused(answer, 422, "message")
    assert target.rows() == before


@pytest.mark.threat(69)
def test_69_nobody_is_called_because_a_bundle_names_them(target: Target, canary: socket.socket) -> None:
    elsewhere = f"http://127.0.0.1:{canary.getsockname()[1]}/fhir/Patient/1"
    resource = patient(
        meta={"profile": [elsewhere]},
        photo=[{"url": elsewhere}],
        extension=[{"url": elsewhere, "valueUrl": elsewhere}],
        link=[{"other": {"reference": elsewhere}, "type": "seealso"}],
    )

    target.post("/fhir", bundle(entry("GET", elsewhere)))
    target.post("/fhir", bundle(entry("POST", "Patient", resource, fullUrl=elsewhere)))
    target.post("/fhir/Patient", resource)

    with pytest.raises(BlockingIOError):
        canary.accept()


@pytest.mark.threat(78)
def test_78_entries_may_refer_to_each_other_in_a_circle(target: Target) -> None:
    answer = target.post("/fhir", bundle(linked(ONE, TWO), linked(TWO, ONE)))

    first, second = ("/".join(one["response"]["location"].split("/")[-4:-2]) for one in answer.json()["entry"])
    link = target.get(f"/fhir/{first}").json()["link"]
    assert answer.status == 200
    assert link[0]["other"]["reference"] == second


@pytest.mark.threat(79)
def test_79_five_thousand_entries_are_stored(target: Target) -> None:
    locations = [entry("POST", "Location", {"resourceType": "Location", "name": f"L{n}"}) for n in range(5000)]

    answer = target.post("/fhir", bundle(*locations))

    assert answer.status == 200
    assert {one["response"]["status"] for one in answer.json()["entry"]} == {"201 Created"}


@pytest.mark.threat(82)
def test_82_a_reference_that_matches_several_is_refused(target: Target) -> None:
    identifier = [{"system": "https://attacks.example", "value": f"many-{time.monotonic_ns()}"}]
    for _ in range(2):
        target.post("/fhir/Patient", patient(identifier=identifier))
    before = target.rows()
    question = f"Patient?identifier=https://attacks.example|{identifier[0]['value']}"

    referred = target.post("/fhir", bundle(create(), linked(ONE, question)))
    conditional = entry("POST", "Patient", patient())
    conditional["request"]["ifNoneExist"] = question.partition("?")[2]
    created = target.post("/fhir", bundle(create(), conditional))

    check_refused(referred, 412, WITHIN)
    check_refused(created, 412, WITHIN)
    assert target.rows() == before


@pytest.mark.threat(84)
def test_84_a_transaction_that_comes_again_changes_nothing(target: Target) -> None:
    id_ = f"again-{time.monotonic_ns()}"
    sent = bundle(entry("PUT", f"Patient/{id_}", patient(id=id_)))

    first, second = target.post("/fhir", sent), target.post("/fhir", sent)

    assert [first.status, second.status] == [200, 200]
    assert target.get(f"/fhir/Patient/{id_}").headers["ETag"] == 'W/"1"'


@pytest.mark.threat(85)
def test_85_an_entry_that_may_not_be_done_is_refused_alone(target: Target) -> None:
    id_ = target.post("/fhir/Provenance", provenance()).json()["id"]

    answer = target.post("/fhir", bundle(create(), entry("DELETE", f"Provenance/{id_}"), kind="batch"))

    assert [one["response"]["status"][:3] for one in answer.json()["entry"]] == ["201", "405"]
    assert target.get(f"/fhir/Provenance/{id_}").status == 200


def provenance() -> dict[str, Any]:
    return {
        "resourceType": "Provenance",
        "target": [{"display": "x"}],
        "recorded": "2026-01-05T10:00:00+01:00",
        "agent": [{"who": {"display": "x"}}],
    }


@pytest.mark.threat(90)
def test_90_who_did_not_wait_for_the_answer_may_ask_again(target: Target) -> None:
    value = f"retry-{time.monotonic_ns()}"
    body = encoded(identifier=[{"system": "https://attacks.example", "value": value}])
    head = (
        f"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\nContent-Length: {len(body)}\r\n"
        f"If-None-Exist: identifier=https://attacks.example|{value}\r\n\r\n"
    )
    for _ in range(3):
        with target.connected() as wire:
            wire.sendall(head.encode() + body)

    assert target.raw(head.encode() + body).status in {200, 201}
    found = target.get(f"/fhir/Patient?identifier=https://attacks.example|{value}&_summary=count")
    assert found.json()["total"] == 1
