"""The directory of a demonstration: a password and a code, once; what fails waits longer; on both databases."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.access import passwords, totp, watched
from gateway.access.policy import development_caller
from gateway.app import create_app
from gateway.errors import BadSettings
from gateway.identities import directory
from gateway.services import Services
from gateway.settings import Settings
from gateway.transact.partners import add
from tests.authentication.asking import Clock, audited
from tests.authentication.people import ADDRESS, OURS
from tests.trust import partner

PASSWORD = "correct horse battery"
SECRET = totp.new_secret()
with pytest.MonkeyPatch.context() as quick:
    quick.setattr(passwords, "_COST", 10)  # what is kept of passwords says it, and so do all who compare with it
    KEPT = passwords.kept(PASSWORD)


def listed(**more: Any) -> dict[str, Any]:
    own = {"id": "jansen", "name": "J. Jansen", "role": "zcc-coordinator", "organisation": "zcc"}
    return own | {"password": KEPT, "totp": SECRET} | more


def write(path: Path, *people: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump({"people": list(people)}, sort_keys=False), encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare with nobody's password as quickly as with one that is kept here, and look at the file at each request."""
    kept = passwords.NOBODYS.replace("$15$", "$10$")
    monkeypatch.setattr(directory, "NOBODY", replace(directory.NOBODY, password=kept))
    monkeypatch.setattr(watched, "_LOOK_SECONDS", 0.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(
        tmp_path / "directory.yaml", listed(), listed(id="gone", disabled=True), listed(id="lost", organisation="no")
    )


@pytest.fixture(params=["development", "partners"])
def to_people(request: pytest.FixtureRequest, to: Services, file: Path) -> Services:
    """In development mode, and where partners are known by their certificates."""
    add([partner("zcc", kind="zcc", ura="00000010")], development_caller(), to)
    settings = replace(to.settings, directory=file, proxies=())
    if request.param == "development":
        settings = replace(settings, tls_client_ca=None, token_keys=None)
    return replace(to, settings=settings)


@pytest.fixture
def page(to_people: Services) -> FlaskClient:
    return create_app(to_people).test_client()


def code_at(clock: Clock) -> str:
    return totp.code(SECRET, clock.seconds // 30)


def log_in(page: FlaskClient, clock: Clock, path: str = "/login", **more: str) -> TestResponse:
    said = {"name": "jansen", "password": PASSWORD, "code": code_at(clock)} | more
    return page.post(path, base_url=ADDRESS, headers=OURS, data=said)


def read(page: FlaskClient, path: str = "/fhir/Slot") -> int:
    return page.get(path, base_url=ADDRESS).status_code


def test_somebody_logs_in_and_may_what_role_and_partner_may(
    page: FlaskClient, clock: Clock, to_people: Services
) -> None:
    form = page.get("/login?to=/fhir/Slot", base_url=ADDRESS)
    assert form.status_code == 200
    assert 'action="/login?to=/fhir/Slot"' in form.text
    assert "<script" not in form.text
    assert "style-src 'sha256-" in form.headers["Content-Security-Policy"]
    answer = log_in(page, clock, "/login?to=/fhir/Slot")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/fhir/Slot")
    assert read(page) == 200
    assert read(page, "/fhir/AuditEvent") == 403
    assert audited(to_people)[-1]["person"] == "jansen"
    assert page.post("/logout", base_url=ADDRESS, headers=OURS).status_code == 200
    assert read(page) == (200 if to_people.settings.development else 401)


WRONG = {
    "another password": {"password": "wrong"},
    "no password": {"password": ""},
    "another code": {"code": "000000"},
    "no code": {"code": ""},
    "nobody": {"name": "nobody"},
    "no name": {"name": ""},
    "somebody disabled": {"name": "gone"},
    "in capitals": {"name": "JANSEN"},
}


@pytest.mark.parametrize("case", WRONG)
def test_whoever_is_wrong_hears_no_more_than_that(
    page: FlaskClient, clock: Clock, case: str, to_people: Services
) -> None:
    answer = log_in(page, clock, **WRONG[case])
    assert answer.status_code == 401
    assert answer.data == log_in(page, clock, name="else", password="else", code="else").data
    assert "Set-Cookie" not in answer.headers
    row = audited(to_people)[-1]
    assert (row["action"], row["caller"], row["parameters"]) == ("refused", "unknown", ["wrong-password-or-code"])


def test_somebody_of_no_partner_is_not_let_in(page: FlaskClient, clock: Clock, to_people: Services) -> None:
    assert log_in(page, clock, name="lost").status_code == 401
    assert audited(to_people)[-1]["parameters"] == ["organisation-is-no-partner"]


def test_a_code_is_taken_once(page: FlaskClient, clock: Clock, to_people: Services) -> None:
    assert log_in(page, clock).status_code == 303
    other = create_app(replace(to_people)).test_client()
    assert log_in(other, clock).status_code == 401
    assert audited(to_people)[-1]["parameters"] == ["code-used-before"]
    clock.now += timedelta(seconds=30)
    assert log_in(other, clock).status_code == 303


def test_of_many_at_once_a_code_lets_one_in(to_people: Services, clock: Clock) -> None:
    app = create_app(to_people)
    with ThreadPoolExecutor(3) as pool:
        statuses = sorted(pool.map(lambda _: log_in(app.test_client(), clock).status_code, range(3)))
    assert statuses.count(303) == 1


def test_each_failure_makes_the_next_attempt_wait_longer(page: FlaskClient, clock: Clock, to_people: Services) -> None:
    waits = []
    for _ in range(6):
        answer = log_in(page, clock, password="wrong")
        while answer.status_code == 429:
            waits.append(int(answer.headers["Retry-After"]))
            assert log_in(page, clock).status_code == 429  # also what is right is not looked at
            clock.now += timedelta(seconds=waits[-1])
            answer = log_in(page, clock, password="wrong")
        assert answer.status_code == 401
    assert waits == [2, 4, 8]
    assert log_in(page, clock, name="somebody-else").status_code == 401  # others need not wait
    other_node = create_app(replace(to_people)).test_client()
    assert log_in(other_node, clock).status_code == 429
    clock.now += timedelta(seconds=16)
    assert log_in(page, clock).status_code == 303
    clock.now += timedelta(seconds=30)
    assert [log_in(page, clock, code="000000").status_code for _ in range(3)] == [401] * 3  # forgotten


def test_of_many_at_once_no_more_are_looked_at(to_people: Services, clock: Clock) -> None:
    app = create_app(to_people)
    with ThreadPoolExecutor(8) as pool:
        attempts = pool.map(lambda _: log_in(app.test_client(), clock, password="wrong").status_code, range(8))
    assert sorted(attempts) == [401] * 3 + [429] * 5


TAKEN_OUT: dict[str, list[dict[str, Any]]] = {
    "disabled": [listed(disabled=True)],
    "in another role": [listed(role="auditor")],
    "gone": [],
}


@pytest.mark.parametrize("case", TAKEN_OUT)
def test_who_is_taken_out_is_out(page: FlaskClient, clock: Clock, file: Path, case: str) -> None:
    log_in(page, clock)
    assert read(page) == 200
    write(file, *TAKEN_OUT[case])
    assert read(page) == 401


def test_another_page_logs_nobody_in(page: FlaskClient, clock: Clock) -> None:
    said = {"name": "jansen", "password": PASSWORD, "code": code_at(clock)}
    for headers in (
        {},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
    ):
        assert page.post("/login", base_url=ADDRESS, headers=headers, data=said).status_code == 403
    assert log_in(page, clock).status_code == 303


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("application/x-www-form-urlencoded", b"name=a&name=b", 400),
        ("application/x-www-form-urlencoded", b"name=" + b"a" * 40_000, 413),
        ("application/x-www-form-urlencoded", b"\xff", 400),
    ],
)
def test_what_is_no_form_is_refused(page: FlaskClient, content_type: str, body: bytes, status: int) -> None:
    answer = page.post("/login", base_url=ADDRESS, headers=OURS, data=body, content_type=content_type)
    assert answer.status_code == status
    assert answer.content_type == "text/html; charset=utf-8"


def test_nothing_that_was_typed_is_logged(
    page: FlaskClient, clock: Clock, caplog: pytest.LogCaptureFixture, to_people: Services
) -> None:
    caplog.set_level("DEBUG")
    log_in(page, clock, name=PASSWORD)
    log_in(page, clock)
    ours = [record for record in caplog.records if record.name.startswith("gateway")]
    said = "".join(str(vars(record)) for record in ours) + json.dumps(audited(to_people)) + repr(to_people.people)
    for secret in (PASSWORD, SECRET, KEPT, code_at(clock)):
        assert secret not in said


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "no id": ({"id": "J Jansen"}, "must be small letters"),
    "no role": ({"role": "boss"}, "must be one of"),
    "a machine": ({"role": "machine-account"}, "must be one of"),
    "a password as it is": ({"password": PASSWORD}, "must be what `gateway people add` keeps"),
    "a short secret": ({"totp": "GEZDGNBV"}, "must be of 16 bytes"),
    "unknown": ({"pasword": "x"}, "is not known"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_what_is_wrong_in_the_file_is_told_with_its_line_and_without_secrets(tmp_path: Path, case: str) -> None:
    more, said = MISTAKES[case]
    with pytest.raises(BadSettings) as refused:
        directory.read(write(tmp_path / "people.yaml", listed(), listed(id="other") | more))
    (issue,) = refused.value.issues
    assert said in issue.diagnostics
    assert (issue.rule or "").startswith("people.yaml:")
    assert PASSWORD not in str(refused.value)
    assert KEPT not in str(refused.value)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "people.yaml", listed())
    path.chmod(0o640)
    with pytest.raises(BadSettings, match="chmod 600"):
        directory.read(path)


def test_a_directory_is_for_loopback_alone(file: Path) -> None:
    for more in ({"GATEWAY_HOST": "0.0.0.0"}, {"GATEWAY_PROXIES": "127.0.0.1"}):
        with pytest.raises(BadSettings, match="GATEWAY_DIRECTORY: is for demonstration"):
            Settings.from_env({"GATEWAY_DIRECTORY": str(file)} | more)
    with pytest.raises(BadSettings, match="people log in at one of them"):
        Settings.from_env({"GATEWAY_DIRECTORY": str(file), "GATEWAY_OIDC_ISSUER": "https://login.example"})
    assert Settings.from_env({"GATEWAY_DIRECTORY": str(file)}).directory == file
