"""The keys of the gateway: followed one by another, published before they sign and kept after."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from joserfc.jwk import ECKey, RSAKey

from gateway.access.signing_keys import AHEAD, KEPT, SigningKeys, rotate
from gateway.access.tokens import Issuer, Token
from gateway.access.unknown import NotKnown
from gateway.cli.keys import keys
from gateway.errors import BadSettings, Conflict

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
ISSUER = Issuer("https://gateway.example", "https://gateway.example/fhir")
MINUTE = timedelta(minutes=1)


def token(at: datetime) -> Token:
    now = int(at.timestamp())
    return Token("client", ("system/Slot.rs",), "one", now, now + 300)


def test_a_key_is_a_file_that_its_owner_alone_can_read(tmp_path: Path) -> None:
    made, gone = rotate(tmp_path / "keys", NOW)
    assert made.name == "20260105T090000Z.pem"
    assert gone == []
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    assert [path.name for path in made.parent.iterdir()] == [made.name]


def test_the_first_key_signs_at_once_and_the_next_when_it_is_known(tmp_path: Path) -> None:
    rotate(tmp_path, NOW)
    (first,) = SigningKeys.read(tmp_path).keys
    rotate(tmp_path, NOW + MINUTE)
    both = SigningKeys.read(tmp_path)
    assert len(both.published()["keys"]) == 2
    assert both.signing(NOW).kid == first.kid
    assert both.signing(NOW + MINUTE + AHEAD - MINUTE).kid == first.kid
    assert both.signing(NOW + MINUTE + AHEAD).kid != first.kid


def test_what_an_old_key_signed_is_good_until_its_key_is_gone(tmp_path: Path) -> None:
    rotate(tmp_path, NOW)
    old = SigningKeys.read(tmp_path)
    later = NOW + AHEAD + MINUTE
    text = ISSUER.sign(token(later), old)
    rotate(tmp_path, NOW + MINUTE)
    assert ISSUER.read(text, SigningKeys.read(tmp_path), later) == token(later)
    (tmp_path / "20260105T090000Z.pem").unlink()
    with pytest.raises(NotKnown) as caught:
        ISSUER.read(text, SigningKeys.read(tmp_path), later)
    assert caught.value.reason == "unknown-key"


def test_a_key_goes_when_no_token_of_it_can_be_good(tmp_path: Path) -> None:
    first, _ = rotate(tmp_path, NOW)
    second, _ = rotate(tmp_path, NOW + MINUTE)
    soon = NOW + MINUTE + AHEAD + KEPT
    third, gone = rotate(tmp_path, soon - MINUTE)
    assert gone == []
    fourth, gone = rotate(tmp_path, soon)
    assert gone == [first]
    assert sorted(tmp_path.iterdir()) == [second, third, fourth]


def test_two_rotations_in_a_second_are_one(tmp_path: Path) -> None:
    rotate(tmp_path, NOW)
    with pytest.raises(Conflict, match="this very second"):
        rotate(tmp_path, NOW)
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_no_key_is_told_by_its_file(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="rotate` makes one"):
        SigningKeys.read(tmp_path)
    (tmp_path / "20260105T090000Z.pem").write_bytes(RSAKey.generate_key(2048).as_pem())
    (tmp_path / "20260105T090001Z.pem").write_bytes(ECKey.generate_key("P-384").as_pem())
    (tmp_path / "20260105T090002Z.pem").write_text("nothing")
    (tmp_path / "mine.pem").write_bytes(ECKey.generate_key("P-256").as_pem())
    (tmp_path / ".hidden").write_text("passed over")
    with pytest.raises(BadSettings) as caught:
        SigningKeys.read(tmp_path)
    assert len(caught.value.issues) == 4
    with pytest.raises(BadSettings):
        rotate(tmp_path, NOW)


def test_nothing_that_is_published_or_shown_is_secret(tmp_path: Path) -> None:
    made, _ = rotate(tmp_path, NOW)
    found = SigningKeys.read(tmp_path)
    (key,) = found.published()["keys"]
    secret = ECKey.import_key(made.read_bytes()).as_dict(private=True)["d"]
    assert "d" not in key
    assert str(secret) not in repr(found)


def test_the_command_makes_follows_and_lists(tmp_path: Path) -> None:
    folder = str(tmp_path / "keys")
    made = CliRunner().invoke(keys, ["rotate", "--keys", folder])
    listed = CliRunner().invoke(keys, ["list"], env={"GATEWAY_TOKEN_KEYS": folder})
    assert (made.exit_code, listed.exit_code) == (0, 0)
    assert made.output.startswith(f"made {folder}/")
    assert listed.output.rstrip().endswith("signs")
    (tmp_path / "keys" / "other").write_text("x")
    assert CliRunner().invoke(keys, ["list", "--keys", folder]).exit_code == 1
    assert CliRunner().invoke(keys, ["rotate", "--keys", folder]).exit_code == 1
