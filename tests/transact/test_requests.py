from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import BadRequest
from gateway.transact import (
    ConditionalCreate,
    ConditionalDelete,
    ConditionalPut,
    Create,
    Delete,
    Operation,
    Put,
    operation,
)

SLOT: dict[str, Any] = {"resourceType": "Slot", "id": "a"}


@pytest.mark.parametrize(
    ("method", "url", "options", "asked"),
    [
        ("POST", "Slot", {}, Create(SLOT)),
        ("POST", "Slot", {"full_url": "urn:uuid:1"}, Create(SLOT, "urn:uuid:1")),
        ("POST", "Slot", {"if_none_exist": "identifier=x"}, ConditionalCreate(SLOT, "identifier=x")),
        ("PUT", "Slot/a", {"if_match": 'W/"1"'}, Put(SLOT, 'W/"1"')),
        ("PUT", "Slot?identifier=s|v&status=free", {}, ConditionalPut(SLOT, "identifier=s|v&status=free")),
        ("DELETE", "Slot/a", {"if_match": "1"}, Delete("Slot", "a", "1")),
        ("DELETE", "Slot?identifier=s|v", {}, ConditionalDelete("Slot", "identifier=s|v")),
    ],
)
def test_a_request_is_an_operation(method: str, url: str, options: dict[str, str], asked: Operation) -> None:
    assert operation(SLOT, method, url, **options) == asked


def test_a_deletion_needs_no_resource() -> None:
    assert operation(None, "DELETE", "Slot/a") == Delete("Slot", "a")


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "Slot/a"),
        ("TRACE", "Slot/a"),
        ("POST", "Slot/a"),
        ("POST", "Location"),
        ("PUT", "Slot"),
        ("PUT", "Slot/b"),
        ("PUT", "https://elsewhere.example/Slot/a"),
        ("PUT", "../Slot/a"),
        ("DELETE", "Slot"),
        ("DELETE", "Slot/a?status=free"),
        ("", ""),
    ],
)
def test_anything_else_is_refused(method: str, url: str) -> None:
    with pytest.raises(BadRequest):
        operation(SLOT, method, url)
