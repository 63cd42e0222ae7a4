"""Real resources: the search parameters and invariants of R4 answer the same with and without the static type."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.errors import MalformedMessage
from gateway.fhir import elements, tables
from gateway.fhir.json import decode
from gateway.fhirpath import FhirPathError, compile  # noqa: A004 -- as re.compile
from tests.shared import SHARED, needs_shared

FOLDERS = ("bars", "nl", "fhirpath")


def resources() -> Iterator[dict[str, Any]]:
    assert SHARED
    for folder in FOLDERS:
        for path in sorted((SHARED / "data" / folder).rglob("*.json"))[::3]:
            yield from _in_file(path)


def _in_file(path: Path) -> Iterator[dict[str, Any]]:
    try:
        whole = decode(path.read_bytes())
    except MalformedMessage:
        return
    if not isinstance(whole, dict):
        return
    entries = [entry.get("resource") for entry in whole.get("entry", [])]
    for one in (whole, *entries[:5]):
        if isinstance(one, dict) and one.get("resourceType") in tables.search_parameters():
            yield one


def answer(expression: str, root: str | None, resource: dict[str, Any]) -> Any:
    try:
        return compile(expression, root=root)(resource)
    except FhirPathError as wrong:
        return wrong.issues[0].diagnostics


@needs_shared
def test_typed_and_untyped_agree() -> None:
    compared = 0
    for resource in resources():
        type_name = resource["resourceType"]
        expressions = [p.expression for p in elements.search_parameters(type_name).values() if p.expression]
        expressions += [rule.expression for rule in elements.invariants(type_name) if rule.path == type_name]
        for expression in expressions:
            assert answer(expression, type_name, resource) == answer(expression, None, resource), expression
            compared += 1
    assert compared > 1000
