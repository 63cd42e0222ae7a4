"""JSON, NDJSON and XML through the door: each message by itself, each kept as it came."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.cli.replaying import take_again
from gateway.data import shipped
from gateway.ingest import Ingested, ingest
from gateway.mapping.library import Library
from gateway.services import Services
from gateway.store import inbox as kept

PLACES = """
map: https://msb-gateway.example/fhir/StructureMap/places
version: 1.0.0
source: {format: json, when: "plek.exists()", control: nummer, event-time: tijd, array: true}
require:
  - {that: naam.exists(), say: naam is empty}
emit:
  - resourceType: Location
    id: "{{ id('plek', plek) }}"
    status: active
    name: "{{ naam }}"
"""


@pytest.fixture
def services(services: Services, tmp_path: Path) -> Services:
    folder = tmp_path / "maps" / "json" / "places"
    folder.mkdir(parents=True)
    (folder / "mapping.yaml").write_text(PLACES)
    return replace(services, library=Library.load([shipped("mappings"), tmp_path / "maps"]))


def take(data: bytes, to: Services, content_type: str | None = "application/json") -> Ingested:
    return ingest(data, provider="dev", content_type=content_type, caller=development_caller(), to=to)


def message(number: int, **said: Any) -> bytes:
    return json.dumps({"nummer": f"m{number}", "plek": number, "naam": f"Plek {number}", **said}).encode()


def inbox(to: Services) -> list[tuple[Any, ...]]:
    with to.store.reading() as database:
        return database.rows("select format, state, control_id, content from inbox order by id")


def test_a_webhook_is_one_message_with_its_own_id(services: Services) -> None:
    ingested = take(message(1), services)

    assert ingested.refusal is None
    assert [made.status for made in ingested.messages[0].made] == ["created"]
    ((format_, state, control, content),) = inbox(services)
    assert (format_, state, control, bytes(content)) == ("json", "accepted", "m1", message(1))


def test_the_same_event_again_gets_the_first_answer(services: Services) -> None:
    first, again = take(message(1), services), take(message(1), services)

    assert [made.version for made in first.messages[0].made] == [made.version for made in again.messages[0].made] == [1]
    assert len(inbox(services)) == 1


def test_each_line_stands_by_itself(services: Services) -> None:
    data = b"\n".join([message(1), b'{"plek": 2', message(3, naam=None), message(4), b'{"plek": 5, "na'])

    ingested = take(data, services, "application/x-ndjson")

    assert [taken.refusal is None for taken in ingested.messages] == [True, False, False, True, False]
    lines = [[issue.place.line for issue in taken.issues if issue.place] for taken in ingested.messages]
    assert lines == [[], [2], [3], [], [5]]
    assert [row[1] for row in inbox(services)] == ["accepted", "refused", "refused", "accepted", "refused"]
    assert ingested.messages[4].issues[0].code == "broken-off"
    assert bytes(inbox(services)[3][3]).strip() == message(4)


def test_each_item_of_an_array_stands_by_itself(services: Services) -> None:
    ingested = take(b"[\n" + message(1) + b",\n" + message(2, naam="") + b"]", services)

    assert [taken.refusal is None for taken in ingested.messages] == [True, False]
    assert [bytes(row[3]) for row in inbox(services)] == [message(1), message(2, naam="")]
    ((place),) = [issue.place for issue in ingested.messages[1].issues]
    assert (place and place.path, place and place.line) == ("/naam", 3)


@pytest.mark.parametrize(
    ("data", "content_type", "named"),
    [
        (b'{"onbekend": 1}', "application/json", "the keys onbekend"),
        (b"<Onbekend/>", "text/xml", "<Onbekend> without a namespace"),
        (b"<!DOCTYPE a><Dagopgave/>", "application/xml", "a DOCTYPE is not taken"),
        (b'{"plek": 1', "application/json", "the text ends too early"),
    ],
)
def test_what_is_refused_is_named_and_kept(services: Services, data: bytes, content_type: str, named: str) -> None:
    ingested = take(data, services, content_type)

    assert ingested.refusal is not None
    assert named in str(ingested.refusal)
    assert [(row[1], bytes(row[3])) for row in inbox(services)] == [("refused", data)]


def test_an_item_of_an_array_goes_to_a_mapping_of_arrays_only(services: Services) -> None:
    path = shipped("mappings") / "json" / "seh_opening" / "cases" / "good-stop.in.json"
    alone = take(path.read_bytes(), services)
    inside = take(b"[" + message(1) + b"," + path.read_bytes() + b"]", services)

    assert alone.refusal is None
    assert [taken.refusal is None for taken in inside.messages] == [True, False]
    assert "no mapping accepts" in str(inside.messages[1].refusal)


def test_an_item_of_an_array_is_still_one_when_it_is_taken_again(services: Services) -> None:
    """A mapping that takes single messages only would otherwise take what was refused."""
    path = shipped("mappings") / "json" / "seh_opening" / "cases" / "good-stop.in.json"
    take(b"[" + message(1) + b"," + path.read_bytes() + b"]", services)
    refused = next(row.id for row in kept.entered(services.store) if not row.accepted)

    again = take_again(refused, development_caller(), services, anew=False)

    assert again.result == "refused"
    assert "no mapping accepts" in str(again.issues[0])
    assert [row.state for row in kept.entered(services.store)] == ["refused", "accepted"]
