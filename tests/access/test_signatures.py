"""Signatures against published vectors, and everything that makes one no good."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.access.signatures import SHAPES, Secrets, Signing, check_complete
from gateway.errors import BadSettings, Unauthenticated
from gateway.mapping import signing as overlay_signing

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
NOW = int(AT.timestamp())
OLD, NEW = b"the secret of last year", b"the secret of this year"
BODY = b'{"event": "transfer", "naam": "Caf\xe9"}\r\n'


def digest(secret: bytes, signed: bytes) -> str:
    return hmac.new(secret, signed, hashlib.sha256).hexdigest()


def stamped(secret: bytes, body: bytes = BODY, moment: int = NOW) -> str:
    return f"t={moment},v1={digest(secret, b'%d.%s' % (moment, body))}"


def refused(signing: Signing, headers: Mapping[str, str], body: bytes = BODY) -> str:
    with pytest.raises(Unauthenticated) as caught:
        signing.check(body, headers.get, [NEW, OLD], AT)
    (issue,) = caught.value.issues
    assert "The sender must" in issue.diagnostics
    assert not any(word in issue.diagnostics for word in ("secret of last", "transfer", digest(NEW, body)))
    return issue.code


def test_a_body_is_signed_as_rfc_4231_says() -> None:
    said = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"  # its test case 2

    Signing("body").check(b"what do ya want for nothing?", {"X-Hub-Signature-256": said}.get, [b"Jefe"], AT)


def test_a_standard_webhook_is_signed_as_its_authors_show(tmp_path: Path) -> None:
    (tmp_path / "them").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", encoding="ascii")
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,Zm9v v1a,bm9uc2Vuc2U= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    at = datetime.fromtimestamp(1614265330, UTC)
    secrets = Secrets.read(tmp_path).of("them")

    Signing("standard").check(b'{"test": 2432232314}', headers.get, secrets, at)
    with pytest.raises(Unauthenticated):
        Signing("standard").check(b'{"test": 2432232314}', (headers | {"webhook-id": "other"}).get, secrets, at)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_each_of_several_secrets_is_good_while_one_follows_the_other(secret: bytes) -> None:
    Signing().check(BODY, {"X-Signature": stamped(secret)}.get, [NEW, OLD], AT)


def test_a_sender_may_sign_with_two_secrets_at_once() -> None:
    both = f"{stamped(b'a secret nobody here knows')},{stamped(OLD).partition(',')[2]}"

    Signing().check(BODY, {"X-Signature": both}.get, [NEW, OLD], AT)


def test_the_moment_may_stand_in_a_header_of_its_own() -> None:
    signing = Signing(header="X-Handtekening", timestamp="X-Tijdstip")
    headers = {"X-Tijdstip": str(NOW), "X-Handtekening": digest(NEW, b"%d.%s" % (NOW, BODY))}

    signing.check(BODY, headers.get, [NEW], AT)

    assert refused(signing, headers | {"X-Tijdstip": str(NOW + 1)}) == "signature-wrong"
    assert refused(signing, {"X-Handtekening": headers["X-Handtekening"]}) == "signature-missing"


@pytest.mark.parametrize("at", range(len(BODY)))
def test_a_body_with_one_bit_changed_is_refused(at: int) -> None:
    altered = BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :]

    assert refused(Signing(), {"X-Signature": stamped(NEW)}, altered) == "signature-wrong"
    assert refused(Signing("body"), {"X-Hub-Signature-256": digest(NEW, BODY)}, altered) == "signature-wrong"


@pytest.mark.parametrize("body", [BODY[:-1], BODY + b"\n", BODY.replace(b"\r\n", b"\n"), b""])
def test_a_body_that_is_longer_or_shorter_is_refused(body: bytes) -> None:
    assert refused(Signing(), {"X-Signature": stamped(NEW)}, body) == "signature-wrong"


def test_the_moment_is_signed_too() -> None:
    moved = stamped(NEW).replace(f"t={NOW}", f"t={NOW + 1}")

    assert refused(Signing(), {"X-Signature": moved}) == "signature-wrong"


@pytest.mark.parametrize(("seconds", "good"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_a_signature_is_good_for_as_long_as_the_window_is(seconds: int, *, good: bool) -> None:
    headers = {"X-Signature": stamped(NEW, moment=NOW + seconds)}

    if good:
        Signing().check(BODY, headers.get, [NEW], AT)
    else:
        assert refused(Signing(), headers) == "signature-expired"


def test_the_window_is_what_the_overlay_says() -> None:
    with pytest.raises(Unauthenticated):
        Signing(window=60).check(BODY, {"X-Signature": stamped(NEW)}.get, [NEW], AT + timedelta(seconds=61))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("value", ["", ",,,", "sha256=", "t=,v1=", "v1,", f"t={NOW},v1=00", "é" * 64, "0" * 63])
def test_what_is_no_signature_is_a_missing_one(shape: str, value: str) -> None:
    signing = Signing(shape)
    headers = {signing.name: value, "webhook-id": "1", "webhook-timestamp": str(NOW)}

    assert refused(signing, headers) == "signature-missing"
    assert refused(signing, {}) == "signature-missing"


@pytest.mark.parametrize("moment", ["-1", "1e9", "٣", "9" * 13, f"{NOW},t={NOW}", " "])
def test_a_moment_that_is_none_or_two_is_a_missing_signature(moment: str) -> None:
    value = f"t={moment},v1={digest(NEW, moment.encode() + b'.' + BODY)}"

    assert refused(Signing(), {"X-Signature": value}) == "signature-missing"


def test_the_digest_of_the_empty_secret_is_good_for_nobody() -> None:
    with pytest.raises(Unauthenticated):
        Signing("body").check(BODY, {"X-Hub-Signature-256": digest(b"", BODY)}.get, [], AT)


def test_no_more_signatures_are_looked_at_than_a_rotation_needs() -> None:
    value = ",".join([f"t={NOW}", *["v1=" + "0" * 64] * 10_000, stamped(NEW).partition(",")[2]])

    assert refused(Signing(), {"X-Signature": value}) == "signature-wrong"


def test_secrets_are_files_of_a_folder_and_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "duinrand").write_bytes(NEW + b"\n\n" + OLD + b"\r\n")
    (tmp_path / ".hidden").write_bytes(b"x")
    (tmp_path / "folder").mkdir()

    secrets = Secrets.read(tmp_path)

    assert secrets.of("duinrand") == (NEW, OLD)
    assert secrets.of("gouwe") == ()
    assert "secret of" not in repr(secrets)


@pytest.mark.parametrize("content", [b"", b"\n", b"too short\n", NEW + b"\nshort\n", b"\xff\xfe", b"whsec_$$$$"])
def test_a_file_without_a_good_secret_is_named_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "duinrand").write_bytes(content)
    (tmp_path / "gouwe").write_bytes(b"1")

    with pytest.raises(BadSettings) as caught:
        Secrets.read(tmp_path)

    assert [name in str(caught.value) for name in ("duinrand", "gouwe")] == [True, True]
    assert "short\n" not in str(caught.value)


def test_who_signs_needs_a_secret_and_a_secret_needs_a_provider(tmp_path: Path) -> None:
    secrets = Secrets({"duinrand": (NEW,), "duinrnad": (NEW,)})

    with pytest.raises(BadSettings) as caught:
        check_complete(secrets, ["duinrand", "gouwe"], ["duinrand", "gouwe"], tmp_path)

    assert len(caught.value.issues) == 2
    assert "gouwe" in caught.value.issues[0].diagnostics
    assert "duinrnad" in caught.value.issues[1].diagnostics


def test_overlays_know_the_shapes_that_are_checked() -> None:
    assert overlay_signing.SHAPES == SHAPES
