"""Codes of authenticators, by the vectors of RFC 6238, and what is kept of passwords."""

from __future__ import annotations

from base64 import b32encode
from datetime import UTC, datetime, timedelta

import pytest

from gateway.access import passwords, totp

SECRETS = {"sha1": 20, "sha256": 32, "sha512": 64}
VECTORS = [  # https://www.rfc-editor.org/rfc/rfc6238#appendix-B
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector[0]))
def test_codes_are_those_of_the_standard(vector: tuple[int, str, str, str]) -> None:
    seconds, *wanted = vector
    for (digest, size), code in zip(SECRETS.items(), wanted, strict=True):
        secret = b32encode((b"1234567890" * 7)[:size]).decode()
        assert totp.code(secret, seconds // 30, digest, 8) == code


def test_a_code_is_good_for_its_half_minute_and_the_next_and_last() -> None:
    secret, at = totp.new_secret(), datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    step = int(at.timestamp()) // 30
    code = totp.code(secret, step)
    for seconds in (-30, -1, 0, 29, 59):
        assert totp.step_of(code, secret, at + timedelta(seconds=seconds)) == step
    for seconds in (-31, 60, 3600):
        assert totp.step_of(code, secret, at + timedelta(seconds=seconds)) is None
    for wrong in ("", code[:5], f"{code}0", f" {code}", "é" * 6):
        assert totp.step_of(wrong, secret, at) is None


def test_a_secret_is_long_and_its_address_has_it() -> None:
    secret = totp.new_secret()
    totp.check(secret)
    assert totp.new_secret() != secret
    assert totp.address(secret, "j jansen", "msb-gateway") == (
        f"otpauth://totp/msb-gateway:j%20jansen?secret={secret}&issuer=msb-gateway"
    )
    for wrong in ("", "abc", "1!", "GEZDGNBVGY3TQOJQ"):
        with pytest.raises(ValueError, match="must be"):
            totp.check(wrong)


def test_a_password_is_not_kept() -> None:
    one, other = passwords.kept("bed 12 is vrij"), passwords.kept("bed 12 is vrij")
    assert one != other  # each has a salt of its own
    assert "bed" not in one
    assert passwords.fits("bed 12 is vrij", one)
    assert not passwords.fits("bed 12 is Vrij", one)
    assert not passwords.fits("", passwords.NOBODYS)
    passwords.check(passwords.NOBODYS)
    assert passwords.NOBODYS.split("$")[:4] == one.split("$")[:4] == ["scrypt", "15", "8", "3"]  # the same work
    for wrong in ("", "bed 12 is vrij", one[:-1], one.replace("$15$", "$30$"), one.replace("scrypt", "md5")):
        with pytest.raises(ValueError, match="must be"):
            passwords.check(wrong)
