"""Sessions of people: they begin anew, they end, and a cookie alone changes nothing; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.access.policy import development_caller
from gateway.access.sessions import IDLE, LONGEST
from gateway.services import Services
from gateway.transact.partners import add, change, disabled
from tests.authentication.asking import Clock, audited, shown
from tests.authentication.people import ADDRESS, COOKIE, Browser
from tests.trust import World, partner


def test_a_session_is_always_a_new_one(browser: Browser, with_people: Services) -> None:
    """Who gives somebody a cookie does not have the session afterwards."""
    address = browser.sent()
    given = browser.cookie
    victim = browser.other(given)
    assert victim.back(address).status_code == 303
    assert browser.get("/fhir/Slot").status_code == 401
    browser.log_in()
    begun = [row["by"] for row in audited(with_people) if row["action"] == "login"]
    assert len(begun) == len(set(begun)) == 2
    assert victim.cookie not in {given, browser.cookie}


def test_a_session_ends_when_somebody_logs_out(browser: Browser, with_people: Services) -> None:
    browser.log_in()
    stolen = browser.cookie
    assert browser.get("/logout").status_code == 200
    assert browser.get("/fhir/Slot").status_code == 200  # it asks, and ends nothing
    answer = browser.post("/logout")
    assert answer.status_code == 200
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert "end_session" in answer.text
    assert audited(with_people)[-1]["action"] == "logout"
    assert browser.other(stolen).get("/fhir/Slot").status_code == 401
    assert browser.post("/logout").status_code == 200


def test_a_session_is_over_when_nothing_is_asked_and_after_a_shift(browser: Browser, clock: Clock) -> None:
    browser.log_in()
    begun = clock.now
    while clock.now < begun + timedelta(seconds=LONGEST - IDLE):
        clock.now += timedelta(seconds=IDLE - 60)
        assert browser.get("/fhir/Slot").status_code == 200
    clock.now = begun + timedelta(seconds=LONGEST)
    assert browser.get("/fhir/Slot").status_code == 401
    browser.log_in()
    clock.now += timedelta(seconds=IDLE)
    assert browser.get("/fhir/Slot").status_code == 401


def test_what_is_taken_from_a_partner_is_taken_from_its_people(browser: Browser, with_people: Services) -> None:
    browser.log_in()
    add(
        [partner("zcc", kind="zcc", ura="00000010", scopes=("system/Task.rs",))],
        development_caller(),
        with_people,
        replace=True,
    )
    assert browser.get("/fhir/Slot").status_code == 403
    change("zcc", "disabled", disabled, development_caller(), with_people)
    assert browser.get("/fhir/Task").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://other.gateway.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://gateway.example.evil.example"},
    ],
    ids=str,
)
def test_another_page_changes_nothing_by_the_cookie(
    browser: Browser, with_people: Services, headers: dict[str, str]
) -> None:
    browser.log_in()
    search = {"data": {"status": "free"}}
    assert browser.post("/fhir/Slot/_search", headers, **search).status_code == 403
    assert audited(with_people)[-1]["parameters"] == ["sent-by-another-page"]
    assert browser.post("/logout", headers).status_code == 403
    assert browser.post("/fhir/Slot/_search", **search).status_code == 200
    assert browser.post("/fhir/Slot/_search", {"Origin": ADDRESS}, **search).status_code == 200


@pytest.mark.parametrize("cookie", ["", "x", "x.y", "process.AAAA", "é", "a" * 5000])
def test_a_cookie_that_is_not_ours_is_no_session(browser: Browser, cookie: str) -> None:
    assert browser.get("/fhir/Slot", Cookie=f"{COOKIE}={cookie}").status_code == 401


def test_a_cookie_of_a_login_is_no_session_and_the_other_way_round(browser: Browser) -> None:
    address = browser.sent()
    assert browser.get("/fhir/Slot").status_code == 401
    browser.back(address)
    assert browser.back(address).status_code == 403


def test_a_session_is_of_the_organisation_of_the_certificate(
    browser: Browser, with_people: Services, world: World
) -> None:
    pair = world.pairs["gouwe"]
    own = partner("zcc", pair, kind="zcc", ura="00000010")
    add([partner("gouwe")], development_caller(), with_people, replace=True)
    add([own], development_caller(), with_people, replace=True)
    browser.log_in()
    assert browser.get("/fhir/Slot", **shown(world, "gouwe")).status_code == 200
    assert browser.get("/fhir/Slot", **shown(world, "duinrand")).status_code == 401
    assert browser.get("/fhir/Slot", **shown(world, "nobody")).status_code == 401
