"""`gateway store reindex` and `gateway store verify`, as an operator runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from gateway.access.policy import development_caller
from gateway.cli.store import store
from gateway.fhir.parameters import install
from gateway.services import Services
from gateway.transact import Delete, Put, transact
from gateway.validation.packages import PackageStore, pack
from tests.store.test_reindex import NICKNAME, found, location, refusal

CALLER = development_caller()
SLOT = {
    "resourceType": "Slot",
    "id": "a",
    "status": "free",
    "schedule": {"reference": "Schedule/1"},
    "start": "2026-01-05T10:00:00Z",
    "end": "2026-01-05T11:00:00Z",
}


@pytest.fixture(autouse=True)
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageStore]:
    folder = tmp_path / "packages"
    monkeypatch.setenv("GATEWAY_PROFILES", str(folder))
    monkeypatch.setenv("GATEWAY_BASE_URL", "http://127.0.0.1:8080/fhir")
    yield PackageStore(folder)
    install(())


def run(*args: str, database: str) -> Result:
    return CliRunner().invoke(store, [args[0], "--database", database, *args[1:]])


def damage(services: Services, *statements: str) -> None:
    with services.store.changing() as db:
        for statement in statements:
            db.rows(statement)


def test_the_parameter_of_a_package_is_served_after_a_reindex(
    services: Services, database_url: str, packages: PackageStore, tmp_path: Path
) -> None:
    transact([Put(location(1)), Put(location(2))], CALLER, services)
    manifest = {"name": "nl.example.names", "version": "1.0.0", "fhirVersions": ["4.0.1"]}
    files = {"package.json": manifest, "SearchParameter-location-nickname.json": NICKNAME}
    source = tmp_path / "source"
    source.mkdir()
    for name, content in files.items():
        (source / name).write_bytes(msgspec.json.encode(content))
    packages.install(pack(source)[1])

    install([NICKNAME])  # as the gateway does when it starts
    assert refusal(services.store, "Location", "nickname=post")
    done = run("reindex", "--type", "Location", database=database_url)

    assert done.output == "         2  Location indexed anew\nevery index of Location is complete\n"
    assert done.exit_code == 0
    assert found(services.store, "Location", "nickname=post") == {"l1", "l2"}
    assert run("reindex", database=database_url).output == "every index is complete\n"


def test_a_type_that_is_none_is_refused(database_url: str) -> None:
    assert run("reindex", "--type", "Place", database=database_url).exit_code == 2


def test_a_store_in_which_all_agrees_is_told_so(services: Services, database_url: str) -> None:
    transact([Put(location(1)), Put(SLOT), Put(location(2))], CALLER, services)
    transact([Delete("Location", "l2")], CALLER, services)

    assert run("verify", database=database_url).output == "the indexes say what the resources say\n"
    assert run("verify", database=database_url).exit_code == 0


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "delete from index_string where value = 'spoed 1'",
            "Location/l1: index rows missing from index_string (name)",
        ),
        (
            "insert into index_token select type, 'status', '', 'active', key from current where id = 'l1'",
            "Location/l1: index rows too many in index_token (status)",
        ),
        ("delete from slot", "Slot/a: index rows missing from slot"),
        ("delete from index_date where param like 'free %'", "Slot/a: index rows missing from index_date (free)"),
        ("update current set indexed_as = 7 where id = 'l1'", "Location/l1: indexed by other definitions"),
    ],
)
def test_a_damaged_index_is_found_and_repaired(
    services: Services, database_url: str, statement: str, told: str
) -> None:
    coded = {**SLOT, "serviceType": [{"coding": [{"system": "http://example.org/bed", "code": "icu"}]}]}
    transact([Put(location(1)), Put(coded)], CALLER, services)
    damage(services, statement)

    assert run("verify", database=database_url).output == f"{told}\n"
    assert run("verify", database=database_url).exit_code == 1
    repaired = run("verify", "--repair", database=database_url)

    assert repaired.output.splitlines()[1:] == [
        "1 resources indexed anew; what still differs:",
        "the indexes say what the resources say",
    ]
    assert repaired.exit_code == 0
    assert run("verify", database=database_url).exit_code == 0


def test_a_slot_with_another_status_in_the_projection_is_found(services: Services, database_url: str) -> None:
    transact([Put(SLOT)], CALLER, services)
    damage(services, "update slot set status = 'busy'")

    assert run("verify", database=database_url).output.splitlines() == [
        "Slot/a: index rows missing from slot",
        "Slot/a: index rows too many in slot",
    ]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("delete from current where id = 'l1'", "Location/(key 1): index rows of no resource in index_string (name)"),
        ("delete from resource where key = 1", "Location/l1: its version 1 is missing"),
        (
            "update resource set last_updated = 5 where key = 1",
            "Location/l1: its version 1 is not the one that is the newest",
        ),
        ("update current set id = 'l9' where id = 'l1'", "Location/l9: its version 1 is of another resource"),
    ],
)
def test_what_no_index_can_mend_is_told_all_the_same(
    services: Services, database_url: str, statement: str, told: str
) -> None:
    transact([Put({"resourceType": "Location", "id": "l1", "name": "Spoed"})], CALLER, services)
    damage(services, statement)

    assert told in run("verify", database=database_url).output
    assert run("verify", "--repair", database=database_url).exit_code == 1


def test_what_differs_is_told_without_values(services: Services, database_url: str) -> None:
    patient = {"resourceType": "Patient", "id": "p", "name": [{"family": "Geheim"}], "birthDate": "1980-05-17"}
    transact([Put(patient)], CALLER, services)
    damage(services, "delete from index_string", "delete from index_date")

    told = run("verify", database=database_url).output
    assert told == "Patient/p: index rows missing from index_date (birthdate), index_string (family, name)\n"
    assert "geheim" not in told.lower()
