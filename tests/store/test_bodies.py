from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gateway.fhir.json import decode
from gateway.store import Identity
from gateway.store.bodies import RECEIVED_AT, body, rest_of, says_the_same

SLOT = Identity("Slot", "a")
AT = "2026-01-05T09:00:00.000+00:00"
RECEIVED = {"url": RECEIVED_AT, "valueInstant": "2026-01-05T09:00:00Z"}
LATER = {"url": RECEIVED_AT, "valueInstant": "2026-01-05T09:05:00Z"}


def slot(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Slot", "id": "a", **elements}


def stored(resource: dict[str, Any]) -> bytes:
    return body(SLOT, resource.get("meta"), rest_of(resource), 3, AT)


@pytest.mark.parametrize(
    "resource",
    [
        slot(),
        slot(status="free", comment='a "quoted" \\ text, "meta":{}'),
        slot(meta={"versionId": "1", "lastUpdated": "x", "tag": [{"code": '"}'}]}, status="free"),
        slot(meta={"extension": [RECEIVED]}, extension=[{"url": "x", "valueDecimal": Decimal("1.50")}]),
    ],
)
def test_a_body_is_the_resource_with_our_head(resource: dict[str, Any]) -> None:
    found = decode(stored(resource))

    assert list(found)[:3] == ["resourceType", "id", "meta"]
    assert found.pop("meta") == {**resource.pop("meta", {}), "versionId": "3", "lastUpdated": AT}
    assert found == resource


@pytest.mark.parametrize(
    ("resource", "before"),
    [
        (slot(), slot()),
        (slot(status="free"), slot(status="free")),
        (slot(status="free", start="x"), slot(start="x", status="free")),
        (slot(status="free"), slot(meta={"extension": [RECEIVED]}, status="free")),
        (slot(status="free", meta={"extension": [LATER]}), slot(meta={"extension": [RECEIVED]}, status="free")),
        (slot(meta={"versionId": "9"}, status="free"), slot(status="free")),
        (slot(meta={"tag": [{"code": "a"}], "source": "b"}), slot(meta={"source": "b", "tag": [{"code": "a"}]})),
        (slot(status="free") | {"id": "another way to name it"}, slot(status="free")),
    ],
)
def test_the_same_said_again(resource: dict[str, Any], before: dict[str, Any]) -> None:
    assert says_the_same(resource, rest_of(resource), stored(before))


@pytest.mark.parametrize(
    ("resource", "before"),
    [
        (slot(), slot(status="free")),
        (slot(status="free"), slot()),
        (slot(status="free"), slot(start="x", status="free")),
        (slot(start="x", status="free"), slot(status="free")),
        (slot(status="free"), slot(comment='"status":"busy","status":"free"')),
        (slot(status="free", meta={"tag": [{"code": "a"}]}), slot(status="free")),
        (slot(status="free"), slot(status="free", meta={"profile": ["x"]})),
        (slot(extension=[{"valueDecimal": Decimal("1.50")}]), slot(extension=[{"valueDecimal": Decimal("1.5")}])),
        (slot(extension=[RECEIVED]), slot(extension=[LATER])),
        (slot(identifier=[{"value": "1"}, {"value": "2"}]), slot(identifier=[{"value": "2"}, {"value": "1"}])),
    ],
)
def test_something_else(resource: dict[str, Any], before: dict[str, Any]) -> None:
    assert not says_the_same(resource, rest_of(resource), stored(before))
