"""`gateway keys data` and `gateway store encrypt`, on both databases; and a backup with its keys."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.access.data_keys import lines
from gateway.access.policy import development_caller
from gateway.cli.inbox import inbox as inbox_command
from gateway.cli.keys import keys as keys_command
from gateway.cli.store import store as store_command
from gateway.errors import BadSettings
from gateway.fhir.json import decode
from gateway.ingest import ingest
from gateway.query import read
from gateway.services import Services, build
from gateway.settings import Settings
from gateway.store import Store, exporting, open_store, parcels, queues
from gateway.store.erasing import waiting
from gateway.store.inbox import entered
from gateway.store.records import Parcel
from gateway.store.rekeying import BATCH, rekey
from gateway.transact.inbox import content_of
from tests.keys import follow, held, key_file, seals
from tests.messages import bed_message
from tests.store.test_sealed import BSN, SYSTEM, found, observed, patient, put, with_keys

CALLER = development_caller()


class Operator:
    """Runs commands with the settings of one gateway."""

    def __init__(self, url: str, path: Path) -> None:
        self._runner = CliRunner(env={"GATEWAY_DATABASE": url, "GATEWAY_DATA_KEYS": str(path), "GATEWAY_INBOX_KEY": ""})

    def keys(self, *arguments: str) -> Result:
        return self._runner.invoke(keys_command, ["data", *arguments])

    def inbox(self, *arguments: str) -> Result:
        return self._runner.invoke(inbox_command, list(arguments))

    def store(self, *arguments: str) -> Result:
        return self._runner.invoke(store_command, list(arguments))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return key_file(tmp_path)


@pytest.fixture
def operator(store: Store, database_url: str, path: Path) -> Operator:  # noqa: ARG001 - which makes the tables
    return Operator(database_url, path)


def test_a_new_file_has_a_key_of_each_kind_and_says_which_are_used(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "data.keys"
    operator = Operator("sqlite://", path)
    done = operator.keys("new")
    assert done.exit_code == 0, done.output
    assert [line.use for line in lines(path)] == ["seal", "find"]
    assert operator.keys("new", "--after", "3600").exit_code == 0
    listed = operator.keys("list").output.splitlines()
    assert [line.split()[1] for line in listed] == ["find", "seal", "seal"]
    assert [line.endswith("in use") for line in listed] == [True, True, False]
    assert listed[2].endswith("is to be used")
    assert not any(line.key in done.output for line in lines(path) if line.key)


def test_a_key_is_retired_when_nothing_needs_it(
    operator: Operator, services: Services, database_url: str, path: Path
) -> None:
    sealed = with_keys(services, database_url, path)
    put(sealed, patient(), observed("o"))
    ingest(bed_message(), provider="dev", content_type=None, caller=CALLER, to=sealed)
    old = {line.use: line.id for line in lines(path)}
    assert "is in use" in operator.keys("retire", old["seal"]).output
    for use in ("seal", "find"):
        follow(path, use)
    for name in old.values():
        refused = operator.keys("retire", name)
        assert refused.exit_code == 1
        assert "gateway store encrypt" in refused.output, refused.output
    assert "resource (" in operator.keys("retire", old["seal"]).output
    done = operator.store("rekey")
    assert done.exit_code == 0, done.output
    for name in old.values():
        assert operator.keys("retire", name).exit_code == 0
    assert {line.id for line in lines(path)}.isdisjoint(old.values())
    sealed.store.close()
    again = with_keys(services, database_url, path)  # a process that never knew them
    assert found(again, "Patient", ("identifier", f"{SYSTEM}|{BSN}")) == {"p"}
    assert content_of(entered(again.store)[0], again) == bed_message()
    assert operator.store("verify").exit_code == 0
    again.store.close()


def test_encrypting_that_was_stopped_goes_on(services: Services, database_url: str, path: Path) -> None:
    put(services, *(patient(f"p{number}", family=f"F{number}") for number in range(3 * BATCH)))
    sealed = with_keys(services, database_url, path)

    class Stopped(Exception):
        pass

    def stop(_table: str, _done: int) -> None:
        raise Stopped

    for _ in range(2):
        with pytest.raises(Stopped):
            rekey(sealed.store, stop)
    assert rekey(sealed.store) == {"resource": BATCH}
    assert rekey(sealed.store) == {}
    assert decode(read("Patient", "p7", CALLER, sealed).body)["name"] == [{"family": "F7"}]
    sealed.store.close()


def test_a_gateway_without_a_key_that_the_store_needs_does_not_start(
    services: Services, database_url: str, path: Path, tmp_path: Path
) -> None:
    sealed = with_keys(services, database_url, path)
    put(sealed, patient())
    sealed.store.close()
    for settings in (
        Settings(database=database_url),
        Settings(database=database_url, data_keys=key_file(tmp_path, "b")),
    ):
        with pytest.raises(BadSettings, match="needs the data keys"):
            build(settings)
    to = build(Settings(database=database_url, data_keys=path))
    assert found(to, "Patient", ("identifier", f"{SYSTEM}|{BSN}")) == {"p"}
    to.store.close()


def test_who_knows_its_clients_and_has_no_keys_says_what_is_readable(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from gateway.access.certificates import write_development

    write_development(tmp_path, datetime.now(UTC))
    settings = Settings(database="sqlite://", tls_client_ca=tmp_path / "ca.pem", base_url="https://127.0.0.1/fhir")
    with caplog.at_level(logging.WARNING):
        build(settings).store.close()
    assert "not-sealed" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        build(replace(settings, data_keys=key_file(tmp_path))).store.close()
    assert "not-sealed" not in caplog.text


def test_a_backup_stays_sealed_and_is_restored_with_its_keys(
    operator: Operator, services: Services, database_url: str, path: Path, tmp_path: Path
) -> None:
    sealed = with_keys(services, database_url, path)
    put(sealed, patient(), observed("o"))
    sealed.store.close()
    file = tmp_path / "backup.zip"
    assert operator.store("backup", str(file)).exit_code == 0
    import zipfile

    with zipfile.ZipFile(file) as archive:
        assert not any(BSN.encode() in archive.read(name) for name in archive.namelist())
    url = f"sqlite:///{tmp_path}/restored.sqlite"
    open_store(url).close()
    restored = operator.store("restore", str(file), "--database", url)
    assert restored.exit_code == 0, restored.output
    with pytest.raises(BadSettings, match="needs the data keys"):
        build(Settings(database=url))
    to = build(Settings(database=url, data_keys=path))
    assert found(to, "Patient", ("identifier", f"{SYSTEM}|{BSN}")) == {"p"}
    assert decode(read("Observation", "o", CALLER, to).body)["subject"]["identifier"]["value"] == BSN
    to.store.close()


def test_an_erased_patient_is_found_wherever_it_stands(
    operator: Operator, services: Services, database_url: str, path: Path
) -> None:
    sealed = with_keys(services, database_url, path)
    put(sealed, patient(), observed("o") | {"subject": {"reference": "Patient/p"}})
    with sealed.store.changing() as db:
        parcels.put(db, [Parcel("https://ehr.example/in", "application/fhir+json", b'{"reference":"Patient/p"}')])
    done = operator.store("erase-patient", "Patient/p", "--yes", "--reason", "asked for")
    assert done.exit_code == 0, done.output
    assert found(sealed, "Patient") == set()
    assert found(sealed, "Observation") == set()
    with sealed.store.reading() as db:
        assert db.rows("select count(*) from resource") == [(0,)]
        assert db.rows("select body from delivery") == [(None,)]
    sealed.store.close()


def test_what_waits_to_be_sent_and_exports_are_sealed(services: Services, database_url: str, path: Path) -> None:
    sealed = with_keys(services, database_url, path)
    endpoint, content = "https://ehr.example/in", json.dumps({"number": BSN}).encode()
    with sealed.store.changing() as db:
        parcels.put(db, [Parcel(endpoint, "application/json", content), Parcel(endpoint, "application/json", b"{}")])
        queues.bury(db, endpoint, 1, 5, "refused")
        exporting.begin(db, exporting.Export("x", "o", 1, 10, content), 1)
    assert BSN.encode() not in held(sealed.store, database_url)
    with sealed.store.changing() as db:
        assert [one.body for one in queues.following(db, endpoint, 0, 10)] == [content, b"{}"]
        assert waiting(db, BSN.encode()) == [(endpoint, 1)]
        (dead,) = queues.dead(db, endpoint)
        assert queues.revive(db, dead, 6) == 3
        assert [one.body for one in queues.following(db, endpoint, 1, 10)] == [b"{}", content]
        found_export = exporting.find(db, "x", "o", 2)
        assert found_export is not None
        assert found_export.asked == content
    for use in ("seal", "find"):
        follow(path, use)
    later = with_keys(services, database_url, path)
    assert rekey(later.store) == {"delivery": 2, "export": 1}
    with later.store.changing() as db:
        assert [one.body for one in queues.following(db, endpoint, 1, 10)] == [b"{}", content]
    later.store.close()
    sealed.store.close()


def test_keys_of_the_inbox_are_followed_by_data_keys(
    services: Services, database_url: str, path: Path, tmp_path: Path
) -> None:
    from gateway.access.sealing import Keys

    old = tmp_path / "inbox.key"
    old.write_text("ab" * 32, encoding="ascii")
    before = replace(services, keys=Keys.read([old]))
    ingest(bed_message("1"), provider="dev", content_type=None, caller=CALLER, to=before)
    by = seals(path)
    after = replace(services, store=open_store(database_url, seals=by), keys=replace(Keys.read([old]), data=by))
    ingest(bed_message("2", state="O"), provider="dev", content_type=None, caller=CALLER, to=after)
    assert [content_of(row, after) for row in entered(after.store)] == [bed_message("2", state="O"), bed_message("1")]
    runner = CliRunner(
        env={"GATEWAY_DATABASE": database_url, "GATEWAY_DATA_KEYS": str(path), "GATEWAY_INBOX_KEY": str(old)}
    )
    assert runner.invoke(store_command, ["encrypt"]).exit_code == 0
    only_data = replace(after, keys=Keys(data=by))
    assert [content_of(row, only_data) for row in entered(after.store)] == [
        bed_message("2", state="O"),
        bed_message("1"),
    ]
    after.store.close()


def test_messages_are_shown_and_taken_again(
    operator: Operator, services: Services, database_url: str, path: Path
) -> None:
    sealed = with_keys(services, database_url, path)
    ingest(bed_message(), provider="dev", content_type=None, caller=CALLER, to=sealed)
    (row,) = entered(sealed.store)
    shown = operator.inbox("show", str(row.id), "--content")
    assert bed_message() in shown.stdout_bytes
    again = operator.inbox("replay", str(row.id), "--again")
    assert again.exit_code == 0, again.output
    assert entered(sealed.store)[0].attempts == 1
    sealed.store.close()
