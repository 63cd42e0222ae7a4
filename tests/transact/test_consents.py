"""Who may see is said by the organisation that keeps the record of the patient: by no other one, in no way."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.access.partners import Partner
from gateway.access.policy import development_caller, unlimited
from gateway.errors import Forbidden
from gateway.fhir.json import decode
from gateway.services import Services
from gateway.store import Identity
from gateway.transact import ConditionalPut, Create, Delete, Operation, Patch, Put, transact
from tests.consents import consent as made

BASE_URL = "http://127.0.0.1:8080/fhir"


def partner(id_: str, ura: str) -> Any:
    return unlimited(Partner(id=id_, name=id_, kind="ziekenhuis", ura=ura, scopes=("system/*.cruds",)).caller())


DUINRAND, GOUWE = partner("duinrand", "00000001"), partner("gouwe", "00000003")


def consent(id_: str, patient: str, scope: str = "patient-privacy", **more: Any) -> dict[str, Any]:
    return made(id_, "permit", scope=scope, patient={"reference": patient}, **more)


@pytest.fixture
def records(services: Services) -> Services:
    """Return services with a patient of each organisation, a Consent of one of them, and a patient of nobody."""
    transact([Put({"resourceType": "Patient", "id": "d"}), Put(consent("c", "Patient/d"))], DUINRAND, services)
    transact([Put({"resourceType": "Patient", "id": "g"})], GOUWE, services)
    transact([Put({"resourceType": "Patient", "id": "n"})], development_caller(), services)
    return services


FOREIGN: dict[str, Operation] = {
    "create": Create(consent("new", "Patient/d")),
    "put": Put(consent("new", "Patient/d")),
    "by our own address": Put(consent("new", f"{BASE_URL}/Patient/d")),
    "by an identifier": ConditionalPut(consent("new", "Patient/d"), "identifier=http://example.org/c|1"),
    "change": Put(consent("c", "Patient/d", status="inactive")),
    "change of the patient": Put(consent("c", "Patient/g")),
    "change into no Consent of access": Put(consent("c", "Patient/d", "treatment")),
    "patch": Patch("Consent", "c", lambda found: found | {"status": "rejected"}),
    "delete": Delete("Consent", "c"),
    "of a patient of nobody": Put(consent("new", "Patient/n")),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_another_organisation_is_refused(records: Services, name: str) -> None:
    with pytest.raises(Forbidden) as refused:
        transact([FOREIGN[name]], GOUWE, records)

    assert {issue.code for issue in refused.value.issues} == {"consent-not-yours"}
    kept = records.store.read(Identity("Consent", "c"))
    assert kept is not None
    assert (kept.version, kept.deleted) == (1, False)


def test_beside_what_is_allowed_it_is_refused_as_a_whole(records: Services) -> None:
    with pytest.raises(Forbidden):
        transact([Put(consent("own", "Patient/g")), Put(consent("new", "Patient/d"))], GOUWE, records)

    assert records.store.read(Identity("Consent", "own")) is None


def test_its_organisation_says_and_takes_back(records: Services) -> None:
    transact([Put(consent("c", "Patient/d", status="inactive"))], DUINRAND, records)
    transact([Delete("Consent", "c")], DUINRAND, records)
    both = [Put({"resourceType": "Patient", "id": "d2"}), Put(consent("c2", "Patient/d2"))]
    transact(both, DUINRAND, records)

    kept = records.store.read(Identity("Consent", "c2"))
    assert kept is not None


def test_a_treatment_directive_is_no_matter_of_this(records: Services) -> None:
    transact([Put(consent("t", "Patient/d", "treatment"))], GOUWE, records)


def test_who_writes_is_told_what_is_not_looked_at(records: Services) -> None:
    restricted = {"type": "permit", "dataPeriod": {"start": "2026-01-01"}}
    (made,) = transact([Put(consent("c", "Patient/d", provision=restricted))], DUINRAND, records)

    assert [(one.code, one.severity, one.expression) for one in made.issues] == [
        ("consent-passed-over", "warning", "Consent.provision.dataPeriod")
    ]
    assert decode(made.body or b"")["provision"] == restricted
