"""Who sees what under the policy that ships: of a referral its two sides, of capacity all who share a network."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import structs

from gateway import query
from gateway.access import registration
from gateway.access.partners import Partner
from gateway.access.policy import development_caller
from gateway.access.registration import Known
from gateway.data import shipped
from gateway.errors import Forbidden
from gateway.ingest import ingest
from gateway.mapping import documents
from gateway.services import Services
from gateway.transact import Delete, Patch, Put, partners, transact
from tests.messages import bed_message
from tests.policy_world import (
    CENTRE,
    EVERYBODY,
    FAR,
    HOME,
    HOSPITAL,
    INSURER,
    OTHER_HOME,
    TRANSFER,
    asking,
    does,
    found_by,
    observation,
    organisation,
    patient,
    peopled,
    reads,
    request,
    task,
    told,
)

OF_THE_PATIENT = (("ServiceRequest", "r"), ("Patient", "p"), ("Observation", "o"))


@pytest.fixture
def referred(services: Services) -> Services:
    """Return a world in which the hospital has a patient, with an observation and a request."""
    to = peopled(services)
    for resource in (patient(), observation("o"), request()):
        does(HOSPITAL, Put(resource), to)
    return to


def who_sees(type_: str, id_: str, to: Services) -> set[str]:
    return {one.id for one in EVERYBODY if reads(one, type_, id_, to)}


def becomes(status: str, to: Services, by: Partner = HOME) -> None:
    does(by, Patch("Task", "t", lambda found: found | {"status": status}), to)


def test_data_of_a_patient_is_its_organisations(referred: Services) -> None:
    for type_, id_ in OF_THE_PATIENT:
        assert who_sees(type_, id_, referred) == {"duinrand"}


@pytest.mark.parametrize("by_reference", [False, True], ids=["by URA", "by reference"])
def test_a_receiver_sees_from_acceptance_to_refusal(referred: Services, by_reference: bool) -> None:
    owner = organisation(HOME, by_reference=by_reference)
    seen_by = []
    does(HOSPITAL, Put(task(owner, "draft")), referred)
    assert who_sees("Task", "t", referred) == {"duinrand"}

    does(HOSPITAL, Put(task(owner)), referred)
    assert told(HOME, "Task", "t", referred) == "reduced"
    for status in ("received", "accepted", "in-progress", "on-hold", "accepted", "rejected"):
        becomes(status, referred)
        seen_by.append({frozenset(who_sees(type_, id_, referred)) for type_, id_ in OF_THE_PATIENT})

    neither, both = {frozenset({"duinrand"})}, {frozenset({"duinrand", "duinhof"})}
    assert seen_by == [neither, both, both, neither, both, neither]


@pytest.mark.parametrize("ended", ["rejected", "cancelled", "failed", "entered-in-error"])
def test_each_end_but_completion_ends_it_at_once(referred: Services, ended: str) -> None:
    does(HOSPITAL, Put(task(organisation(HOME), "accepted")), referred)
    assert who_sees("Patient", "p", referred) == {"duinrand", "duinhof"}

    becomes(ended, referred, by=HOSPITAL)
    for type_, id_ in OF_THE_PATIENT:
        assert who_sees(type_, id_, referred) == {"duinrand"}


def test_its_requester_ends_all_of_it_by_the_request(referred: Services) -> None:
    does(HOSPITAL, Put(task(organisation(CENTRE))), referred)
    does(CENTRE, Put(task(organisation(HOME), "accepted", id_="on")), referred)
    assert who_sees("Patient", "p", referred) == {"duinrand", "duinhof", "zcc-west"}

    does(HOSPITAL, Put(request(status="revoked")), referred)
    for type_, id_ in OF_THE_PATIENT:
        assert who_sees(type_, id_, referred) == {"duinrand"}


def test_completion_ends_it_after_thirty_days(referred: Services) -> None:
    does(HOSPITAL, Put(task(organisation(HOME), "completed")), referred)
    now = referred.clock()

    for later, sees in ((0, True), (29, True), (30, False), (400, False)):
        then = replace(referred, clock=lambda later=later: now + timedelta(days=later))  # type: ignore[misc]
        for type_, id_ in OF_THE_PATIENT:
            assert reads(HOME, type_, id_, then) == sees


def test_who_ended_it_does_not_open_it_again(referred: Services) -> None:
    does(HOSPITAL, Put(task(organisation(HOME), "accepted")), referred)
    becomes("rejected", referred)

    with pytest.raises(Forbidden):
        becomes("accepted", referred)


def test_a_coordinator_sees_from_the_question_on(referred: Services) -> None:
    does(HOSPITAL, Put(task(organisation(CENTRE))), referred)

    for type_, id_ in OF_THE_PATIENT:
        assert who_sees(type_, id_, referred) == {"duinrand", "zcc-west"}

    becomes("rejected", referred, by=CENTRE)
    for type_, id_ in OF_THE_PATIENT:
        assert who_sees(type_, id_, referred) == {"duinrand"}


def test_whom_a_coordinator_asks_sees_once_it_takes_it_on(referred: Services) -> None:
    does(HOSPITAL, Put(task(organisation(CENTRE))), referred)
    focus = {"reference": f"{referred.settings.base_url}/ServiceRequest/r"}
    does(CENTRE, Put(task(organisation(HOME), id_="on", focus=focus)), referred)
    assert who_sees("Patient", "p", referred) == {"duinrand", "zcc-west"}

    does(HOME, Patch("Task", "on", lambda found: found | {"status": "accepted"}), referred)
    for type_, id_ in OF_THE_PATIENT:
        assert who_sees(type_, id_, referred) == {"duinrand", "zcc-west", "duinhof"}


def test_nobody_lets_itself_in_by_what_it_makes_itself(referred: Services) -> None:
    """A request of one's own about somebody else's patient, with a task that one takes on oneself, opens nothing."""
    for organised in (organisation(HOME), organisation(HOME, by_reference=True)):
        does(HOME, Put(request("mine")), referred)
        does(HOME, Put(task(organised, "accepted", id_="mine", about="mine")), referred)

    assert who_sees("Patient", "p", referred) == who_sees("Observation", "o", referred) == {"duinrand"}


@pytest.mark.parametrize("maker", [HOME, TRANSFER], ids=lambda one: one.kind)
def test_a_task_about_what_its_maker_does_not_see_is_refused(referred: Services, maker: Partner) -> None:

    for name in ("ServiceRequest/r", "ServiceRequest/r/_history/1", f"{referred.settings.base_url}/ServiceRequest/r"):
        named = task(organisation(maker), "accepted", id_="mine", focus={"reference": name})
        with pytest.raises(Forbidden, match="does not see") as refused:
            does(maker, Put(named), referred)
        assert [issue.expression for issue in refused.value.issues] == ["Task.focus"]

    assert not reads(maker, "ServiceRequest", "r", referred)


def test_a_task_that_points_elsewhere_now_opens_nothing_else(referred: Services) -> None:

    does(HOSPITAL, Put(request("other")), referred)
    does(HOSPITAL, Put(task(organisation(HOME))), referred)

    other = {"focus": {"reference": "ServiceRequest/other"}, "status": "accepted"}
    with pytest.raises(Forbidden, match="status"):
        does(HOME, Patch("Task", "t", lambda found: found | other), referred)


def test_of_the_patient_only_what_the_requester_has_is_shown(referred: Services) -> None:
    does(HOSPITAL, Put(task(organisation(HOME), "accepted")), referred)
    does(HOME, Put(observation("of-home")), referred)
    does(HOSPITAL, Put(task(organisation(OTHER_HOME), "accepted", id_="second")), referred)

    assert who_sees("Observation", "of-home", referred) == {"duinhof"}
    assert who_sees("Observation", "o", referred) == {"duinrand", "duinhof", "gouwe"}


def test_who_only_counts_sees_nothing_of_patients(referred: Services) -> None:
    does(HOSPITAL, Put(task(organisation(INSURER), "accepted")), referred)

    for type_, id_ in (*OF_THE_PATIENT, ("Task", "t")):
        assert not reads(INSURER, type_, id_, referred)


def test_capacity_is_seen_within_networks_and_regions(referred: Services) -> None:
    place = {"resourceType": "Location", "status": "active", "name": "Spoed"}
    does(HOSPITAL, Put({**place, "id": "near"}), referred)
    does(FAR, Put({**place, "id": "far"}), referred)
    transact([Put({**place, "id": "nobodys"})], development_caller(), referred)

    assert who_sees("Location", "near", referred) == {"duinrand", "duinhof", "gouwe", "zcc-west", "zorgkantoor"}
    assert who_sees("Location", "far", referred) == {"verweg", "rtp-noord"}
    assert who_sees("Location", "nobodys", referred) == set()
    assert found_by(HOME, "Location", "", referred) == ["near"]


def test_the_development_partners_see_what_a_feed_tells_of_beds(services: Services) -> None:
    document, lines = documents.read(shipped("profiles") / "partners" / "development.yaml")
    known = Known(services.library.providers, lambda _: None)
    everyone = {one.id: one for one in registration.read(document, known, lines)}
    partners.add(list(everyone.values()), replace(development_caller(), name="operator"), services)
    sender = asking(everyone["duinrand"], services)

    taken = ingest(bed_message(), provider="duinrand", content_type=None, caller=sender, to=services)

    assert [message.refusal for message in taken.messages] == [None]
    for name in ("duinrand", "zcc-west", "rtp-west", "haagrand", "rav-15", "duinhof"):
        assert found_by(everyone[name], "Location", "", services), name
        assert found_by(everyone[name], "Slot", "", services), name
        assert not found_by(everyone[name], "Patient", "", services)


def test_who_joins_and_who_leaves_counts_from_the_next_request(referred: Services) -> None:

    does(HOSPITAL, Put({"resourceType": "Location", "id": "l", "status": "active"}), referred)
    assert not reads(FAR, "Location", "l", referred)

    joined = structs.replace(FAR, networks=("acute-zorg-west",))
    partners.add([joined], replace(development_caller(), name="operator"), referred, replace=True)
    assert reads(joined, "Location", "l", referred)

    partners.add([FAR], replace(development_caller(), name="operator"), referred, replace=True)
    assert not reads(FAR, "Location", "l", referred)


def test_what_was_deleted_is_made_again_by_its_owner_alone(referred: Services) -> None:

    does(HOSPITAL, Delete("Patient", "p"), referred)
    with pytest.raises(Forbidden):
        does(HOME, Put(patient()), referred)

    does(HOSPITAL, Put(patient()), referred)
    assert who_sees("Patient", "p", referred) == {"duinrand"}


def test_who_has_no_rules_has_nothing(referred: Services) -> None:
    nobody = HOME.caller()

    with pytest.raises(Forbidden):
        query.read("Location", "l", nobody, referred)
