"""The Bundles we make are right."""

from datetime import UTC, datetime

import msgspec

from gateway.fhir.bundle import Match, Version, full_url, history, searchset, transaction
from gateway.fhir.json import decode, encode
from gateway.validation import Validator

BASE = "https://example.org/fhir"
PATIENT = {"resourceType": "Patient", "id": "1"}


def test_a_transaction_keeps_the_order_and_addresses_what_has_an_id() -> None:
    bundle = transaction([(PATIENT, "PUT", "Patient/1"), ({"resourceType": "Patient"}, "POST", "Patient")], base=BASE)

    assert [entry.get("fullUrl") for entry in bundle["entry"]] == [f"{BASE}/Patient/1", None]
    assert [entry["request"]["method"] for entry in bundle["entry"]] == ["PUT", "POST"]
    assert Validator().issues(bundle) == []


def test_a_searchset_has_its_total_links_and_modes() -> None:
    match = Match(full_url(BASE + "/", "Patient", "1"), PATIENT)

    bundle = searchset([match], total=7, links=[("self", f"{BASE}/Patient?_count=1")])

    assert bundle["entry"][0]["search"] == {"mode": "match"}
    assert bundle["total"] == 7
    assert Validator().issues(bundle) == []


def test_an_empty_searchset_has_no_entries() -> None:
    assert searchset([], total=0) == {"resourceType": "Bundle", "type": "searchset", "total": 0}


def test_a_history_tells_deletions_too() -> None:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    deleted = Version(f"{BASE}/Patient/1", None, "DELETE", "Patient/1", "204", "2", at)
    created = Version(f"{BASE}/Patient/1", PATIENT, "POST", "Patient", "201", "1", at)

    bundle = history([deleted, created], total=2)

    assert "resource" not in bundle["entry"][0]
    assert bundle["entry"][1]["response"]["etag"] == 'W/"1"'
    assert Validator().issues(bundle) == []


def test_stored_bytes_go_in_as_they_are() -> None:
    body = msgspec.Raw(b'{"resourceType":"Patient","id":"1"}')

    assert decode(encode(searchset([Match("u", body)])))["entry"][0]["resource"] == PATIENT
