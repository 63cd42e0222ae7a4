from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from gateway.access.policy import Caller, development_caller
from gateway.errors import (
    BadRequest,
    Forbidden,
    GatewayError,
    InvalidResource,
    VersionConflict,
)
from gateway.fhir.freshness import bare
from gateway.fhir.json import decode
from gateway.services import Services
from gateway.store import Identity
from gateway.transact import Create, Delete, Outcome, Put, transact
from tests.store.writing import versions

CALLER = development_caller()
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def slot(id_: str | None = None, **elements: Any) -> dict[str, Any]:
    return {
        "resourceType": "Slot",
        **({"id": id_} if id_ else {}),
        "schedule": {"reference": "Schedule/s"},
        "status": "free",
        "start": "2026-01-05T10:00:00+01:00",
        "end": "2026-01-05T12:00:00+01:00",
        **elements,
    }


def do(to: Services, *ops: Any, caller: Caller = CALLER) -> list[Outcome]:
    return transact(ops, caller, to)


def one(to: Services, op: Any) -> Outcome:
    (outcome,) = do(to, op)
    return outcome


def body(outcome: Outcome) -> dict[str, Any]:
    assert outcome.body is not None
    found: dict[str, Any] = decode(outcome.body)
    return found


def rows(to: Services, sql: str) -> list[tuple[Any, ...]]:
    with to.store.reading() as db:
        return db.rows(sql)


def places(error: GatewayError) -> list[tuple[str, str | None]]:
    return [(issue.code, issue.expression) for issue in error.issues]


def test_a_create_gets_an_id_a_version_and_a_time(services: Services) -> None:
    outcome = one(services, Create(slot("theirs")))

    assert (outcome.status, outcome.type, outcome.id, outcome.version) == ("created", "Slot", "1", 1)
    assert outcome.last_updated == NOW
    assert body(outcome)["id"] == "1"
    assert body(outcome)["meta"] == {"versionId": "1", "lastUpdated": "2026-01-05T09:00:00.000+00:00"}
    stored = services.store.read(Identity("Slot", "1"))
    assert stored is not None
    assert stored.body == outcome.body


def test_a_put_makes_the_id_or_its_next_version(services: Services) -> None:
    assert one(services, Put(slot("a"))).status == "created"

    second = one(services, Put(slot("a", status="busy")))

    assert (second.status, second.version) == ("updated", 2)
    assert second.last_updated == NOW + timedelta(milliseconds=1)  # always later, whatever the clock says
    assert body(second)["meta"]["lastUpdated"] == "2026-01-05T09:00:00.001+00:00"


def test_content_is_stored_as_it_came(services: Services) -> None:
    strange = {"url": "https://example.org/ours", "valueDecimal": Decimal("1.50")}
    deep = {"url": "https://example.org/deep", "extension": [{"url": "x", "valueDecimal": Decimal("0.0000000001")}]}

    outcome = one(services, Put(slot("a", extension=[strange, deep], comment='é \u2028 😀 \\ "')))

    assert b'"valueDecimal":1.50' in (outcome.body or b"")
    assert {k: v for k, v in bare(body(outcome)).items() if k != "meta"} == slot(
        "a", extension=[strange, deep], comment='é \u2028 😀 \\ "'
    )


def test_an_identical_put_makes_no_version(services: Services) -> None:
    first = one(services, Put(slot("a", meta={"versionId": "9", "lastUpdated": "2020-01-01T00:00:00Z"})))
    other_order = dict(reversed(list(slot("a").items())))

    again = one(services, Put(other_order))

    assert (again.status, again.version, again.body) == ("unchanged", 1, first.body)
    assert rows(services, "select count(*) from resource") == [(1,)]
    assert rows(services, "select count(*) from outbox") == [(1,)]


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ({}, {"versionId": "7", "lastUpdated": "2020-01-01T00:00:00Z"}, "unchanged"),
        ({"extension": ["received 09:00"]}, {"extension": ["received 09:05"]}, "unchanged"),
        ({}, {"extension": ["received 09:05"]}, "unchanged"),
        ({}, {"profile": ["https://example.org/profile"]}, "updated"),
        ({"tag": [{"code": "a"}]}, {"tag": [{"code": "b"}]}, "updated"),
    ],
)
def test_what_counts_as_the_same(
    services: Services, before: dict[str, Any], after: dict[str, Any], status: str
) -> None:
    def told(asked: dict[str, Any]) -> dict[str, Any]:
        url = "https://msb-gateway.example/fhir/StructureDefinition/capacity-received-at"
        times = [{"url": url, "valueInstant": f"2026-01-05T{word[-5:]}:00Z"} for word in asked.get("extension", [])]
        meta = {**asked, **({"extension": times} if times else {})}
        return slot("a", meta=meta) if meta else slot("a")

    one(services, Put(told(before)))

    assert one(services, Put(told(after))).status == status


def test_another_precision_is_another_content(services: Services) -> None:
    def with_value(text: str) -> dict[str, Any]:
        return slot("a", extension=[{"url": "https://example.org/x", "valueDecimal": Decimal(text)}])

    one(services, Put(with_value("1.5")))

    assert one(services, Put(with_value("1.50"))).status == "updated"


def test_a_deletion_is_a_version_after_which_it_can_come_back(services: Services) -> None:
    one(services, Put(slot("a")))

    gone = one(services, Delete("Slot", "a"))
    again = one(services, Delete("Slot", "a"))
    back = one(services, Put(slot("a")))

    assert (gone.status, gone.version, gone.body) == ("deleted", 2, None)
    assert (again.status, again.version) == ("unchanged", 2)
    assert (back.status, back.version) == ("created", 3)
    assert [v.deleted for v in versions(services.store, Identity("Slot", "a"))] == [False, True, False]


def test_a_deletion_of_nothing_changes_nothing(services: Services) -> None:
    outcome = one(services, Delete("Slot", "never"))

    assert (outcome.status, outcome.version) == ("unchanged", 0)


def test_a_deletion_takes_the_index_rows_away(services: Services) -> None:
    one(services, Put(slot("a")))
    assert rows(services, "select count(*) from index_token")[0][0] > 0

    one(services, Delete("Slot", "a"))

    for table in ("token", "string", "date", "reference", "uri", "number", "quantity"):
        assert rows(services, f"select count(*) from index_{table}") == [(0,)]
    assert rows(services, "select count(*) from slot") == [(0,)]


def test_the_projection_follows_the_slot(services: Services) -> None:
    one(services, Put(slot("a")))
    one(services, Put(slot("a", status="busy")))

    assert rows(services, "select status, schedule, start, end_ from slot") == [
        ("busy", "s", 1_767_603_600_000_000, 1_767_610_800_000_000)
    ]


@pytest.mark.parametrize("if_match", ["2", '"2"', 'W/"2"'])
def test_the_newest_version_matches(services: Services, if_match: str) -> None:
    one(services, Put(slot("a")))
    one(services, Put(slot("a", status="busy")))

    assert one(services, Put(slot("a"), if_match=if_match)).version == 3


@pytest.mark.parametrize("if_match", ["1", "3", "02", "", "x", 'W/"1"'])
def test_another_version_is_refused(services: Services, if_match: str) -> None:
    one(services, Put(slot("a")))
    one(services, Put(slot("a", status="busy")))

    with pytest.raises(VersionConflict):
        one(services, Put(slot("a"), if_match=if_match))
    with pytest.raises(VersionConflict):
        one(services, Delete("Slot", "a", if_match=if_match))


def test_if_match_needs_a_resource(services: Services) -> None:
    with pytest.raises(VersionConflict):
        one(services, Put(slot("a"), if_match="1"))


def test_all_or_nothing(services: Services) -> None:
    one(services, Put(slot("a")))

    with pytest.raises(VersionConflict) as caught:
        do(services, Put(slot("b")), Put(slot("a", status="busy"), if_match="9"), Delete("Slot", "c", if_match="1"))

    assert places(caught.value) == [
        ("version-conflict", "Bundle.entry[1].request"),
        ("version-conflict", "Bundle.entry[2].request"),
    ]
    assert services.store.read(Identity("Slot", "b")) is None
    assert [rows(services, f"select count(*) from {t}") for t in ("resource", "audit", "outbox")] == [[(1,)]] * 3


def test_every_invalid_resource_is_named(services: Services) -> None:
    with pytest.raises(InvalidResource) as caught:
        do(services, Put(slot("a", status="vrij")), Put(slot("b")), Put(slot("c", start="yesterday")))

    expressions = [expression for _, expression in places(caught.value)]
    assert expressions == ["Bundle.entry[0].resource.status", "Bundle.entry[2].resource.start"]
    assert rows(services, "select count(*) from resource") == [(0,)]


def test_alone_a_resource_is_named_by_its_type(services: Services) -> None:
    with pytest.raises(InvalidResource) as caught:
        one(services, Put(slot("a", status="vrij")))

    assert [expression for _, expression in places(caught.value)] == ["Slot.status"]


@pytest.mark.parametrize("resource", [{}, {"resourceType": "Bed"}, {"resourceType": 7}, {"resourceType": ["Slot"]}])
def test_a_resource_without_a_type_is_refused(services: Services, resource: dict[str, Any]) -> None:
    with pytest.raises(InvalidResource):
        one(services, Create(resource))


@pytest.mark.parametrize("id_", [None, "", "a b", "../x", "a" * 65, 7, "é"])
def test_a_bad_id_is_refused(services: Services, id_: Any) -> None:
    with pytest.raises(BadRequest):
        one(services, Put(slot() | {"id": id_}))


def test_two_operations_on_one_resource_are_refused(services: Services) -> None:
    with pytest.raises(BadRequest) as caught:
        do(services, Put(slot("a")), Put(slot("b")), Delete("Slot", "a"))

    assert places(caught.value) == [
        ("bad-bundle", "Bundle.entry[0].request"),
        ("bad-bundle", "Bundle.entry[2].request"),
    ]


def test_two_entries_with_one_full_url_are_refused(services: Services) -> None:
    with pytest.raises(BadRequest, match="fullUrl"):
        do(services, Create(slot(), full_url="urn:uuid:1"), Create(slot(), full_url="urn:uuid:1"))


def test_outcomes_come_in_the_order_of_the_operations(services: Services) -> None:
    one(services, Put(slot("gone")))

    outcomes = do(services, Put(slot("z")), Create(slot()), Delete("Slot", "gone"), Put(slot("a")))

    assert [(o.status, o.id) for o in outcomes] == [
        ("created", "z"),
        ("created", "1"),
        ("deleted", "gone"),
        ("created", "a"),
    ]


def test_a_caller_may_write_only_its_types(services: Services) -> None:
    caller = Caller("00000001", "test", types=frozenset({"Location"}))

    with pytest.raises(Forbidden) as caught:
        do(services, Put(slot("a")), Put({"resourceType": "Location", "id": "l"}), Delete("Slot", "b"), caller=caller)

    assert places(caught.value) == [
        ("forbidden", "Bundle.entry[0].request"),
        ("forbidden", "Bundle.entry[2].request"),
    ]
    assert rows(services, "select count(*) from resource") == [(0,)]


def test_what_was_handed_in_is_left_as_it_was(services: Services) -> None:
    given = slot("a", meta={"tag": [{"code": "x"}]})
    before = json.dumps(given)

    one(services, Put(given))

    assert json.dumps(given) == before


def test_nothing_to_do_is_done(services: Services) -> None:
    assert do(services) == []


def test_the_audit_row_tells_who_and_what_and_no_content(services: Services) -> None:
    caller = Caller("00000001", "ward.example", types=frozenset({"Slot"}), purpose="TREAT")
    do(services, Put(slot("a", comment="private")), Create(slot()), caller=caller)

    ((content,),) = rows(services, "select content from audit")

    row = json.loads(content)
    assert (row["organisation"], row["caller"], row["purpose"], row["development"]) == (
        "00000001",
        "ward.example",
        "TREAT",
        False,
    )
    assert row["entities"] == ["created Slot/a/_history/1", "created Slot/1/_history/1"]
    assert b"private" not in bytes(content)


def test_versions_without_a_gap_and_later_each_time(services: Services) -> None:
    early = replace(services, clock=lambda: NOW - timedelta(hours=1))
    for n in range(6):
        one(early if n % 2 else services, Put(slot("a", comment=str(n))))

    history = versions(services.store, Identity("Slot", "a"))

    assert [v.version for v in history] == [6, 5, 4, 3, 2, 1]
    times = [v.last_updated for v in history]
    assert times == sorted(set(times), reverse=True)
