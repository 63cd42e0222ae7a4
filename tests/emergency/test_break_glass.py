"""A record is opened in an emergency: by a person, for a reason, for minutes, in part at first; and that is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway import query
from gateway.access.person import Person
from gateway.access.sealing import Keys
from gateway.emergency import close, open_record, using
from gateway.errors import BadRequest, Conflict, Forbidden, GatewayError, ResourceNotFound
from gateway.fhir.json import decode
from gateway.fhir.search import parse_query
from gateway.services import Services
from gateway.store import Identity, open_store
from gateway.transact import Put
from tests.consents import consent
from tests.emergency_world import NUMBER, REASON, as_person, later, person
from tests.keys import key_file, seals
from tests.policy_world import (
    BASE,
    CENTRE,
    FAR,
    HOME,
    HOSPITAL,
    asking,
    does,
    observation,
    patient,
    peopled,
    reads,
)

ALLERGY = {
    "resourceType": "AllergyIntolerance",
    "id": "a",
    "clinicalStatus": {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}]
    },
    "patient": {"reference": "Patient/p"},
}
THERE = (("Patient", "p"), ("AllergyIntolerance", "a"), ("Observation", "o"), ("Consent", "t"), ("Patient", "q"))
SUMMARY, WHOLE = ["p", "a", "t"], ["p", "a", "o", "t"]


@pytest.fixture
def known(services: Services) -> Services:
    return filled(services)


def filled(services: Services) -> Services:
    """Return a world in which the hospital has two patients, of one of whom it knows more."""
    to = peopled(services)
    other = patient("q", identifier=[{**NUMBER, "value": "999900043"}])
    directive = consent("t", "deny", scope="treatment")
    for resource in (patient(identifier=[NUMBER]), ALLERGY, observation("o"), directive, other):
        does(HOSPITAL, Put(resource), to)
    return to


def sees(to: Services, who: Person | None = None) -> list[str]:
    """Return what a person far away sees of the hospital's."""
    caller = as_person(FAR, to, who)
    found = []
    for type_, id_ in THERE:
        by_search = decode(query.search(parse_query(type_, f"_id={id_}"), caller, to, base=BASE)).get("entry", [])
        try:
            query.read(type_, id_, caller, to)
            found.append(id_)
        except GatewayError:
            assert by_search == []
    return found


def opened(to: Services, *, confirm: bool = False, who: Person | None = None, **more: Any) -> Any:
    return open_record(more.get("identifier", NUMBER), REASON, as_person(FAR, to, who), to, confirm=confirm)


def audit(to: Services) -> list[dict[str, Any]]:
    with to.store.reading() as db:
        return [decode(bytes(content)) for (content,) in db.rows("select content from audit order by seq")]


def test_a_summary_is_open_at_first_and_after_confirming_everything(known: Services) -> None:
    assert sees(known) == []

    found = opened(known)
    assert (found.patients, found.until, found.content) == (("p",), "2026-01-05T09:15:00.000+00:00", "acute-summary")
    assert sees(known) == SUMMARY

    found = opened(later(known, minutes=10), confirm=True)
    assert (found.patients, found.until, found.content) == (("p",), "2026-01-05T10:10:00.000+00:00", "")
    assert sees(known) == WHOLE


def test_what_is_read_then_is_by_a_consent_and_that_is_of_an_emergency(known: Services) -> None:
    opened(known)
    query.read("AllergyIntolerance", "a", as_person(FAR, known), known)
    query.read("Patient", "p", asking(HOSPITAL, known), known)

    rows = {row["organisation"]: row for row in audit(known) if row["action"] == "read"}
    assert rows[FAR.ura]["rules"] == ["what-a-patient-permits"]
    assert rows[FAR.ura]["basis"] == ["consent", "emergency"]
    assert "basis" not in rows[HOSPITAL.ura]


def test_it_ends_by_itself(known: Services) -> None:
    opened(known)
    assert sees(later(known, minutes=14)) == SUMMARY
    assert sees(later(known, minutes=15, seconds=1)) == []

    with pytest.raises(Conflict) as refused:
        opened(later(known, minutes=16), confirm=True)
    assert refused.value.issues[0].code == "break-glass-not-open"
    opened(later(known, minutes=17))
    assert sees(later(known, minutes=18)) == SUMMARY


def test_asking_again_opens_it_for_no_longer(known: Services) -> None:
    first = opened(known)
    assert opened(later(known, minutes=10)) == first
    confirmed = opened(later(known, minutes=11), confirm=True)
    assert opened(later(known, minutes=50), confirm=True) == confirmed
    assert sees(later(known, minutes=72)) == []


def test_who_opened_it_closes_it(known: Services) -> None:
    opened(known)
    opened(known, confirm=True)

    assert close(NUMBER, as_person(FAR, known), known) == ("p",)
    assert sees(known) == []
    assert close(NUMBER, as_person(FAR, known), known) == ()


def test_who_keeps_the_record_closes_it(known: Services) -> None:
    opened(known)
    (kept,) = _consents(known)

    does(HOSPITAL, Put({**kept, "status": "inactive"}), known)
    assert sees(known) == []


def _consents(to: Services) -> list[dict[str, Any]]:
    """Return what was opened, as the hospital is told."""
    caller = asking(HOSPITAL, to)
    asked = parse_query("Consent", "category=https://msb-gateway.example/fhir/CodeSystem/consent-basis|break-glass")
    found = decode(query.search(asked, caller, to, base=BASE)).get("entry", [])
    return [entry["resource"] for entry in found]


def test_it_is_open_for_that_person_alone(known: Services) -> None:
    opened(known)

    assert sees(known, person("collega", organisation="verweg")) == []
    assert not reads(FAR, "Patient", "p", known)
    assert not reads(HOME, "Patient", "p", known)


def test_the_same_id_at_another_provider_of_logins_is_somebody_else(known: Services) -> None:
    opened(known)

    assert (
        sees(known, Person(id="dokter", issuer="https://other.example", name="", role="referrer", organisation=""))
        == []
    )


def test_a_machine_opens_nothing(known: Services) -> None:
    with pytest.raises(Forbidden) as refused:
        open_record(NUMBER, REASON, asking(FAR, known), known)

    assert refused.value.issues[0].code == "person-required"


@pytest.mark.parametrize("role", ["receiver", "analyst", "auditor"])
def test_not_every_role_opens_records(known: Services, role: str) -> None:
    with pytest.raises(Forbidden):
        opened(known, who=person(role=role))
    assert sees(known) == []


REASONS: list[dict[str, Any]] = [
    {},
    {"text": "spoed, geen toestemming"},
    {"coding": REASON["coding"]},
    {**REASON, "text": "  x "},
    {**REASON, "coding": [{"system": "http://example.org", "code": "incapable"}]},
    {**REASON, "coding": [{**REASON["coding"][0], "code": "curious"}]},  # type: ignore[dict-item]
]


@pytest.mark.parametrize("reason", REASONS)
def test_it_needs_a_reason_in_a_code_and_words(known: Services, reason: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        open_record(NUMBER, reason, as_person(FAR, known), known)
    assert sees(known) == []


@pytest.mark.parametrize("identifier", [{}, {"value": "999900006"}, {"system": NUMBER["system"]}])
def test_it_needs_an_identifier(known: Services, identifier: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        open_record(identifier, REASON, as_person(FAR, known), known)


def test_where_nobody_keeps_anything_that_is_said_and_kept(known: Services) -> None:
    with pytest.raises(ResourceNotFound):
        opened(known, identifier={**NUMBER, "value": "999900079"})

    row = audit(known)[-1]
    assert (row["action"], row["person"], row["parameters"]) == ("break-glass", "dokter", ["not-found"])
    assert "999900079" not in str(audit(known))


def test_what_is_denied_stays_closed(known: Services) -> None:
    does(HOSPITAL, Put(consent("n", "deny")), known)
    opened(known)

    assert sees(known) == []


def test_each_that_keeps_a_record_is_asked_for_itself(known: Services) -> None:
    does(CENTRE, Put(patient("z", identifier=[NUMBER])), known)
    does(FAR, Put(patient("own", identifier=[NUMBER])), known)
    found = opened(known)

    assert sorted(found.patients) == ["p", "z"]
    caller = as_person(FAR, known)
    assert query.read("Patient", "z", caller, known).id == "z"
    assert [one["patient"]["reference"] for one in _consents(known)] == ["Patient/p"]


def test_whoever_keeps_the_record_is_told_who_why_and_what(known: Services) -> None:
    opened(known)
    (kept,) = _consents(known)

    assert kept["extension"][0]["valueCodeableConcept"] == REASON
    actor = kept["provision"]["actor"][0]["reference"]
    assert actor["identifier"] == {"system": "https://login.example", "value": "dokter"}
    assert kept["organization"][0]["identifier"]["value"] == FAR.ura
    assert kept["provision"]["class"][0]["code"] == "acute-summary"


def test_each_access_that_uses_it_is_marked(known: Services) -> None:
    opened(known)
    caller = as_person(FAR, known)
    query.read("AllergyIntolerance", "a", caller, known)
    query.search(parse_query("Patient", "_id=p"), caller, known, base=BASE)
    does(FAR, Put(patient("own")), known)
    query.read("Patient", "own", caller, known)

    rows = audit(known)
    (breaking,) = [row for row in rows if row["action"] == "break-glass"]
    assert (breaking["person"], breaking["purpose"], breaking["parameters"]) == ("dokter", "ETREAT", ["incapable"])
    assert (breaking["patients"], breaking["owners"]) == (["p"], [HOSPITAL.ura])
    told = [(row["action"], row["purpose"]) for row in rows[-4:] if row["action"] != "transact"]
    assert told == [("read", "ETREAT"), ("search", "ETREAT"), ("read", "TREAT")]


def test_who_opened_nothing_is_not_marked(known: Services) -> None:
    opened(known)

    assert using(asking(FAR, known, person=person("collega")), known).emergencies == frozenset()
    assert as_person(FAR, later(known, minutes=16)).emergencies == frozenset()
    assert as_person(FAR, known).emergencies == {"p"}


def test_under_data_keys_it_is_the_same(services: Services, database_url: str, tmp_path: Path) -> None:
    by = seals(key_file(tmp_path))
    store = open_store(database_url, durability="normal", seals=by)
    try:
        known = filled(replace(services, store=store, keys=Keys(data=by)))
        assert opened(known).patients == ("p",)
        assert sees(known) == SUMMARY
        does(HOSPITAL, Put(consent("n", "deny")), known)
        assert sees(known) == []
    finally:
        store.close()


def test_nobody_writes_such_a_consent_for_himself(known: Services) -> None:
    opened(known)
    (kept,) = _consents(known)
    longer = {**kept, "provision": {**kept["provision"], "period": {"end": "2027"}}}

    for attempt in (longer, {**longer, "id": "another"}):
        with pytest.raises(Forbidden):
            does(FAR, Put(attempt), known)
    found = known.store.read(Identity("Consent", kept["id"]))
    assert found is not None
    assert found.version == 1
