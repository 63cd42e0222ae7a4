"""FHIR messages from many clients at once: one effect for a message, and one booking for a Slot."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.fhir.json import decode
from gateway.store import Identity, Store
from gateway.store.contents import figures
from gateway.transact import Put, transact
from tests.conftest import NOW
from tests.messaging.made import booking, referral, slot
from tests.races.bundles import CLIENTS, post, services

pytestmark = pytest.mark.slow
PATH = "/fhir/$process-message"


def the_referral(_: int) -> dict[str, Any]:
    return referral("m1")


def one_of_four(n: int) -> dict[str, Any]:
    return referral("m1", patientInstruction=str(n % 4))


def another_booking(n: int) -> dict[str, Any]:
    return booking(f"m{n}", "s1", number=str(n))


def another_sender(n: int) -> dict[str, Any]:
    return booking(f"m{n}", "s1", number=str(n), source=f"https://{n}.example")


def nameless_booking(n: int) -> dict[str, Any]:
    sent, name = booking(f"m{n}", "s1", number=None), f"urn:uuid:00000000-0000-4001-8000-{n:012}"
    sent["entry"][1]["fullUrl"] = sent["entry"][0]["resource"]["focus"][0]["reference"] = name
    return sent


def another_moment(n: int) -> dict[str, Any]:
    at = NOW - timedelta(minutes=n)
    return referral(f"m{n}", reason="update", at=at, patientInstruction=str(n))


def one_bundle_identifier(n: int) -> dict[str, Any]:
    return referral(f"m{n}", number=str(n)) | {"identifier": {"system": "urn:x", "value": "1"}}


def codes(body: bytes) -> list[str]:
    outcome = decode(body)["entry"][1]["resource"]
    return [issue["details"]["coding"][0]["code"] for issue in outcome["issue"] if issue["severity"] == "error"]


def test_48_clients_with_one_message_have_one_effect_and_one_answer(store: Store, database_url: str) -> None:
    told = post(database_url, the_referral, PATH)

    assert Counter((one.status, one.repeated) for one in told) == {(200, False): 1, (200, True): CLIENTS - 1}
    assert len({one.body for one in told}) == 1
    found = figures(store)
    assert found.resources == {"MessageHeader": 1, "Organization": 1, "Patient": 1, "ServiceRequest": 1}
    assert (found.versions, found.broken) == (4, [])


def test_of_48_messages_of_one_id_and_four_contents_one_is_taken(store: Store, database_url: str) -> None:
    told = post(database_url, one_of_four, PATH)

    assert Counter(one.status for one in told) == {200: CLIENTS // 4, 409: CLIENTS * 3 // 4}
    assert {code for one in told if one.status == 409 for code in codes(one.body)} == {"duplicate-control-id"}
    assert figures(store).resources["ServiceRequest"] == 1


@pytest.mark.parametrize("work", [another_booking, another_sender, nameless_booking])
def test_of_48_bookings_of_one_slot_one_has_it(store: Store, database_url: str, work: Any) -> None:
    with closing(store):
        transact([Put(slot("s1"))], development_caller(), services(store))
        told = post(database_url, work, PATH)

        assert Counter(one.status for one in told) == {200: 1, 409: CLIENTS - 1}
        assert {code for one in told if one.status == 409 for code in codes(one.body)} == {"slot-not-free"}
        found = figures(store)
        assert (found.resources["Appointment"], found.broken) == (1, [])
        stored = store.read(Identity("Slot", "s1"))
        assert stored is not None
        assert (decode(stored.body)["status"], stored.version) == ("busy", 2)


def test_of_48_updates_at_once_the_newest_is_the_present(store: Store, database_url: str) -> None:
    told = post(database_url, another_moment, PATH)

    assert Counter(one.status for one in told) == {200: CLIENTS}
    (request,) = {(one["type"], one["id"]) for one in _focuses(told)}
    stored = store.read(Identity(*request))
    assert stored is not None
    assert decode(stored.body)["patientInstruction"] == "0"


def test_of_48_messages_of_one_bundle_identifier_one_is_taken(store: Store, database_url: str) -> None:
    told = post(database_url, one_bundle_identifier, PATH)

    assert Counter(one.status for one in told) == {200: 1, 409: CLIENTS - 1}
    assert figures(store).resources["ServiceRequest"] == 1


def _focuses(told: list[Any]) -> list[dict[str, str]]:
    references = [decode(one.body)["entry"][0]["resource"]["focus"][0] for one in told]
    return [{"type": one["type"], "id": one["reference"].rpartition("/")[2]} for one in references]
