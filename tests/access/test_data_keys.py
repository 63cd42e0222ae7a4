"""The keys of the store: a file that its owner alone can read, wrapped or not, followed while it is in use."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.access.data_keys import DataKeys, add, check_followed, lines, take_away
from gateway.access.data_seals import DataSeals
from gateway.access.kms import Kms
from gateway.errors import BadSettings, Conflict, ResourceNotFound
from tests.keys import BEGUN, follow, key_file

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
# Turns what it wraps around; a real one asks a key management system.
_KMS = """
import json, sys, pathlib
asked = json.load(sys.stdin)
pathlib.Path(sys.argv[1]).open("a").write(asked["operation"] + chr(10))
if asked["operation"] == "wrap":
    print(json.dumps({"wrapped": asked["key"][::-1]}))
else:
    print(json.dumps({"key": asked["wrapped"][::-1]}))
"""


def program(folder: Path, text: str = _KMS) -> Kms:
    path = folder / "kms.py"
    path.write_text(text, encoding="utf-8")
    return Kms((sys.executable, str(path), str(folder / "asked")))


def made(path: Path, kms: Kms | None = None, at: Callable[[], datetime] = lambda: NOW) -> DataSeals:
    clock = iter(range(10**9))  # every look is a second later
    return DataSeals(path, kms, at, lambda: float(next(clock)))


class TestTheFile:
    def test_is_its_owners_alone(self, tmp_path: Path) -> None:
        path = key_file(tmp_path)
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o640)
        with pytest.raises(BadSettings, match="chmod 600"):
            made(path)

    @pytest.mark.parametrize("content", ["", "x", "[]", '{"keys": []}', '{"keys": [{"id": "a"}]}'])
    def test_that_is_none_is_told(self, tmp_path: Path, content: str) -> None:
        path = tmp_path / "data.keys"
        path.write_text(content, encoding="utf-8")
        path.chmod(0o600)
        with pytest.raises(BadSettings, match="GATEWAY_DATA_KEYS"):
            made(path)

    def test_with_a_key_of_another_name_is_told(self, tmp_path: Path) -> None:
        path = key_file(tmp_path)
        content = json.loads(path.read_bytes())
        content["keys"][0]["key"], content["keys"][1]["key"] = content["keys"][1]["key"], content["keys"][0]["key"]
        path.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(BadSettings) as raised:
            made(path)
        assert [issue.diagnostics.rpartition(" is ")[2] for issue in raised.value.issues] == [
            "not the key of that name"
        ] * 2
        assert not any(one["key"] in str(raised.value) for one in content["keys"])

    def test_keeps_every_key_that_several_add_at_once(self, tmp_path: Path) -> None:
        path = tmp_path / "keys" / "data.keys"
        with ThreadPoolExecutor(8) as operators:
            list(operators.map(lambda _: add(path, "seal", NOW, None), range(24)))
        assert len(lines(path)) == 24

    def test_gives_up_a_key_only_when_another_is_used_in_its_place(self, tmp_path: Path) -> None:
        path = key_file(tmp_path)
        old = next(line.id for line in lines(path) if line.use == "seal")
        with pytest.raises(Conflict, match="in use"):
            take_away(path, old, NOW)
        add(path, "seal", NOW, None)
        with pytest.raises(Conflict, match="in use"):  # not every process may have looked yet
            check_followed(lines(path), old, NOW + timedelta(seconds=1))
        take_away(path, old, NOW + timedelta(seconds=6))
        with pytest.raises(ResourceNotFound):
            take_away(path, old, NOW + timedelta(seconds=6))


class TestFollowing:
    def test_a_key_is_used_from_its_moment(self, tmp_path: Path) -> None:
        path, at = key_file(tmp_path), [NOW]
        seals = made(path, at=lambda: at[0])
        before = seals.present
        new = add(path, "seal", NOW + timedelta(seconds=60), None).id
        assert seals.present == before
        assert new in seals.names
        at[0] += timedelta(seconds=60)
        assert seals.present == new

    def test_what_was_sealed_before_is_opened(self, tmp_path: Path) -> None:
        path = key_file(tmp_path)
        seals = made(path)
        sealed = seals.seal(b"content", "resource", 1, 1)
        hidden = seals.finders[0].hidden("999900006")
        follow(path, "seal")
        follow(path, "find")
        assert seals.seal(b"content", "resource", 1, 1)[:12] != sealed[:12]
        assert seals.open(sealed, "resource", 1, 1) == b"content"
        assert [one.hidden("999900006") for one in seals.finders][1:] == [hidden]

    def test_a_key_that_another_process_used_first_is_looked_for_at_once(self, tmp_path: Path) -> None:
        path = key_file(tmp_path)
        slow = DataSeals(path, None, lambda: NOW, lambda: 0.0)  # its second never comes
        follow(path, "seal")
        assert slow.open(made(path).seal(b"content", "ledger", "a", 1), "ledger", "a", 1) == b"content"

    def test_a_key_that_is_lost_from_the_file_is_not_forgotten_by_who_runs(self, tmp_path: Path) -> None:
        path = key_file(tmp_path)
        seals = made(path)
        sealed = seals.seal(b"content", "late", 1)
        follow(path, "seal")
        assert seals.present is not None
        content = json.loads(path.read_bytes())
        content["keys"] = [
            one for one in content["keys"] if one["since"] != "2020-01-01T00:00:00Z" or one["use"] == "find"
        ]
        path.write_text(json.dumps(content), encoding="utf-8")
        assert seals.open(sealed, "late", 1) == b"content"
        with pytest.raises(BadSettings, match="put that file back"):
            made(path).open(sealed, "late", 1)

    def test_a_file_that_breaks_changes_nothing(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        path = key_file(tmp_path)
        seals = made(path)
        before = seals.present
        path.write_text("{", encoding="utf-8")
        assert seals.present == before
        assert seals.open(seals.seal(b"x", "a"), "a") == b"x"
        assert "not-read-again" in caplog.text


class TestSealing:
    def test_never_makes_the_same_twice_and_hides_always_the_same(self, tmp_path: Path) -> None:
        seals = made(key_file(tmp_path))
        assert len({seals.seal(b"content", "a") for _ in range(1000)}) == 1000
        assert len({seals.finders[0].hidden("999900006") for _ in range(10)}) == 1
        assert "999900006" not in seals.finders[0].hidden("999900006")
        assert len(seals.finders[0].hidden("999900006")) == 1 + 22  # 128 bits

    @pytest.mark.parametrize("other", [("late", 1, 2), ("resource", 2, 1), ("resource", 12), ("resource", 1), ()])
    def test_opens_for_its_row_alone(self, tmp_path: Path, other: tuple[str | int, ...]) -> None:
        seals = made(key_file(tmp_path))
        with pytest.raises(BadSettings, match="not what was sealed for its row"):
            seals.open(seals.seal(b"content", "resource", 1, 2), *other)


class TestAKeyManagementSystem:
    def test_wraps_and_unwraps_each_key_once(self, tmp_path: Path) -> None:
        kms, path = program(tmp_path), tmp_path / "data.keys"
        for use in ("seal", "find"):
            add(path, use, BEGUN, kms)
        assert all(line.key is None for line in lines(path))
        seals = made(path, kms)
        assert seals.open(seals.seal(b"content", "a"), "a") == b"content"
        follow_wrapped = add(path, "seal", BEGUN + timedelta(days=1), kms).id
        assert seals.present == follow_wrapped
        asked = (tmp_path / "asked").read_text(encoding="utf-8").split()
        assert asked == ["wrap", "wrap", "unwrap", "unwrap", "wrap", "unwrap"]  # of two that were known, none again

    def test_is_needed_for_what_it_wrapped(self, tmp_path: Path) -> None:
        kms, path = program(tmp_path), tmp_path / "data.keys"
        for use in ("seal", "find"):
            add(path, use, BEGUN, kms)
        with pytest.raises(BadSettings, match="GATEWAY_KMS_COMMAND is not set"):
            made(path)

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("import sys; sys.exit(3)", "ended with 3"),
            ("print('{}')", "holds no `key`"),
            ("print('no JSON')", "holds no `key`"),
            ("import time; time.sleep(30)", "no answer within"),
            ("import json; print(json.dumps({'key': 'AAAA'}))", "not the key of that name"),
        ],
    )
    def test_that_fails_is_told_and_nothing_of_what_it_said(self, tmp_path: Path, text: str, why: str) -> None:
        path = tmp_path / "data.keys"
        for use in ("seal", "find"):
            add(path, use, BEGUN, program(tmp_path))
        kms = program(tmp_path, f"import sys; sys.stderr.write('secret')\n{text}")
        with pytest.raises(BadSettings, match=why) as raised:
            DataKeys.read(path, Kms(kms.command, seconds=2.0), {})
        assert "secret" not in str(raised.value)

    def test_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(BadSettings, match="cannot be run"):
            add(tmp_path / "data.keys", "seal", NOW, Kms(("/no/such/program",)))

    def test_is_read_from_a_setting_without_a_shell(self) -> None:
        assert Kms.read("/usr/bin/kms --key 'a b'").command == ("/usr/bin/kms", "--key", "a b")
        with pytest.raises(ValueError, match="program"):
            Kms.read(" ")
