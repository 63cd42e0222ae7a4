"""A message says only what it says: what it leaves out is as an earlier message said it, whichever came first."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.access.partners import Partner
from gateway.access.policy import development_caller
from gateway.cli.inbox import inbox
from gateway.fhir.owner import SYSTEM as OWNER
from gateway.fhir.types import Resource
from gateway.ingest import Taken, ingest
from gateway.query import history
from gateway.query.histories import HistoryRequest
from gateway.query.provenance import provenance
from gateway.services import Services
from gateway.transact import Delete, Put, Received, transact
from tests.conftest import NOW
from tests.order.conftest import Opened
from tests.order.hospital import SITE
from tests.order.stories import (
    NULL,
    STAY,
    Said,
    appointment,
    at,
    order,
    pid,
    pv1,
    referral,
    referral_messages,
    segment,
    whole_pid,
)
from tests.order.test_order import resources, take

CALLER = development_caller()
ORDERS = 200

A01 = Said("A01", 0, (whole_pid("1"), pv1("1", "A", f10="CAR", f44=at(0))))
A03 = Said("A03", 9, (pid("1"), pv1("1", f2="", f45=at(9))))


def tell(to: Services, *messages: Said) -> list[Taken]:
    found = [take(one.written("1"), to).messages[0] for one in messages]
    assert [taken.refusal for taken in found] == [None] * len(messages)
    return found


def only(to: Services, type_: str) -> dict[str, Any]:
    (found,) = resources(to, type_)
    return found


def made(taken: Taken, type_: str) -> str:
    (status,) = [one.status for one in taken.made if one.type == type_]
    return status


def systems(patient: dict[str, Any]) -> list[str]:
    return [identifier["system"].rpartition("/")[2] for identifier in patient["identifier"]]


@pytest.mark.parametrize("messages", [(A01, A03), (A03, A01)], ids=["in order", "late"])
def test_a_short_message_takes_nothing_away(services: Services, messages: Sequence[Said]) -> None:
    tell(services, *messages)

    patient, encounter = only(services, "Patient"), only(services, "Encounter")
    assert systems(patient) == ["bsn", "ZKH_DUINRAND"]
    assert (patient["birthDate"], patient["name"][0]["family"]) == ("1941-03-07", "Jansen")
    assert {one["use"]: one["value"] for one in patient["telecom"]} == {"mobile": "0612345678", "work": "0701234567"}
    assert encounter["status"] == "finished"
    assert encounter["period"] == {"start": "2025-12-28T06:00:00+01:00", "end": "2025-12-28T06:09:00+01:00"}
    assert encounter["class"]["code"] == "IMP"
    assert encounter["location"][0]["location"]["identifier"]["value"].endswith("/W1/1/A")
    assert "status" not in encounter["location"][0], "who left is not there, and the message did not say where that was"


def test_what_fills_a_gap_late_is_an_update_and_what_adds_nothing_is_none(services: Services) -> None:
    tell(services, A03)
    (late,) = tell(services, A01)
    (again,) = tell(services, Said("A03", 10, (pid("1"), pv1("1", f2="", f45=at(9)))))

    assert (made(late, "Patient"), made(late, "Encounter")) == ("updated", "updated")
    assert (made(again, "Patient"), made(again, "Encounter")) == ("unchanged", "unchanged")


def test_a_late_message_of_which_nothing_holds_is_superseded(services: Services) -> None:
    tell(services, Said("A08", 5, (whole_pid("1"), pv1("1", "A"))))

    (late,) = tell(services, Said("A08", 3, (pid("1", f5="Pietersen^Anna"), pv1("1", "A"))))

    assert made(late, "Patient") == "superseded"
    assert only(services, "Patient")["name"][0]["family"] == "Jansen"
    assert "older-than-known" in {issue.code for issue in late.issues}


def test_of_a_late_message_the_part_that_is_new_is_taken_and_the_rest_is_history(services: Services) -> None:
    tell(services, Said("A31", 5, (pid("1", f5="Jansen^Anna"),)))

    (late,) = tell(services, Said("A31", 3, (pid("1", f5="Pietersen^Anna", f7="19410307"),)))

    patient = only(services, "Patient")
    assert (patient["name"][0]["family"], patient["birthDate"]) == ("Jansen", "1941-03-07")
    assert made(late, "Patient") == "updated"
    assert {issue.code for issue in late.issues} == {"older-than-known"}
    bodies = [entry["resource"] for entry in versions(services, "Patient", patient["id"])]
    assert [body["meta"]["versionId"] for body in bodies] == ["2", "2-late-1", "1"]
    assert [body["name"][0]["family"] for body in bodies] == ["Jansen", "Pietersen", "Jansen"]


def versions(to: Services, type_: str, id_: str) -> list[Any]:
    found = history(HistoryRequest(type_, id_), CALLER, to, base="http://x/fhir")
    return list(json.loads(found)["entry"])


@pytest.mark.parametrize(
    ("deleted", "element"),
    [
        ({"f5": NULL}, "name"),
        ({"f7": NULL}, "birthDate"),
        ({"f8": NULL}, "gender"),
        ({"f11": NULL}, "address"),
        ({"f13": NULL, "f14": NULL}, "telecom"),
        ({"f16": NULL}, "maritalStatus"),
        ({"f30": NULL}, "deceasedBoolean"),
    ],
)
def test_what_is_deleted_goes_and_does_not_come_back(services: Services, deleted: dict[str, str], element: str) -> None:
    told = whole_pid("1", f30="Y")
    tell(services, Said("A31", 3, (told,)))
    assert element in only(services, "Patient")

    tell(services, Said("A31", 5, (pid("1", **deleted),)), Said("A31", 4, (told,)))
    patient = only(services, "Patient")
    assert element not in patient
    assert f"_{element}" not in patient

    tell(services, Said("A31", 6, (told,)))
    assert element in only(services, "Patient")


def test_one_of_two_telephone_numbers_can_be_deleted(services: Services) -> None:
    tell(services, Said("A31", 3, (whole_pid("1"),)), Said("A31", 5, (pid("1", f14=NULL),)))

    assert [one["use"] for one in only(services, "Patient")["telecom"]] == ["mobile"]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_cancelled_discharge_ends_no_visit(services: Services, *, reverse: bool) -> None:
    a13 = Said("A13", 12, (pid("1"), pv1("1", "A", f2="")))
    tell(services, *sorted((A01, A03, a13), key=lambda one: one.minute, reverse=reverse))

    encounter = only(services, "Encounter")
    assert encounter["status"] == "in-progress"
    assert encounter["period"] == {"start": "2025-12-28T06:00:00+01:00"}
    assert encounter["location"][0]["status"] == "active"


def test_an_update_after_the_discharge_does_not_undo_it(services: Services) -> None:
    tell(services, A01, A03, Said("A08", 20, (pid("1", f16="S"), pv1("1", f2=""))))

    encounter = only(services, "Encounter")
    assert (encounter["status"], "end" in encounter["period"]) == ("finished", True)
    tell(services, Said("A08", 21, (pid("1"), pv1("1", "A", f2="", f45=NULL))))
    encounter = only(services, "Encounter")
    assert (encounter["status"], "end" in encounter["period"]) == ("in-progress", False)


def test_a_planned_moment_is_not_kept_as_that_of_the_admission(services: Services) -> None:
    planned = Said("A05", 0, (pid("1"), pv1("1", f2="P"), f"PV2||||||||{at(5)}"))
    admitted = Said("A01", 6, (pid("1"), pv1("1", "A")))

    tell(services, planned)
    assert only(services, "Encounter")["period"] == {"start": "2025-12-28T06:05:00+01:00"}
    tell(services, admitted)
    assert "period" not in only(services, "Encounter")


def test_a_merged_patient_stays_so_whatever_comes_under_the_old_number(services: Services) -> None:
    merge = Said("A40", 5, (pid("2"), "MRG|1P^^^ZKH_DUINRAND^PI"))
    tell(services, A01, merge, Said("A08", 9, (pid("1", f16="S"), pv1("1", "A"))))

    old = next(patient for patient in resources(services, "Patient") if "link" in patient)
    assert old["active"] is False
    assert old["birthDate"] == "1941-03-07"
    assert old["maritalStatus"]["coding"][0]["code"] == "S"


# ---- referrals


@pytest.mark.parametrize("reverse", [False, True])
def test_letters_keep_the_links_notes_and_reason_of_the_order(services: Services, *, reverse: bool) -> None:
    for message in sorted(referral_messages("1"), key=str, reverse=reverse):
        (taken,) = take(message, services).messages
        assert taken.refusal is None, taken.issues

    request = only(services, "ServiceRequest")
    assert request["status"] == "revoked", "who sends a letter about it does not order it anew"
    assert [note["text"].partition(":")[0] for note in request["note"]] == [
        "Graag deze week", "Reden", "Tweede brief", "Bijzonderheden",
    ]  # fmt: skip
    assert len(request["supportingInfo"]) == 3
    assert request["reasonCode"][0]["coding"][0]["code"] == "K74"
    assert request["priority"] == "stat"
    assert request["requester"]["type"] == "PractitionerRole"
    assert only(services, "Patient")["birthDate"] == "1941-03-07"


def test_a_deleted_note_goes(services: Services) -> None:
    first, *_ = referral_messages("1")
    take(first, services)
    (taken,) = take(referral("ORM", "1", 20, pid("1"), *order("1", "XO"), f"NTE|1||{NULL}"), services).messages

    assert taken.refusal is None, taken.issues
    assert "note" not in only(services, "ServiceRequest")


def test_a_short_cancellation_keeps_the_time_and_the_room_of_an_appointment(services: Services) -> None:
    sch = segment("SCH", f2="A1^EPD", f7="^Controle", f11=f"^^^{at(60)}^{at(90)}", f25="Booked")
    for event, minute, segments in (
        ("S15", 5, (segment("SCH", f2="A1^EPD", f6="^Verhinderd"), pid("1"))),
        ("S12", 0, (sch, whole_pid("1"), f"AIL|1|A|DAG^1^S4^{SITE}")),
        (
            "S14",
            9,
            (segment("SCH", f2="A1^EPD", f7=NULL, f11=f"^^^{at(60)}^{at(90)}"), pid("1"), "NTE|1||Niet herplannen"),
        ),
    ):
        message = appointment(event, minute, *segments)
        (taken,) = take(message, services).messages
        assert taken.refusal is None, taken.issues

    found = only(services, "Appointment")
    assert (found["status"], found["start"]) == ("cancelled", "2025-12-28T07:00:00+01:00")
    assert [one["actor"]["type"] for one in found["participant"]] == ["Patient", "Location"]
    assert found["cancelationReason"]["text"] == "Verhinderd"
    assert (found["comment"], "reasonCode" in found, len(found["slot"])) == ("Niet herplannen", False, 1)


@pytest.mark.parametrize("reverse", [False, True])
def test_what_cannot_stand_together_is_hidden_and_refuses_no_message(services: Services, *, reverse: bool) -> None:
    sch = segment("SCH", f2="A1^EPD", f11=f"^^^{at(60)}^{at(90)}")
    cancelled = segment("SCH", f2="A1^EPD", f6="^Verhinderd", f11=f"^^^{at(60)}^{at(90)}", f25="Cancelled")
    messages = [appointment("S14", 5, cancelled, pid("1")), appointment("S17", 5, sch, pid("1"))]

    for message in messages[::-1] if reverse else messages:
        (taken,) = take(message, services).messages
        assert taken.refusal is None, taken.issues

    told = only(services, "Appointment")
    assert (told["status"], "cancelationReason" in told) == ("entered-in-error", False)


# ---- order


@pytest.mark.slow
def test_every_order_of_a_stay_ends_alike(open_services: Opened) -> None:
    ends_alike(open_services(), ORDERS, stay)


def test_some_orders_of_a_stay_end_alike_on_both_databases(services: Services) -> None:
    ends_alike(services, 12, stay)


@pytest.mark.slow
def test_every_order_of_a_referral_ends_alike(open_services: Opened) -> None:
    ends_alike(open_services(), ORDERS, lambda story, _: referral_messages(story))


def stay(story: str, random: Random) -> list[bytes]:
    """Return the messages of a stay, some of them a second time under another control id."""
    return [one.written(story) for one in STAY] + [one.written(story, 1) for one in random.sample(STAY, 3)]


def ends_alike(to: Services, orders: int, told: Callable[[str, Random], list[bytes]]) -> None:
    """Check that the messages of a story, in any order and some of them sent again, make the same present."""
    for number in range(orders):
        random, story = Random(number), f"Q{number:04}"
        messages = told(story, random)
        if number:
            messages += random.sample(messages, 3)
            random.shuffle(messages)
        for message in messages:
            (taken,) = take(message, to).messages
            assert taken.refusal is None, taken.issues
    ends = by_story(to)
    assert len(ends) == orders
    assert [name for name, shown in sorted(ends.items()) if shown != ends["Q0000"]] == []


def by_story(to: Services, only_story: str = "") -> dict[str, list[Any]]:
    """Return what the resources of each story say, without ids and numbers of the story."""
    names: dict[str, str] = {}
    found: dict[str, list[Any]] = {}
    for type_ in ("Patient", "Encounter", "ServiceRequest"):
        for resource in resources(to, type_):
            if type_ == "Patient":
                names[resource["id"]] = only_story or story_of(resource)
            story = names[resource["id"] if type_ == "Patient" else resource["subject"]["reference"].partition("/")[2]]
            found.setdefault(story, []).append(said_by(resource, story))
    return found


def story_of(patient: Resource) -> str:
    return next(str(one["value"])[:5] for one in patient["identifier"] if one["system"].endswith("ZKH_DUINRAND"))


def said_by(resource: Resource, story: str) -> Any:
    rest = {name: value for name, value in resource.items() if name not in {"id", "meta"}}

    def without_ids(value: dict[str, Any]) -> dict[str, Any]:
        return {name: "" if name == "reference" else each for name, each in value.items()}

    return json.loads(json.dumps(rest, default=str).replace(story, "S"), object_hook=without_ids)


# ---- the other doors, and what stood in a store before


def test_a_client_replaces_the_whole_and_nothing_older_adds_to_it(services: Services) -> None:
    tell(services, A01)
    id_ = only(services, "Patient")["id"]
    transact([Put({"resourceType": "Patient", "id": id_, "gender": "female"})], CALLER, services)

    (late,) = tell(services, Said("A31", 5, (whole_pid("1"),)))

    assert made(late, "Patient") == "superseded"
    assert only(services, "Patient").keys() == {"resourceType", "id", "meta", "gender"}


def test_what_a_client_deleted_stays_so_until_something_newer_is_said(services: Services) -> None:
    tell(services, A01)
    transact([Delete("Patient", only(services, "Patient")["id"])], CALLER, services)

    (late,) = tell(services, Said("A31", 5, (whole_pid("1"),)))

    assert made(late, "Patient") == "superseded"
    assert resources(services, "Patient") == []


def test_a_replay_of_the_inbox_changes_nothing_and_mends_what_is_missing(services: Services, database_url: str) -> None:
    tell(services, *STAY)
    before = by_story(services, "1")
    patient = only(services, "Patient")

    replay(database_url, len(STAY))
    assert by_story(services, "1") == before
    assert only(services, "Patient")["meta"] == patient["meta"]

    forget(services)
    short = {"resourceType": "Patient", "id": patient["id"], "identifier": patient["identifier"][1:]}
    received = Received("dev", "fhir", b"{}", received_at=NOW, event_time=NOW - timedelta(days=7))
    transact([Put(short)], CALLER, services, received=received)
    replay(database_url, len(STAY))
    assert by_story(services, "1") == before


def replay(url: str, count: int) -> None:
    names = [str(number) for number in range(1, count + 1)]
    done = CliRunner().invoke(inbox, ["replay", *names, "--again", "--database", url])
    assert done.exit_code == 0, done.output


def test_a_store_without_such_a_ledger_is_completed_by_what_comes_again(services: Services) -> None:
    tell(services, A03)
    forget(services)

    tell(services, A01, Said("A31", 20, (pid("1", f16="S"),)))

    patient = only(services, "Patient")
    assert (patient["birthDate"], patient["maritalStatus"]["coding"][0]["code"]) == ("1941-03-07", "S")


def forget(to: Services) -> None:
    """Have the ledger be as it was before it told of elements."""
    if to.store.engine == "sqlite":
        import sqlite3

        with sqlite3.connect(to.settings.database.removeprefix("sqlite:///")) as db:
            db.execute("delete from ledger where subject like 'said/%'")
        db.close()
    else:
        import psycopg

        with psycopg.connect(to.settings.database) as connection:
            connection.execute("delete from ledger where subject like 'said/%%'", ())


def test_the_provenance_of_a_version_tells_what_its_message_did_not_say(services: Services) -> None:
    tell(services, A01, A03)

    found = provenance("Encounter", only(services, "Encounter")["id"], CALLER, services)
    newest = found["entry"][0]["resource"]
    told = {
        {part["url"]: part["valueString"] for part in one["extension"]}["element"]: {
            part["url"] for part in one["extension"]
        }
        for one in newest["entity"][0]["extension"]
    }

    assert told["Encounter.period.end"] >= {"place", "rule"}
    assert told["Encounter.period.start"] == {"element", "absent"}
    assert not [element for element in told if "modifierExtension" in element]


def test_whose_a_resource_is_stays_beside_what_messages_say_of_it(services: Services) -> None:
    """The gateway labels it with its owner: nothing that a message says, or leaves out."""
    sender = Partner(id="duinrand", name="Duinrand", kind="ziekenhuis", providers=("dev",)).caller()
    for said in (A01, A03):
        (taken,) = ingest(said.written("1"), provider="dev", content_type=None, caller=sender, to=services).messages
        assert taken.refusal is None

    patient = only(services, "Patient")
    assert patient["meta"]["security"] == [{"system": OWNER, "code": "duinrand"}]
    assert only(services, "Encounter")["status"] == "finished"
