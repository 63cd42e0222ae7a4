"""What is kept of a message: sealed when there is a key, and for so many days."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.access.policy import development_caller
from gateway.access.sealing import Keys
from gateway.cli.inbox import inbox
from gateway.errors import BadSettings
from gateway.ingest import ingest
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import inbox as stored
from gateway.store import open_store
from gateway.transact.inbox import content_of, purge
from gateway.validation import Validator
from tests.conftest import NOW, counted, library
from tests.messages import bed_message

MARKER = b"ZKH_DUINRAND|ZCC_GATEWAY"  # stands in the message and in no resource


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return key(tmp_path, "old", "ab")


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return key(tmp_path, "new", "cd")


def key(folder: Path, name: str, byte: str) -> Path:
    path = folder / f"{name}.key"
    path.write_text(byte * 32 + "\n", encoding="ascii")
    return path


def run(url: str, *args: str, keys: str = "") -> Result:
    return CliRunner(env={"GATEWAY_INBOX_KEY": keys}).invoke(inbox, [*args, "--database", url])


def take(to: Services, id_: str = "1", state: str = "U") -> int:
    data = bed_message(id_, state=state)
    ingest(data, provider="dev", content_type=None, caller=development_caller(), to=to)
    return stored.entered(to.store, limit=1)[0].id


def on_disk(url: str) -> bytes:
    path = Path(url.removeprefix("sqlite:///"))
    return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))


def in_database(to: Services) -> bytes:
    with to.store.reading() as db:
        return b"".join(bytes(content) for (content,) in db.rows("select content from inbox"))


def test_with_a_key_no_byte_of_a_message_is_readable(services: Services, database_url: str, old: Path) -> None:
    plain, to = take(services), replace(services, keys=Keys.read([old]))
    if services.store.engine == "sqlite":
        assert MARKER in on_disk(database_url)  # so that looking for it means something
    purge(NOW + timedelta(days=1), development_caller(), to)
    assert stored.content(to.store, plain) == b""

    taken, refused = take(to, "2"), take(to, "3", "9")

    assert MARKER not in in_database(to)
    assert run(database_url, "show", str(taken), "--content", keys=str(old)).stdout_bytes == bed_message("2")
    assert run(database_url, "show", str(refused), "--content", keys=str(old)).stdout_bytes == bed_message(
        "3", state="9"
    )
    assert run(database_url, "replay", str(refused), keys=str(old)).exit_code == 1  # refused as before, not unreadable
    assert MARKER not in in_database(to)


def test_neither_the_file_nor_its_log_holds_a_message(tmp_path: Path, old: Path) -> None:

    url = f"sqlite:///{tmp_path}/sealed.sqlite"
    to = Services(Settings(), open_store(url), Validator(), library(), lambda: NOW, counted(), Keys.read([old]))

    take(to)
    assert Path(f"{tmp_path}/sealed.sqlite-wal").stat().st_size > 0
    assert MARKER not in on_disk(url)
    assert b"3B" in on_disk(url)  # the bed is there
    to.store.close()
    assert MARKER not in on_disk(url)


def test_without_its_key_a_message_is_not_opened_and_it_is_said_what_to_do(
    services: Services, database_url: str, old: Path, new: Path
) -> None:
    id_ = str(take(replace(services, keys=Keys.read([old])), "1", "9"))

    for keys in ("", str(new)):
        for command in (("show", id_, "--content"), ("replay", id_)):
            failed = run(database_url, *command, keys=keys)
            assert failed.exit_code == 1
            assert "add the file of that key" in failed.output
    assert run(database_url, "list", keys="").exit_code == 0


def test_a_key_is_followed_by_another(services: Services, database_url: str, old: Path, new: Path) -> None:
    plain = take(services)
    sealed = take(replace(services, keys=Keys.read([old])), "2")
    both = f"{new}:{old}"
    shown = run(database_url, "show", str(sealed), "--content", keys=both)
    assert shown.stdout_bytes == bed_message("2"), shown.output

    refused = run(database_url, "rekey", keys=str(new))
    done = run(database_url, "rekey", keys=both)

    assert refused.exit_code == 1
    assert "add the file of that key" in refused.output
    assert done.exit_code == 0, done.output
    assert MARKER not in in_database(services)
    for id_, content in ((plain, bed_message("1")), (sealed, bed_message("2"))):
        assert run(database_url, "show", str(id_), "--content", keys=str(new)).stdout_bytes == content
    assert run(database_url, "rekey", keys=both).output == "sealed: 0\n"
    assert run(database_url, "rekey").exit_code == 1


def test_what_is_put_under_another_row_does_not_open(services: Services, old: Path) -> None:
    to = replace(services, keys=Keys.read([old]))
    first = take(to)
    second = take(replace(to, clock=lambda: NOW + timedelta(seconds=1)), "2")
    one, other = stored.one(to.store, first), stored.one(to.store, second)
    assert one is not None
    assert other is not None

    with pytest.raises(BadSettings, match="is of another row"):
        content_of(replace(one, id=other.id), to)


@pytest.mark.parametrize("text", ["", "00", "zz" * 32, "ab" * 33])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.key"
    path.write_text(text, encoding="ascii")

    with pytest.raises(BadSettings, match="openssl rand -hex 32"):
        Keys.read([path])


def test_after_its_days_the_content_goes_and_the_row_stays(services: Services, database_url: str) -> None:
    id_ = take(services)
    kept = take(replace(services, clock=lambda: NOW + timedelta(days=2)), "2", "9")

    done = run(database_url, "purge", "--before", "2026-01-06")

    assert done.output == "purged: 1\n"
    assert run(database_url, "show", str(id_), "--content").exit_code == 1
    assert run(database_url, "show", str(kept), "--content").exit_code == 0
    row = stored.one(services.store, id_)
    assert row is not None
    assert row.state == "accepted"
    assert row.purged_at is not None
    assert stored.made(services.store, id_)
    assert take(services) == kept  # the same message again: answered, and no new row
    replayed = run(database_url, "replay", str(id_), "--again")
    assert replayed.exit_code == 1
    assert "GATEWAY_INBOX_DAYS" in replayed.output
    assert run(database_url, "purge", "--before", "2026-01-06").output == "purged: 0\n"


def test_what_was_purged_is_not_in_the_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.sqlite"

    to = Services(Settings(), open_store(url), Validator(), library(), lambda: NOW, counted())
    take(to)
    assert MARKER in on_disk(url)

    assert run(url, "purge").output == "purged: 1\n"
    to.store.close()
    with closing(sqlite3.connect(f"{tmp_path}/s.sqlite")) as db:
        db.execute("pragma wal_checkpoint(truncate)")

    assert MARKER not in on_disk(url)
