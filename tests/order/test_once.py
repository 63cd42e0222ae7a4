"""The same message again: the first answer again, and no second effect."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.errors import Conflict, MappingFailed
from gateway.ingest import acknowledged, ingest
from gateway.services import Services
from gateway.store import open_store
from gateway.store.contents import figures
from tests.conftest import NOW, library
from tests.messages import bed_list, bed_message, bed_row
from tests.order.test_order import beds, take

CSV, FHIR = "text/csv", "application/fhir+json"


def answer(data: bytes, to: Services) -> list[str]:
    """Return the acknowledgement without its own MSH."""
    text = acknowledged(data, provider="dev", caller=development_caller(), to=to).decode()
    return text.split("\r")[1:]


def by_http(data: bytes, to: Services, content_type: str) -> Any:
    (taken,) = ingest(data, provider="dev", content_type=content_type, caller=development_caller(), to=to).messages
    return taken


def test_the_acknowledgement_is_the_first_one_again_after_a_restart(services: Services, database_url: str) -> None:
    first = answer(
        bed_message("1", at="20260105100300"), services
    )  # a clock that is ahead, so there is something to tell

    store = open_store(database_url)
    again = answer(bed_message("1", at="20260105100300"), replace(services, store=store))

    assert first[0] == "MSA|AA|1"
    assert any("clock-skew" in line for line in first)
    assert again == first
    assert figures(store).inbox == {"accepted": 1}
    store.close()


def repeats(to: Services) -> list[dict[str, Any]]:
    """Return the rows of the audit that tell of a repetition."""
    with to.store.reading() as db:
        rows = [json.loads(bytes(content)) for (content,) in db.rows("select content from audit order by lane, seq")]
    return [row for row in rows if row["action"] == "repeat"]


def test_a_repetition_is_in_the_audit_and_changes_nothing_else(services: Services) -> None:
    answer(bed_message("1"), services)
    before = figures(services.store)
    assert repeats(services) == []

    for _ in range(2):
        answer(bed_message("1"), services)

    with services.store.reading() as db:
        ((inbox,),) = db.rows("select id from inbox")
    told = repeats(services)
    assert [(row["provider"], row["format"], row["inbox"]) for row in told] == [("dev", "hl7v2", [inbox])] * 2
    assert {(row["organisation"], row["caller"], row["at"]) for row in told} == {
        ("development", "development", "2026-01-05T09:00:00.000+00:00")
    }
    after = figures(services.store)
    assert (after.audit, after.broken) == (before.audit + 2, [])
    assert replace(after, audit=before.audit) == before


def test_a_repetition_whose_mapping_broke_is_in_the_audit_too(services: Services) -> None:
    answer(bed_message("1"), services)

    answer(bed_message("1"), replace(services, library=replace(services.library, mappings=())))

    assert [row["format"] for row in repeats(services)] == ["hl7v2"]


def test_each_part_of_a_table_that_comes_again_is_in_the_audit(services: Services) -> None:
    table = bed_list([bed_row(str(n)) for n in range(450)])
    for _ in range(2):
        ingest(table, provider="dev", content_type=CSV, caller=development_caller(), to=services)

    with services.store.reading() as db:
        parts = {row for (row,) in db.rows("select id from inbox")}
    assert {row for one in repeats(services) for row in one["inbox"]} == parts


def test_line_ends_are_no_content(services: Services) -> None:
    first = answer(bed_message("1"), services)

    assert answer(bed_message("1").replace(b"\r", b"\r\n"), services) == first
    assert figures(services.store).inbox == {"accepted": 1}


def test_another_message_with_the_same_id_is_refused_and_says_why(services: Services) -> None:
    take(bed_message("1", state="U"), services)

    (taken,) = take(bed_message("1", state="O"), services).messages
    told = answer(bed_message("1", state="O"), services)

    assert isinstance(taken.refusal, Conflict)
    assert [issue.code for issue in taken.issues] == ["duplicate-control-id"]
    assert told[0].startswith("MSA|AE|1|")
    assert "205^Duplicate key identifier" in told[1]
    assert beds(services) == {"ZKH_DUINRAND/3B/312/1": "U"}
    assert figures(services.store).inbox == {"accepted": 1, "refused": 2}


def test_the_same_id_of_another_sender_is_another_message(services: Services) -> None:
    take(bed_message("1", state="U"), services)

    assert take(bed_message("1", state="O").replace(b"BEDDENBORD", b"ANDERS"), services).refusal is None
    assert take(bed_message("1", state="O"), services, provider="duinrand").refusal is None


def test_what_was_refused_is_tried_anew(services: Services) -> None:
    wrong = bed_message("1", state="9")
    assert isinstance(take(wrong, services).refusal, MappingFailed)

    overlay = services.library.provider("dev")
    mended = replace(overlay, values={**overlay.values, "codes": {"bed-status": {"9": "U"}}})
    mended_library = library.__wrapped__()
    mended_library._overlays["dev"] = mended  # as if its file had been mended

    assert take(wrong, replace(services, library=mended_library)).refusal is None
    assert figures(services.store).inbox == {"accepted": 1, "refused": 1}


def test_a_message_that_was_taken_stays_taken_when_its_mapping_breaks(services: Services) -> None:
    first = answer(bed_message("1"), services)
    without = replace(services.library, mappings=())

    assert answer(bed_message("1"), replace(services, library=without)) == first


def test_a_table_is_itself_by_its_content_for_a_day(services: Services) -> None:
    table = bed_list([bed_row(str(n)) for n in range(450)])
    first = ingest(table, provider="dev", content_type=CSV, caller=development_caller(), to=services)

    again = ingest(table, provider="dev", content_type=CSV, caller=development_caller(), to=services)
    tomorrow = replace(services, clock=lambda: NOW + timedelta(days=1))
    later = ingest(table, provider="dev", content_type=CSV, caller=development_caller(), to=tomorrow)

    assert [message.made for message in again.messages] == [message.made for message in first.messages]
    assert sum(message.rows for message in again.messages) == 450
    slots, others = set[str](), set[str]()
    for made in (made for message in later.messages for made in message.made):
        (slots if made.type == "Slot" else others).add(made.status)
    assert (slots, others) == ({"updated"}, {"unchanged"})  # nothing new was said: the places are stale by then
    assert figures(services.store).inbox == {"accepted": 6}


def test_a_bundle_is_known_by_its_identifier(services: Services) -> None:
    entry = {"resource": {"resourceType": "Location", "name": "IC"}, "request": {"method": "POST", "url": "Location"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    named = {**bundle, "identifier": {"system": "urn:x", "value": "7"}}

    first, again = (by_http(json.dumps(named).encode(), services, FHIR) for _ in range(2))
    nameless = [by_http(json.dumps(bundle).encode(), services, FHIR) for _ in range(2)]

    assert again.made == first.made
    assert len({taken.made[0].id for taken in nameless}) == 2
    assert figures(services.store).resources == {"Location": 3}


@pytest.mark.parametrize("identifier", [[], "x", {"value": 7}, {"value": ["x"]}, None])
def test_what_is_no_identifier_names_nothing(services: Services, identifier: Any) -> None:
    bundle = {"resourceType": "Bundle", "type": "transaction", "identifier": identifier, "entry": "x"}

    assert by_http(json.dumps(bundle).encode(), services, FHIR).refusal is not None
