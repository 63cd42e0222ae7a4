"""Messages in: taken whole with what they became, or kept with the reasons why not."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.access.policy import Caller, development_caller
from gateway.data import shipped
from gateway.errors import Forbidden, MappingFailed, ResourceNotFound, Unavailable, UnsupportedMessage
from gateway.ingest import Ingested, acknowledged, ingest
from gateway.mapping.library import Library
from gateway.services import Services
from tests.messages import bed_list, bed_message, bed_row, unmapped_message

WARDS = """
map: https://msb-gateway.example/fhir/StructureMap/wards
version: 1.0.0
source: {format: csv, delimiter: ";", columns: [Ward, State]}
each: record
emit:
  - resourceType: Location
    id: "{{ id('ward', record.Ward) }}"
    status: "{{ record.State }}"
    name: "{{ record.Ward }}"
"""
ER7, CSV, FHIR = "application/hl7-v2+er7", "text/csv", "application/fhir+json"


def take(data: bytes, to: Services, content_type: str | None = ER7, provider: str = "dev") -> Ingested:
    return ingest(data, provider=provider, content_type=content_type, caller=development_caller(), to=to)


def inbox(to: Services) -> list[tuple[Any, ...]]:
    with to.store.reading() as database:
        return database.rows("select format, state, control_id, mapping, content, issues from inbox order by id")


def links(to: Services) -> int:
    with to.store.reading() as database:
        return int(database.rows("select count(*) from inbox_resource")[0][0])


def test_a_message_is_kept_with_what_it_became(services: Services) -> None:
    message = bed_message("A20-7")

    ingested = take(message, services)

    (taken,) = ingested.messages
    assert ingested.refusal is None
    assert {"Location", "Schedule", "Slot"} <= {made.type for made in taken.made}
    assert {made.status for made in taken.made} == {"created"}
    assert [row[:4] for row in inbox(services)] == [("hl7v2", "accepted", "A20-7", "hl7v2/adt_a20_bed")]
    assert bytes(inbox(services)[0][4]) == message
    assert links(services) == len(taken.made)


def test_the_same_again_gets_the_first_answer_again_and_has_no_second_effect(services: Services) -> None:
    (first,) = take(bed_message(), services).messages

    (again,) = take(bed_message(), services).messages

    assert {made.status for made in first.made} == {"created"}
    assert again.made == first.made
    assert again.issues == first.issues
    assert len(inbox(services)) == 1


def test_a_message_that_no_mapping_takes_is_kept_with_the_reason(services: Services) -> None:
    ingested = take(unmapped_message("ORU-9"), services)

    ((format_, state, control_id, mapping, content, issues),) = inbox(services)
    assert isinstance(ingested.refusal, UnsupportedMessage)
    assert (format_, state, control_id, mapping) == ("hl7v2", "refused", "ORU-9", None)
    assert bytes(content) == unmapped_message("ORU-9")
    assert [issue["code"] for issue in json.loads(issues)] == ["no-mapping"]


def test_a_message_that_cannot_be_mapped_stores_nothing_of_it(services: Services) -> None:
    ingested = take(bed_message(state="9"), services)

    assert isinstance(ingested.refusal, MappingFailed)
    assert [row[1] for row in inbox(services)] == ["refused"]
    with services.store.reading() as database:
        assert database.rows("select count(*) from current") == [(0,)]


@pytest.mark.parametrize("data", [b"", b"\x00\xff", b"hello", b"MSH", b"{}", b"<a/>", b"PK\x03\x04"])
def test_whatever_comes_in_stays(services: Services, data: bytes) -> None:
    ingested = take(data, services, None)

    assert ingested.refusal is not None
    assert [(row[1], bytes(row[4])) for row in inbox(services)] == [("refused", data)]


def test_each_message_of_a_batch_is_taken_or_refused_by_itself(services: Services) -> None:
    batch = b"BHS|^~\\&|X\r" + bed_message("1") + unmapped_message("2") + bed_message("3", bed="2") + b"BTS|3\r"

    ingested = take(batch, services)

    assert ingested.refusal is None
    assert [message.refusal is None for message in ingested.messages] == [True, False, True]
    assert [row[1:3] for row in inbox(services)] == [("accepted", "1"), ("refused", "2"), ("accepted", "3")]


def test_a_bad_row_is_set_apart_and_the_others_are_used(services: Services) -> None:
    ingested = take(bed_list([bed_row("1"), bed_row("2", "???"), bed_row("3", "BEZET")]), services, CSV)

    (taken,) = ingested.messages
    assert ingested.refusal is None
    assert taken.rows == 2
    assert sum(made.type == "Slot" for made in taken.made) == 2
    assert [str(i.place).split(" (")[0] for i in ingested.issues if i.code == "row-quarantined"] == ["row 3"]


def test_a_table_of_which_nothing_can_be_used_is_refused(services: Services) -> None:
    assert isinstance(take(bed_list([bed_row("1", "???")]), services, CSV).refusal, MappingFailed)
    assert isinstance(take(bed_list([]), services, CSV).refusal, MappingFailed)
    assert isinstance(take(b"a;b\r\n1;2\r\n", services, CSV).refusal, UnsupportedMessage)


def test_a_long_table_stands_in_the_inbox_once(services: Services) -> None:
    table = bed_list(bed_row(str(number)) for number in range(450))

    ingested = take(table, services, CSV)

    kept = inbox(services)
    assert sum(message.rows for message in ingested.messages) == 450
    assert [len(row[4]) for row in kept] == [len(table), 0, 0]
    assert len({row[2] for row in kept}) == 1


TRANSACTION = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": "urn:uuid:5f2f6b1e-1111-4a64-9a8a-000000000001",
            "resource": {"resourceType": "Schedule", "actor": [{"reference": "Location/bed-1"}]},
            "request": {"method": "POST", "url": "Schedule"},
        },
        {
            "fullUrl": "urn:uuid:5f2f6b1e-1111-4a64-9a8a-000000000002",
            "resource": {
                "resourceType": "Slot",
                "schedule": {"reference": "urn:uuid:5f2f6b1e-1111-4a64-9a8a-000000000001"},
                "status": "free",
                "start": "2026-01-05T10:00:00+01:00",
                "end": "2026-01-05T12:00:00+01:00",
            },
            "request": {"method": "POST", "url": "Slot", "ifNoneExist": "status=free"},
        },
    ],
}


def test_a_fhir_transaction_is_stored_as_it_came(services: Services) -> None:
    first = take(json.dumps(TRANSACTION).encode(), services, FHIR)
    second = take(json.dumps(TRANSACTION).encode(), services, FHIR)

    assert [(made.type, made.status) for made in first.messages[0].made] == [
        ("Schedule", "created"),
        ("Slot", "created"),
    ]
    assert [(made.type, made.status) for made in second.messages[0].made] == [
        ("Schedule", "created"),
        ("Slot", "unchanged"),
    ]


@pytest.mark.parametrize("kind", ["batch", "message"])
def test_a_bundle_that_asks_for_more_than_a_transaction_is_refused(services: Services, kind: str) -> None:
    bundle = json.dumps({"resourceType": "Bundle", "type": kind}).encode()

    assert isinstance(take(bundle, services, FHIR).refusal, UnsupportedMessage)


def test_an_invalid_transaction_names_each_entry(services: Services) -> None:
    wrong = json.loads(json.dumps(TRANSACTION))
    wrong["entry"][1]["resource"]["status"] = "vrij"

    ingested = take(json.dumps(wrong).encode(), services, FHIR)

    assert [issue.expression for issue in ingested.issues] == ["Bundle.entry[1].resource.status"]
    assert [row[1] for row in inbox(services)] == ["refused"]


def test_an_unknown_provider_and_one_that_is_not_the_callers_are_turned_away(services: Services) -> None:
    stranger = Caller("41999901", "De Duinhof", providers=frozenset({"duinhof"}))

    with pytest.raises(ResourceNotFound):
        take(bed_message(), services, provider="nobody")
    with pytest.raises(Forbidden):
        ingest(bed_message(), provider="dev", content_type=ER7, caller=stranger, to=services)
    assert inbox(services) == []


def answer(data: bytes, to: Services, provider: str = "dev") -> dict[str, list[list[str]]]:
    """Return the segments of the acknowledgement by name, split at the field separator."""
    text = acknowledged(data, provider=provider, caller=development_caller(), to=to).decode()
    segments = [line.split("|") for line in text.split("\r") if line]
    return {name: [s for s in segments if s[0] == name] for name in {s[0] for s in segments}}


def test_the_acknowledgement_says_what_became_of_the_message(services: Services) -> None:
    taken, wrong, unknown = (
        answer(message, services) for message in (bed_message("1"), bed_message("2", state="9"), unmapped_message("3"))
    )

    assert taken["MSA"] == [["MSA", "AA", "1"]]
    assert wrong["MSA"][0][:3] == ["MSA", "AE", "2"]
    assert wrong["ERR"][0][2].startswith("NPU^1^2")
    assert unknown["MSA"][0][:3] == ["MSA", "AR", "3"]
    assert unknown["ERR"][0][3].startswith("200^")


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"GET / HTTP/1.1\r\n\r\n", b"MSH", b"a;b\r\n"])
def test_what_is_no_message_is_answered_too(services: Services, data: bytes) -> None:
    assert answer(data, services)["MSA"][0][1] == "AR"


def test_a_refusal_of_the_sender_is_an_answer_too(services: Services) -> None:
    assert answer(bed_message("5"), services, provider="nobody")["MSA"][0][:3] == ["MSA", "AR", "5"]


def test_a_batch_is_answered_by_a_batch(services: Services) -> None:
    answered = answer(bed_message("1") + unmapped_message("2"), services)

    assert [segment[:3] for segment in answered["MSA"]] == [["MSA", "AA", "1"], ["MSA", "AR", "2"]]
    assert answered["BTS"] == [["BTS", "2"]]


class Full:
    """A store that cannot be written."""

    def write(self, _decide: Any, _prepare: Any = None) -> Any:
        raise Unavailable("the store cannot be reached")


def test_what_cannot_be_stored_now_is_not_acknowledged(services: Services) -> None:
    store: Any = Full()

    assert answer(bed_message("6"), replace(services, store=store))["MSA"][0][:3] == ["MSA", "AR", "6"]


def test_a_row_that_becomes_an_invalid_resource_costs_its_neighbours_nothing(
    services: Services, tmp_path: Path
) -> None:
    folder = tmp_path / "csv" / "wards"
    folder.mkdir(parents=True)
    (folder / "mapping.yaml").write_text(WARDS, encoding="utf-8")
    to = replace(services, library=Library.load([shipped("mappings"), tmp_path]))

    ingested = take(b"Ward;State\nIC;active\nSEH;aktief\nCCU;suspended\n", to, CSV)

    assert [bool(taken.refusal) for taken in ingested.messages] == [False, True, False]
    assert sum(taken.rows for taken in ingested.messages) == 2
    assert [(issue.code, str(issue.place)) for issue in ingested.issues] == [
        ("code-invalid", 'row 3 column "State" (line 3, byte 21)'),
        ("row-quarantined", "row 3 (line 3, byte 21)"),
    ]
    assert [row[1] for row in inbox(to)] == ["accepted", "refused", "accepted"]


class FullOnce:
    """A store that cannot be written at its nth write, and can again after that."""

    def __init__(self, store: Any, at: int) -> None:
        self._store = store
        self._left = at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, decide: Any, prepare: Any = lambda: None) -> Any:
        self._left -= 1
        if self._left == 0:
            raise Unavailable("the store is busy")
        return self._store.write(decide, prepare)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_table_for_which_the_store_is_not_there_to_the_end_is_sent_again_as_a_whole(
    services: Services, at: int
) -> None:
    table = bed_list(bed_row(str(n)) for n in range(2500))
    to = replace(services, store=FullOnce(services.store, at))

    with pytest.raises(Unavailable):
        take(table, to, CSV)
    ingested = take(table, to, CSV)

    assert ingested.refusal is None
    assert sum(taken.rows for taken in ingested.messages) == 2500
    with services.store.reading() as database:
        assert database.rows("select count(*), max(version) from current where type = 'Slot'") == [(2500, 1)]
        assert database.rows("select count(*) from inbox where state = 'refused'") == [(0,)]


def test_a_batch_for_which_the_store_is_not_there_to_the_end_is_sent_again_as_a_whole(services: Services) -> None:
    batch = b"".join(bed_message(str(n), bed=str(n)) for n in range(3))
    to = replace(services, store=FullOnce(services.store, 2))

    first, second = answer(batch, to)["MSA"], answer(batch, to)["MSA"]

    assert [segment[1] for segment in first] == ["AR"]
    assert [segment[1:3] for segment in second] == [["AA", "0"], ["AA", "1"], ["AA", "2"]]
    with services.store.reading() as database:
        assert database.rows("select count(*) from inbox where state = 'accepted'") == [(3,)]
