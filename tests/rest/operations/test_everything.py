"""`$everything` of patients and encounters, and of places and services, a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

Call = Callable[..., tuple[int, Any]]
Put = Callable[..., None]
AMB = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
CODE = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}


def patient(id_: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, "generalPractitioner": [{"reference": "Practitioner/gp"}]}


def encounter(id_: str, of: str, day: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"resourceType": "Encounter", "id": id_, "status": "finished", "class": AMB}
    made |= {"subject": {"reference": f"Patient/{of}"}, "location": [{"location": {"reference": "Location/ward"}}]}
    return made | ({"period": {"start": day, "end": day}} if day else {})


def observation(id_: str, of: str, day: str, visit: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"resourceType": "Observation", "id": id_, "status": "final", "code": CODE}
    made |= {"subject": {"reference": f"Patient/{of}"}, "effectiveDateTime": day}
    return made | ({"encounter": {"reference": f"Encounter/{visit}"}} if visit else {})


def slot(id_: str, agenda: str, hour: int) -> dict[str, Any]:
    times = {"start": f"2026-01-05T{hour:02}:00:00+01:00", "end": f"2026-01-05T{hour + 1:02}:00:00+01:00"}
    return {
        "resourceType": "Slot",
        "id": id_,
        "schedule": {"reference": f"Schedule/{agenda}"},
        "status": "free",
        **times,
    }


def schedule(id_: str, actor: str) -> dict[str, Any]:
    return {"resourceType": "Schedule", "id": id_, "actor": [{"reference": actor}]}


@pytest.fixture
def there(put: Put) -> None:
    put(
        {"resourceType": "Practitioner", "id": "gp"},
        {"resourceType": "Location", "id": "ward", "name": "ward"},
        patient("a"),
        patient("b"),
        encounter("old", "a", "2020-03-01"),
        encounter("new", "a", "2026-01-04"),
        encounter("other", "b"),
        observation("o1", "a", "2020-03-01", "old"),
        observation("o2", "a", "2026-01-04", "new"),
        observation("o3", "b", "2026-01-04"),
        {"resourceType": "Binary", "id": "letter", "contentType": "text/plain", "data": "QQ=="},
        {
            "resourceType": "DocumentReference",
            "id": "d",
            "status": "current",
            "subject": {"reference": "Patient/a"},
            "content": [{"attachment": {"url": "Binary/letter"}}],
        },
        {"resourceType": "Coverage", "id": "c", "status": "active", "beneficiary": {"reference": "Patient/a"},
         "payor": [{"reference": "Patient/a"}]},
    )  # fmt: skip


@pytest.fixture
def places(put: Put) -> None:
    put(
        {"resourceType": "Organization", "id": "hospital", "name": "Duinrand"},
        {"resourceType": "Endpoint", "id": "e", "status": "active", "address": "https://example.org",
         "connectionType": {"system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type",
                            "code": "hl7-fhir-rest"},
         "payloadType": [{"text": "any"}]},
        {"resourceType": "Location", "id": "site", "name": "site", "endpoint": [{"reference": "Endpoint/e"}],
         "managingOrganization": {"reference": "Organization/hospital"}},
        {"resourceType": "Location", "id": "ward", "name": "ward", "partOf": {"reference": "Location/site"}},
        {"resourceType": "Location", "id": "bed", "name": "bed", "partOf": {"reference": "Location/ward"}},
        {"resourceType": "Location", "id": "elsewhere", "name": "elsewhere"},
        {"resourceType": "HealthcareService", "id": "care", "location": [{"reference": "Location/ward"}]},
        {"resourceType": "HealthcareService", "id": "apart", "location": [{"reference": "Location/elsewhere"}]},
        schedule("of-bed", "Location/bed"),
        schedule("of-care", "HealthcareService/care"),
        schedule("of-apart", "HealthcareService/apart"),
        *(slot(f"bed-{hour}", "of-bed", hour) for hour in range(8, 12)),
        slot("care-1", "of-care", 9),
        slot("apart-1", "of-apart", 9),
    )  # fmt: skip


def named(bundle: Any, mode: str = "match") -> list[str]:
    assert bundle["resourceType"] == "Bundle", bundle
    assert bundle["type"] == "searchset"
    return [
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for entry in bundle.get("entry", [])
        if entry["search"]["mode"] == mode
    ]


OF_A = {
    *("Patient/a", "Encounter/old", "Encounter/new", "Observation/o1", "Observation/o2"),
    *("DocumentReference/d", "Coverage/c"),
}


def pages(client: FlaskClient, url: str) -> list[Any]:
    found = []
    while url:
        found.append(client.get(f"/fhir{url}").get_json())
        links = {link["relation"]: link["url"] for link in found[-1]["link"]}
        url = links.get("next", "").partition("/fhir")[2]
    return found


@pytest.mark.usefixtures("there")
def test_everything_of_a_patient_is_its_compartment_and_what_that_refers_to(call: Call) -> None:
    status, bundle = call("Patient/a/$everything")
    assert status == 200
    assert named(bundle)[0] == "Patient/a"
    assert set(named(bundle)) == OF_A
    assert sorted(named(bundle, "include")) == ["Binary/letter", "Location/ward", "Practitioner/gp"]
    assert bundle["total"] == len(OF_A)
    assert call("Patient/a/$everything", {"resourceType": "Parameters"})[1]["entry"] == bundle["entry"]


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize("count", [1, 2, 3])
def test_pages_hold_all_of_it_once(client: FlaskClient, count: int) -> None:
    found = pages(client, f"/Patient/a/$everything?_count={count}")
    told = [name for page in found for name in named(page)]
    assert (len(told), set(told)) == (len(OF_A), OF_A)
    assert [len(named(page)) for page in found[:-1]] == [count] * (len(found) - 1)
    assert "Practitioner/gp" in named(found[0], "include")
    assert not {name for page in found for name in named(page, "include")} & OF_A


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"_type": "Encounter,Coverage"}, {"Encounter/old", "Encounter/new", "Coverage/c"}),
        ({"start": "2026-01-01"}, OF_A - {"Encounter/old", "Observation/o1"}),
        ({"end": "2021"}, OF_A - {"Encounter/new", "Observation/o2"}),
        ({"start": "2026-01-04", "end": "2026-01-04", "_type": "Observation"}, {"Observation/o2"}),
        ({"_since": "2030-01-01T00:00:00Z"}, set()),
        ({"_since": "2020-01-01T00:00:00Z"}, OF_A),
    ],
)
def test_a_part_of_it_can_be_asked(call: Call, query: Any, expected: set[str]) -> None:
    assert set(named(call("Patient/a/$everything", **query)[1])) == expected


@pytest.mark.usefixtures("there")
def test_everything_of_an_encounter(call: Call) -> None:
    _, bundle = call("Encounter/new/$everything")
    assert named(bundle) == ["Encounter/new", "Observation/o2"]
    assert {"Patient/a", "Location/ward"} <= set(named(bundle, "include"))
    assert call("Encounter/new/$everything", start="2020")[0] == 400


@pytest.mark.usefixtures("places")
def test_everything_of_a_place_is_what_hangs_below_it(call: Call, client: FlaskClient) -> None:
    expected = {
        *("Location/site", "Location/ward", "Location/bed", "HealthcareService/care"),
        *("Schedule/of-bed", "Schedule/of-care", "Slot/care-1", *(f"Slot/bed-{hour}" for hour in range(8, 12))),
    }
    _, bundle = call("Location/site/$everything")
    assert set(named(bundle)) == expected
    assert set(named(bundle, "include")) == {"Endpoint/e", "Organization/hospital"}
    told = [name for page in pages(client, "/Location/site/$everything?_count=2") for name in named(page)]
    assert (len(told), set(told)) == (len(expected), expected)


@pytest.mark.usefixtures("places")
def test_everything_of_a_service(call: Call) -> None:
    _, bundle = call("HealthcareService/care/$everything")
    assert set(named(bundle)) == {"HealthcareService/care", "Schedule/of-care", "Slot/care-1"}
    assert named(bundle, "include") == ["Location/ward"]


@pytest.mark.usefixtures("places")
def test_slots_are_chosen_by_time(call: Call) -> None:
    _, bundle = call("Location/bed/$everything", start="2026-01-06", _type="Slot")
    assert named(bundle) == []
    _, other = call("Location/bed/$everything", end="2026-01-05", _type="Slot")
    assert len(named(other)) == 4


def test_places_in_a_ring_end(call: Call, put: Put) -> None:
    put({"resourceType": "Location", "id": "x", "partOf": {"reference": "Location/y"}, "name": "x"},
        {"resourceType": "Location", "id": "y", "partOf": {"reference": "Location/x"}, "name": "y"})  # fmt: skip
    assert named(call("Location/x/$everything")[1]) == ["Location/x", "Location/y"]


@pytest.mark.usefixtures("there")
def test_what_is_gone_or_never_was_is_told(call: Call, client: FlaskClient) -> None:
    assert call("Patient/none/$everything")[0] == 404
    client.delete("/fhir/Encounter/old")
    assert call("Encounter/old/$everything")[0] == 410
    assert "Encounter/old" not in named(call("Patient/a/$everything")[1])


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    "query",
    [
        {"_typ": "Encounter"},
        {"_type": "Encountr"},
        {"_count": "0"},
        {"_since": "yesterday"},
        {"start": "2026-02-30"},
        {"start": "2026-02-02", "end": "2026-02-01"},
        {"_page": "x"},
        {"_page": "x", "_count": "3"},
    ],
)
def test_what_is_asked_wrongly_is_refused(call: Call, query: Any) -> None:
    assert call("Patient/a/$everything", **query)[0] == 400


@pytest.mark.usefixtures("there")
def test_a_page_link_is_of_one_resource(client: FlaskClient) -> None:
    first = client.get("/fhir/Patient/a/$everything?_count=1").get_json()
    token = next(link["url"] for link in first["link"] if link["relation"] == "next").partition("?")[2]
    assert client.get(f"/fhir/Patient/a/$everything?{token}").status_code == 200
    assert client.get(f"/fhir/Patient/b/$everything?{token}").status_code == 400
    assert client.get(f"/fhir/Observation?{token}").status_code == 400


@pytest.mark.usefixtures("there")
def test_what_the_caller_may_not_read_is_not_there(
    call: Call, as_caller: Callable[..., None], client: FlaskClient
) -> None:
    as_caller("Patient", "Observation")
    _, bundle = call("Patient/a/$everything")
    assert set(named(bundle)) == {"Patient/a", "Observation/o1", "Observation/o2"}
    assert named(bundle, "include") == []
    assert call("Patient/a/$everything", _type="Encounter")[1].get("entry") is None
    assert call("Encounter/new/$everything")[0] == 403
    as_caller("Slot")
    assert client.get("/fhir/Patient/none/$everything").status_code == 403


@pytest.mark.usefixtures("there")
def test_it_stands_in_a_batch(call: Call) -> None:
    entry = {"request": {"method": "GET", "url": "Patient/a/$everything?_type=Coverage"}}
    _, answer = call("", {"resourceType": "Bundle", "type": "batch", "entry": [entry]})
    assert named(answer["entry"][0]["resource"]) == ["Coverage/c"]
