"""Partners in the store: kept with their history, alone in what they are known by, checked, and part of a backup."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gateway.errors import Conflict
from gateway.store import Batch, Store, open_store
from gateway.store import partners as stored
from gateway.store.archive import back_up, restore
from gateway.store.records import PartnerVersion
from gateway.store.verify import Difference, verify
from tests.conftest import NOW


def version(id_: str, number: int = 1, *names: str, change: str = "added") -> PartnerVersion:
    known = [("certificate", name) for name in names]
    return PartnerVersion(id_, number, 1000 * number, "jansen", change, " ".join([id_, *names]).encode(), known)


def put(store: Store, *versions: PartnerVersion) -> None:
    store.write(lambda _: (Batch(b"audit", partners=versions), None))


def known_by(content: bytes) -> list[tuple[str, str]]:
    return [("certificate", name) for name in content.decode().split()[1:]]


def test_a_store_without_partners_is_at_version_0(store: Store) -> None:
    with store.reading() as db:
        assert (stored.version(db), stored.newest(db), stored.history(db, "a")) == (0, [], [])


def test_each_commit_makes_the_set_another_one(store: Store) -> None:
    put(store, version("a"), version("b"))
    put(store, version("a", 2, change="disabled"))

    with store.reading() as db:
        assert stored.version(db) == 2
        assert [(one.id, one.version) for one in stored.newest(db)] == [("a", 2), ("b", 1)]
        assert [one.change for one in stored.history(db, "a")] == ["disabled", "added"]


def test_a_version_comes_back_as_it_was(store: Store) -> None:
    put(store, version("a", 1, "x"))

    with store.reading() as db:
        assert stored.newest(db) == [version("a", 1, "x")._replace(names=())]


@pytest.mark.parametrize("number", [1, 3])
def test_a_version_follows_the_newest(store: Store, number: int) -> None:
    put(store, version("a", 1, "x"))

    with pytest.raises(Conflict):
        put(store, version("a", number, "x"))


def test_a_refused_change_leaves_nothing(store: Store) -> None:
    put(store, version("a", 1, "x"))

    with pytest.raises(Conflict, match="b: its certificate is that of the partner a"):
        put(store, version("c", 1, "y"), version("b", 1, "x"))

    with store.reading() as db:
        assert (stored.version(db), [one.id for one in stored.newest(db)]) == (1, ["a"])
        assert len(db.rows("select 1 from audit")) == 1


def test_two_may_change_names_in_one_commit(store: Store) -> None:
    put(store, version("a", 1, "x"), version("b", 1, "y"))
    put(store, version("a", 2, "z"))
    put(store, version("b", 2, "x"))

    assert list(verify(store, "", known_by)) == []


def test_names_that_do_not_agree_are_found(store: Store) -> None:
    put(store, version("a", 1, "x"), version("b", 1, "y"))
    with store.changing() as db:
        db.rows("update partner_name set partner = 'gone' where name = 'x'")
        db.rows("update partner set version = 2 where id = 'b'")

    assert list(verify(store, "", known_by)) == [
        Difference("partner", "b", 0, "a version of it is missing", is_indexed=False),
        Difference("partner", "a", 0, "it is not kept under what its newest version is known by", is_indexed=False),
        Difference("partner", "gone", 0, "something is kept as known by it, and it never was", is_indexed=False),
    ]


def test_a_backup_holds_partners_and_their_names(store: Store, tmp_path: Path) -> None:
    put(store, version("a", 1, "x"), version("b"))
    put(store, version("a", 2, "x"))
    file = io.BytesIO()
    back_up(store, file, NOW)
    other = open_store(f"sqlite:///{tmp_path}/other.sqlite")

    restore(file, other)

    with other.reading() as db, store.reading() as before:
        assert stored.newest(db) == stored.newest(before)
        assert stored.history(db, "a") == stored.history(before, "a")
        assert stored.version(db) == 2
    assert list(verify(other, "", known_by)) == []
    with pytest.raises(Conflict):
        put(other, version("c", 1, "x"))
    other.close()
