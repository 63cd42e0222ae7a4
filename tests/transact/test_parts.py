"""What a candidate may change of a Task it sees a reduced form of: it answers, and erases and learns nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.access.policy import Caller
from gateway.errors import Forbidden, GatewayError, InvalidResource, ResourceNotFound
from gateway.fhir.json import decode
from gateway.fhir.types import Resource
from gateway.services import Services
from gateway.store import Identity
from gateway.transact import ConditionalPatch, Delete, Operation, Outcome, Patch, Put, transact
from gateway.transact.json_patch import read as json_patch
from tests.candidate_world import REDUCED_TASK, SECRET, coded, referred, whole_request, whole_task, without_version
from tests.policy_world import HOME, HOSPITAL, URA, asking, told

REASONS = "https://msb-gateway.example/fhir/CodeSystem/refusal-reason"


@pytest.fixture
def world(services: Services) -> Services:
    return referred(services)


def stored(to: Services) -> Resource:
    found = to.store.read(Identity("Task", "t"))
    assert found is not None
    return {name: value for name, value in decode(found.body).items() if name != "meta"}


def does(op: Operation, to: Services, caller: Caller | None = None) -> Outcome:
    (made,) = transact([op], caller or asking(HOME, to), to)
    return made


def patched(to: Services, *operations: Resource) -> Outcome:
    return does(Patch("Task", "t", json_patch(list(operations))), to)


def add(path: str, value: object) -> Resource:
    return {"op": "add", "path": path, "value": value}


def test_what_it_does_not_see_stays(world: Services) -> None:
    made = patched(world, add("/status", "received"), add("/lastModified", "2026-01-06T10:00:00+01:00"))

    assert stored(world) == whole_task("received", lastModified="2026-01-06T10:00:00+01:00")
    assert made.reduced
    assert made.body is not None
    told_back = without_version(decode(made.body))
    assert told_back == REDUCED_TASK | {"status": "received", "lastModified": "2026-01-06T10:00:00+01:00"}


def test_a_note_is_added_to_those_it_does_not_see(world: Services) -> None:
    made = patched(world, add("/note", [{"text": "wij bellen terug"}]))

    assert stored(world) == whole_task(note=[{"text": SECRET}, {"text": "wij bellen terug"}])
    assert SECRET.encode() not in (made.body or b"")


def test_what_it_says_anew_takes_the_place_of_what_stood_there(world: Services) -> None:
    reason = coded(REASONS, "no-capacity")
    patched(world, add("/statusReason", reason), add("/status", "rejected"))

    assert stored(world) == whole_task("rejected", statusReason=reason)
    assert told(HOME, "Task", "t", world) == "reduced"


@pytest.mark.parametrize("guessed", [SECRET, "x"])
def test_what_is_guessed_right_is_a_change_as_any(world: Services, guessed: str) -> None:
    made = patched(world, add("/statusReason", {"text": guessed}))

    assert (made.status, made.version) == ("updated", 2)


def test_a_patch_that_guesses_what_is_not_seen_does_not_fit(world: Services) -> None:
    """Right or wrong, it is answered alike: what it asks of is not there."""
    said = []
    for asked in (
        {"op": "test", "path": "/for/reference", "value": "Patient/p"},
        {"op": "test", "path": "/for/reference", "value": "Patient/x"},
        {"op": "copy", "from": "/description", "path": "/note"},
        {"op": "move", "from": "/for", "path": "/note"},
        {"op": "remove", "path": "/for"},
        {"op": "replace", "path": "/note/0/text", "value": "x"},
    ):
        with pytest.raises(GatewayError) as refused:
            patched(world, asked)
        said.append(str(refused.value))
        assert SECRET not in str(refused.value)
    assert said[0] == said[1]
    assert stored(world) == whole_task()


@pytest.mark.parametrize(
    "operation",
    [
        add("/for", {"reference": "Patient/p"}),
        add("/description", SECRET),
        add("/meta/tag/0", {"code": "x"}),
        add("/owner/display", "x"),
        {"op": "remove", "path": "/owner"},
        {"op": "remove", "path": "/meta"},
    ],
)
def test_nothing_but_the_answer_is_changed(world: Services, operation: Resource) -> None:
    with pytest.raises(Forbidden):
        patched(world, operation)
    assert stored(world) == whole_task()


@pytest.mark.parametrize("said", [whole_task("received"), whole_task(), REDUCED_TASK, {**REDUCED_TASK, "status": "x"}])
def test_a_put_is_refused_whatever_it_says(world: Services, said: Resource) -> None:
    """Also the one that says what is there: were it taken, it would tell that this is so."""
    with pytest.raises(Forbidden, match="sees a reduced form") as refused:
        does(Put(said | {"status": said["status"].replace("x", "received")}), world)
    assert len(refused.value.issues) == 1
    assert stored(world) == whole_task()

    with pytest.raises(Forbidden, match="sees a reduced form"):
        does(Put(whole_request()), world)
    with pytest.raises(Forbidden, match="policy does not let"):
        does(Patch("ServiceRequest", "r", json_patch([add("/status", "revoked")])), world)


def test_a_condition_finds_only_what_is_seen_whole(world: Services) -> None:
    for asked in ("status=requested", f"group-identifier={SECRET}", f"owner:identifier={URA}|{HOME.ura}"):
        with pytest.raises(ResourceNotFound):
            does(ConditionalPatch("Task", asked, json_patch([add("/status", "received")])), world)
    assert stored(world) == whole_task()


def test_it_does_not_delete_it(world: Services) -> None:
    with pytest.raises(Forbidden):
        does(Delete("Task", "t"), world)
    assert stored(world) == whole_task()


def test_what_is_wrong_with_what_it_does_not_see_is_not_told(world: Services) -> None:
    """The patient is not seen, and where references are strict that is refused of who writes one."""
    strict = replace(world, settings=replace(world.settings, references="strict"))
    made = patched(strict, add("/status", "received"))
    assert made.issues == ()

    with pytest.raises(InvalidResource) as refused:
        patched(strict, add("/output", [{"type": {"text": "x"}, "valueReference": {"reference": "Patient/none"}}]))
    assert [issue.expression for issue in refused.value.issues] == ["Task.output[0].valueReference.reference"]


def test_a_scope_that_asks_what_it_does_not_see_changes_nothing(world: Services) -> None:
    for person in ("p", "x"):
        narrowed = asking(HOME, world, scopes=frozenset({"system/Task.rs", f"system/Task.u?patient=Patient/{person}"}))
        with pytest.raises(Forbidden, match="does not see"):
            does(Patch("Task", "t", json_patch([add("/status", "received")])), world, narrowed)


def test_who_takes_it_on_changes_the_whole(world: Services) -> None:
    patched(world, add("/status", "accepted"))

    assert told(HOME, "Task", "t", world) == "whole"
    does(Put(whole_task("in-progress")), world)
    assert stored(world) == whole_task("in-progress")
    transact([Put(whole_task("cancelled"))], asking(HOSPITAL, world), world)
    assert told(HOME, "Task", "t", world) == "reduced"
