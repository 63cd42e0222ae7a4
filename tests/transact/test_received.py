from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.access.policy import Caller, development_caller
from gateway.errors import Forbidden, Issue, Place, VersionConflict
from gateway.services import Services
from gateway.transact import Delete, Put, Received, record, transact

CALLER = development_caller()
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MESSAGE = Received(
    provider="dev",
    format="hl7v2",
    content=b"MSH|^~\\&|EPD\rPID|||1\xe9",
    received_at=NOW,
    control_id="MSG-1",
    event_time=NOW - timedelta(minutes=1),
    mapping="adt_a20_bed 1.0.0",
    result=(Issue("unread-field", "no rule reads this field", "information", place=Place("PV1-3", 4, 118)),),
)


def location(id_: str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": "Location", "id": id_, "status": "active", **elements}


def rows(to: Services, sql: str) -> list[tuple[Any, ...]]:
    with to.store.reading() as db:
        return db.rows(sql)


def test_the_message_is_kept_with_what_it_made(services: Services) -> None:
    transact([Put(location("a")), Put(location("b"))], CALLER, services, received=MESSAGE)

    ((content, state, received_at, event_time, mapping, issues),) = rows(
        services, "select content, state, received_at, event_time, mapping, issues from inbox"
    )
    assert (content, state, mapping) == (MESSAGE.content, "accepted", "adt_a20_bed 1.0.0")
    assert received_at - event_time == 60_000_000
    assert json.loads(issues) == [
        {
            "severity": "information",
            "code": "unread-field",
            "diagnostics": "no rule reads this field",
            "place": "PV1-3 (line 4, byte 118)",
        }
    ]
    assert rows(
        services,
        "select c.id, l.version from inbox i join inbox_resource l on l.inbox = i.id join current c on c.key = l.key "
        "order by c.id",
    ) == [("a", 1), ("b", 1)]


def test_a_repetition_is_kept_and_linked_to_the_version_it_confirms(services: Services) -> None:
    transact([Put(location("a"))], CALLER, services, received=MESSAGE)
    transact([Put(location("a")), Delete("Location", "never")], CALLER, services, received=MESSAGE)

    assert rows(services, "select count(*) from resource") == [(1,)]
    assert rows(services, "select inbox, version from inbox_resource order by inbox") == [(1, 1), (2, 1)]


def test_a_refused_transaction_keeps_nothing_by_itself(services: Services) -> None:
    with pytest.raises(VersionConflict):
        transact([Put(location("a"), if_match="4")], CALLER, services, received=MESSAGE)

    assert rows(services, "select count(*) from inbox") == [(0,)]


def test_a_refused_message_is_recorded_with_its_reasons_and_without_values(services: Services) -> None:
    record(MESSAGE, [Issue("bad-value", "not a date", place=Place("PID-7"), value="31021970")], CALLER, services)

    ((content, state, issues),) = rows(services, "select content, state, issues from inbox")
    assert (content, state) == (MESSAGE.content, "refused")
    assert [issue["code"] for issue in json.loads(issues)] == ["unread-field", "bad-value"]
    assert "31021970" not in issues
    ((audit,),) = rows(services, "select content from audit")
    assert json.loads(audit)["action"] == "refuse"


def test_a_caller_sends_only_as_its_own_providers(services: Services) -> None:
    caller = Caller("00000001", "ward.example", providers=frozenset({"ward"}))

    with pytest.raises(Forbidden):
        transact([Put(location("a"))], caller, services, received=MESSAGE)
    with pytest.raises(Forbidden):
        record(MESSAGE, [], caller, services)

    assert rows(services, "select count(*) from inbox") == [(0,)]


@pytest.mark.parametrize("control_id", ["A\0B", "\ud800", "x" * 10_000, ""])
def test_any_control_id_can_be_kept(services: Services, control_id: str) -> None:
    record(replace(MESSAGE, control_id=control_id), [], CALLER, services)

    ((kept,),) = rows(services, "select control_id from inbox")
    assert len(kept) == min(len(control_id), 199)
