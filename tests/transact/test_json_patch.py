"""JSON Patch by itself: each operation, and what is none. https://www.rfc-editor.org/rfc/rfc6902"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gateway.errors import BadRequest, InvalidResource
from gateway.transact import json_patch

LIST = [{"family": "A"}, {"family": "B"}]


def patched(resource: dict[str, Any], *operations: Any) -> Any:
    return json_patch.read(list(operations))(resource)


@pytest.mark.parametrize(
    ("operation", "before", "after"),
    [
        ({"op": "add", "path": "/a", "value": 1}, {}, {"a": 1}),
        ({"op": "add", "path": "/a", "value": 2}, {"a": 1}, {"a": 2}),
        ({"op": "add", "path": "/a/1", "value": 9}, {"a": [1, 2]}, {"a": [1, 9, 2]}),
        ({"op": "add", "path": "/a/2", "value": 9}, {"a": [1, 2]}, {"a": [1, 2, 9]}),
        ({"op": "add", "path": "/a/-", "value": 9}, {"a": [1, 2]}, {"a": [1, 2, 9]}),
        ({"op": "add", "path": "/a/b", "value": None}, {"a": {}}, {"a": {"b": None}}),
        ({"op": "add", "path": "", "value": {"b": 1}}, {"a": 1}, {"b": 1}),
        ({"op": "add", "path": "/a~1b~0c", "value": 1}, {}, {"a/b~c": 1}),
        ({"op": "add", "path": "/~01", "value": 1}, {}, {"~1": 1}),
        ({"op": "add", "path": "/", "value": 1}, {}, {"": 1}),
        ({"op": "remove", "path": "/a"}, {"a": 1, "b": 2}, {"b": 2}),
        ({"op": "remove", "path": "/a/0"}, {"a": [1, 2]}, {"a": [2]}),
        ({"op": "remove", "path": "/a/0"}, {"a": [1], "b": 1}, {"b": 1}),
        ({"op": "replace", "path": "/a/0", "value": 5}, {"a": [1, 2]}, {"a": [5, 2]}),
        ({"op": "replace", "path": "/a", "value": [5]}, {"a": 1}, {"a": [5]}),
        ({"op": "replace", "path": "", "value": {"x": 1}}, {"a": 1}, {"x": 1}),
        ({"op": "move", "from": "/a/0", "path": "/a/1"}, {"a": [1, 2, 3]}, {"a": [2, 1, 3]}),
        ({"op": "move", "from": "/a", "path": "/b"}, {"a": 1}, {"b": 1}),
        ({"op": "move", "from": "/a", "path": "/a"}, {"a": 1}, {"a": 1}),
        ({"op": "copy", "from": "/a", "path": "/b"}, {"a": [1]}, {"a": [1], "b": [1]}),
        ({"op": "test", "path": "/a", "value": {"x": [1], "y": 2}}, {"a": {"y": 2, "x": [1]}}, None),
        ({"op": "test", "path": "/a", "value": 1}, {"a": Decimal("1.0")}, None),
        ({"op": "test", "path": "/a/0", "value": None}, {"a": [None]}, None),
        ({"op": "add", "path": "/a", "value": 1, "more": "is passed over"}, {}, {"a": 1}),
    ],
)
def test_each_operation_does_what_it_says(operation: Any, before: Any, after: Any) -> None:
    expected = before if after is None else after

    assert patched(before, operation) == expected


@pytest.mark.parametrize(
    ("operation", "before"),
    [
        ({"op": "add", "path": "/a/b", "value": 1}, {}),
        ({"op": "add", "path": "/a/b", "value": 1}, {"a": 1}),
        ({"op": "add", "path": "/a/3", "value": 1}, {"a": [1, 2]}),
        ({"op": "add", "path": "/a/1000000000", "value": 1}, {"a": [1, 2]}),
        ({"op": "add", "path": "/a/01", "value": 1}, {"a": [1, 2]}),
        ({"op": "add", "path": "/a/-1", "value": 1}, {"a": [1, 2]}),
        ({"op": "add", "path": "/a/x", "value": 1}, {"a": [1, 2]}),
        ({"op": "remove", "path": "/a"}, {}),
        ({"op": "remove", "path": "/a/-"}, {"a": [1]}),
        ({"op": "remove", "path": ""}, {"a": 1}),
        ({"op": "replace", "path": "/a", "value": 1}, {}),
        ({"op": "replace", "path": "/a/1", "value": 1}, {"a": [1]}),
        ({"op": "move", "from": "/x", "path": "/a"}, {"a": 1}),
        ({"op": "copy", "from": "/x", "path": "/a"}, {"a": 1}),
        ({"op": "test", "path": "/a", "value": 2}, {"a": 1}),
        ({"op": "test", "path": "/a", "value": True}, {"a": 1}),
        ({"op": "test", "path": "/a", "value": "1"}, {"a": 1}),
        ({"op": "test", "path": "/a", "value": [1, 2]}, {"a": [2, 1]}),
        ({"op": "test", "path": "/b", "value": None}, {"a": 1}),
        ({"op": "replace", "path": "", "value": 3}, {"a": 1}),
    ],
)
def test_what_does_not_fit_is_told_with_the_operation(operation: Any, before: Any) -> None:
    with pytest.raises(InvalidResource) as raised:
        patched(before, {"op": "test", "path": "", "value": before}, operation)

    assert raised.value.issues[0].code == "patch-failed"
    assert "operation 2" in raised.value.issues[0].diagnostics or "no resource" in raised.value.issues[0].diagnostics


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        "add",
        {"op": "merge", "path": "/a"},
        {"op": ["add"], "path": "/a"},
        {"op": "add", "path": "/a"},
        {"op": "add", "value": 1},
        {"op": "add", "path": "a", "value": 1},
        {"op": "add", "path": 1, "value": 1},
        {"op": "add", "path": "/a~2", "value": 1},
        {"op": "move", "path": "/a"},
        {"op": "move", "from": "/a", "path": "/a/b"},
        {"op": "copy", "from": None, "path": "/a"},
    ],
)
def test_what_is_no_operation_is_refused_with_its_number(wrong: Any) -> None:
    with pytest.raises(BadRequest, match="operation 2"):
        json_patch.read([{"op": "remove", "path": "/a"}, wrong])


@pytest.mark.parametrize("wrong", [{}, "x", None, 1, [{"op": "remove", "path": "/a"}] * 1001])
def test_what_is_no_patch_is_refused(wrong: Any) -> None:
    with pytest.raises(BadRequest):
        json_patch.read(wrong)


def test_copies_of_copies_come_to_an_end() -> None:
    doubling = [{"op": "copy", "from": "/a", "path": "/a/-"} for _ in range(40)]

    with pytest.raises(InvalidResource, match="at most"):
        patched({"a": [1, 2, 3]}, *doubling)


def test_a_copy_is_a_thing_of_its_own() -> None:
    assert patched(
        {"a": {"x": 1}},
        {"op": "copy", "from": "/a", "path": "/b"},
        {"op": "replace", "path": "/b/x", "value": 2},
    ) == {"a": {"x": 1}, "b": {"x": 2}}


def test_a_patch_can_be_applied_again() -> None:
    patch = json_patch.read(
        [{"op": "add", "path": "/a", "value": {"x": []}}, {"op": "add", "path": "/a/x/-", "value": 1}]
    )

    assert patch({}) == patch({}) == {"a": {"x": [1]}}
