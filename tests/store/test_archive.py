"""A backup holds everything of one moment, is found damaged when it is, and fits an empty store of either engine."""

from __future__ import annotations

import io
import json
import random
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.errors import Conflict, MalformedMessage
from gateway.fhir.search import parse
from gateway.ingest import ingest
from gateway.query import search
from gateway.services import Services
from gateway.store import Store, open_store
from gateway.store.archive import back_up, check, restore
from gateway.store.contents import figures
from gateway.transact import Create, transact
from tests.conftest import NOW
from tests.messages import bed_message

CALLER = development_caller()


@pytest.fixture
def filled(services: Services) -> Services:
    """A store with resources, messages that were taken and one that was refused, and an audit."""
    for number in range(5):
        ingest(
            bed_message(f"M{number}", bed=str(number)), provider="dev", content_type=None, caller=CALLER, to=services
        )
    ingest(b"MSH|nonsense", provider="dev", content_type=None, caller=CALLER, to=services)
    transact([Create({"resourceType": "Patient", "name": [{"family": "Jansen"}]})], CALLER, services)
    return services


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Store]:
    """An empty store, on SQLite."""
    store = open_store(f"sqlite:///{tmp_path}/empty.sqlite")
    yield store
    store.close()


def backup(store: Store) -> io.BytesIO:
    file = io.BytesIO()
    back_up(store, file, NOW)
    return file


def everything(store: Store) -> dict[str, list[Any]]:
    """Return every row of every table but those that follow from others."""
    with store.reading() as db:
        tables = db.tables()
        return {
            name: sorted(
                (row for piece in tables.pieces(f"select {', '.join(columns)} from {name}", 100) for row in piece),
                key=repr,
            )
            for name, columns in tables.columns().items()
            if name not in {"audit_head", "schema_version"}
        }


def test_what_is_restored_is_what_was_there(filled: Services, empty: Store) -> None:
    manifest = restore(backup(filled.store), empty)

    assert everything(empty) == everything(filled.store)
    assert manifest.rows == sum(map(len, everything(empty).values())) > 50
    assert figures(empty).broken == []


def test_a_restored_store_goes_on(filled: Services, postgresql: Any, tmp_path: Path) -> None:
    """New keys, rows of the inbox and of the audit come after those that were restored, on the other engine too."""
    file = backup(filled.store)
    filled.store.close()
    url = postgresql.emptied() if filled.store.engine == "sqlite" else f"sqlite:///{tmp_path}/other.sqlite"
    other = replace(filled, store=open_store(url))
    restore(file, other.store)

    for number in range(3, 8):  # two of them came before
        ingest(bed_message(f"M{number}", bed=str(number)), provider="dev", content_type=None, caller=CALLER, to=other)
    transact([Create({"resourceType": "Patient", "name": [{"family": "Jansen"}]})], CALLER, other)

    found = figures(other.store)
    assert found.broken == []
    assert found.inbox == {"accepted": 8, "refused": 1}
    bundle = json.loads(search(parse("Patient", [("name", "jansen")]), CALLER, other, base="http://x"))
    assert len(bundle["entry"]) == 2
    other.store.close()


def test_a_byte_that_changed_anywhere_is_seen_before_anything_is_written(filled: Services, empty: Store) -> None:
    whole = backup(filled.store).getvalue()
    before = everything(empty)
    place = random.Random(1)
    for _ in range(60):
        damaged = bytearray(whole)
        at = place.randrange(len(whole))
        damaged[at] ^= 1 << place.randrange(8)
        try:
            restore(io.BytesIO(bytes(damaged)), empty)
        except MalformedMessage:
            assert everything(empty) == before
        else:  # what ZIP says twice, or for nobody: all the content is as it was
            assert everything(empty) == everything(filled.store)
            return


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_backup_that_breaks_off_is_no_backup(filled: Services, share: float) -> None:
    whole = backup(filled.store).getvalue()

    with pytest.raises(MalformedMessage):
        check(io.BytesIO(whole[: int(len(whole) * share)]))


def test_a_table_that_was_left_out_or_made_up_is_seen(filled: Services, empty: Store) -> None:
    file = backup(filled.store)
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    manifest["tables"]["current; drop table current"] = manifest["tables"]["current"]
    members["tables/current; drop table current.msgpack"] = members["tables/current.msgpack"]
    with pytest.raises(Conflict):
        restore(zipped(members | {"manifest.json": json.dumps(manifest).encode()}), empty)
    del members["tables/current.msgpack"]
    with pytest.raises(MalformedMessage):
        restore(zipped(members), empty)


def zipped(members: dict[str, bytes]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file


def test_a_store_that_holds_something_is_left_alone(filled: Services) -> None:
    file, before = backup(filled.store), everything(filled.store)

    with pytest.raises(Conflict, match="not empty"):
        restore(file, filled.store)

    assert everything(filled.store) == before


def test_a_backup_of_another_version_says_what_to_do(filled: Services, empty: Store) -> None:
    with zipfile.ZipFile(backup(filled.store)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    older = json.loads(members["manifest.json"]) | {"store": 1}

    with pytest.raises(Conflict, match="gateway store migrate"):
        restore(zipped(members | {"manifest.json": json.dumps(older).encode()}), empty)


def test_a_backup_is_of_one_moment_while_others_write(filled: Services, empty: Store) -> None:
    told = threading.Event()

    def write() -> None:
        number = 0
        while not told.is_set():
            number += 1
            data = bed_message(f"W{number}", bed=f"9{number}")
            ingest(data, provider="dev", content_type=None, caller=CALLER, to=filled)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        restore(backup(filled.store), empty)
    finally:
        told.set()
        writer.join()

    with empty.reading() as db:
        [(dangling,)] = db.rows("select count(*) from inbox_resource l where not exists "
                                "(select 1 from resource r where r.key = l.key and r.version = l.version)")  # fmt: skip
    found = figures(empty)
    assert dangling == 0
    assert found.broken == []
    assert found.audit == found.inbox["accepted"] + found.inbox["refused"] + 1
