"""EDIFACT letters in: each message stored whole with its letter, or kept with the reasons why not."""

import json
from typing import Any

from gateway.access.policy import development_caller
from gateway.fhir.search import parse
from gateway.ingest import Ingested, control, ingest
from gateway.query import search
from gateway.services import Services
from tests.letters import SEGMENTS, interchange, letter, message, written

EDIFACT = "application/edifact"


def take(data: bytes, to: Services, content_type: str | None = EDIFACT, provider: str = "dev") -> Ingested:
    return ingest(data, provider=provider, content_type=content_type, caller=development_caller(), to=to)


def inbox(to: Services) -> list[tuple[Any, ...]]:
    with to.store.reading() as database:
        return database.rows("select format, state, control_id, mapping, content, issues from inbox order by id")


def found(to: Services, type_: str, **parameters: str) -> list[dict[str, Any]]:
    pairs = list(parameters.items())
    bundle = json.loads(search(parse(type_, pairs), development_caller(), to, base="http://x/fhir"))
    return [entry["resource"] for entry in bundle.get("entry", [])]


def answers(ingested: Ingested, to: Services) -> list[str]:
    segments = control(ingested, to).decode().split("'")
    return [segment for segment in segments if segment[:3] in ("UCI", "UCM", "UCS", "UCD")]


def test_a_letter_is_stored_with_what_it_asks(services: Services) -> None:
    ingested = take(letter(), services)

    assert ingested.refusal is None
    (request,) = found(services, "ServiceRequest", status="active")
    (document,) = found(services, "DocumentReference")
    assert request["note"][0]["text"] == "Verwijzing spoed. Mw. is gevallen.\nVraag: opname of ELV?"
    assert request["supportingInfo"][0]["reference"] == f"DocumentReference/{document['id']}"
    assert document["masterIdentifier"]["value"] == "500099901+REF1+1"
    assert answers(ingested, services) == ["UCI+REF1+500099901+500099902+7", "UCM+1+MEDVRI:2:D:NL+7"]


def test_each_message_of_an_interchange_is_kept_by_itself_and_can_be_taken_again(services: Services) -> None:
    data = written(interchange(message(1), message(2)))

    take(data, services)

    rows = inbox(services)
    assert [row[:4] for row in rows] == [
        ("edifact", "accepted", f"500099901+REF1+{n}", "edifact/medvri_letter") for n in (1, 2)
    ]
    again = take(bytes(rows[1][4]), services)
    assert {one["meta"]["versionId"] for one in found(services, "DocumentReference")} == {"1"}
    assert answers(again, services) == ["UCI+REF1+500099901+500099902+7", "UCM+2+MEDVRI:2:D:NL+7"]
    assert [taken.received.control_id for taken in again.messages] == ["500099901+REF1+2"]


def test_a_broken_message_costs_its_neighbours_nothing(services: Services) -> None:
    ingested = take(written(interchange(message(1), message(2, count=9), message(3))), services)

    assert [taken.refusal is None for taken in ingested.messages] == [True, False, True]
    assert [row[1] for row in inbox(services)] == ["accepted", "refused", "accepted"]
    assert len(found(services, "DocumentReference")) == 2
    assert answers(ingested, services)[2] == "UCM+2+MEDVRI:2:D:NL+4+29+UNT+1"


def test_an_interchange_that_contradicts_itself_stores_nothing(services: Services) -> None:
    ingested = take(written(interchange(message(1), message(2), trailer="UNZ+3+REF1")), services)

    assert ingested.refusal is not None
    assert found(services, "DocumentReference") == []
    ((format_, state, control_id, _, content, issues),) = inbox(services)
    assert (format_, state, control_id) == ("edifact", "refused", None)
    assert content is not None
    assert [issue["code"] for issue in json.loads(issues)] == ["count-mismatch"]
    assert answers(ingested, services) == ["UCI+REF1+500099901+500099902+4+29+UNZ+1"]


def test_an_interchange_that_was_cut_off_is_taken_as_far_as_it_is_whole(services: Services) -> None:
    data = written(interchange(message(1), message(2)))

    ingested = take(data[: data.rindex(b"FTX")], services)

    assert [taken.refusal is None for taken in ingested.messages] == [True, False]
    assert [row[2] for row in inbox(services)] == ["500099901+REF1+1", "500099901+REF1+2"]
    assert [issue.code for issue in ingested.messages[0].issues] == ["cut-off"]


def test_what_follows_an_interchange_is_refused_and_the_interchange_is_not(services: Services) -> None:
    ingested = take(letter() + b"and more", services)

    assert [taken.refusal is None for taken in ingested.messages] == [True, False]


def test_a_cancellation_is_about_the_same_letter(services: Services) -> None:
    cancelled = tuple(s.replace("+9", "+1") if s.startswith("BGM") else s for s in SEGMENTS)
    take(letter(), services)

    take(written(interchange(message(1, cancelled), reference="REF2")), services)

    assert [one["status"] for one in found(services, "ServiceRequest")] == ["revoked"]
    assert [one["status"] for one in found(services, "DocumentReference")] == ["entered-in-error"]


def test_what_a_rule_refuses_is_told_by_its_segment(services: Services) -> None:
    nobody = tuple("PNA+PAT" if s.startswith("PNA") else s for s in SEGMENTS)

    ingested = take(written(interchange(message(1, nobody))), services)

    assert ingested.refusal is not None
    assert answers(ingested, services)[1:] == ["UCM+1+MEDVRI:2:D:NL+4", "UCS+6", "UCD+13+4:1"]


def test_a_provider_that_shares_capacity_sends_no_letters(services: Services) -> None:
    ingested = take(letter(), services, provider="duinrand")

    assert ingested.refusal is not None
    assert found(services, "Patient") == []
    assert answers(ingested, services)[1] == "UCM+1+MEDVRI:2:D:NL+4+17"


def test_bytes_that_are_no_interchange_are_kept_and_answered(services: Services) -> None:
    ingested = take(b"hello", services)

    assert ingested.refusal is not None
    assert answers(ingested, services)[0].startswith("UCI+0+UNKNOWN+UNKNOWN+4")
    assert [row[1] for row in inbox(services)] == ["refused"]
