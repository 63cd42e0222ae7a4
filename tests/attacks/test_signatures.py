"""A webhook that must be signed, attacked over the wire: nothing that the provider did not sign is read or kept."""

import gzip
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.target import Answer, Target, attacked, check_refused
from tests.messages import bed_message
from tests.servers import serving

pytestmark = pytest.mark.slow

OLD, NEW, THEIRS = b"last-year-0123456789abcdef", b"this-year-0123456789abcdef", b"of-another-0123456789abcdef"
ER7 = "application/hl7-v2+er7"
OVERLAYS = {
    "webhook": "share: clinical\nsignature: {shape: timestamped, window: 120}\n",
    "neighbour": "share: clinical\nsignature: {shape: body, header: X-Signature}\n",
    "settings-only": "share: clinical\n",
    "open": "share: clinical\n",
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Return a gateway with providers that sign, and one that need not; at its end nobody was told a secret."""
    folder = tmp_path_factory.mktemp("signatures")
    providers, secrets = folder / "more" / "providers", folder / "secrets"
    providers.mkdir(parents=True)
    secrets.mkdir()
    for name, says in OVERLAYS.items():
        (providers / f"{name}.yaml").write_text(f"provider: {name}\n{says}", encoding="utf-8")
    (secrets / "webhook").write_bytes(NEW + b"\n" + OLD + b"\n")
    (secrets / "neighbour").write_bytes(THEIRS)
    (secrets / "settings-only").write_bytes(NEW)
    settings = {"MAPPINGS": str(folder / "more"), "WEBHOOK_SECRETS": str(secrets)}
    with attacked(folder, f"sqlite:///{folder}/store.sqlite", *OVERLAYS, **settings) as target:
        yield target
        assert not any(secret.decode() in target.log() for secret in (OLD, NEW, THEIRS))
        assert '"level": "error"' not in target.log()


def signature(secret: bytes, body: bytes, late: int = 0) -> str:
    moment = int(time.time()) - late
    return f"t={moment},v1={hmac.new(secret, b'%d.%s' % (moment, body), hashlib.sha256).hexdigest()}"


def send(target: Target, body: bytes, signed: str | None, provider: str = "webhook", **headers: str) -> Answer:
    given = {"Content-Type": ER7} | {name.replace("_", "-"): value for name, value in headers.items()}
    if signed is not None:
        given["X-Signature"] = signed
    return target.send("POST", f"/ingest/{provider}", body, given)


def kept(target: Target) -> int:
    """Return how much there is, what was refused included."""
    return sum(target.rows().values()) + target.inbox()


def check_unauthenticated(target: Target, answer: Answer, before: int, code: str) -> None:
    check_refused(answer, 401, code)
    assert answer.headers["WWW-Authenticate"] == "HMAC-SHA256"
    (issue,) = answer.json()["issue"]
    assert issue["extension"][0]["valueCode"] == "sender"
    assert "The sender must" in issue["diagnostics"]
    assert not any(secret.decode() in answer.text for secret in (OLD, NEW, THEIRS))
    assert kept(target) == before


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_signed_with_either_secret_it_is_taken(target: Target, secret: bytes) -> None:
    body = bed_message(f"S-{secret[:4].decode()}", bed="S1")

    answer = send(target, body, signature(secret, body))

    assert (answer.status, b"MSA|AA" in answer.body) == (200, True)


@pytest.mark.parametrize("provider", ["webhook", "neighbour", "settings-only"])
def test_who_must_sign_and_does_not_is_refused(target: Target, provider: str) -> None:
    before = kept(target)

    check_unauthenticated(target, send(target, bed_message("U-1"), None, provider), before, "signature-missing")


def test_who_need_not_sign_may(target: Target) -> None:
    for signed in (None, "t=1,v1=nothing"):
        assert send(target, bed_message("O-1"), signed, "open").status == 200


@pytest.mark.parametrize("at", [0, 50, -1])
def test_an_altered_byte_is_seen(target: Target, at: int) -> None:
    body, before = bytearray(bed_message("A-1")), kept(target)
    signed = signature(NEW, bytes(body))
    body[at] ^= 1

    check_unauthenticated(target, send(target, bytes(body), signed), before, "signature-wrong")


@pytest.mark.parametrize("late", [125, 86_400, -125])
def test_an_old_request_cannot_be_sent_again(target: Target, late: int) -> None:
    body, before = bed_message("L-1"), kept(target)

    check_unauthenticated(target, send(target, body, signature(NEW, body, late)), before, "signature-expired")


def test_a_request_repeated_within_the_window_has_no_second_effect(target: Target) -> None:
    body = bed_message("R-1", bed="R1")
    signed = signature(NEW, body)
    first = send(target, body, signed)
    before = kept(target)

    again = send(target, body, signed)

    assert (first.status, again.status) == (200, 200)
    assert b"MSA|AA|R-1" in again.body
    assert kept(target) == before


@pytest.mark.parametrize("provider", ["webhook", "settings-only"])
def test_a_message_of_one_partner_is_not_taken_under_the_key_of_another(target: Target, provider: str) -> None:
    body, before = bed_message("K-1"), kept(target)

    check_unauthenticated(target, send(target, body, signature(THEIRS, body), provider), before, "signature-wrong")


def test_what_was_signed_is_what_was_sent_and_not_what_it_inflates_to(target: Target) -> None:
    body = bed_message("Z-1", bed="Z1")
    packed, before = gzip.compress(body), kept(target)

    check_unauthenticated(
        target, send(target, packed, signature(NEW, body), Content_Encoding="gzip"), before, "signature-wrong"
    )
    assert send(target, packed, signature(NEW, packed), Content_Encoding="gzip").status == 200


def test_an_unsigned_bomb_is_never_inflated(target: Target) -> None:
    bomb, before = gzip.compress(b" " * 100_000_000), kept(target)

    answer = send(target, bomb, None, Content_Encoding="gzip")

    check_unauthenticated(target, answer, before, "signature-missing")


def test_half_of_a_signed_body_is_refused(target: Target) -> None:
    body, before = bed_message("H-1"), kept(target)

    check_unauthenticated(target, send(target, body[: len(body) // 2], signature(NEW, body)), before, "signature-wrong")


def test_a_signature_in_another_shape_does_not_count(target: Target) -> None:
    body, before = bed_message("B-1"), kept(target)
    plain = "sha256=" + hmac.new(NEW, body, hashlib.sha256).hexdigest()

    check_unauthenticated(target, send(target, body, plain), before, "signature-missing")
    good = "sha256=" + hmac.new(THEIRS, body, hashlib.sha256).hexdigest()
    assert send(target, body, good, "neighbour").status == 200


def test_a_gateway_that_cannot_check_a_signature_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "more" / "providers").mkdir(parents=True)
    overlay = tmp_path / "more" / "providers" / "webhook.yaml"
    overlay.write_text("provider: webhook\nsignature: {shape: body}\n", encoding="utf-8")

    with (
        pytest.raises(AssertionError, match="the provider webhook signs its messages, and its secret is not here"),
        serving(tmp_path, f"sqlite:///{tmp_path}/store.sqlite", MAPPINGS=str(tmp_path / "more")),
    ):
        pass


def test_the_event_of_a_transfer_system_is_taken_once(target: Target) -> None:
    case = Path(__file__).parents[2] / "mappings/json/transfer_webhook/cases/good-accepted.in.json"
    body = case.read_bytes()
    json.loads(body)

    answers = [
        send(target, body, signature(NEW, body, late), Content_Type="application/json", Accept="application/json")
        for late in (0, 1, 2)
    ]

    assert [answer.status for answer in answers] == [200] * 3
    made = [[one["version"] for one in answer.json()["results"][0]["resources"]] for answer in answers]
    assert made[0] == made[1] == made[2]
