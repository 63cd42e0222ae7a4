"""Patient data in capacity is refused at every door, with the place where it stands, and nothing of it is told."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.errors import InvalidResource
from gateway.fhir import json
from gateway.ingest import Ingested, acknowledged, ingest
from gateway.services import Services
from gateway.transact import ConditionalCreate, ConditionalPut, Create, Operation, Patch, Put, json_patch, transact
from tests.messages import bed_list, bed_message, bed_row

CODE, CALLER = "patient-data-in-capacity", development_caller()
NAMED: dict[str, Any] = {"resourceType": "Location", "id": "bed", "status": "active", "name": "Bed dhr. Jansen"}
BED = NAMED | {"name": "Bed 1"}
RENAME = [{"op": "replace", "path": "/name", "value": "Bed dhr. Jansen"}]


def take(data: bytes, to: Services, content_type: str) -> Ingested:
    return ingest(data, provider="dev", content_type=content_type, caller=CALLER, to=to)


def found(ingested: Ingested) -> list[tuple[str, str]]:
    return [(issue.code, issue.place.path if issue.place else "") for issue in ingested.issues]


def names(to: Services) -> list[str]:
    with to.store.reading() as database:
        return [str(json.decode(bytes(body)).get("name")) for (body,) in database.rows("select body from resource")]


def test_a_row_is_set_apart_with_its_column_and_its_neighbours_are_stored(services: Services) -> None:
    rows = [bed_row("1"), bed_row("dhr. Jansen"), bed_row("3"), bed_row("4").replace("IC-VOLW", "geb. 03-07-1941")]

    ingested = take(bed_list(rows), services, "text/csv")

    assert (CODE, 'row 3 column "Bed"') in found(ingested)
    assert ("row-quarantined", "row 3") in found(ingested)
    assert not any("Jansen" in str(issue) + str(issue.value) for issue in ingested.issues)
    assert sum(message.rows for message in ingested.messages) >= 2
    assert not any("Jansen" in name for name in names(services))


def test_a_message_of_hl7_v2_is_refused_with_its_field(services: Services) -> None:
    ingested = take(bed_message(bed="DHR. JANSEN"), services, "application/hl7-v2+er7")

    assert ingested.refusal is not None
    assert {code for code, _ in found(ingested)} == {CODE}
    assert all(place.startswith("NPU-1") for _, place in found(ingested))
    assert names(services) == []


def test_over_mllp_the_answer_names_the_field(services: Services) -> None:
    answer = acknowledged(bed_message(bed="DHR. JANSEN"), provider="dev", caller=CALLER, to=services)

    assert b"MSA|AE|" in answer
    assert b"|NPU^1^1" in answer
    assert b"JANSEN" not in answer


def test_fhir_is_refused_with_the_element(services: Services) -> None:
    slot = {
        "resourceType": "Slot", "id": "s", "schedule": {"reference": "Schedule/a"}, "status": "free",
        "start": "2026-01-05T10:00:00+01:00", "end": "2026-01-05T11:00:00+01:00", "comment": "voor 999900006",
    }  # fmt: skip

    ingested = take(json.encode(slot), services, "application/fhir+json")

    assert found(ingested) == [(CODE, "/comment")]
    assert [issue.expression for issue in ingested.issues] == ["Slot.comment"]


@pytest.mark.parametrize(
    "ops",
    [
        [Create(NAMED)],
        [Put(NAMED)],
        [ConditionalCreate(NAMED, "identifier=a|1")],
        [ConditionalPut(NAMED, "identifier=a|1")],
        [Patch("Location", "bed", json_patch.read(RENAME))],
        [Put(BED | {"id": "other"}), Put(NAMED)],
    ],
    ids=lambda ops: "+".join(type(op).__name__ for op in ops),
)
def test_every_write_is_looked_at(ops: list[Operation], services: Services) -> None:
    transact([Put(BED)], CALLER, services)

    with pytest.raises(InvalidResource) as refused:
        transact(ops, CALLER, services)

    (issue,) = refused.value.issues
    assert (issue.code, issue.value) == (CODE, None)
    assert str(issue.expression).endswith(".name")
    assert names(services) == ["Bed 1"]
