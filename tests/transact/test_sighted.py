"""A caller who sees some resources of a type changes those alone, and learns nothing of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.access.partners import Partner
from gateway.access.policy import development_caller, unlimited
from gateway.errors import Forbidden, GatewayError, InvalidResource, ResourceNotFound
from gateway.fhir.json import decode
from gateway.services import Services
from gateway.store import Identity
from gateway.transact import ConditionalCreate, ConditionalPut, Create, Delete, Operation, Patch, Put, transact

SAID = {"system": "http://example.org/said", "code": "duinrand"}
PARTNER = unlimited(
    Partner(
        id="duinrand",
        name="Ziekenhuis Duinrand",
        kind="ziekenhuis",
        scopes=("system/*.cruds",),
        sees=("Location?_security=http://example.org/said|duinrand", "Slot"),
    ).caller()
)
NOT_SEEN = "this caller may not see what is there under this id"


def location(id_: str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": "Location", "id": id_, "status": "active", **elements}


def own(id_: str, **elements: Any) -> dict[str, Any]:
    return location(id_, meta={"security": [SAID]}, **elements)


@pytest.fixture
def places(services: Services) -> Services:
    """Return services whose store holds a place of the partner and one of somebody else."""
    identifier = [{"system": "http://example.org/place", "value": "7"}]
    transact([Put(own("mine")), Put(location("theirs", identifier=identifier))], development_caller(), services)
    return services


def named(to: Services, id_: str) -> Any:
    found = to.store.read(Identity("Location", id_))
    return found and not found.deleted and decode(found.body).get("name")


def test_what_is_seen_is_changed(places: Services) -> None:
    transact([Put(own("mine", name="new"))], PARTNER, places)
    transact([Patch("Location", "mine", lambda found: found | {"name": "newer"})], PARTNER, places)
    assert named(places, "mine") == "newer"

    transact([Delete("Location", "mine")], PARTNER, places)
    assert not named(places, "mine")


@pytest.mark.parametrize(
    ("op", "error"),
    [
        (Put(own("theirs", name="new")), Forbidden),
        (Patch("Location", "theirs", lambda found: found | {"name": "new"}), ResourceNotFound),
        (ConditionalPut(own("theirs", name="new"), "identifier=http://example.org/place|7"), Forbidden),
    ],
    ids=["update", "patch", "conditional update"],
)
def test_what_is_not_seen_is_not_changed(places: Services, op: Operation, error: type[GatewayError]) -> None:
    before = places.store.read(Identity("Location", "theirs"))

    with pytest.raises(error):
        transact([Put(own("mine", name="new")), op], PARTNER, places)

    assert places.store.read(Identity("Location", "theirs")) == before
    assert named(places, "mine") is None  # all or nothing


@pytest.mark.parametrize("whose", ["theirs", "gone", "nobodys"])
def test_what_is_not_seen_is_deleted_as_what_is_not_there(places: Services, whose: str) -> None:
    transact([Put(location("gone"))], development_caller(), places)
    transact([Delete("Location", "gone")], development_caller(), places)
    before = places.store.read(Identity("Location", whose))

    (outcome,) = transact([Delete("Location", whose)], PARTNER, places)

    assert (outcome.status, outcome.version, outcome.body) == ("unchanged", 0, None)
    assert places.store.read(Identity("Location", whose)) == before


def test_each_entry_that_may_not_is_named(places: Services) -> None:
    transact([Put(location("b"))], development_caller(), places)

    with pytest.raises(Forbidden, match=NOT_SEEN) as refused:
        transact([Put(own("theirs")), Put(own("mine")), Put(own("b"))], PARTNER, places)

    assert [issue.expression for issue in refused.value.issues] == [
        "Bundle.entry[0].request",
        "Bundle.entry[2].request",
    ]


def test_a_condition_does_not_find_what_is_not_seen(places: Services) -> None:
    condition = "identifier=http://example.org/place|7"

    (made,) = transact([ConditionalCreate(own("ignored", name="new"), condition)], PARTNER, places)

    assert (made.status, made.id) == ("created", "1")


def test_what_is_not_seen_is_pointed_at_as_what_is_not_there(places: Services) -> None:
    strict = replace(places, settings=replace(places.settings, references="strict"))
    told = []
    for id_ in ("theirs", "nowhere"):
        with pytest.raises(InvalidResource) as refused:
            transact([Create(own("x", partOf={"reference": f"Location/{id_}"}))], PARTNER, strict)
        told.append([str(issue) for issue in refused.value.issues])

    assert told[0] == told[1]
    transact([Create(own("x", partOf={"reference": "Location/mine"}))], PARTNER, strict)
