"""A resource with one element of a wrong shape, wherever it stands, is refused with a reason; it never fails us."""

import json
import os
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.fhir import elements
from gateway.rest.metadata import SERVED
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import open_store
from gateway.validation import Validator
from tests.conftest import NOW, counted, library

_DEEPEST = int(os.environ.get("ANY_SHAPE_DEPTH", "2"))  # deeper, and every shape at every place: by hand
_SHAPES: list[Any] = [None, [], {}, [[]], [None], 1, "x", True, {"resourceType": None}, {"system": []}, [{"url": []}]]
_VALUES = {
    "boolean": True,
    "integer": 1,
    "positiveInt": 1,
    "unsignedInt": 1,
    "decimal": 1.5,
    "date": "2026-01-05",
    "dateTime": "2026-01-05T10:00:00Z",
    "instant": "2026-01-05T10:00:00Z",
    "time": "10:00:00",
    "base64Binary": "eA==",
    "xhtml": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>',
    "uri": "urn:x",
    "url": "urn:x",
    "canonical": "urn:x",
    "oid": "urn:oid:1.2",
    "uuid": "urn:uuid:5f2f6b1e-1111-4a64-9a8a-000000000001",
}


@pytest.fixture(scope="module")
def client() -> Iterator[FlaskClient]:
    store = open_store("sqlite://")
    yield create_app(Services(Settings(), store, Validator(), library(), lambda: NOW, counted())).test_client()
    store.close()


@pytest.mark.parametrize("kind", sorted(SERVED))
def test_a_wrong_shape_is_refused_and_fails_nobody(client: FlaskClient, kind: str) -> None:
    whole = {"resourceType": kind, **_full(kind, 0)}
    turn = count()
    for path in list(_paths(whole)):
        shapes = _SHAPES if _DEEPEST > 2 else [_SHAPES[next(turn) % len(_SHAPES)]]
        for shape in shapes:
            sent = json.dumps(_with(whole, path, shape))
            answer = client.post(f"/fhir/{kind}", data=sent, content_type="application/fhir+json")

            assert answer.status_code < 500, (path, shape)


def _full(type_name: str, depth: int) -> dict[str, Any]:
    """Return every element of a type, one of each choice, down to a depth."""
    made: dict[str, Any] = {}
    for element in elements.children(type_name).values():
        name, type_ = element.json_names[0], element.types[0]
        if elements.is_primitive(type_):
            value = _VALUES.get(type_, "x")
        elif depth >= _DEEPEST:
            continue
        elif type_ in {"Resource", "DomainResource"}:
            value = {"resourceType": "Patient", **_full("Patient", depth + 1)}
        else:
            value = _full(type_, depth + 1)
        made[name] = [value] if element.is_list else value
    return made


def _paths(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from _paths(value, (*path, key))


def _with(node: Any, path: tuple[str | int, ...], shape: Any) -> Any:
    """Return a copy of a resource in which one place holds something else."""
    if not path:
        return shape
    copy: Any = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = _with(node[path[0]], path[1:], shape)
    return copy
