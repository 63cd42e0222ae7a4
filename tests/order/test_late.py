"""A fact that is older than what is known is history: kept and shown as that, and told; the present stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway import report
from gateway.access.policy import development_caller
from gateway.errors import InvalidResource, VersionConflict
from gateway.fhir.json import decode
from gateway.fhir.search import Page
from gateway.ingest import Taken, acknowledged, ingest
from gateway.query import HistoryRequest, history, vread
from gateway.services import Services
from gateway.transact import Delete, Put, Received, receive, transact
from tests.conftest import NOW
from tests.messages import bed_list, bed_message, bed_row
from tests.order.histories import Told
from tests.order.hospital import SITE
from tests.order.test_order import beds, resources, slots, take

CALLER = development_caller()


def told(event: str, minute: float, visit: str, bed: str, was: str = "") -> bytes:
    return Told(event, minute, visit, bed, was).written(1)


def only(data: bytes, to: Services, provider: str = "dev") -> Taken:
    (taken,) = take(data, to, provider).messages
    assert taken.refusal is None
    return taken


def codes(taken: Taken) -> set[str]:
    return {issue.code for issue in taken.issues}


def bed_id(to: Services, bed: str = "A") -> str:
    path = f"{SITE}/W1/1/{bed}"
    return next(str(r["id"]) for r in resources(to, "Location") if r["identifier"][0]["value"] == path)


def test_an_older_fact_is_history_and_says_so(services: Services) -> None:
    only(told("A20", 5, "O", "A"), services)

    late = only(told("A20", 3, "U", "A"), services)

    assert beds(services) == {"W1/1/A": "O"}
    assert codes(late) == {"older-than-known"}
    assert {made.type for made in late.made if made.status == "superseded"} == {"Location", "Slot"}
    answer = acknowledged(told("A20", 2, "U", "A"), provider="dev", caller=CALLER, to=services)
    assert b"MSA|AA|" in answer
    assert b"older-than-known" in answer


def asked(request: HistoryRequest, services: Services) -> Any:
    return decode(history(request, CALLER, services, base="http://x/fhir"))


def test_the_history_shows_what_came_too_late_below_the_present(services: Services) -> None:
    only(told("A20", 5, "O", "A"), services)
    only(told("A20", 3, "U", "A"), services)
    id_ = bed_id(services)

    bundle = asked(HistoryRequest("Location", id_), services)
    present, late = (entry["resource"] for entry in bundle["entry"])

    assert [present["operationalStatus"]["code"], late["operationalStatus"]["code"]] == ["O", "U"]
    assert (present["meta"]["versionId"], late["meta"]["versionId"]) == ("1", "1-late-1")
    assert [tag["code"] for tag in late["meta"]["tag"]] == ["older-than-known"]
    assert decode(vread("Location", id_, "1-late-1", CALLER, services).body) == late
    with services.store.reading() as db:
        assert db.rows("select count(*) from outbox where event = 'update'") == [(0,)]  # nobody is told of it


def test_pages_of_a_history_hold_what_came_too_late_and_other_histories_do_not(services: Services) -> None:
    only(told("A20", 5, "O", "A"), services)
    for minute, state in ((3, "U"), (2, "K"), (6, "C")):
        only(told("A20", minute, state, "A"), services)
    id_, found = bed_id(services), []
    request: HistoryRequest | None = HistoryRequest("Location", id_, count=1)
    while request:
        bundle = asked(request, services)
        found += [entry["resource"]["meta"]["versionId"] for entry in bundle["entry"]]
        links = {link["relation"]: link["url"] for link in bundle["link"]}
        page = links.get("next", "").partition("_page=")[2].partition("&")[0]
        request = HistoryRequest("Location", id_, page=Page(page)) if page else None

    of_type = asked(HistoryRequest("Location", count=1000), services)["entry"]

    whole = asked(HistoryRequest("Location", id_), services)["entry"]
    assert found == [entry["resource"]["meta"]["versionId"] for entry in whole]
    assert [version.partition("-")[::2] for version in found[:2]] == [("2", ""), ("1", "")]
    assert [version.startswith("1-late-") for version in found] == [False, False, True, True]
    versions = [e["resource"]["meta"]["versionId"] for e in of_type if e["fullUrl"].endswith(id_)]
    assert versions == ["2", "1"]


def test_a_bed_that_is_left_is_found_by_what_is_known_of_the_visit(services: Services) -> None:
    only(told("A01", 0, "V", "A"), services)

    moved = only(told("A02", 1, "V", "B"), services)

    assert beds(services) == {"W1/1/A": "H", "W1/1/B": "O"}
    assert f"Location/{bed_id(services, 'A')}" in {f"{made.type}/{made.id}" for made in moved.made}
    assert slots(services)["W1/1/A"] == "busy-unavailable"


def test_a_bed_that_nobody_knows_of_is_reported_and_not_freed(services: Services) -> None:
    only(told("A01", 0, "W", "A"), services)

    moved = only(told("A02", 1, "V", "B"), services)

    assert codes(moved) == {"prior-bed-unknown"}
    assert beds(services) == {"W1/1/A": "O", "W1/1/B": "O"}


def test_a_patient_in_two_beds_is_reported_with_both(services: Services) -> None:
    only(told("A01", 0, "V", "A"), services)
    twice = only(told("A01", 1, "V", "B"), services)
    again = only(told("A08", 2, "V", "B"), services)
    gone = only(told("A03", 3, "V", "B"), services)

    for taken in (twice, again):
        (issue,) = [issue for issue in taken.issues if issue.code == "patient-in-two-beds"]
        assert issue.severity == "warning"
        assert bed_id(services, "A") in issue.diagnostics
        assert bed_id(services, "B") in issue.diagnostics
    assert codes(gone) == set()
    assert beds(services) == {"W1/1/A": "H", "W1/1/B": "H"}


def test_another_visit_of_the_same_patient_is_reported_too(services: Services) -> None:
    only(told("A01", 0, "V", "A"), services)

    other = only(told("A01", 1, "W", "B").replace(b"PID|1||1W^", b"PID|1||1V^"), services)

    assert "patient-in-two-beds" in codes(other)
    assert beds(services) == {"W1/1/A": "O", "W1/1/B": "O"}


def test_two_in_a_bed_are_reported_and_one_who_leaves_does_not_free_it(services: Services) -> None:
    only(told("A01", 0, "V", "A"), services)
    both = only(told("A01", 1, "W", "A"), services)

    left = only(told("A03", 2, "V", "A"), services)

    assert codes(both) == {"bed-occupied-twice"}
    assert codes(left) == {"bed-overruled"}
    assert beds(services) == {"W1/1/A": "O"}


def test_a_swap_never_offers_a_bed_too_many(services: Services) -> None:
    for message in (told("A01", 0, "V", "A"), told("A01", 1, "W", "B")):
        only(message, services, "noordwal")  # beds that are left are free at once there

    only(told("A02", 2, "V", "B", "A"), services, "noordwal")
    half = slots(services)
    only(told("A02", 3, "W", "A", "B"), services, "noordwal")

    assert set(half.values()) == {"busy", "busy-tentative"}
    assert set(slots(services).values()) == {"busy"}


def test_the_extract_and_the_events_of_one_bed_go_by_their_moments(services: Services) -> None:
    def extract(state: str, minute: int) -> None:
        row = f"{SITE};W1;1;A;{state};INT;IC-VOLW;;N;N;J;28-12-2025 06:{minute:02}"
        assert not ingest(bed_list([row]), provider="dev", content_type="text/csv", caller=CALLER, to=services).refusal

    seen: list[dict[str, str]] = []
    extract("VRIJ", 0)
    seen.append(beds(services))
    only(told("A01", 5, "V", "A"), services)
    extract("VRIJ", 3)  # older than the admission
    seen.append(beds(services))
    extract("VRIJ", 10)
    seen.append(beds(services))
    only(told("A03", 7, "V", "A"), services)  # older than the extract
    seen.append(beds(services))
    extract("BEZET", 10)  # of the moment of another one: the one that offers nothing
    seen.append(beds(services))

    assert [state for bed in seen for state in bed.values()] == ["U", "O", "U", "U", "O"]


def test_a_clock_that_is_ahead_is_told_and_does_not_lock_the_bed(services: Services) -> None:
    ahead = only(bed_message("1", state="U", at="20260105180000"), services)
    within = only(bed_message("2", bed="2", at="20260105100200"), services)

    later = replace(services, clock=lambda: NOW + timedelta(minutes=1))
    only(bed_message("3", state="O", at="20260105100030"), later)

    assert codes(ahead) == {"clock-skew"}
    assert codes(within) == set()
    assert beds(services)["ZKH_DUINRAND/3B/312/1"] == "O"


def test_a_moment_that_cannot_be_known_yet_is_refused(services: Services) -> None:
    (taken,) = take(bed_message("1", at="20260106100100"), services).messages
    rows = [bed_row("1"), bed_row("2").replace("05-01-2026", "07-01-2026"), bed_row("3")]
    table = ingest(bed_list(rows), provider="dev", content_type="text/csv", caller=CALLER, to=services)

    assert isinstance(taken.refusal, InvalidResource)
    assert codes(taken) == {"moment-ahead"}
    assert sum(message.rows for message in table.messages) == 2
    assert {str(i.place)[:24] for i in table.issues if i.code == "moment-ahead"} == {'row 3 column "Peilmoment"'[:24]}


def test_where_a_message_says_a_moment_ahead_is_told(services: Services) -> None:
    text = bed_message("1", at="20260106100100")
    (refused,) = take(text, services).messages
    skewed = only(bed_message("2", at="20260105100500"), services)

    at = text.index(b"20260106100100", text.index(b"EVN|"))
    assert {(i.place.path, i.place.line, i.place.byte) for i in refused.issues if i.place} == {("EVN-2", 2, at)}
    assert [str(issue.place)[:14] for issue in skewed.issues] == ["EVN-2 (line 2,"]


def test_who_sends_no_bundle_is_told_of_beds_and_resources_by_their_names(services: Services) -> None:
    only(told("A01", 5, "V", "A"), services)
    late = take(told("A08", 3, "V", "A"), services)

    lines = report.text(late, "en").splitlines()
    said = [line for line in lines if line.startswith("Note: ")]
    assert said[0].startswith(f"Note: bed {SITE}/W1/1/A: something newer is known of this")
    assert not any("Bundle.entry" in line for line in lines)


def test_a_patient_stays_as_a_newer_message_says(services: Services) -> None:
    only(told("A08", 5, "V", "A"), services)

    late = only(told("A08", 3, "V", "A").replace(b"Jansen^J", b"Janssen^J"), services)

    (patient,) = resources(services, "Patient")
    assert patient["name"][0]["family"] == "Jansen"
    assert ("Patient", "superseded") in {(made.type, made.status) for made in late.made}


def test_a_cancelled_visit_stays_cancelled(services: Services) -> None:
    only(told("A11", 5, "V", "A"), services)
    only(told("A01", 3, "V", "A"), services)

    (encounter,) = resources(services, "Encounter")
    assert encounter["status"] == "cancelled"
    assert beds(services) == {"W1/1/A": "U"}


def test_the_ledger_holds_no_visit_and_no_patient_in_clear(services: Services) -> None:
    only(told("A01", 0, "VISIT77", "A"), services, "noordwal")

    with services.store.reading() as db:
        rows = db.rows("select subject, content from ledger")
    assert len(rows) == 3
    assert not [row for row in rows if "VISIT77" in row[0] or b"VISIT77" in row[1] or b"Jansen" in row[1]]


def test_a_client_sets_the_present_and_a_newer_message_sets_it_again(services: Services) -> None:
    only(told("A20", 5, "O", "A"), services)
    (bed,) = (r for r in resources(services, "Location") if "operationalStatus" in r)
    closed = {**bed, "operationalStatus": {**bed["operationalStatus"], "code": "C", "display": "Closed"}}
    transact([Put(closed)], CALLER, services)

    late = only(told("A20", 6, "U", "A"), services)  # older than what the client did now
    after_late = beds(services)
    later = replace(services, clock=lambda: NOW + timedelta(hours=1))
    only(
        bed_message("9", bed="A", at="20260105103000").replace(b"3B^312^A^ZKH_DUINRAND^^B", b"W1^1^A^DUINRAND-W"), later
    )

    assert codes(late) == {"older-than-known"}
    assert after_late == {"W1/1/A": "C"}
    assert beds(services) == {"W1/1/A": "U"}


def received(at: datetime, number: int | None = None) -> Received:
    return Received("dev", "json", b"{}", NOW, event_time=at, number=number)


def task(status: str) -> dict[str, Any]:
    return {"resourceType": "Task", "id": "t", "status": status, "intent": "order"}


def statuses(to: Services, *facts: tuple[str, int, int | None]) -> list[str]:
    """Return the status of a Task after each fact: its status, its minute, and its number."""
    seen: list[str] = []
    for status, minute, number in facts:
        receive([Put(task(status))], CALLER, to, received(NOW - timedelta(minutes=60 - minute), number))
        seen.extend(str(r["status"]) for r in resources(to, "Task"))
    return seen


def test_any_resource_goes_by_the_moment_of_its_message(services: Services) -> None:
    seen = statuses(
        services, ("requested", 2, None), ("cancelled", 5, None), ("accepted", 3, None), ("cancelled", 9, None),
        ("rejected", 7, None),
    )  # fmt: skip

    assert seen == ["requested", "cancelled", "cancelled", "cancelled", "cancelled"]


def test_a_source_that_counts_its_versions_is_believed_in_that(services: Services) -> None:
    seen = statuses(services, ("requested", 9, 1), ("cancelled", 5, 3), ("accepted", 8, 2), ("completed", 1, 4))

    assert seen == ["requested", "cancelled", "cancelled", "completed"]


@pytest.mark.parametrize("order", [("accepted", "rejected"), ("rejected", "accepted")])
def test_of_two_facts_of_one_moment_the_same_one_holds_always(services: Services, order: tuple[str, str]) -> None:
    assert statuses(services, *((status, 5, None) for status in order))[-1] == "rejected"


def test_what_a_client_deletes_comes_back_only_with_something_newer(services: Services) -> None:
    statuses(services, ("requested", 2, None))
    transact([Delete("Task", "t")], CALLER, services)

    assert statuses(services, ("accepted", 3, None)) == []
    with pytest.raises(VersionConflict):
        transact([Put(task("accepted"), if_match="1")], CALLER, services)


def test_the_report_says_how_much_was_too_late(services: Services) -> None:
    only(told("A20", 5, "O", "A"), services)

    ingested = take(told("A20", 3, "U", "A"), services)

    assert report.rows(ingested)["sums"]["superseded"] == 2
    assert "2 resources zijn ouder dan wat bekend is: bewaard als historie." in report.text(ingested, "nl")
    assert "superseded" not in report.text(take(told("A20", 6, "U", "A"), services), "en")
