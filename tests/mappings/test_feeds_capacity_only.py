"""Feeds of a provider that shares capacity only: nothing of the patient comes out, in no finding either."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.data import shipped
from gateway.errors import GatewayError
from gateway.fhir import json
from gateway.mapping.run import run
from tests.conftest import library
from tests.golden import messages

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
LIBRARY = library()
FEEDS = ("json/transfer_webhook", "json/relocation_request", "ndjson/ambulance_rides")
ABOUT = ("client", "patient", "medisch", "zorgvraag", "bijlagen", "weigering", "werkdiagnose", "bsn", "ritnummer")
CASES = [message for feed in FEEDS for message in messages(shipped("mappings") / feed / "cases")]


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    elif isinstance(value, str | int) and len(str(value)) >= 4 and not isinstance(value, bool):
        yield str(value)


def _secrets(value: Any) -> Iterator[str]:
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield from _leaves(inner) if key in ABOUT else _secrets(inner)


def _objects(data: bytes) -> Iterator[Any]:
    for part in [data] if data.lstrip().startswith(b"{\n") else data.splitlines():
        try:
            yield json.decode(part)
        except GatewayError:
            continue


def _everything(data: bytes) -> Iterator[str]:
    """Yield all that comes out of a message: resources, trace, issues with their values."""
    mapped = run(LIBRARY, data, provider="duinrand", received_at=AT)
    while True:
        try:
            one = next(mapped)
        except StopIteration:
            return
        except GatewayError as error:
            yield from (str(dataclasses.asdict(issue)) for issue in error.issues)
        else:
            yield json.encode(one.bundle()).decode() + str(one.trace)
            yield from (str(dataclasses.asdict(issue)) for issue in one.issues)


@pytest.mark.parametrize("message", CASES, ids=lambda p: f"{p.parents[1].name}-{p.stem}")
def test_nothing_of_the_patient_comes_out(message: Path) -> None:
    data = message.read_bytes()
    secrets = {secret for one in _objects(data) for secret in _secrets(one)}

    try:
        said = "\n".join(_everything(data))
    except GatewayError as error:
        said = "\n".join(str(dataclasses.asdict(issue)) for issue in error.issues)

    assert {secret for secret in secrets if secret in said} == set()


def test_the_feeds_hold_secrets_to_look_for() -> None:
    assert len({s for c in CASES for one in _objects(c.read_bytes()) for s in _secrets(one)}) > 60
