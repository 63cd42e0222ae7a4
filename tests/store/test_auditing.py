"""The index of the audit: it finds what a look through all rows finds, at every moment, whoever writes meanwhile."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.data import shipped
from gateway.fhir.datetime import format_instant
from gateway.store import Store
from gateway.store.audited import about, about_bodies
from gateway.store.auditing import finding, index
from gateway.store.auditing.finding import Condition, Wanted
from gateway.store.auditing.meanings import actions
from gateway.store.records import Stored, microseconds

BEGIN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def row(number: int, **more: Any) -> dict[str, Any]:
    said = {
        "action": "read",
        "at": format_instant(BEGIN + timedelta(seconds=number)),
        "organisation": "00000001",
        "entities": [f"Observation/{number}/_history/1"],
    }
    return said | more


def write(store: Store, *rows: dict[str, Any]) -> None:
    for one in rows:
        store.audit(json.dumps(one).encode())


def found(store: Store, *conditions: Condition, limit: int = 1000, **bounds: int) -> list[dict[str, Any]]:
    index.catch_up(store)
    with store.reading() as db:
        places = finding.find(db, Wanted(conditions, **bounds), limit)
        return [json.loads(content) for _, content in finding.contents(db, places)]


def test_a_row_is_found_by_what_it_is_about(store: Store) -> None:
    one = row(1, patients=["p1", "p2"], owners=["00000002"])
    write(store, one, row(2, action="search", organisation="00000003", entities=["Patient/p3"], patients=["p3"]))

    for kind, value in [
        (index.PATIENT, "p2"),
        (index.ENTITY, "Observation/1"),
        (index.AGENT, "00000001"),
        (index.SEEN_BY, "00000002"),
        (index.SEEN_BY, "00000001"),
        (index.ACTION, "R"),
        (index.SUBTYPE, "f read"),
    ]:
        assert found(store, Condition(kind, (value,))) == [one]
    assert (
        len(found(store, Condition(index.OUTCOME, ("0",))))
        == len(found(store, Condition(index.TYPE, ("r rest",))))
        == 2
    )
    assert found(store, Condition(index.PATIENT, ("p9",))) == []


def test_what_is_written_is_found_at_once(store: Store) -> None:
    for number in range(3):
        write(store, row(number))
        assert len(found(store)) == number + 1


def test_what_is_no_row_of_ours_is_passed_over(store: Store) -> None:
    store.audit(b"not JSON")
    store.audit(b'{"action":"read","at":"yesterday"}')
    write(store, row(1))

    assert found(store) == [row(1)]


def test_any_search_finds_what_a_look_through_all_rows_finds(store: Store) -> None:
    """Conditions of one value and of several, rare ones and common ones, within a time, in pages."""
    chance = random.Random(5)
    rows = [
        row(
            chance.randrange(50),
            action=chance.choice(["read", "search", "erase"]),
            patients=chance.sample(["a", "b", "c", "d"], chance.randrange(3)),
            organisation=chance.choice(["1", "1", "1", "2"]),
            entities=[],
            parameters=[str(number)],
        )
        for number in range(200)
    ]
    write(store, *rows)
    for _ in range(60):
        patients, actions = tuple(chance.sample("abcdx", 2)), tuple(chance.sample("RED", chance.choice([1, 2])))
        since, until = chance.randrange(50), chance.randrange(60)
        conditions = chance.sample(
            [Condition(index.PATIENT, patients), Condition(index.ACTION, actions), Condition(index.AGENT, ("1",))],
            chance.randrange(4),
        )
        wanted = Wanted(tuple(conditions), *(microseconds(BEGIN + timedelta(seconds=n)) for n in (since, until)))
        expected = [
            one
            for one in rows
            if all(_holds(condition, one) for condition in conditions)
            and since <= (datetime.fromisoformat(one["at"]) - BEGIN).total_seconds() < until
        ]
        index.catch_up(store)
        with store.reading() as db:
            walked = [json.loads(content) for _, content in finding.walk(db, wanted, 7)]
        assert sorted(one["parameters"] for one in walked) == sorted(one["parameters"] for one in expected)
        assert [one["at"] for one in walked] == sorted((one["at"] for one in walked), reverse=True)


def _holds(condition: Condition, one: dict[str, Any]) -> bool:
    letters = {"read": "R", "search": "E", "erase": "D"}
    held = {
        index.PATIENT: one["patients"],
        index.ACTION: [letters[one["action"]]],
        index.AGENT: [one["organisation"]],
    }[condition.kind]
    return bool(set(held) & set(condition.values))


def test_several_that_index_at_one_moment_index_each_row_once(store: Store) -> None:
    write(store, *(row(number) for number in range(1200)))
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: index.catch_up(store), range(4)))

    assert sum(done) == 1200
    assert len(found(store, limit=2000)) == 1200


def test_a_search_does_not_look_through_the_whole_index(store: Store) -> None:
    write(store, *(row(number, patients=["rare"] if number == 3 else []) for number in range(50)))
    index.catch_up(store)
    with store.reading() as db:
        explain = "explain query plan " if db.engine == "sqlite" else "explain "
        if db.engine == "postgresql":
            db.rows("set local enable_seqscan = off")
        statement = finding._FIND + finding._ALSO.format(holes="?") + finding._IN_ORDER
        parameters = ("patient", "rare", 0, 2**62, 2**62, 0, 0, "action", "R", 10)
        plan = " ".join(str(row) for row in db.rows(explain + statement, parameters))

    assert "SCAN" not in plan
    assert "Seq Scan" not in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"resourceType":"Slot","id":"s"}', {}),
        (b'{"subject":{"reference":"Patient/a"},"x":[{"reference":"Patient/b/_history/2"}]}', {"patients": ["a", "b"]}),
        (b'{"subject":{"reference":"https://other.example/fhir/Patient/a"}}', {}),
        (
            b'{"meta":{"security":[{"system":"https://msb-gateway.example/fhir/CodeSystem/owner","code":"00000001"}]}}',
            {"owners": ["00000001"]},
        ),
    ],
)
def test_whose_a_resource_is_and_about_whom(body: bytes, expected: dict[str, list[str]]) -> None:
    assert about([Stored("Observation", "o", 1, BEGIN, body, deleted=False)]) == expected


def test_a_patient_is_about_itself() -> None:
    body = b'{"resourceType":"Patient","id":"p","meta":{"versionId":"1"}}'
    assert about([Stored("Patient", "p", 1, BEGIN, body, deleted=False)]) == {"patients": ["p"]}
    assert about_bodies("Patient", [body]) == {"patients": ["p"]}


def test_each_word_of_ours_is_a_code_that_is_published() -> None:
    content = json.loads((shipped("profiles") / "CodeSystem-audit-action.json").read_text())
    assert sorted(one["code"] for one in content["concept"]) == sorted(actions())
