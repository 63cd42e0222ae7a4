"""What goes in is held against the profiles it claims, whichever door it comes by."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.access.policy import development_caller
from gateway.app import create_app
from gateway.data import shipped
from gateway.errors import InvalidResource
from gateway.fhir import json
from gateway.services import Services, build
from gateway.settings import Settings
from gateway.store import open_store
from gateway.transact import Put, transact
from gateway.validation import Validator
from gateway.validation.packages import PackageStore
from gateway.validation.profiles import shipped as profiles
from tests.conftest import NOW, counted, library
from tests.validation.test_packages import package

SLOT: dict[str, Any] = json.decode((shipped("profiles") / "examples" / "Slot-example-bed.json").read_bytes())
UNAGED = SLOT | {"extension": SLOT["extension"][:1]}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a folder in which one package is installed."""
    PackageStore(tmp_path / "packages").install(package())
    return Settings(database=f"sqlite:///{tmp_path}/store.sqlite", profiles=tmp_path / "packages")


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    """The services with the profiles that `gateway serve` has."""
    store = open_store(settings.database, durability="normal")
    validator = Validator(profiles.library(settings.profiles))
    yield Services(settings, store, validator, library(), lambda: NOW, counted())
    store.close()


@pytest.fixture
def client(services: Services) -> FlaskClient:
    return create_app(services).test_client()


def test_a_claimed_profile_that_is_broken_is_refused(services: Services) -> None:
    with pytest.raises(InvalidResource) as refused:
        transact([Put(UNAGED)], development_caller(), services)

    assert {issue.code for issue in refused.value.issues} == {"profile-cardinality"}
    assert transact([Put(SLOT)], development_caller(), services)[0].status == "created"


def test_without_a_claim_r4_alone_decides(services: Services) -> None:
    plain = {key: value for key, value in UNAGED.items() if key != "meta"}

    assert transact([Put(plain)], development_caller(), services)[0].status == "created"


def test_over_http_everything_wrong_is_answered(client: FlaskClient) -> None:
    answer = client.put("/fhir/Slot/example-bed", json=UNAGED, content_type="application/fhir+json")

    told = answer.get_json()["issue"]
    assert answer.status_code == 422
    assert len(told) == 2
    assert {one["code"] for one in told} == {"structure"}
    assert "capacity-slot#Slot.extension:measuredAt" in told[0]["diagnostics"] + told[1]["diagnostics"]


def test_a_transaction_is_refused_with_the_place_in_it(client: FlaskClient) -> None:
    entry = {"resource": UNAGED, "request": {"method": "PUT", "url": "Slot/example-bed"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}

    answer = client.post("/fhir", json=bundle, content_type="application/fhir+json")

    assert answer.status_code == 422
    assert answer.get_json()["issue"][0]["expression"][0].startswith("Bundle.entry[0].resource.extension")


@pytest.mark.parametrize("url", ["https://example.org/StructureDefinition/unknown", "https://x.example/y|2"])
def test_a_profile_that_is_not_known_is_a_warning(url: str, services: Services) -> None:
    patient = {"resourceType": "Patient", "id": "p", "meta": {"profile": [url]}, "active": True}

    assert transact([Put(patient)], development_caller(), services)[0].status == "created"
    assert [(i.code, i.severity) for i in services.validator.issues(patient)] == [("profile-unknown", "warning")]


def test_the_services_know_our_own_and_what_is_installed(settings: Settings) -> None:
    """The package of the test has a profile of Patient that asks nothing."""
    url = "https://example.org/StructureDefinition/p"
    made = build(settings)
    made.store.close()

    assert made.validator.issues({"resourceType": "Patient", "active": True, "meta": {"profile": [url]}}) == []
    assert [issue.code for issue in made.validator.issues(UNAGED)] == ["profile-cardinality"] * 2
