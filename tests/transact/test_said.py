"""What is known of a resource follows from the statements about it, whatever their order and number."""

from __future__ import annotations

from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from gateway.fhir.json import decode, encode
from gateway.mapping.keeping import Keep
from gateway.transact.said import Ledger, Said, When, unpack

BY = MappingProxyType({"identifier": "system", "telecom": "use", "location": "apart", "note": "each"})


class Statement(NamedTuple):
    """What a message says at a moment."""

    at: int
    resource: dict[str, Any]
    keep: Keep


def encounter(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Encounter", "id": "1", **elements}


def keep(**paths: frozenset[str]) -> Keep:
    return Keep(BY, **paths)


def paths(*names: str) -> frozenset[str]:
    return frozenset(names)


def shown(statements: list[Statement]) -> dict[str, Any]:
    """Return the resource after statements, each of which finds what the one before left in the store."""
    packed, present = b"", None
    for number, one in enumerate(statements, 1):
        said = Said(unpack(packed), decode(encode(present)) if present else None, BY)
        said.take(one.resource, one.keep, When(0, one.at))
        present = said.shown("Encounter", "1")
        packed = said.pack(number)
    assert present is not None
    return present


def invented(random: Random) -> Statement:
    """Return a statement about a few elements, at one of a few moments."""
    resource, said = encounter(), {
        "status": random.choice(["planned", "in-progress", "finished"]),
        "period": {key: f"2026-01-0{random.randint(1, 4)}" for key in ("start", "end") if random.random() < 0.6},
        "identifier": [
            {"system": f"urn:{name}", "value": str(random.randint(1, 3))} for name in random.sample("abc", 2)
        ],
        "location": [
            {"location": {"display": random.choice("AB")}}
            | ({"status": random.choice(["active", "completed"])} if random.random() < 0.7 else {})
        ],
        "note": [{"text": random.choice("xyz")} for _ in range(random.randint(1, 2))],
        "reasonCode": [{"text": random.choice("pq")}],
    }  # fmt: skip
    for name, value in said.items():
        if random.random() < 0.5 and value:
            resource[name] = value
    some = ["status", "period", "period.end", "identifier[urn:a]", "location", "location.status", "note", "reasonCode"]
    chosen = [frozenset(random.sample(some, random.choice([0, 0, 1, 2]))) for _ in range(3)]
    return Statement(random.randint(1, 6), resource, Keep(BY, *chosen))


@pytest.mark.parametrize("seed", range(40))
def test_every_order_shows_the_same(seed: int) -> None:
    random = Random(seed)
    statements = [invented(random) for _ in range(random.randint(2, 7))]
    wanted = shown(statements)

    for _ in range(50):
        order = statements + random.sample(statements, random.randint(0, len(statements)))
        random.shuffle(order)
        assert shown(order) == wanted


def test_what_is_left_out_stays() -> None:
    full = Statement(1, encounter(status="in-progress", period={"start": "2026-01-01"}), keep())
    short = Statement(2, encounter(status="finished", period={"end": "2026-01-02"}), keep())

    for order in ([full, short], [short, full]):
        assert shown(order) == encounter(status="finished", period={"start": "2026-01-01", "end": "2026-01-02"})


def test_a_removal_takes_what_was_said_before_it_and_nothing_after() -> None:
    first = Statement(1, encounter(status="finished", period={"end": "2026-01-02"}), keep())
    removal = Statement(2, encounter(status="in-progress"), keep(removed=paths("period.end")))
    again = Statement(3, encounter(status="finished", period={"end": "2026-01-03"}), keep())

    assert shown([removal, first]) == shown([first, removal]) == encounter(status="in-progress")
    assert shown([again, removal, first])["period"] == {"end": "2026-01-03"}


def test_who_says_a_value_and_removes_what_was_there_says_the_value() -> None:
    one = Statement(1, encounter(status="finished", reasonCode=[{"text": "p"}]), keep())
    other = Statement(2, encounter(reasonCode=[{"text": "q"}]), keep(removed=paths("reasonCode")))

    assert shown([one, other])["reasonCode"] == [{"text": "q"}]


def test_what_is_presumed_yields_to_what_was_ever_said() -> None:
    said = Statement(1, encounter(status="finished"), keep())
    presumed = Statement(2, encounter(status="in-progress"), keep(presumed=paths("status")))
    later = Statement(3, encounter(status="planned"), keep(presumed=paths("status")))

    assert shown([said, presumed]) == shown([presumed, said]) == encounter(status="finished")
    assert shown([later, presumed]) == encounter(status="planned")


def test_a_presumption_that_is_outdated_goes_and_a_statement_does_not() -> None:
    planned = Statement(1, encounter(period={"start": "2026-01-05"}), keep(presumed=paths("period.start")))
    said = Statement(1, encounter(period={"start": "2026-01-04"}), keep())
    admitted = Statement(2, encounter(status="in-progress"), keep(outdated=paths("period.start")))

    assert shown([planned, admitted]) == shown([admitted, planned]) == encounter(status="in-progress")
    assert shown([said, admitted])["period"] == {"start": "2026-01-04"}


def test_items_of_a_list_are_told_apart_as_the_mapping_says() -> None:
    one = Statement(
        1,
        encounter(
            identifier=[{"system": "urn:a", "value": "1"}, {"system": "urn:b", "value": "2"}],
            note=[{"text": "x"}],
            location=[{"location": {"display": "A"}, "status": "active"}],
        ),
        keep(),
    )
    other = Statement(
        2,
        encounter(
            identifier=[{"system": "urn:b", "value": "3"}],
            note=[{"text": "y"}],
            location=[{"location": {"display": "B"}}],
        ),
        keep(),
    )

    both = shown([one, other])

    assert [(i["system"], i["value"]) for i in both["identifier"]] == [("urn:a", "1"), ("urn:b", "3")]
    assert both["note"] == [{"text": "x"}, {"text": "y"}]
    assert both["location"] == [{"location": {"display": "B"}, "status": "active"}]


def test_a_period_that_would_end_before_it_begins_shows_what_was_said_last() -> None:
    began = Statement(1, encounter(period={"start": "2026-01-05"}), keep())
    ended = Statement(2, encounter(period={"end": "2026-01-03"}), keep())
    not_ended = Statement(3, encounter(status="in-progress"), keep(removed=paths("period.end")))

    assert shown([began, ended]) == shown([ended, began]) == encounter(period={"end": "2026-01-03"})
    assert shown([began, ended, not_ended])["period"] == {"start": "2026-01-05"}


def test_part_of_an_item_that_is_not_there_waits_for_it() -> None:
    status = Statement(2, encounter(location=[{"status": "completed"}]), keep())
    place = Statement(1, encounter(location=[{"location": {"display": "A"}}]), keep())

    assert "location" not in shown([status])
    assert shown([status, place])["location"] == [{"location": {"display": "A"}, "status": "completed"}]


def test_the_ledger_holds_no_value_that_the_resource_shows() -> None:
    said = Said(Ledger(), None, BY)
    said.take(encounter(reasonCode=[{"text": "secret"}], period={"start": "2026-01-01"}), keep(), When(0, 1))
    said.shown("Encounter", "1")

    assert b"secret" not in said.pack(1)
    assert b"2026" not in said.pack(1)


def test_what_a_client_set_is_the_present_of_its_moment() -> None:
    said = Said(Ledger(), encounter(status="finished"), BY)
    said.set_by_another(5, floor=True)

    said.take(encounter(status="planned", reasonCode=[{"text": "old"}]), keep(), When(0, 4))
    assert said.too_late
    said.take(encounter(reasonCode=[{"text": "new"}]), keep(), When(0, 6))

    assert said.shown("Encounter", "1") == encounter(status="finished", reasonCode=[{"text": "new"}])
