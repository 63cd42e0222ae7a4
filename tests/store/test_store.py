from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.store import Batch, Identity, Message, Sight, Store, Version
from gateway.store.records import microseconds, moment
from tests.store.writing import SLOT, count, put, versions


def test_reads_what_was_written(store: Store) -> None:
    put(store, at=1_000_000)

    stored = store.read(SLOT)

    assert stored is not None
    assert (stored.type, stored.id, stored.version, stored.deleted) == ("Slot", "a", 1, False)
    assert stored.last_updated == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert stored.body == b'{"status":"free"}'


def test_what_never_was_is_none(store: Store) -> None:
    assert store.read(SLOT) is None
    assert store.vread(SLOT, 1) is None
    assert versions(store) == []


@pytest.mark.parametrize("version", [-1, 0, 2, 10**30])
def test_a_version_that_is_not_there_is_none(store: Store, version: int) -> None:
    put(store)

    assert store.vread(SLOT, version) is None


def test_keeps_every_version(store: Store) -> None:
    assert [put(store, code=code) for code in ("free", "busy", "free")] == [1, 2, 3]

    assert [v.body for v in versions(store)] == [b'{"status":"free"}', b'{"status":"busy"}', b'{"status":"free"}']
    assert [v.version for v in versions(store, count=2)] == [3, 2]
    second = store.vread(SLOT, 2)
    assert second is not None
    assert second.body == b'{"status":"busy"}'
    assert [v.version for v in versions(store, since=microseconds(second.last_updated))] == [3, 2]


def test_a_deletion_is_a_version(store: Store) -> None:
    put(store)
    put(store, deleted=True)

    newest = store.read(SLOT)

    assert newest is not None
    assert newest.deleted
    assert (newest.version, newest.body) == (2, b"")
    assert put(store) == 3


def test_an_index_row_goes_with_the_version_that_no_longer_has_it(store: Store) -> None:
    put(store, code="free")
    put(store, code="busy")

    with store.reading() as db:
        assert db.rows("select type, param, system, code from index_token") == [("Slot", "status", "", "busy")]


def test_a_refusal_leaves_nothing(store: Store) -> None:
    def decide(sight: Sight) -> tuple[Batch, None]:
        sight.current([SLOT])
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.write(decide)

    assert [count(store, table) for table in ("resource", "current", "audit", "outbox")] == [0, 0, 0, 0]
    assert put(store) == 1  # and the next writer is let in


def test_a_row_that_cannot_be_written_leaves_nothing(store: Store) -> None:
    put(store)

    def decide(sight: Sight) -> tuple[Batch, None]:
        current = sight.current([SLOT])[0][SLOT]
        version = Version(current.key, SLOT, 2, 9000, False, b"", b"{}", {"date": [("start", None, 1)]}, {})
        return Batch(b"{}", [version]), None

    with pytest.raises(Exception, match=r"(?i)not.null"):
        store.write(decide)

    assert [count(store, table) for table in ("resource", "audit", "outbox")] == [1, 1, 1]


def test_the_message_is_linked_to_what_it_made(store: Store) -> None:
    message = Message(
        "dev", "hl7v2", b"MSH|\x00\xff", 5, "accepted", control_id="1", event_time=4, mapping="adt_a20", fields=(9, 8)
    )

    def decide(sight: Sight) -> tuple[Batch, int]:
        current = sight.current([SLOT])[0][SLOT]
        version = Version(current.key, SLOT, 1, 1000, False, b"", b"{}", {}, {})
        return Batch(b"{}", [version], message, [(99, 7)]), current.key

    key = store.write(decide)

    with store.reading() as db:
        (row,) = db.rows(
            "select provider, format, control_id, event_time, received_at, state, mapping, issues, content, once, "
            "digest, answer, sealed_with, fields_wanted, fields_right, of_array from inbox"
        )
        links = db.rows("select l.key, l.version from inbox i join inbox_resource l on l.inbox = i.id order by l.key")
    assert row == message.row()
    assert links == [(key, 1), (99, 7)]


def test_a_refused_message_is_kept_alone(store: Store) -> None:
    message = Message("dev", "csv", b"x", 5, "refused", issues='[{"code":"malformed"}]')

    store.write(lambda _: (Batch(b"{}", message=message), None))

    assert [count(store, table) for table in ("inbox", "inbox_resource", "resource", "audit")] == [1, 0, 0, 1]


def test_each_change_is_announced(store: Store) -> None:
    put(store)
    put(store, code="busy")
    put(store, deleted=True)

    with store.reading() as db:
        rows = db.rows("select version, event, attempts, leased_until from outbox order by seq")
    assert rows == [(1, "create", 0, 0), (2, "update", 0, 0), (3, "delete", 0, 0)]


def test_a_snapshot_does_not_move(store: Store) -> None:
    put(store)

    with store.reading() as db:
        before = db.rows("select version from current")
        put(store, code="busy")
        assert db.rows("select version from current") == before

    assert store.read(SLOT) == store.vread(SLOT, 2)


def test_targets_exist_unless_deleted(store: Store) -> None:
    put(store, Identity("Slot", "kept"))
    put(store, Identity("Slot", "gone"))
    put(store, Identity("Slot", "gone"), deleted=True)
    targets = {Identity("Slot", "kept"), Identity("Slot", "gone"), Identity("Slot", "never"), Identity("Bed", "kept")}
    seen: list[set[Identity]] = []

    def decide(sight: Sight) -> tuple[Batch, None]:
        seen.append(sight.current([SLOT], targets)[1])
        return Batch(b"{}"), None

    store.write(decide)

    assert seen == [{Identity("Slot", "kept")}]


def test_time_columns_are_microseconds(store: Store) -> None:
    put(store, at=1_767_603_600_123_000)

    with store.reading() as db:
        ((at,),) = db.rows("select last_updated from current")
    assert moment(at) == datetime(2026, 1, 5, 9, 0, 0, 123_000, tzinfo=UTC)
