"""What has an identifier is found in one statement, which needs no transaction; several pages of it see one state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.fhir.types import Resource
from gateway.services import Services
from tests.query.test_search import BSN, ids, link, search, store

SYSTEM = "https://example.org/number"


class Noting:
    """A store that notes of each look whether all its statements see one state."""

    def __init__(self, of: Any) -> None:
        self._of = of
        self.snapshots: list[bool] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)

    def reading(self, *, snapshot: bool = True) -> Any:
        self.snapshots.append(snapshot)
        return self._of.reading(snapshot=snapshot)


def patient(id_: str, number: str = "7", system: str = SYSTEM) -> Resource:
    return {"resourceType": "Patient", "id": id_, "identifier": [{"system": system, "value": number}]}


@pytest.fixture
def found(services: Services) -> Callable[[str], tuple[Any, list[bool]]]:
    store(services, patient("one"), patient("two"), patient("other", "8"))

    def looked(text: str) -> tuple[Any, list[bool]]:
        noting = Noting(services.store)
        return search(replace(services, store=noting), "Patient", text), noting.snapshots

    return looked


def test_one_statement_finds_what_has_an_identifier(found: Callable[[str], tuple[Any, list[bool]]]) -> None:
    bundle, snapshots = found(f"identifier={SYSTEM}|8")
    assert (ids(bundle), bundle["total"], snapshots) == (["other"], 1, [False])
    assert link(bundle, "self") == f"https://gateway.example/fhir/Patient?identifier={SYSTEM}%7C8"


def test_it_tells_of_all_that_have_it(found: Callable[[str], tuple[Any, list[bool]]]) -> None:
    bundle, snapshots = found(f"identifier={SYSTEM}|7")
    assert (ids(bundle), bundle["total"], snapshots) == (["one", "two"], 2, [False])


def test_nothing_is_found_in_one_statement_too(found: Callable[[str], tuple[Any, list[bool]]]) -> None:
    bundle, snapshots = found(f"identifier={SYSTEM}|9")
    assert (ids(bundle), bundle["total"], snapshots) == ([], 0, [False])


def test_no_total_is_told_where_none_is_wanted(found: Callable[[str], tuple[Any, list[bool]]]) -> None:
    bundle, snapshots = found(f"identifier={SYSTEM}|8&_total=none")
    assert (ids(bundle), "total" in bundle, snapshots) == (["other"], False, [False])


@pytest.mark.parametrize(
    ("asked", "told"),
    [("&_count=1", ["one"]), ("&_sort=-_id", ["two", "one"]), ("&_count=0", []), ("&_id=two", ["two"])],
)
def test_what_takes_more_statements_sees_one_state(
    found: Callable[[str], tuple[Any, list[bool]]], asked: str, told: list[str]
) -> None:
    bundle, snapshots = found(f"identifier={SYSTEM}|7{asked}")
    assert ids(bundle) == told
    assert True in snapshots


def test_what_comes_along_sees_the_same_state(found: Callable[[str], tuple[Any, list[bool]]]) -> None:
    _, snapshots = found(f"identifier={SYSTEM}|7&_include=Patient:organization")
    assert snapshots == [True]


def test_the_link_to_a_search_by_bsn_is_sealed(services: Services) -> None:
    store(services, patient("one", BSN, "http://fhir.nl/fhir/NamingSystem/bsn"))
    bundle = search(services, "Patient", f"identifier=http://fhir.nl/fhir/NamingSystem/bsn|{BSN}")
    assert ids(bundle) == ["one"]
    assert BSN not in (link(bundle, "self") or BSN)
