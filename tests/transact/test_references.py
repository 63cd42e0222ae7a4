from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.errors import BadRequest, InvalidResource
from gateway.fhir.json import decode
from gateway.services import Services
from gateway.store import Identity
from gateway.transact import Create, Delete, Outcome, Put, transact

CALLER = development_caller()
URN = "urn:uuid:5f2f6b1e-1111-4a64-9a8a-000000000001"
OTHER = "urn:uuid:5f2f6b1e-1111-4a64-9a8a-000000000002"


def location(id_: str | None = None, **elements: Any) -> dict[str, Any]:
    return {"resourceType": "Location", **({"id": id_} if id_ else {}), "status": "active", **elements}


def stored(to: Services, type_: str, id_: str) -> dict[str, Any]:
    found = to.store.read(Identity(type_, id_))
    assert found is not None
    resource: dict[str, Any] = decode(found.body)
    return resource


def do(to: Services, *ops: Any) -> list[Outcome]:
    return transact(ops, CALLER, to)


def strict(to: Services) -> Services:
    return replace(to, settings=replace(to.settings, references="strict"))


def test_a_full_url_becomes_the_id_that_was_given(services: Services) -> None:
    ward = Create(location(name="ward"), full_url=URN)
    bed = Create(location(name="bed", partOf={"reference": URN, "display": "the ward"}), full_url=OTHER)

    do(services, bed, ward)

    assert stored(services, "Location", "1")["partOf"] == {"reference": "Location/2", "display": "the ward"}


def test_circular_references_resolve(services: Services) -> None:
    do(
        services,
        Create(location(partOf={"reference": OTHER}), full_url=URN),
        Create(location(partOf={"reference": URN}), full_url=OTHER),
    )

    assert stored(services, "Location", "1")["partOf"]["reference"] == "Location/2"
    assert stored(services, "Location", "2")["partOf"]["reference"] == "Location/1"


def test_a_resolved_reference_can_be_searched_by(services: Services) -> None:
    do(services, Create(location(partOf={"reference": OTHER}), full_url=URN), Put(location("w"), full_url=OTHER))

    with services.store.reading() as db:
        assert db.rows("select target_type, target_id from index_reference where param = 'partof'") == [
            ("Location", "w")
        ]


def test_a_dangling_urn_is_refused_and_named(services: Services) -> None:
    with pytest.raises(InvalidResource) as caught:
        do(services, Put(location("a")), Put(location("b", partOf={"reference": URN})))

    (issue,) = caught.value.issues
    assert (issue.code, issue.severity) == ("bad-reference", "error")
    assert issue.expression == "Bundle.entry[1].resource.partOf.reference"
    assert URN not in str(issue)
    assert services.store.read(Identity("Location", "a")) is None


def test_a_urn_in_a_resource_that_came_alone_is_refused_as_that(services: Services) -> None:
    with pytest.raises(InvalidResource) as caught:
        do(services, Create(location(partOf={"reference": URN})))

    (issue,) = caught.value.issues
    assert issue.expression == "Location.partOf.reference"
    assert "came alone" in issue.diagnostics
    assert "this transaction" not in issue.diagnostics


def test_a_reference_to_what_is_not_here_is_a_warning(services: Services) -> None:
    first, second = do(services, Put(location("a")), Put(location("b", partOf={"reference": "Location/nowhere"})))

    assert first.issues == ()
    (issue,) = second.issues
    assert (issue.code, issue.severity) == ("bad-reference", "warning")
    assert issue.expression == "Bundle.entry[1].resource.partOf.reference"


def test_strictly_it_is_refused(services: Services) -> None:
    with pytest.raises(InvalidResource) as caught:
        do(
            strict(services),
            Put(location("a", partOf={"reference": "Location/x"})),
            Put(location("b", partOf={"reference": "Location/y"})),
        )

    assert [issue.expression for issue in caught.value.issues] == [
        "Bundle.entry[0].resource.partOf.reference",
        "Bundle.entry[1].resource.partOf.reference",
    ]
    assert services.store.read(Identity("Location", "a")) is None


def test_strictly_what_is_stored_or_written_is_here(services: Services) -> None:
    do(services, Put(location("site")))

    outcomes = do(
        strict(services),
        Put(location("bed", partOf={"reference": "Location/ward"})),
        Put(location("ward", partOf={"reference": "Location/site"})),
    )

    assert [outcome.issues for outcome in outcomes] == [(), ()]


def test_strictly_what_is_deleted_is_not_here(services: Services) -> None:
    do(services, Put(location("gone")), Put(location("going")))
    do(services, Delete("Location", "gone"))

    with pytest.raises(InvalidResource) as caught:
        do(
            strict(services),
            Put(location("a", partOf={"reference": "Location/gone"})),
            Put(location("b", partOf={"reference": "Location/going"})),
            Delete("Location", "going"),
        )

    assert len(caught.value.issues) == 2


@pytest.mark.parametrize(
    "reference", ["#p", "https://elsewhere.example/fhir/Location/1", "urn:oid:1.2.3", "https://example.org/thing"]
)
def test_what_is_not_ours_to_know_is_left_alone(services: Services, reference: str) -> None:
    contained = [{"resourceType": "Location", "id": "p"}] if reference == "#p" else []
    resource = location("a", partOf={"reference": reference}, **({"contained": contained} if contained else {}))

    (outcome,) = do(strict(services), Put(resource))

    assert outcome.issues == ()
    assert stored(services, "Location", "a")["partOf"]["reference"] == reference


def test_after_a_refusal_the_references_are_as_they_came(services: Services) -> None:
    bed = location(partOf={"reference": URN})

    with pytest.raises(InvalidResource):
        do(services, Create(bed, full_url=OTHER), Create(location(status="open"), full_url=URN))

    assert bed["partOf"]["reference"] == URN


def test_a_reference_by_a_condition_that_cannot_be_read_is_told_with_its_place(services: Services) -> None:
    with pytest.raises(BadRequest) as refused:
        do(services, Create(location()), Create(location(partOf={"reference": "Location?frobnicate=1"})))

    assert refused.value.issues[0].expression == "Bundle.entry[1].resource.partOf.reference"


@pytest.mark.parametrize("reference", ["Location/a{}", "urn:uuid:5f2f6b1e-1111-4a64-9a8a-{:012}"])
def test_ten_thousand_references_that_lead_nowhere_are_told_in_good_time(services: Services, reference: str) -> None:
    holders = [{"location": {"reference": reference.format(n)}} for n in range(10_000)]
    encounter = {
        "resourceType": "Encounter",
        "status": "planned",
        "class": {"code": "IMP"},
        "location": holders,
    }

    began = time.perf_counter()
    with pytest.raises(InvalidResource) as refused:
        do(strict(services), Create(encounter))

    assert len(refused.value.issues) == 10_000
    assert refused.value.issues[-1].expression == "Encounter.location[9999].location.reference"
    assert time.perf_counter() - began < 10
