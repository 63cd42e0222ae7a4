"""`gateway audit`: what was changed, put in, taken out, moved, cut off or written anew is found, with real SQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from gateway.access.policy import development_caller
from gateway.access.signing_keys import make
from gateway.cli import main
from gateway.cli.audit_keeper import prune, sign
from gateway.fhir.datetime import format_instant
from gateway.query.auditlog import signing
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import Store
from gateway.store.auditing import finding, heads, index
from gateway.store.auditing.finding import Wanted
from gateway.transact import Put, transact
from gateway.validation import Validator
from tests.conftest import library

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "audit-keys"
    make(folder, NOW)
    return folder


@pytest.fixture
def to(store: Store, database_url: str, keys: Path, tmp_path: Path) -> Services:
    settings = Settings(database=database_url, audit_keys=keys, audit_heads=tmp_path / "heads", node="gateway-1")
    return Services(settings, store, Validator(), library(), lambda: NOW, lambda: "x")


def row(number: int, **more: Any) -> bytes:
    at = format_instant(NOW + timedelta(seconds=number))
    said = {"action": "read", "at": at, "organisation": "00000001", "caller": "Duinrand", "purpose": "TREAT"}
    return json.dumps(said | {"entities": [f"Observation/o{number}"], "patients": ["p1"]} | more).encode()


def fill(to: Services, number: int = 9) -> None:
    """Add rows, all to one lane: each engine has its own."""
    for each in range(number):
        to.store.audit(row(each))


def verified(to: Services, *more: str, signed: bool = True) -> Result:
    options = ["--keys", str(to.settings.audit_keys)] if signed else []
    return CliRunner().invoke(main, ["audit", "verify", "--database", to.settings.database, *options, *more])


class Intruder:
    """Who can write to the database whatever he wants, and knows how the chain is made."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._unlocked()

    def run(self, statement: str, *parameters: Any) -> list[Any]:
        if self._url.startswith("sqlite"):
            with closing(sqlite3.connect(self._url.removeprefix("sqlite:///"))) as db:
                rows = db.execute(statement, parameters).fetchall()
                db.commit()
                return rows
        with psycopg.connect(self._url) as connection:
            found = connection.execute(statement.replace("?", "%s").encode(), parameters)
            return found.fetchall() if found.description else []

    def _unlocked(self) -> None:
        if self._url.startswith("sqlite"):
            for name in ("audit_keeps_rows", "audit_keeps_content", "audit_signed_keeps_rows"):
                self.run(f"drop trigger if exists {name}")
        else:
            for table in ("audit", "audit_signed"):
                self.run(f"alter table {table} disable trigger all")

    def rows(self) -> list[tuple[int, int, bytes]]:
        """Return the rows of the longest lane."""
        found = self.run("select lane, seq, content from audit order by lane, seq")
        lanes = [lane for lane, *_ in found]
        longest = max(set(lanes), key=lanes.count)
        return [(lane, seq, bytes(content)) for lane, seq, content in found if lane == longest]

    def write_anew(self, contents: list[bytes]) -> None:
        """Replace a lane by these rows, with hashes that agree."""
        lane, before = self.rows()[0][0], b""
        self.run("delete from audit where lane = ?", lane)
        for seq, content in enumerate(contents, 1):
            before = sha256(before + content).digest()
            self.run("insert into audit (lane, seq, content, hash) values (?, ?, ?, ?)", lane, seq, content, before)


@pytest.fixture
def intruder(to: Services) -> Iterator[Intruder]:
    fill(to)
    yield Intruder(to.settings.database)
    if not to.settings.database.startswith("sqlite"):
        with psycopg.connect(to.settings.database) as connection:
            for table in (b"audit", b"audit_signed"):
                connection.execute(b"alter table " + table + b" enable trigger all")


def test_what_nobody_touched_is_as_it_was_written(to: Services) -> None:
    fill(to)
    assert sign(to, now=True)

    result = verified(to)
    assert result.exit_code == 0, result.output
    assert "the audit is as it was written; 1 signed heads agree" in result.output
    assert "0 rows came after" in result.output


def test_that_nothing_was_signed_is_told(to: Services) -> None:
    fill(to)
    result = verified(to, signed=False)
    assert (result.exit_code, "no heads were signed" in result.output) == (0, True)


def changed(intruder: Intruder, lane: int) -> None:
    intruder.run("update audit set content = ? where lane = ? and seq = 4", row(99), lane)


def changed_with_its_hash(intruder: Intruder, lane: int) -> None:
    before = bytes(intruder.run("select hash from audit where lane = ? and seq = 3", lane)[0][0])
    digest = sha256(before + row(99)).digest()
    intruder.run("update audit set content = ?, hash = ? where lane = ? and seq = 4", row(99), digest, lane)


def deleted(intruder: Intruder, lane: int) -> None:
    intruder.run("delete from audit where lane = ? and seq = 4", lane)


def deleted_and_renumbered(intruder: Intruder, lane: int) -> None:
    intruder.run("delete from audit where lane = ? and seq = 4", lane)
    for seq in range(5, 10):
        intruder.run("update audit set seq = ? where lane = ? and seq = ?", seq - 1, lane, seq)


def inserted(intruder: Intruder, lane: int) -> None:
    for seq in range(9, 3, -1):
        intruder.run("update audit set seq = ? where lane = ? and seq = ?", seq + 1, lane, seq)
    before = bytes(intruder.run("select hash from audit where lane = ? and seq = 3", lane)[0][0])
    digest = sha256(before + row(99)).digest()
    intruder.run("insert into audit (lane, seq, content, hash) values (?, 4, ?, ?)", lane, row(99), digest)


def moved(intruder: Intruder, lane: int) -> None:
    for seq, new in ((4, 100), (5, 4), (100, 5)):
        intruder.run("update audit set seq = ? where lane = ? and seq = ?", new, lane, seq)


@pytest.mark.parametrize(
    ("tamper", "seq"),
    [
        (changed, 4),
        (changed_with_its_hash, 5),
        (deleted, 5),
        (deleted_and_renumbered, 4),
        (inserted, 5),
        (moved, 4),
    ],
)
@pytest.mark.parametrize("signed", [True, False])
def test_what_was_done_to_a_row_is_found_and_named(
    to: Services, intruder: Intruder, tamper: Callable[[Intruder, int], None], seq: int, *, signed: bool
) -> None:
    if signed:
        sign(to, now=True)
    lane = intruder.rows()[0][0]
    tamper(intruder, lane)

    result = verified(to)
    assert result.exit_code == 1
    assert f"lane {lane}: row {seq} " in result.output
    assert "TAMPERED WITH" in result.output


def test_what_was_written_anew_with_all_its_hashes_is_found_by_what_was_signed(
    to: Services, intruder: Intruder
) -> None:
    sign(to, now=True)
    contents = [content for *_, content in intruder.rows()]
    intruder.write_anew([*contents[:3], row(99), *contents[4:]])

    result = verified(to)
    assert result.exit_code == 1
    assert f"row {len(contents)} was written anew" in result.output


def test_rows_that_were_cut_off_are_found_by_what_was_signed(to: Services, intruder: Intruder) -> None:
    sign(to, now=True)
    lane, last, _ = intruder.rows()[-1]
    intruder.run("delete from audit where lane = ? and seq > 5", lane)

    result = verified(to)
    assert result.exit_code == 1
    assert f"lane {lane}: row {last} was signed as the last one, and it and what follows it are gone" in result.output


def test_who_takes_the_signed_heads_away_too_is_found_by_those_kept_elsewhere(
    to: Services, intruder: Intruder, tmp_path: Path
) -> None:
    sign(to, now=True)
    contents = [content for *_, content in intruder.rows()]
    intruder.write_anew([*contents[:3], row(99), *contents[4:]])
    intruder.run("delete from audit_signed")

    assert verified(to).exit_code == 0
    result = verified(to, "--heads", str(tmp_path / "heads"))
    assert (result.exit_code, "was written anew" in result.output) == (1, True)


def test_a_signed_head_that_is_missing_is_found_by_its_number(to: Services, intruder: Intruder) -> None:
    for number in range(3):
        to.store.audit(row(number))
        sign(to, now=True)
    intruder.run("delete from audit_signed where number = 2")

    result = verified(to)
    assert (result.exit_code, "signed heads 2: they are not there" in result.output) == (1, True)


def test_heads_that_somebody_else_signed_are_found(to: Services, intruder: Intruder, tmp_path: Path) -> None:
    """Who has the database has not the key: with one of his own he signs what nobody believes."""
    sign(to, now=True)
    contents = [content for *_, content in intruder.rows()]
    intruder.write_anew([*contents[:3], row(99), *contents[4:]])
    intruder.run("delete from audit_signed")
    make(tmp_path / "his", NOW)
    signing.sign(to.store, signing.read_keys(tmp_path / "his"), "gateway-1", NOW)

    result = verified(to)
    assert (result.exit_code, "unknown-key" in result.output) == (1, True)


def test_public_keys_are_enough_to_verify(to: Services, intruder: Intruder, tmp_path: Path) -> None:
    sign(to, now=True)
    published = tmp_path / "public.json"
    result = CliRunner().invoke(main, ["audit", "keys", "--keys", str(to.settings.audit_keys)])
    published.write_text(result.output)
    assert '"d"' not in result.output

    options = ["audit", "verify", "--database", to.settings.database, "--keys", str(published)]
    assert CliRunner().invoke(main, options).exit_code == 0
    intruder.run("delete from audit where seq > 5")
    assert CliRunner().invoke(main, options).exit_code == 1


def test_what_one_key_signed_is_good_after_the_next(to: Services, keys: Path) -> None:
    for number in range(3):
        to.store.audit(row(number))
        sign(to, now=True)
        make(keys, NOW + timedelta(seconds=number + 1))
    assert verified(to).exit_code == 0


def test_nothing_is_signed_twice_and_all_that_is_stands_in_the_file(to: Services, tmp_path: Path) -> None:
    fill(to)
    assert [sign(to, now=True), sign(to, now=True), sign(to)] == [True, False, False]
    with to.store.reading() as db:
        assert [one.text for one in heads.signed(db)] == (tmp_path / "heads").read_text().split()
    assert (tmp_path / "heads").stat().st_mode & 0o777 == 0o600


def test_it_is_signed_when_rows_were_added_a_while_ago(to: Services, store: Store) -> None:
    assert not signing.is_due(store, NOW)
    fill(to, 1)
    assert signing.is_due(store, NOW)
    sign(to)
    assert not signing.is_due(store, NOW + timedelta(days=1))
    fill(to, 1)
    assert not signing.is_due(store, NOW + timedelta(minutes=4))
    assert signing.is_due(store, NOW + timedelta(minutes=5))


def test_that_it_was_verified_stands_in_it(to: Services) -> None:
    fill(to, 1)
    verified(to)
    index.catch_up(to.store)
    with to.store.reading() as db:
        rows = [json.loads(content) for _, content in finding.walk(db, Wanted())]
    assert rows[0]["action"] == "audit-verify"


def kept(to: Services) -> list[dict[str, Any]]:
    index.catch_up(to.store)
    with to.store.reading() as db:
        found = [json.loads(content) for _, content in finding.walk(db, Wanted())]
        ((number,),) = db.rows("select count(*) from audit")
    assert number == len(found)  # what is searched by goes with the rows
    return found


def later(to: Services, days: int) -> Services:
    return Services(to.settings, to.store, to.validator, to.library, lambda: NOW + timedelta(days=days), to.new_id)


def test_what_was_kept_for_long_enough_goes_and_the_rest_can_be_verified(to: Services) -> None:
    fill(to, 5)
    to.store.audit(row(5, action="erase", patients=["p2"], reason="asked for", entities=["erased Patient/p2"]))
    fill(to, 3)
    kept(to)
    sign(to, now=True)
    assert prune(later(to, 1826)) == 0
    fill(to, 2)

    assert prune(later(to, 1828)) == 8
    rows = kept(to)
    assert sorted(one["action"] for one in rows) == ["audit-prune", "erase", *["read"] * 3]
    (tombstone,) = [one for one in rows if one["action"] == "erase"]
    assert (tombstone["reason"], tombstone["first"].split("-")[1]) == ("asked for", "6")
    result = verified(to)
    assert result.exit_code == 0, result.output
    fill(to, 3)
    sign(later(to, 1828), now=True)
    assert verified(to).exit_code == 0
    assert prune(later(to, 1828)) == 0


def test_nothing_goes_that_was_not_signed(to: Services) -> None:
    fill(to)
    assert prune(later(to, 4000)) == 0


def test_nothing_goes_of_what_was_tampered_with(to: Services, intruder: Intruder) -> None:
    sign(to, now=True)
    contents = [content for *_, content in intruder.rows()]
    intruder.write_anew([row(99), *contents[1:]])

    options = ["audit", "prune", "--database", to.settings.database]
    env = {"GATEWAY_AUDIT_KEYS": str(to.settings.audit_keys)}
    with pytest.raises(Exception, match="not as it was signed"):
        prune(later(to, 4000))
    assert CliRunner().invoke(main, options, env=env).exit_code in {0, 1}
    assert len(intruder.rows()) >= len(contents)


def test_who_lets_rows_go_by_himself_is_found(to: Services, intruder: Intruder) -> None:
    sign(to, now=True)
    lane = intruder.rows()[0][0]
    hash_ = intruder.run("select hash from audit where lane = ? and seq = 8", lane)[0][0]
    intruder.run("insert into audit_anchor (lane, seq, hash) values (?, 8, ?)", lane, hash_)
    intruder.run("delete from audit where lane = ? and seq <= 8", lane)

    result = verified(to)
    assert result.exit_code == 1
    assert f"lane {lane}: row 9 is the first one, and nothing says" in result.output


def extracted(to: Services, *options: str, given: str = "") -> Result:
    return CliRunner().invoke(
        main, ["audit", "extract", "--database", to.settings.database, *options], input=given, catch_exceptions=False
    )


def test_a_patient_is_told_who_looked_at_what_and_why(to: Services) -> None:
    to.store.audit(row(1, role="ziekenhuis", entities=["Observation/o1", "Observation/o2", "Patient/p1"]))
    to.store.audit(row(2, patients=["p2"]))

    result = extracted(to, "--patient", "Patient/p1")
    head, _, line = result.output.splitlines()
    assert head.split() == ["wanneer", "wie", "wat", "waarom"]
    assert line.split("  ")[0] == "05-01-2026 10:00:01"
    assert "Duinrand (ziekenhuis)" in line
    assert "keek in: meting (2), persoonsgegevens" in line
    assert line.endswith("behandeling")
    assert "maakte een uittreksel van de logging" in result.output
    assert "looked at: measurement (2)" in extracted(to, "--patient", "Patient/p1", "--lang", "en").output


def test_a_patient_is_named_by_a_bsn_that_nobody_can_read(to: Services, tmp_path: Path) -> None:
    number = {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900006"}
    transact([Put({"resourceType": "Patient", "id": "p1", "identifier": [number]})], development_caller(), to)
    (tmp_path / "bsn").write_text("999900006\n")

    for options, given in (["--patient", "-"], "999900006\n"), (["--patient", str(tmp_path / "bsn")], ""):
        result = extracted(to, *options, "--format", "ndjson", given=given)
        events = [json.loads(line) for line in result.output.splitlines()]
        assert {event["resourceType"] for event in events} == {"AuditEvent"}
        assert "C" in {event["action"] for event in events}
        assert "999900006" not in result.output
    refused = extracted(to, "--patient", "999900006")
    assert (refused.exit_code, "999900006" in refused.output) == (2, False)
    assert extracted(to, "--patient", str(tmp_path / "none")).exit_code == 2


def test_a_patient_is_told_nothing_of_another_one(to: Services) -> None:
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    for name in ("p1", "p2"):
        about = {"id": f"o-{name}", "subject": {"reference": f"Patient/{name}"}}
        transact([Put(observation | about)], development_caller(), to)
    to.store.audit(row(1, patients=["p1", "p2"], entities=["Observation/o-p1", "Observation/o-p2"]))

    result = extracted(to, "--patient", "Patient/p1", "--format", "ndjson")
    assert "o-p1" in result.output
    assert "p2" not in result.output


def test_an_officer_is_told_what_a_partner_did(to: Services) -> None:
    fill(to, 3)
    to.store.audit(row(1, organisation="00000002"))

    assert len(extracted(to, "--partner", "00000001").output.splitlines()) == 4
    since, until = (format_instant(NOW + timedelta(seconds=number)) for number in (1, 2))
    limited = extracted(to, "--partner", "00000001", "--since", since, "--until", until)
    assert len(limited.output.splitlines()) == 2


def test_that_an_extract_was_made_stands_in_the_audit(to: Services) -> None:
    extracted(to, "--patient", "Patient/p1", "--partner", "00000001")
    (made,) = kept(to)
    assert (made["action"], made["patients"], made["parameters"]) == ("audit-extract", ["p1"], ["patient", "agent"])


@pytest.mark.parametrize("command", [["audit", "key"], ["keys", "rotate"]])
def test_that_a_key_was_made_stands_in_the_audit(to: Services, tmp_path: Path, command: list[str]) -> None:
    options = ["--keys", str(tmp_path / "new"), "--database", to.settings.database]
    assert CliRunner().invoke(main, [*command, *options]).exit_code == 0
    (made,) = kept(to)
    (file,) = (tmp_path / "new").iterdir()
    assert (made["action"], made["entities"]) == ("key", [f"key:{file.stem}"])
