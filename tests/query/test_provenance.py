"""From which message, place, map and provider each element of a resource came."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.access.sealing import Keys
from gateway.data import shipped
from gateway.errors import ResourceNotFound
from gateway.fhir.search import parse
from gateway.ingest import ingest
from gateway.mapping.library import Library
from gateway.query import search, vread
from gateway.query.kept import OTHERWISE
from gateway.query.provenance import GONE, NOT_MADE, UNREADABLE, provenance
from gateway.services import Services
from gateway.transact.inbox import purge
from gateway.validation import Validator
from gateway.validation.profiles.shipped import library as profiles
from tests.messages import bed_list, bed_message, bed_row

Resource = dict[str, Any]


@pytest.fixture
def take(services: Services) -> Callable[..., None]:
    def taken(data: bytes, *, provider: str = "dev", hours: int = 0) -> None:
        to = replace(services, clock=lambda: services.clock() + timedelta(hours=hours))
        found = ingest(data, provider=provider, content_type=None, caller=development_caller(), to=to)
        assert found.refusal is None

    return taken


def told(type_: str, id_: str, to: Services) -> list[Resource]:
    bundle = provenance(type_, id_, development_caller(), to)
    return [entry["resource"] for entry in bundle.get("entry", [])]


def only(type_: str, to: Services) -> str:
    bundle = json.loads(search(parse(type_, []), development_caller(), to, base="http://x/fhir"))
    (entry,) = bundle["entry"]
    return str(entry["resource"]["id"])


def sources(resource: Resource) -> dict[str, dict[str, list[str]]]:
    """Return the parts of each element-source, by the element it is about."""
    found: dict[str, dict[str, list[str]]] = {}
    for extension in resource["entity"][0].get("extension", []):
        parts: dict[str, list[str]] = {}
        for part in extension["extension"]:
            parts.setdefault(part["url"], []).append(part["valueString"])
        found[parts.get("element", [""])[0]] = parts
    return found


ELSEWHERE = """\
provider: elsewhere
share: capacity
systems: {{base: https://elsewhere.example/fhir/NamingSystem}}
codes:
  bed-status: {{VR: {state}}}
"""


def meaning(state: str, folder: Path, to: Services) -> Services:
    """Return services of which a provider's word VR for the state of a bed means `state`."""
    path = folder / state / "providers" / "elsewhere.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(ELSEWHERE.format(state=state), encoding="utf-8")
    return replace(to, library=Library.load([shipped("mappings"), folder / state]))


def test_an_element_names_the_field_it_was_read_from(services: Services, take: Callable[..., None]) -> None:
    take(bed_message("A20-7"))

    (one,) = told("Slot", only("Slot", services), services)

    status = sources(one)["Slot.status"]
    assert status["place"][0].startswith("NPU-2.1 (line 3, byte ")
    assert "slot.yaml" in status["rule"][0]
    assert one["entity"][0]["what"]["display"] == "hl7v2 A20-7"
    assert one["occurredDateTime"] == "2026-01-05T09:00:00.000+00:00"
    assert one["recorded"] == "2026-01-05T09:00:00.000+00:00"
    assert one["activity"]["coding"][0]["code"] == "CREATE"
    assert one["target"][0]["reference"].endswith("/_history/1")


def test_provider_and_map_are_its_agents(services: Services, take: Callable[..., None]) -> None:
    take(bed_message(), provider="duinrand")

    (one,) = told("Slot", only("Slot", services), services)

    provider, assembler = (agent["who"] for agent in one["agent"])
    assert provider["display"] == "Ziekenhuis Duinrand"
    assert assembler["display"] == "hl7v2/adt_a20_bed 1.0.0"
    assert assembler["identifier"]["value"].endswith("|1.0.0")


def test_each_message_that_changed_or_confirmed_has_its_own_newest_first(
    services: Services, take: Callable[..., None]
) -> None:
    take(bed_message("1"))
    take(bed_message("2", state="O", at="20260105100100"))
    take(bed_message("3", state="O", at="20260105100100"))

    found = told("Slot", only("Slot", services), services)

    assert [one["entity"][0]["what"]["display"] for one in found] == ["hl7v2 3", "hl7v2 2", "hl7v2 1"]
    assert [one["target"][0]["reference"].rpartition("/")[2] for one in found] == ["2", "2", "1"]
    assert "confirmed" in found[0]["activity"]["text"]
    assert [one["activity"]["coding"][0]["code"] for one in found[1:]] == ["UPDATE", "CREATE"]
    assert sources(found[1])["Slot.status"]["place"][0].startswith("NPU-2")


def test_a_message_that_came_too_late_made_what_stands_below_the_newer_version(
    services: Services, take: Callable[..., None]
) -> None:
    take(bed_message("1", at="20260105100000"))
    take(bed_message("2", state="O", at="20260105095000"))
    slot = only("Slot", services)

    late, first = told("Slot", slot, services)

    version = late["target"][0]["reference"].rpartition("/")[2]
    assert version.startswith("1-late-")
    assert json.loads(vread("Slot", slot, version, development_caller(), services).body)["status"] == "busy"
    assert late["activity"]["text"].startswith("superseded")
    assert sources(late)["Slot.status"]["place"][0].startswith("NPU-2.1")
    assert first["activity"]["coding"][0]["code"] == "CREATE"


def test_a_row_of_a_table_that_came_too_late_is_told_so(services: Services, take: Callable[..., None]) -> None:
    take(bed_list([bed_row("1")]).replace(b"2026 10:00", b"2026 11:00"), hours=2)
    take(bed_list([bed_row("1", "BEZET")]), hours=2)

    late, _ = told("Slot", only("Slot", services), services)

    assert "-late-" in late["target"][0]["reference"]
    assert late["activity"]["text"].startswith("superseded")
    assert sources(late)["Slot.status"]["place"][0].startswith('row 2 column "Bedstatus"')


def in_bed(event: str, bed: str, at: str) -> bytes:
    return (
        f"MSH|^~\\&|EPD|ZKH|ZCC|ROAZ|{at}||ADT^{event}|{at}|P|2.5.1\rEVN|{event}|{at}\r"
        f"PID|1||P1^^^ZKH^PI||Testpersoon^^^^^^L||19800101|F\rPV1|1|I|3B^312^{bed}^ZKH^^B{'|' * 16}V1^^^ZKH^VN\r"
    ).encode()


def test_a_bed_that_the_message_does_not_name_has_no_places_and_says_so(
    services: Services, take: Callable[..., None]
) -> None:
    take(in_bed("A01", "1", "20260105094000"))
    slot = only("Slot", services)
    take(in_bed("A02", "2", "20260105095000"))

    left, admitted = told("Slot", slot, services)

    assert left["activity"]["coding"][0]["code"] == "UPDATE"
    assert sources(left) == {"": {"absent": [NOT_MADE]}}
    assert "does not name it" in NOT_MADE
    assert "Slot.status" in sources(admitted)


def test_a_row_of_a_table_is_found_though_the_content_stands_once(
    services: Services, take: Callable[..., None]
) -> None:
    take(bed_list([bed_row(str(n)) for n in range(450)]))
    bundle = json.loads(search(parse("Slot", [("_count", "450")]), development_caller(), services, base="http://x"))
    last = bundle["entry"][-1]["resource"]

    (one,) = told("Slot", last["id"], services)

    number = int(last["identifier"][0]["value"].rpartition("/")[2])
    assert sources(one)["Slot.status"]["place"] == [
        place for place in sources(one)["Slot.status"]["place"] if f"row {number + 2} " in place
    ]


def test_no_value_of_the_message_is_told(services: Services, take: Callable[..., None]) -> None:
    take(bed_list([bed_row("1", "BEZET")]))

    assert "BEZET" not in json.dumps(told("Slot", only("Slot", services), services))


def test_it_follows_our_profile(services: Services, take: Callable[..., None]) -> None:
    take(bed_list([bed_row("1")]))
    take(bed_message("2", bed="9"))

    bundle = json.loads(search(parse("Slot", []), development_caller(), services, base="http://x/fhir"))
    for entry in bundle["entry"]:
        whole = provenance("Slot", entry["resource"]["id"], development_caller(), services)
        assert [str(issue) for issue in Validator(profiles()).issues(whole)] == []
        for one in whole["entry"]:
            assert [str(issue) for issue in Validator(profiles()).issues(one["resource"])] == []


def test_a_message_that_was_forgotten_has_no_places_and_says_so(services: Services, take: Callable[..., None]) -> None:
    take(bed_message())
    assert purge(services.clock() + timedelta(days=1), development_caller(), services) == 1

    (one,) = told("Slot", only("Slot", services), services)

    assert sources(one)[""] == {"absent": [GONE]}
    assert one["agent"][1]["who"]["display"] == "hl7v2/adt_a20_bed"  # which version made it is not known
    assert [str(issue) for issue in Validator(profiles()).issues(one)] == []


def test_an_element_that_is_made_otherwise_today_has_no_places(services: Services, tmp_path: Path) -> None:
    before, after = meaning("U", tmp_path, services), meaning("O", tmp_path, services)
    message = bed_message(state="VR")
    assert not ingest(message, provider="elsewhere", content_type=None, caller=development_caller(), to=before).refusal
    (same,) = told("Slot", only("Slot", services), before)

    (one,) = told("Slot", only("Slot", services), after)

    assert sources(same)["Slot.status"]["place"]
    assert sources(one)["Slot.status"] == {"element": ["Slot.status"], "absent": [OTHERWISE]}
    assert sources(one)["Slot.start"]["place"]
    assert one["agent"][1]["who"]["display"] == "hl7v2/adt_a20_bed"


def test_a_sealed_message_is_opened_and_says_so_when_it_cannot_be(services: Services) -> None:
    sealing = replace(services, keys=Keys((("one", bytes(32)),)))
    caller = development_caller()
    assert not ingest(bed_message(), provider="dev", content_type=None, caller=caller, to=sealing).refusal
    slot = only("Slot", services)

    (opened,), (shut,) = told("Slot", slot, sealing), told("Slot", slot, services)

    assert sources(opened)["Slot.status"]["place"]
    assert sources(shut)[""] == {"absent": [UNREADABLE]}


def test_what_is_not_there_has_no_provenance(services: Services) -> None:
    with pytest.raises(ResourceNotFound):
        provenance("Slot", "nothing", development_caller(), services)


def test_fhir_that_came_as_it_is_has_json_pointers(services: Services, take: Callable[..., None]) -> None:
    take(
        json.dumps(
            {
                "resourceType": "Bundle",
                "type": "transaction",
                "entry": [
                    {
                        "fullUrl": "urn:uuid:6b1f7a9c-58e0-4b6e-a0cf-5d6f0f5c1a11",
                        "resource": {"resourceType": "Organization", "id": "duinrand", "name": "Ziekenhuis Duinrand"},
                        "request": {"method": "PUT", "url": "Organization/duinrand"},
                    }
                ],
            }
        ).encode()
    )

    (one,) = told("Organization", "duinrand", services)

    assert sources(one)["Organization.name"]["place"][0].startswith("/entry/0/resource/name")
