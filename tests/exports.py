"""A client of exports: it begins one, waits until it is ready, and fetches the files."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from flask.testing import FlaskClient

from tests.conftest import NOW

JSON = "application/fhir+json"
ASYNC = {"Prefer": "respond-async"}


class Clock:
    """A clock that is set by the test."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: int) -> None:
        self.now += timedelta(**by)


def put(client: FlaskClient, type_: str, id_: str, **elements: Any) -> None:
    answer = client.put(f"/fhir/{type_}/{id_}", json={"resourceType": type_, "id": id_, **elements}, content_type=JSON)
    assert answer.status_code in {200, 201}, answer.text


def path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def manifest(client: FlaskClient, clock: Clock, query: str = "", at: str = "/fhir/$export") -> Any:
    begun = client.get(f"{at}{query}", headers=ASYNC)
    assert begun.status_code == 202, begun.text
    clock.advance(seconds=20)
    answer = client.get(path(begun.headers["Content-Location"]))
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def lines(client: FlaskClient, found: Any, which: str = "output") -> list[Any]:
    answers = [client.get(path(file["url"])) for file in found[which]]
    assert all(answer.content_type == "application/fhir+ndjson" for answer in answers)
    return [json.loads(line) for answer in answers for line in answer.data.splitlines()]


def named(resources: list[Any]) -> list[str]:
    return [f"{one['resourceType']}/{one['id']}" for one in resources]
