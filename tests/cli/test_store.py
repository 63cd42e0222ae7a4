from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.access.policy import development_caller
from gateway.cli.store import store
from gateway.ingest import ingest
from gateway.services import Services
from gateway.store.migrate import CREATE_TABLE, latest, migrations
from gateway.transact import Put, transact
from tests.messages import bed_list, bed_message, bed_row


def run(*args: str, database: str) -> Result:
    return CliRunner().invoke(store, [args[0], "--database", database, *args[1:]])


def location(id_: str, **elements: str) -> dict[str, str]:
    return {"resourceType": "Location", "id": id_, **elements}


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/new/store.sqlite"


def test_init_makes_a_store_and_leaves_the_one_that_is_there(sqlite: str) -> None:
    first, second = run("init", database=sqlite), run("init", database=sqlite)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.output == second.output == f"{sqlite}: a store of version {latest('sqlite')}\n"


def test_an_older_store_is_refused_until_it_is_migrated(sqlite: str) -> None:
    first, *_ = migrations("sqlite")
    Path(sqlite.removeprefix("sqlite:///")).parent.mkdir(parents=True)
    with closing(sqlite3.connect(sqlite.removeprefix("sqlite:///"))) as db, db:
        db.executescript(f"{CREATE_TABLE}; {first.sql}; insert into schema_version values (1, '{first.name}')")

    refused = run("info", database=sqlite)
    migrated = run("migrate", database=sqlite)

    assert refused.exit_code == 1
    assert "run `gateway store migrate`" in refused.output
    assert migrated.output == f"{sqlite}: at version {latest('sqlite')}\n"
    assert run("info", database=sqlite).exit_code == 0


def test_a_store_of_a_newer_gateway_is_refused(sqlite: str) -> None:
    run("init", database=sqlite)
    with closing(sqlite3.connect(sqlite.removeprefix("sqlite:///"))) as db, db:
        db.execute("insert into schema_version values (9999, '9999_future')")

    refused = run("migrate", database=sqlite)

    assert refused.exit_code == 1
    assert "made by a newer gateway" in refused.output


def test_info_counts_and_checks(services: Services, database_url: str) -> None:
    transact([Put(location("a")), Put(location("b"))], development_caller(), services)

    text = run("info", database=database_url)
    found = json.loads(run("info", "--format", "json", database=database_url).output)

    assert text.exit_code == 0
    assert "2  Location" in text.output
    assert "audit rows, unbroken" in text.output
    assert (found["resources"], found["audit"], found["broken"]) == ({"Location": 2}, 1, [])


def test_info_exits_1_when_the_audit_was_tampered_with(sqlite: str) -> None:
    run("init", database=sqlite)
    with closing(sqlite3.connect(sqlite.removeprefix("sqlite:///"))) as db, db:
        db.execute("insert into audit values (0, 1, x'00', x'00')")

    found = run("info", database=sqlite)

    assert found.exit_code == 1
    assert "TAMPERED WITH" in found.output


def test_export_writes_a_resource_a_line(services: Services, database_url: str, tmp_path: Path) -> None:
    transact([Put(location("a", name="één")), Put(location("b"))], development_caller(), services)
    transact([Put(location("a", name="twee"))], development_caller(), services)

    everything = run("export", database=database_url)
    run("export", "--type", "Slot", "--output", str(tmp_path / "none.ndjson"), database=database_url)

    exported = [json.loads(line) for line in everything.output.splitlines()]
    assert [(r["id"], r.get("name"), r["meta"]["versionId"]) for r in exported] == [
        ("a", "twee", "2"),
        ("b", None, "1"),
    ]
    assert (tmp_path / "none.ndjson").read_bytes() == b""


def test_ingest_takes_in_files_and_exits_1_when_one_is_refused(database_url: str, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    entry = {"resource": location("a"), "request": {"method": "PUT", "url": "Location/a"}}
    good.write_text(json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [entry]}), encoding="utf-8")
    bad.write_text('{"resourceType":"Bundle","type":"transaction","entry":[', encoding="utf-8")

    taken = run("ingest", str(good), database=database_url)
    refused = run("ingest", str(good), str(bad), "--lang", "nl", database=database_url)

    assert (taken.exit_code, refused.exit_code) == (0, 1)
    assert "1 created" in taken.output
    assert "1 ongewijzigd" in refused.output
    assert "Er is niets gebruikt" in refused.output
    assert json.loads(run("info", "--format", "json", database=database_url).output)["inbox"] == {
        "accepted": 2,
        "refused": 1,
    }


def test_a_password_is_not_shown() -> None:
    refused = run("init", database="mysql://gateway:geheim@db")

    assert refused.exit_code == 1
    assert "geheim" not in refused.output


def test_provenance_tells_from_which_message_a_resource_came(services: Services, database_url: str) -> None:
    taken = ingest(bed_message(), provider="dev", content_type=None, caller=development_caller(), to=services)
    slot = next(made.id for message in taken.messages for made in message.made if made.type == "Slot")

    told = run("provenance", f"Slot/{slot}", database=database_url)
    absent = run("provenance", "Slot/none", database=database_url)

    assert told.exit_code == 0
    (entry,) = json.loads(told.output)["entry"]
    assert entry["resource"]["entity"][0]["role"] == "source"
    assert "NPU-2.1 (line 3" in told.output
    assert (absent.exit_code, run("provenance", "Slot", database=database_url).exit_code) == (1, 2)


def test_ingest_reports_in_the_language_that_was_asked_for(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "bedden.csv"
    path.write_bytes(bed_list([bed_row("1"), bed_row("2", "ONZIN")]))

    told = run("ingest", str(path), "--lang", "nl", database=database_url)

    assert 'FOUT: rij 3 kolom "Bedstatus": dit woord of deze code is hier niet bekend' in told.output
    assert "Wat er moet staan: een van: " in told.output
