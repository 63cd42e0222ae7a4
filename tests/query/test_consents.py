"""Who sees what a patient permits, under the policy that ships; and a withdrawal closes every way to it at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from gateway import query
from gateway.access.policy import Caller
from gateway.errors import GatewayError, ResourceNotFound
from gateway.fhir.consents import KINDS
from gateway.fhir.json import decode
from gateway.fhir.search import parse, parse_query, parse_several
from gateway.fhir.types import Resource
from gateway.query import exports
from gateway.query.everything import Everything, everything
from gateway.query.exports import Wanted
from gateway.query.histories import parse as history_of
from gateway.services import Services
from gateway.transact import Delete, Operation, Put
from tests.consents import consent, recipient
from tests.policy_world import (
    BASE,
    CENTRE,
    EVERYBODY,
    FAR,
    HOME,
    HOSPITAL,
    INSURER,
    OTHER_HOME,
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
)

HOMES = recipient("00000006")
MEDICATION = {
    "resourceType": "MedicationStatement",
    "id": "m",
    "status": "active",
    "medicationCodeableConcept": {"text": "paracetamol"},
    "subject": {"reference": "Patient/p"},
}


@pytest.fixture
def known(services: Services) -> Services:
    """Return a world in which the hospital has two patients, one with what it knows of him."""
    to = peopled(services)
    for resource in (patient(), patient("q"), observation("o"), observation("o2"), MEDICATION):
        does(HOSPITAL, Put(resource), to)
    return to


def says(to: Services, *consents: Resource) -> None:
    for each in consents:
        does(HOSPITAL, Put(each), to)


def who_sees(type_: str, id_: str, to: Services) -> set[str]:
    return {one.id for one in EVERYBODY if reads(one, type_, id_, to)}


def sees(to: Services) -> list[str]:
    """Return what the nursing home sees of the hospital's."""
    there = (("Patient", "p"), ("Patient", "q"), ("Observation", "o"), ("MedicationStatement", "m"), ("Consent", "d"))
    return [id_ for type_, id_ in there if reads(HOME, type_, id_, to)]


def test_nobody_else_sees_anything_without_a_consent(known: Services) -> None:
    for type_, id_ in (("Patient", "p"), ("Observation", "o")):
        assert who_sees(type_, id_, known) == {"duinrand"}


def test_an_organisation_that_is_permitted_sees_what_is_known_of_that_patient(known: Services) -> None:
    says(known, consent("c", "permit", HOMES))

    assert sees(known) == ["p", "o", "m"]
    assert who_sees("Observation", "o", known) == {"duinrand", "duinhof"}
    assert found_by(HOME, "Patient", "", known) == ["p"]
    assert found_by(HOME, "Consent", "", known) == []


def test_a_kind_of_organisation_and_everybody_in_care(known: Services) -> None:
    says(known, consent("c", "permit", recipient("vvt", KINDS)))
    assert who_sees("Observation", "o", known) == {"duinrand", "duinhof", "gouwe", "verweg"}

    says(known, consent("c", "permit"))
    assert who_sees("Observation", "o", known) == {one.id for one in EVERYBODY} - {INSURER.id}


def test_an_organisation_of_the_registry_by_its_resource(known: Services) -> None:
    named = {**recipient(""), "reference": organisation(HOME, by_reference=True)}
    says(known, consent("c", "permit", named))

    assert who_sees("Observation", "o", known) == {"duinrand", "duinhof"}


def test_kinds_of_data(known: Services) -> None:
    says(known, consent("c", "permit", HOMES, types=("Observation",)))
    assert sees(known) == ["o"]

    says(known, consent("c", "permit", HOMES, categories=("medication",)))
    assert sees(known) == ["p", "m"]

    directive = consent("d", "deny", scope="treatment")
    says(known, directive, consent("c", "permit", HOMES, categories=("acute-summary",)))
    assert sees(known) == ["p", "m", "d"]


def test_a_denial_wins_over_each_permit(known: Services) -> None:
    says(known, consent("c", "permit"), consent("n", "deny", recipient("00000008")))
    assert not reads(OTHER_HOME, "Patient", "p", known)
    assert reads(HOME, "Patient", "p", known)

    says(known, consent("n", "deny", categories=("medication",)))
    assert sees(known) == ["p", "o"]

    says(known, consent("n", "deny", provision={"provision": [{"type": "permit", "actor": [HOMES]}]}))
    assert who_sees("Observation", "o", known) == {"duinrand", "duinhof"}


def test_a_denial_is_of_who_takes_over_the_care_too(known: Services) -> None:
    does(HOSPITAL, Put(request()), known)
    does(HOSPITAL, Put(task(organisation(HOME), "accepted")), known)
    assert sees(known) == ["p", "o", "m"]

    says(known, consent("n", "deny", HOMES))
    assert sees(known) == ["p"]
    assert reads(HOME, "ServiceRequest", "r", known)
    assert reads(HOSPITAL, "Observation", "o", known)


def test_who_is_named_is_found(known: Services) -> None:
    but_one = {"provision": [{"type": "permit", "actor": [HOMES]}]}
    says(known, consent("c", "deny", recipient("00000008")), consent("n", "deny", provision=but_one))
    system = "http://fhir.nl/fhir/NamingSystem/ura"

    assert found_by(HOSPITAL, "Consent", f"permits={system}|00000006", known) == ["n"]
    assert found_by(HOSPITAL, "Consent", f"denies={system}|00000008", known) == ["c"]
    assert found_by(HOSPITAL, "Consent", f"denies={system}|00000006", known) == []


def test_it_holds_for_its_time(known: Services) -> None:
    span = {"period": {"start": "2026-01-05T10:00:00+01:00", "end": "2026-01-05T10:30:00+01:00"}}
    says(known, consent("c", "permit", HOMES, provision=span))

    seen = []
    for minutes in (-1, 0, 29, 31):
        then = known.clock() + timedelta(minutes=minutes)
        seen.append(reads(HOME, "Observation", "o", replace(known, clock=lambda then=then: then)))  # type: ignore[misc]
    assert seen == [False, True, True, False]


@pytest.mark.parametrize("of", ["p", "q"])
def test_what_another_organisation_says_opens_and_closes_nothing(known: Services, of: str) -> None:
    """A Consent of its own about a patient of its own, that points at a patient of the hospital for the rest."""
    own = consent("own", "permit", of="own")
    does(FAR, Put(patient("own")), known)
    does(FAR, Put(own), known)
    does(FAR, Put(observation("foreign", of=of)), known)

    assert who_sees("Observation", "o", known) == {"duinrand"}
    assert who_sees("Observation", "foreign", known) == {"verweg"}
    assert reads(HOME, "Patient", "own", known)


def test_what_others_say_of_a_patient_is_not_opened_by_who_keeps_another_record(known: Services) -> None:
    does(CENTRE, Put(observation("theirs")), known)
    says(known, consent("c", "permit", HOMES))

    assert found_by(HOME, "Observation", "", known) == ["o", "o2"]
    assert who_sees("Observation", "theirs", known) == {"zcc-west"}


Withdrawal = dict[str, Operation]
WITHDRAWN: Withdrawal = {
    "inactive": Put(consent("c", "permit", HOMES, status="inactive")),
    "rejected": Put(consent("c", "permit", HOMES, status="rejected")),
    "entered in error": Put(consent("c", "permit", HOMES, status="entered-in-error")),
    "deleted": Delete("Consent", "c"),
    "of somebody else now": Put(consent("c", "permit", HOMES, of="q")),
    "for another now": Put(consent("c", "permit", recipient("00000099"))),
    "over": Put(consent("c", "permit", HOMES, provision={"period": {"end": "2026-01-04"}})),
    "denied beside it": Put(consent("n", "deny", HOMES)),
}

# The other patient, whom it is about now.
WITHDRAWN_LEAVES = {
    "of somebody else now": dict.fromkeys(
        ("history of everything", "several types", "_revinclude", "export begun before"), 1
    )
}


class Ways:
    """Each way to what a patient has permitted, begun before that is withdrawn."""

    def __init__(self, to: Services) -> None:
        self.to = to
        self.caller: Callable[[], Caller] = lambda: asking(HOME, to)
        self.following = self._next(self._search("Observation", [("_count", "1")]))
        self.export = exports.begin(Wanted(["Observation", "Patient"], None, f"{BASE}/$export"), self.caller(), to)
        listed = decode(exports.manifest(self.export, "", self.caller(), to))["output"]
        self.files = [file["url"] for file in listed]

    def found(self) -> dict[str, Any]:
        """Return what is told by each way now."""
        to, caller = self.to, self.caller()
        asked: dict[str, Callable[[], Sequence[Any]]] = {
            "read": lambda: [query.read("Observation", "o", caller, to)],
            "vread": lambda: [query.vread("Observation", "o", "1", caller, to)],
            "history": lambda: self._entries(query.history(history_of("Observation", "o", []), caller, to, base=BASE)),
            "history of the type": lambda: self._entries(
                query.history(history_of("Observation", "", []), caller, to, base=BASE)
            ),
            "history of everything": lambda: [
                one
                for one in self._entries(query.history(history_of("", "", []), caller, to, base=BASE))
                if one["resource"]["resourceType"] in {"Patient", "Observation"}
            ],
            "search": lambda: self._entries(self._search("Observation", [])),
            "the next page": lambda: self._entries(self._search("Observation", self.following)),
            "count": lambda: [None] * decode(self._search("Observation", [("_summary", "count")]))["total"],
            "total": lambda: [None] * decode(self._search("Observation", [("_total", "accurate")]))["total"],
            "chain": lambda: self._entries(self._search("Observation", [("patient.family", "jansen")])),
            "reverse chain": lambda: self._entries(
                self._search("Patient", [("_has:Observation:patient:code", "8867-4")])
            ),
            "_include": lambda: self._entries(
                self._search("Observation", [("_include", "Observation:patient"), ("_id", "o,mine")])
            )[1:],
            "_revinclude": lambda: self._entries(self._search("Patient", [("_revinclude", "Observation:patient")])),
            "several types": lambda: self._entries(
                query.search_several(parse_several(["Observation", "Patient"], []), caller, to, base=BASE)
            ),
            "$everything": lambda: self._entries(everything(Everything("Patient", "p"), caller, to, base=BASE)),
            "export": lambda: [line for url in self.files for line in exports.content(url, caller, to).splitlines()],
            "export begun before": lambda: decode(exports.manifest(self.export, "", caller, to))["output"],
        }
        return {name: self._told(way) for name, way in asked.items()}

    def _told(self, way: Callable[[], Sequence[Any]]) -> int:
        try:
            return len(way())
        except ResourceNotFound:
            return 0

    def _search(self, type_: str, pairs: Sequence[tuple[str, str]]) -> bytes:
        return query.search(parse(type_, pairs), self.caller(), self.to, base=BASE)

    def _next(self, bundle: bytes) -> list[tuple[str, str]]:
        links = {link["relation"]: link["url"] for link in decode(bundle)["link"]}
        return parse_qsl(links["next"].partition("?")[2])

    def _entries(self, bundle: bytes) -> list[Any]:
        entries: list[Any] = decode(bundle).get("entry", [])
        return entries


@pytest.mark.parametrize("how", WITHDRAWN)
def test_a_withdrawal_closes_every_way_at_once(known: Services, how: str) -> None:
    says(known, consent("c", "permit", HOMES))
    ways = Ways(known)
    before = ways.found()
    assert all(before.values()), before

    does(HOSPITAL, WITHDRAWN[how], known)

    assert {name: found for name, found in ways.found().items() if found} == WITHDRAWN_LEAVES.get(how, {})


def test_an_answer_without_what_was_withdrawn_is_that_of_what_is_not_there(known: Services) -> None:
    says(known, consent("c", "permit", HOMES))
    does(HOSPITAL, WITHDRAWN["inactive"], known)

    told = []
    for id_ in ("o", "nowhere"):
        with pytest.raises(GatewayError) as refused:
            query.read("Observation", id_, asking(HOME, known), known)
        told.append((type(refused.value), [str(issue) for issue in refused.value.issues]))
    assert told[0] == told[1]
    assert decode(query.search(parse_query("Observation", ""), asking(HOME, known), known, base=BASE))["total"] == 0
