"""Bad inputs 104 to 115: assertions, tokens and certificates that are forged, old, another's, or more than is due."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest

from gateway.access.certificates import authority, client
from tests.attacks.estate import ATTACKER
from tests.attacks.target import JSON, Answer, Target, assert_secret, on_both
from tests.authentication.asking import (
    REFERRED,
    Asked,
    Clock,
    at,
    claims,
    content_of,
    form,
    kid_of,
    of,
    part,
    unsigned,
)
from tests.authentication.cases import BAD, CLIENT, STRANGER
from tests.messages import bed_message
from tests.trust import World, jwk, signed

pytestmark = [pytest.mark.slow, on_both]

# Which number of the list each of the wrong ways to ask is, by how its name begins.
NUMBERS = {
    104: ("alg none", "no alg"),
    105: ("HS256",),
    106: ("ES256 with", "kid of another", "RS512"),
    107: ("kid unknown", "kid a path", "no kid"),
    108: ("key in the", "address of", "certificates in"),
    109: ("something critical",),
    110: ("iss another", "no sub", "sub a", "client", "aud", "no aud", "keys that were"),
    111: ("exp", "good for", "was good", "no exp", "iat", "nbf", "no jti", "jti"),
    113: ("no scope", "scope", "right not", "nothing is registered"),
    114: (
        "signature cut",
        "claims changed",
        "a claim twice",
        "too deep",
        "no JWS",
        "five parts",
        "not ASCII",
        "typ of",
    ),
}
WRONG = [
    pytest.param(name, id=f"{number}-{name}", marks=pytest.mark.threat(number))
    for name in BAD
    for number, begins in NUMBERS.items()
    if name.startswith(begins)
]


def now() -> Clock:
    return Clock(datetime.now(UTC), str(uuid4()))


def ask(target: Target, assertion: str, *, who: str | None = None, **more: object) -> Answer:
    """Ask for a token, by default without showing a certificate."""
    body = urlencode(form(assertion, **more), doseq=True).encode()
    return target.send("POST", "/oauth/token", body, {"Content-Type": "application/x-www-form-urlencoded"}, who=who)


def granted(target: Target, who: str | None = None) -> str:
    answer = ask(target, of()(now()), who=who)
    assert answer.status == 200, answer.text
    return str(answer.json()["access_token"])


def read(target: Target, token: str, who: str | None = None, path: str = "/fhir/Slot") -> Answer:
    return target.get(path, who=who, Authorization=f"Bearer {token}")


def check_not_known(answer: Answer) -> None:
    """Assert that nobody was known, and that nothing is said of why."""
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert "the token is not valid here, or not any more" in answer.text


@pytest.mark.parametrize("name", WRONG)
def test_whoever_asks_like_this_is_given_no_token(target: Target, name: str) -> None:
    said, more, error = BAD[name]
    before, log = target.rows(), len(target.log())
    asked: Asked = {key: value for key, value in form(said(now()), **more).items() if key != "client_assertion"}

    answer = ask(target, said(now()), **(asked | more))

    assert answer.status == (401 if error == CLIENT else 400), answer.text
    assert answer.json().keys() == {"error", "error_description"}
    assert answer.json()["error"] == error
    assert target.rows() == before
    assert "eyJ" not in target.log()[log:] + answer.text


@pytest.mark.threat(108)
@pytest.mark.parametrize("header", ["jku", "x5u", "jwk", "kid"])
def test_nobody_is_called_for_a_key(target: Target, canary: socket.socket, header: str) -> None:
    url = f"http://127.0.0.1:{canary.getsockname()[1]}/keys"
    value: Any = jwk(STRANGER, "ec") | {"x5u": url} if header == "jwk" else url
    said: dict[str, Any] = {header: value}

    assertion = signed(claims(now()), STRANGER, **said)

    assert ask(target, assertion).json()["error"] == CLIENT
    check_not_known(read(target, assertion))
    with pytest.raises(BlockingIOError):
        canary.accept()


@pytest.mark.threat(112)
def test_an_assertion_is_good_once(target: Target) -> None:
    jti = str(uuid4())

    answers = [ask(target, of(jti=jti, exp=at(300 - n))(now())).status for n in range(3)]

    assert answers == [200, 401, 401]


@pytest.mark.threat(113)
def test_more_than_is_registered_is_not_granted_and_does_nothing(target: Target) -> None:
    asked = "system/*.cruds system/Patient.rs system/Slot.cruds user/Patient.read openid offline_access"
    answer = ask(target, of()(now()), scope=asked)

    assert answer.json()["scope"] == f"system/Slot.rs system/Location.rs {REFERRED}"
    token = answer.json()["access_token"]
    assert read(target, token).status == 200
    for path in ("/fhir/Patient", "/fhir/Patient/1", "/fhir/Observation?subject.name=x", "/fhir/Patient/1/_history"):
        assert read(target, token, path=path).status == 403


@pytest.mark.threat(85, 86)
def test_entries_of_a_batch_do_no_more_than_the_token_may(target: Target) -> None:
    before = target.rows()
    entries: list[dict[str, Any]] = [
        {"request": {"method": "GET", "url": "Slot?_count=1"}},
        {"request": {"method": "GET", "url": "Patient/1"}},
        {"request": {"method": "GET", "url": "Patient?family=x"}},
        {"request": {"method": "DELETE", "url": "Slot/1"}},
        {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient"}},
        {"request": {"method": "GET", "url": "Patient/1/$everything"}},
        {"request": {"method": "GET", "url": "Patient/1/$meta"}},
        {"request": {"method": "GET", "url": "Patient/$export"}},
        {"request": {"method": "POST", "url": "Slot/1/$hold"}, "resource": {"resourceType": "Parameters"}},
        {"request": {"method": "POST", "url": "$process-message"}, "resource": {"resourceType": "Bundle"}},
        {"request": {"method": "GET", "url": "Slot?_summary=count"}},
    ]
    sent = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries}).encode()
    headers = {"Content-Type": JSON, "Authorization": f"Bearer {granted(target)}"}

    answer = target.send("POST", "/fhir", sent, headers, who=None)

    statuses = [each["response"]["status"][:3] for each in answer.json()["entry"]]
    assert statuses[0] == statuses[-1] == "200"
    assert statuses[1:5] == ["403"] * 4
    assert statuses[5:-1] == ["403", "403", "404", "403", "403"]
    assert target.rows() == before


FORGED: dict[str, Callable[[str], str]] = {
    "cut": lambda token: token[:-3],
    "longer": lambda token: token + "A",
    "another-signature": lambda token: token[:-8] + "AAAAAAAA",
    "no-signature": lambda token: token.rpartition(".")[0] + ".",
    "alg-none": lambda token: f"{part({'alg': 'none', 'typ': 'at+jwt', 'kid': kid_of(token)})}.{token.split('.')[1]}.",
    "signed-by-a-client": lambda token: signed(content_of(token), typ="at+jwt"),
    "with-our-kid": lambda token: signed(content_of(token), kid=kid_of(token), typ="at+jwt"),
    "nonsense": lambda _: "nonsense",
    "of-7-kb": lambda _: "a." + "A" * 7_000 + ".b",
    "an-assertion": lambda _: of()(now()),
    "an-assertion-of-alg-none": lambda _: unsigned({"alg": "none", "kid": "ec"})(now()),
}


@pytest.mark.threat(114)
@pytest.mark.parametrize("name", FORGED)
def test_what_is_no_token_of_ours_is_not_taken(target: Target, name: str) -> None:
    check_not_known(read(target, FORGED[name](granted(target))))


@pytest.mark.threat(114, 136)
def test_a_token_in_the_url_or_a_cookie_does_not_count(target: Target) -> None:
    token, log = granted(target), len(target.log())

    answers = [
        target.get(f"/fhir/Slot?access_token={token}", who=None),
        target.get("/fhir/Slot", who=None, Cookie=f"access_token={token}"),
        target.get("/fhir/Slot", who=None, Authorization=f"Basic {token}"),
        target.get("/fhir/Slot", who=None, Authorization=token),
    ]

    assert [answer.status for answer in answers] == [401] * 4
    assert token not in target.log()[log:] + "".join(answer.text + str(answer.headers) for answer in answers)


@pytest.mark.threat(115)
def test_a_token_is_worth_nothing_with_another_certificate_or_none(target: Target) -> None:
    token = granted(target, ATTACKER)

    assert read(target, token, ATTACKER).status == 200
    for who in ("gouwe", "stranger", None):
        check_not_known(read(target, token, who))


@pytest.mark.threat(115)
def test_the_certificate_of_another_gets_no_token(target: Target) -> None:
    assert ask(target, of()(now()), who="gouwe").json()["error"] == CLIENT


@pytest.mark.threat(115)
@pytest.mark.parametrize("port", ["http", "mllp"])
@pytest.mark.parametrize("name", ["other-authority", "expired", "early", "self-signed"])
def test_a_certificate_that_is_not_good_ends_in_the_handshake(
    target: Target, tmp_path: Path, name: str, port: str
) -> None:
    made, day = datetime.now(UTC), timedelta(days=1)
    elsewhere = World(tmp_path, authority(made))
    (tmp_path / "ca.pem").write_bytes(target.world.signer.certificate_pem)
    pairs = {
        "other-authority": lambda: client(elsewhere.signer, made, None, ATTACKER),
        "expired": lambda: client(target.world.signer, made - 900 * day, None, ATTACKER),
        "early": lambda: client(target.world.signer, made + 2 * day, None, ATTACKER),
        "self-signed": lambda: elsewhere.signer,
    }
    elsewhere.keep(name, pairs[name]())
    number = target.running.port if port == "http" else target.running.mllp_port

    assert not is_answered(target, name, number, elsewhere)


def is_answered(target: Target, name: str, port: int, world: World) -> bool:
    """Return whether anything comes back; with TLS 1.3 the refusal comes after the handshake of the client."""
    try:
        with target.connected(name, port, world) as wire:
            wire.sendall(b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\n\r\n")
            return bool(wire.recv(1))
    except OSError:  # an alert of TLS, or the end of the connection
        return False


@pytest.mark.threat(115)
@pytest.mark.parametrize("who", ["stranger", "revoked", None])
def test_the_right_authority_is_not_enough(target: Target, who: str | None) -> None:
    before = target.rows()

    answer = target.get("/fhir/Slot", who=who)

    assert answer.status == 401
    assert_secret(answer.text)
    if who:
        assert b"MSA|AR|" in target.mllp(bed_message("C-1"), who)
    assert target.rows() == before


@pytest.mark.threat(115)
@pytest.mark.parametrize(
    "header",
    [
        *("Client-Cert", "X-Client-Cert", "X-SSL-Client-Cert", "X-SSL-Client-S-DN", "X-SSL-Client-Verify"),
        *("X-Forwarded-Client-Cert", "SSL-Client-Cert", "X-ARR-ClientCert", "X-Client-Verify", "X-Forwarded-User"),
    ],
)
def test_nobody_is_another_by_a_header(target: Target, header: str) -> None:
    forged = quote(target.world.pairs[ATTACKER].certificate_pem.decode(), safe="")

    for who in ("stranger", None):
        for value in (forged, "SUCCESS", f"CN={ATTACKER}", ATTACKER):
            assert target.send("GET", "/fhir/Slot", headers={header: value}, who=who).status == 401
