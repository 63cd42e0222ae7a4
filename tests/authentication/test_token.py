"""`POST /oauth/token`: every way in which it is asked, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from gateway.access.policy import development_caller
from gateway.services import Services
from gateway.transact.partners import add
from tests.authentication.asking import Clock, at, audited, form, granted, of, read
from tests.authentication.cases import BAD, CLIENT, GOOD, GRANTED, REQUEST
from tests.trust import partner


@pytest.mark.parametrize("case", GOOD)
def test_a_client_that_proves_to_be_one_is_given_what_it_may(http: FlaskClient, clock: Clock, case: str) -> None:
    said, more = GOOD[case]
    answer = http.post("/oauth/token", data=form(said(clock), **more))

    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    given = answer.get_json()
    assert given.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 300)
    assert given["scope"] == GRANTED.get(case, "system/Slot.rs")
    assert read(http, given["access_token"]).status_code == 200 or case == "client with scopes of its own"


@pytest.mark.parametrize("case", BAD)
def test_whoever_does_not_is_given_none(http: FlaskClient, clock: Clock, case: str, to: Services) -> None:
    said, more, error = BAD[case]
    assertion = said(clock)
    answer = http.post("/oauth/token", data=form(assertion, **more))

    assert answer.status_code == (401 if error == CLIENT else 400), answer.text
    told = answer.get_json()
    assert told.keys() == {"error", "error_description"}
    assert told["error"] == error
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(assertion) < 8 or assertion not in answer.text
    assert audited(to)[-1]["action"] == "refused"


def test_the_reason_stands_in_the_audit_and_nowhere_else(http: FlaskClient, clock: Clock, to: Services) -> None:
    answers = [http.post("/oauth/token", data=form(BAD[case][0](clock))) for case in ("expired", "client unknown")]
    assert answers[0].data == answers[1].data
    assert [row["parameters"] for row in audited(to)[-2:]] == [["expired"], ["unknown-client"]]


def test_giving_out_a_token_is_a_line_in_the_audit(http: FlaskClient, clock: Clock, to: Services) -> None:
    granted(http, clock)
    last = audited(to)[-1]
    assert (last["action"], last["caller"], last["parameters"]) == ("login", "Duinrand", ["system/Slot.rs"])
    assert [entity.partition(":")[0] for entity in last["entities"]] == ["client", "key", "token"]


def test_an_assertion_is_good_once(http: FlaskClient, clock: Clock) -> None:
    assertion = of(jti="once")(clock)
    first, second = (http.post("/oauth/token", data=form(assertion)) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 401)
    again = http.post("/oauth/token", data=form(of(jti="once", exp=at(299))(clock)))
    assert again.status_code == 401
    assert http.post("/oauth/token", data=form(of(jti="twice")(clock))).status_code == 200


def test_what_was_used_is_forgotten_when_it_is_good_no_longer(http: FlaskClient, clock: Clock, to: Services) -> None:
    for number in range(3):
        granted(http, clock, f"early-{number}")
    clock.now += timedelta(seconds=400)
    granted(http, clock, "late")
    with to.store.reading() as db:
        assert db.rows("select count(*) from assertion_used") == [(1,)]


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", "text/plain", None])
def test_parameters_are_a_form(http: FlaskClient, content_type: str | None) -> None:
    answer = http.post("/oauth/token", data=b"grant_type=client_credentials", content_type=content_type)
    assert (answer.status_code, answer.get_json()["error"]) == (400, REQUEST)


def test_parameters_never_stand_in_the_url(http: FlaskClient, clock: Clock) -> None:
    answer = http.post("/oauth/token?scope=system/Slot.rs", data=form(of()(clock)))
    assert (answer.status_code, answer.get_json()["error"]) == (400, REQUEST)
    assert http.get("/oauth/token").status_code == 401


def test_a_form_that_is_too_long_is_not_read(http: FlaskClient) -> None:
    answer = http.post("/oauth/token", data={"client_assertion": "x" * 40_000})
    assert (answer.status_code, answer.get_json()["error"]) == (400, REQUEST)


def test_a_client_that_asks_too_often_comes_back_later(http: FlaskClient, clock: Clock, to: Services) -> None:
    add([partner("gouwe", rate=2)], development_caller(), to, replace=True)
    said = {"iss": "gouwe-ehr", "sub": "gouwe-ehr"}
    answers = [http.post("/oauth/token", data=form(of(jti=str(n), **said)(clock))) for n in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
