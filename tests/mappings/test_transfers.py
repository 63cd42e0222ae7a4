"""Events of one transfer through the door: the newest version holds, what is final stays, a repetition counts once."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.errors import Conflict
from gateway.ingest import Taken, ingest
from gateway.services import Services
from tests.order.conftest import Opened, open_services  # noqa: F401 - a fixture
from tests.order.test_order import resources


def event(number: int, status: str, *, minute: int = 0, dossier: str = "TRF-1", id_: str = "", **said: Any) -> bytes:
    client = {"bsn": "999900006", "geboortedatum": "1941-03-07", "geslacht": "V", "toestemming": True}
    transfer = {"dossiernummer": dossier, "status": status, "versie": number, "soortZorg": "GRZ", "client": client}
    transfer |= {"verzender": {"agb": "06999901"}, "ontvanger": {"agb": "41999901", "locatie": "De Duinhof Café"}}
    sent = {"event": "transfer.status_gewijzigd", "eventId": id_ or f"evt_{dossier}_{number}_{status}"}
    return json.dumps(sent | {"tijdstip": f"2026-01-05T08:{minute:02}:00Z", "transfer": transfer | said}).encode()


def take(data: bytes, to: Services, provider: str = "dev") -> Taken:
    (taken,) = ingest(data, provider=provider, content_type=None, caller=development_caller(), to=to).messages
    return taken


def standing(to: Services) -> tuple[list[str], list[str]]:
    """Return the status of every Task and of every request."""
    return [task["status"] for task in resources(to, "Task")], [r["status"] for r in resources(to, "ServiceRequest")]


def test_a_version_that_goes_back_changes_nothing(services: Services) -> None:
    take(event(4, "GEACCEPTEERD", minute=5), services)

    late = take(event(3, "IN_BEHANDELING", minute=9), services)

    assert late.refusal is None
    assert {made.type: made.status for made in late.made if made.type != "Patient"} == {
        "ServiceRequest": "superseded",
        "Task": "superseded",
    }
    assert "older-than-known" in {issue.code for issue in late.issues}
    assert standing(services) == (["accepted"], ["active"])


@pytest.mark.parametrize("version", [2, 9], ids=["earlier version", "later version"])
@pytest.mark.parametrize(
    ("final", "task", "request_"), [("INGETROKKEN", "cancelled", "revoked"), ("OVERGEDRAGEN", "completed", "completed")]
)
def test_accepted_after_what_is_final_brings_nothing_back(
    services: Services, version: int, final: str, task: str, request_: str
) -> None:
    take(event(1, "VERSTUURD"), services)
    take(event(5, final, minute=1), services)

    crossed = take(event(version, "GEACCEPTEERD", minute=2), services)

    assert crossed.refusal is None
    assert standing(services) == ([task], [request_])


def test_every_order_of_a_transfer_ends_alike(open_services: Opened) -> None:  # noqa: F811 - the fixture
    told = [(1, "VERSTUURD"), (2, "IN_BEHANDELING"), (4, "INGETROKKEN"), (5, "GEACCEPTEERD")]
    to = open_services()

    for number, order in enumerate(permutations(told)):
        for version, status in order:
            assert take(event(version, status, minute=version, dossier=f"TRF-{number}"), to).refusal is None

    tasks, requests = standing(to)
    assert (set(tasks), len(tasks)) == ({"cancelled"}, 24)
    assert set(requests) == {"revoked"}


def test_the_same_event_again_counts_once_and_other_content_under_its_id_is_refused(services: Services) -> None:
    first = take(event(2, "VERSTUURD", id_="evt_9"), services)

    again = take(event(2, "VERSTUURD", id_="evt_9"), services)
    other = take(event(3, "GEACCEPTEERD", id_="evt_9"), services)

    assert again.made == first.made
    assert isinstance(other.refusal, Conflict)
    assert standing(services) == (["requested"], ["active"])


def test_a_refusal_leaves_the_request_to_be_put_to_another(services: Services) -> None:
    take(event(3, "GEWEIGERD", minute=1, weigering={"code": "GEEN_CAPACITEIT", "tekst": "vol"}), services)
    take(event(4, "VERSTUURD", minute=2, ontvanger={"agb": "41999902"}), services)

    tasks = {task["owner"]["identifier"]["value"]: task for task in resources(services, "Task")}
    assert {agb: task["status"] for agb, task in tasks.items()} == {"41999901": "rejected", "41999902": "requested"}
    assert tasks["41999901"]["statusReason"]["coding"][0]["code"] == "no-capacity"
    (request,) = resources(services, "ServiceRequest")
    assert (request["status"], request["performer"][0]["identifier"]["value"]) == ("active", "41999902")


def test_consent_that_is_withdrawn_takes_back_who_it_is_about(services: Services) -> None:
    need: dict[str, Any] = {
        "zorgvraag": {"isolatie": "STRIKT"},
        "bijlagen": [{"naam": "brief.pdf", "type": "application/pdf"}],
    }
    take(event(1, "VERSTUURD", **need), services)
    assert "999900006" in str(resources(services, "Patient"))

    take(event(2, "VERSTUURD", minute=1, client={"bsn": "999900006", "toestemming": False}, **need), services)

    present = str([resources(services, kind) for kind in ("Patient", "ServiceRequest", "Task", "DocumentReference")])
    assert [secret for secret in ("999900006", "1941", "isolat", "STRIKT", "brief") if secret in present] == []
    assert standing(services) == (["requested"], ["active"])
    assert [document["status"] for document in resources(services, "DocumentReference")] == ["entered-in-error"]


def test_of_a_provider_that_shares_capacity_nothing_is_kept_but_the_refusal(services: Services) -> None:
    refused = take(event(1, "VERSTUURD"), services, provider="duinrand")

    assert [issue.code for issue in refused.issues] == ["patient-data-in-capacity"]
    assert resources(services, "Patient") == resources(services, "Task") == []
