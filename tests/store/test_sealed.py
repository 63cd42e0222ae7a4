"""With data keys nothing that a message said can be read in the database, and everything is found as before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.access.data_seals import MARK as ACCESS_MARK
from gateway.access.policy import development_caller
from gateway.access.sealing import Keys
from gateway.data import shipped
from gateway.errors import BadSettings, GatewayError
from gateway.fhir.bsn import is_bsn
from gateway.fhir.json import decode
from gateway.fhir.search import parse
from gateway.ingest import ingest
from gateway.query import HistoryRequest, history, read, search, vread
from gateway.services import Services
from gateway.store import open_store
from gateway.store.contents import bodies
from gateway.store.inbox import entered
from gateway.store.reindex import Outdated, reindex, types_outdated
from gateway.store.rekeying import needs, rekey
from gateway.store.sealed import MARK
from gateway.store.verify import verify
from gateway.transact import ConditionalCreate, Delete, Put, transact
from gateway.transact.inbox import content_of
from gateway.transact.inbox import rekey as rekey_inbox
from tests.golden import messages, provider
from tests.keys import follow, held, key_file, seals

CALLER = development_caller()
BSN = "999900006"
SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"
OID = "urn:oid:2.16.840.1.113883.2.4.6.3"
_NUMBER = re.compile(rb"(?<![0-9])9999[0-9]{5}(?![0-9])")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return key_file(tmp_path)


@pytest.fixture
def sealed(services: Services, database_url: str, keys: Path) -> Iterator[Services]:
    """The same services on a store with data keys."""
    opened = with_keys(services, database_url, keys)
    yield opened
    opened.store.close()


def with_keys(to: Services, url: str, keys: Path) -> Services:
    by = seals(keys)
    return replace(to, store=open_store(url, durability="normal", seals=by), keys=Keys(data=by))


def patient(id_: str = "p", bsn: str = BSN, system: str = SYSTEM, family: str = "Ergernis") -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"family": family}],
        "identifier": [
            {
                "system": system,
                "value": bsn,
                "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "NNNLD"}]},
            }
        ],
        "text": {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{family}, BSN {bsn}</div>',
        },
    }


def observed(id_: str, bsn: str = BSN) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"text": "x"},
        "subject": {"identifier": {"system": SYSTEM, "value": bsn}},
    }


def put(to: Services, *resources: dict[str, Any]) -> None:
    transact([Put(resource) for resource in resources], CALLER, to)


def found(to: Services, type_: str, *pairs: tuple[str, str]) -> set[str]:
    bundle = decode(search(parse(type_, list(pairs)), CALLER, to, base=to.settings.base_url))
    return {entry["resource"]["id"] for entry in bundle.get("entry", ())}


def test_both_layers_know_the_same_mark() -> None:
    assert MARK == ACCESS_MARK


class TestNothingCanBeRead:
    def test_of_what_came_by_any_mapping(self, sealed: Services, database_url: str) -> None:
        numbers = set[bytes]()
        for message in _every_message():
            numbers |= {number for number in _NUMBER.findall(message.read_bytes()) if is_bsn(number.decode())}
            try:
                ingest(message.read_bytes(), provider=provider(message), content_type=None, caller=CALLER, to=sealed)
            except GatewayError:  # what is broken is refused, and kept all the same
                continue
        assert len(numbers) > 5
        assert len(entered(sealed.store, limit=10_000)) > 100
        content = held(sealed.store, database_url)
        assert {number for number in numbers if number in content} == set()

    def test_of_a_patient_but_what_is_searched(self, sealed: Services, database_url: str) -> None:
        put(sealed, patient(), observed("o"))
        put(sealed, patient(family="Weggegaan"))
        transact([Delete("Patient", "p")], CALLER, sealed)
        content = held(sealed.store, database_url)
        assert BSN.encode() not in content
        assert b'"family":"Ergernis' not in content  # the names that are searched stand in an index of their own

    def test_without_keys_it_all_can(self, services: Services, database_url: str) -> None:
        put(services, patient())
        assert BSN.encode() in held(services.store, database_url)


class TestEverythingIsFound:
    @pytest.mark.parametrize(
        ("type_", "name", "value"),
        [
            ("Patient", "identifier", f"{SYSTEM}|{BSN}"),
            ("Patient", "identifier", BSN),
            ("Patient", "identifier:of-type", f"http://terminology.hl7.org/CodeSystem/v2-0203|NNNLD|{BSN}"),
            ("Patient", "_text", BSN),
            ("Patient", "_text", f"Ergernis BSN {BSN}"),
            ("Patient", "identifier", f"{SYSTEM}|"),
            ("Observation", "subject:identifier", f"{SYSTEM}|{BSN}"),
            ("Observation", "patient.identifier", f"{SYSTEM}|{BSN}"),
            ("Patient", "_has:Observation:subject:_id", "o2"),
        ],
    )
    def test_by_every_search_on_a_number(self, sealed: Services, type_: str, name: str, value: str) -> None:
        refers = observed("o2") | {"subject": {"reference": "Patient/p"}}
        put(sealed, patient(), patient("q", "999900043", family="Ander"), observed("o"), refers)
        expected = {"identifier": {"p"}, "subject:identifier": {"o"}, "patient.identifier": {"o2"}}.get(name, {"p"})
        assert found(sealed, type_, (name, value)) == (expected if value != f"{SYSTEM}|" else {"p", "q"})

    def test_and_nothing_else(self, sealed: Services) -> None:
        put(sealed, patient(), patient("oid", "999900079", OID), patient("none", "12345678", "http://x"))
        assert found(sealed, "Patient", ("identifier", f"{SYSTEM}|999900043")) == set()
        assert found(sealed, "Patient", ("identifier:not", f"{SYSTEM}|{BSN}")) == {"oid", "none"}
        assert found(sealed, "Patient", ("identifier", f"{OID}|999900079")) == {"oid"}
        assert found(sealed, "Patient", ("identifier", "12345678")) == {"none"}
        assert found(sealed, "Patient", ("identifier", f"{SYSTEM}|{BSN},{OID}|999900079")) == {"p", "oid"}

    def test_an_eight_digit_number_of_another_system_is_not_hidden(self, sealed: Services) -> None:
        ura = "http://fhir.nl/fhir/NamingSystem/ura"
        number = next(str(n) for n in range(10_000_000, 10_000_100) if is_bsn(str(n)))
        organisation = {
            "resourceType": "Organization",
            "id": "z",
            "name": "Z",
            "identifier": [{"system": ura, "value": number}],
        }
        put(sealed, organisation)
        assert found(sealed, "Organization", ("identifier", number)) == {"z"}
        assert found(sealed, "Organization", ("identifier", f"{ura}|{number}")) == {"z"}
        with sealed.store.reading() as db:
            assert db.rows("select 1 from index_token where code = ?", (number,))

    def test_a_conditional_create_makes_one(self, sealed: Services) -> None:
        condition = f"identifier={SYSTEM}|{BSN}"
        made = {key: value for key, value in patient().items() if key != "id"}
        for _ in range(3):
            transact([ConditionalCreate(made, condition)], CALLER, sealed)
        assert len(found(sealed, "Patient")) == 1

    def test_reads_versions_histories_and_exports(self, sealed: Services) -> None:
        put(sealed, patient())
        put(sealed, patient(family="Later"))
        base = sealed.settings.base_url
        assert decode(read("Patient", "p", CALLER, sealed).body)["name"] == [{"family": "Later"}]
        assert decode(vread("Patient", "p", "1", CALLER, sealed).body)["name"] == [{"family": "Ergernis"}]
        told = decode(history(HistoryRequest("Patient", "p"), CALLER, sealed, base=base))
        assert [entry["resource"]["name"][0]["family"] for entry in told["entry"]] == ["Later", "Ergernis"]
        assert [decode(body)["id"] for body in bodies(sealed.store)] == ["p"]
        assert list(verify(sealed.store, base)) == []

    def test_the_same_again_makes_no_version(self, sealed: Services) -> None:
        put(sealed, patient())
        (outcome,) = transact([Put(patient())], CALLER, sealed)
        assert outcome.status == "unchanged"

    def test_sorting_by_what_is_hidden_is_refused(self, sealed: Services) -> None:
        put(sealed, patient())
        with pytest.raises(GatewayError, match="sort"):
            found(sealed, "Patient", ("_sort", "identifier"))


class TestWhatIsNotAsItWasIsNeverShown:
    def test_a_body_of_another_row(self, sealed: Services) -> None:
        put(sealed, patient(), patient("q", "999900043"))
        with sealed.store.changing() as db:
            ((one, other),) = db.rows("select min(key), max(key) from current")
            ((body,),) = db.rows("select body from resource where key = ?", (one,))
            db.rows("update resource set body = ? where key = ?", (body, other))
        with pytest.raises(BadSettings, match="of another row"):
            read("Patient", "q", CALLER, sealed)
        assert [one.what for one in verify(sealed.store, sealed.settings.base_url)] == ["its version 1 cannot be read"]

    @pytest.mark.parametrize("length", [1, 3, 4, 11, 12, 20, 30, -1])
    def test_a_body_that_is_cut(self, sealed: Services, length: int) -> None:
        put(sealed, patient())
        with sealed.store.changing() as db:
            ((body,),) = db.rows("select body from resource")
            db.rows("update resource set body = ?", (bytes(body)[:length],))
        with pytest.raises(BadSettings):
            read("Patient", "p", CALLER, sealed)

    @pytest.mark.parametrize("place", [4, 12, 24, -1])
    def test_a_body_that_is_changed(self, sealed: Services, place: int) -> None:
        put(sealed, patient())
        with sealed.store.changing() as db:
            ((body,),) = db.rows("select body from resource")
            changed = bytearray(body)
            changed[place] ^= 1
            db.rows("update resource set body = ?", (bytes(changed),))
        with pytest.raises(BadSettings):
            read("Patient", "p", CALLER, sealed)

    def test_without_its_key_or_any(
        self, sealed: Services, services: Services, database_url: str, tmp_path: Path
    ) -> None:
        put(sealed, patient())
        with pytest.raises(BadSettings, match="GATEWAY_DATA_KEYS"):
            read("Patient", "p", CALLER, services)
        other = with_keys(services, database_url, key_file(tmp_path, "other"))
        with pytest.raises(BadSettings, match="put that file back"):
            read("Patient", "p", CALLER, other)
        other.store.close()


class TestAnotherKey:
    def test_what_was_stored_before_there_were_keys_is_found_and_sealed(
        self, services: Services, sealed: Services, database_url: str
    ) -> None:
        put(services, patient(), observed("o"))
        ingest(_admission(), provider="dev", content_type=None, caller=CALLER, to=services)
        assert found(sealed, "Patient", ("identifier", f"{SYSTEM}|{BSN}")) == {"p"}
        assert found(sealed, "Observation", ("subject:identifier", f"{SYSTEM}|{BSN}")) == {"o"}
        transact([ConditionalCreate(patient(), f"identifier={SYSTEM}|{BSN}")], CALLER, sealed)
        _encrypt(sealed)
        assert found(sealed, "Patient", ("identifier", f"{SYSTEM}|{BSN}")) == {"p"}
        assert list(verify(sealed.store, sealed.settings.base_url)) == []
        (row,) = entered(sealed.store)
        assert content_of(row, sealed) == _admission()
        if sealed.store.engine == "sqlite":  # what was there before stays in the log until that is used again
            with sealed.store.changing() as db:
                db.rows("select 1")
            _checkpoint(database_url)
        assert BSN.encode() not in held(sealed.store, database_url)

    def test_follows_the_one_before(self, sealed: Services, keys: Path) -> None:
        put(sealed, patient())
        before = sealed.store.seals.present
        follow(keys, "seal")
        follow(keys, "find")
        again = replace(sealed, store=sealed.store)
        _wait_for(lambda: sealed.store.seals.present != before)
        put(again, patient("q", "999900043"))
        for bsn, id_ in ((BSN, "p"), ("999900043", "q")):
            assert found(sealed, "Patient", ("identifier", f"{SYSTEM}|{bsn}")) == {id_}
        transact([ConditionalCreate(patient("new"), f"identifier={SYSTEM}|{BSN}")], CALLER, sealed)
        assert found(sealed, "Patient") == {"p", "q"}
        assert before is not None
        assert needs(sealed.store, before)["resource"] == 1
        assert types_outdated(sealed.store) == Outdated([], ["Patient"])  # all is found, and it is told
        _encrypt(sealed)
        assert types_outdated(sealed.store) == Outdated([], [])
        assert needs(sealed.store, before) == {}
        assert found(sealed, "Patient", ("identifier", f"{SYSTEM}|{BSN}")) == {"p"}
        assert list(verify(sealed.store, sealed.settings.base_url)) == []

    def test_only_the_present_one_is_asked_when_nothing_else_is_there(self, sealed: Services, keys: Path) -> None:
        put(sealed, patient())
        follow(keys, "find")
        _wait_for(lambda: len(sealed.store.seals.finders) > 1)
        assert found(sealed, "Patient", ("identifier", f"{SYSTEM}|{BSN}")) == {"p"}
        _encrypt(sealed)
        with sealed.store.changing() as db:  # a row as the key before would have hidden it
            old = sealed.store.seals.finders[1].hidden("999900043")
            db.rows("insert into index_token values ('Patient', 'identifier', ?, ?, 1)", (SYSTEM, old))
        assert found(sealed, "Patient", ("identifier", f"{SYSTEM}|999900043")) == set()


def _every_message() -> list[Path]:
    return [path for cases in sorted(shipped("mappings").rglob("cases")) for path in messages(cases)]


def _admission() -> bytes:
    return next(
        path for path in _every_message() if "adt_a01_admit" in str(path) and BSN.encode() in path.read_bytes()
    ).read_bytes()


def _encrypt(to: Services) -> None:
    rekey(to.store)
    rekey_inbox(CALLER, to)
    reindex(to.store, base=to.settings.base_url)


def _checkpoint(url: str) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")


def _wait_for(is_so: Any) -> None:
    import time

    until = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)
