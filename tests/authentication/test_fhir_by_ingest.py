"""A FHIR Bundle that comes as a message of a provider is made by its sender: it may do what its scopes say."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.access.partners import Partner
from gateway.access.policy import development_caller, unlimited
from gateway.fhir.json import decode, encode
from gateway.ingest import ingest
from gateway.services import Services
from gateway.store import Identity
from gateway.transact import Put, transact
from tests.messages import bed_message


def partner(**more: Any) -> Partner:
    return Partner(id="duinrand", name="Ziekenhuis Duinrand", kind="ziekenhuis", providers=("dev",), **more)


def sent(to: Services, who: Partner, data: bytes, kind: str) -> Any:
    return ingest(data, provider="dev", content_type=kind, caller=unlimited(who.caller()), to=to)


@pytest.mark.parametrize(
    "who",
    [
        partner(scopes=("system/Slot.rs",)),
        partner(scopes=("system/*.cruds",), sees=("Slot",)),
        partner(scopes=("system/*.cruds",), sees=("Location?name=mine", "Slot")),
    ],
    ids=["scopes", "types", "searches"],
)
def test_a_bundle_does_no_more_by_this_door_than_by_the_other(services: Services, who: Partner) -> None:
    there = {"resourceType": "Location", "id": "theirs", "name": "theirs"}
    transact([Put(there)], development_caller(), services)
    entry = {"resource": there | {"name": "changed"}, "request": {"method": "PUT", "url": "Location/theirs"}}
    bundle = encode({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})

    (taken,) = sent(services, who, bundle, "application/fhir+json").messages

    assert taken.refusal is not None
    stored = services.store.read(Identity("Location", "theirs"))
    assert stored is not None
    assert decode(stored.body)["name"] == "theirs"


def test_what_a_mapping_makes_is_within_the_right_to_send(services: Services) -> None:
    who = partner(scopes=("system/Slot.rs",), sees=("Slot?status=free",))

    (taken,) = sent(services, who, bed_message("A1"), "application/hl7-v2").messages

    assert taken.refusal is None
