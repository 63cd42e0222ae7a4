"""Requests to move a patient through the door: claims, the ladder, terms that have passed, in any order."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

from gateway.access.policy import development_caller
from gateway.ingest import Taken, ingest
from gateway.services import Services
from tests.order.conftest import Opened, open_services  # noqa: F401 - a fixture
from tests.order.test_order import resources


def asked(status: str, minute: int = 0, number: str = "WEST-1", **said: Any) -> dict[str, Any]:
    """Return a request whose clock times are local: Amsterdam, an hour ahead of UTC."""
    request: dict[str, Any] = {"pmrNummer": number, "aangemaakt": "2026-01-05T09:00", "status": status}
    request |= {"van": {"agb": "06999901", "afdeling": "IC"}, "gewenst": {"soort": "IC", "regio": "WEST"}}
    request |= {"patient": {"intern": "D-77", "geboortejaar": 1956}, "gewijzigd": f"2026-01-05T09:{minute:02}"}
    return {**request, "escalatie": {"naarLcps": False, "uiterlijk": "2026-01-05T12:00"}, **said}


def take(to: Services, message: dict[str, Any], provider: str = "dev") -> Taken:
    data = json.dumps(message).encode()
    (taken,) = ingest(data, provider=provider, content_type=None, caller=development_caller(), to=to).messages
    return taken


def tasks(to: Services) -> dict[str, str]:
    """Return the status of the Task of every centre."""
    return {task["owner"]["identifier"]["value"]: task["status"] for task in resources(to, "Task")}


def test_two_centres_that_claim_one_request_are_both_seen_in_any_order(open_services: Opened) -> None:  # noqa: F811
    claims = [asked("REGIONAAL_ZOEKEN"), asked("GECLAIMD", 5, geclaimdDoor="WEST")]
    claims += [asked("GECLAIMD", 5, geclaimdDoor="ZUIDWEST")]

    for order in permutations(claims):
        to = open_services()
        for message in order:
            assert take(to, message).refusal is None
        assert tasks(to) == {"WEST": "accepted", "ZUIDWEST": "accepted"}
        assert {task["groupIdentifier"]["value"] for task in resources(to, "Task")} == {"WEST-1"}
        assert len([*resources(to, "ServiceRequest")]) == 1


def test_the_centre_that_is_not_chosen_is_told_so(services: Services) -> None:
    for centre in ("WEST", "ZUIDWEST"):
        take(services, asked("GECLAIMD", 5, geclaimdDoor=centre))

    take(services, asked("NIET_GEKOZEN", 9, geclaimdDoor="ZUIDWEST"))

    assert tasks(services) == {"WEST": "accepted", "ZUIDWEST": "cancelled"}
    (request,) = resources(services, "ServiceRequest")
    assert request["status"] == "active"


def test_going_up_ends_the_search_of_the_region_and_begins_that_of_the_country(services: Services) -> None:
    take(services, asked("REGIONAAL_ZOEKEN"))
    take(services, asked("LANDELIJK_ZOEKEN", 30))

    assert tasks(services) == {"WEST": "cancelled", "LCPS": "received"}
    region, country = sorted(resources(services, "Task"), key=lambda task: "partOf" in task)
    assert country["partOf"][0]["reference"] == f"Task/{region['id']}"


def test_a_term_that_passed_before_it_came_is_taken_and_tagged(services: Services) -> None:
    term = {"naarLcps": False, "uiterlijk": "2026-01-05T09:45"}  # it is received at 10:00

    first = take(services, asked("REGIONAAL_ZOEKEN", escalatie=term))
    again = take(services, asked("REGIONAAL_ZOEKEN", escalatie=term))

    assert first.refusal is None
    (task,) = resources(services, "Task")
    assert "deadline-passed" in [tag["code"] for tag in task["meta"]["tag"]]
    assert task["restriction"]["period"]["end"] == "2026-01-05T09:45:00+01:00"
    assert {made.status for made in again.made} == {"unchanged"}


def test_a_term_to_come_is_not_tagged(services: Services) -> None:
    take(services, asked("REGIONAAL_ZOEKEN"))

    (task,) = resources(services, "Task")
    assert "tag" not in task["meta"]


def test_an_older_status_changes_nothing(services: Services) -> None:
    take(services, asked("INGETROKKEN", 20))

    late = take(services, asked("REGIONAAL_ZOEKEN", 10))

    assert late.refusal is None
    assert tasks(services) == {"WEST": "cancelled"}
    assert [request["status"] for request in resources(services, "ServiceRequest")] == ["revoked"]


def test_of_a_provider_that_shares_capacity_nothing_is_kept(services: Services) -> None:
    refused = take(services, asked("REGIONAAL_ZOEKEN"), provider="duinrand")

    assert [issue.code for issue in refused.issues] == ["patient-data-in-capacity"]
    assert not [*resources(services, "Patient"), *resources(services, "Task")]
