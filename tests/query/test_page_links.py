"""Page links: the same at every node and after a restart, and of no use to anybody who changes or borrows one."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from gateway.access.policy import Caller, development_caller
from gateway.errors import BadRequest
from gateway.fhir.json import decode
from gateway.fhir.search import parse
from gateway.query import HistoryRequest, history, search
from gateway.query.histories import parse as parse_history
from gateway.services import Services
from gateway.store import open_store
from gateway.transact import Put, transact

BASE, CALLER = "https://gateway.example/fhir", development_caller()
OTHER = Caller("00000001", "Ziekenhuis Duinrand", types=frozenset({"Location", "Organization"}))


@pytest.fixture
def filled(services: Services) -> Services:
    places = [{"resourceType": "Location", "id": f"l{n}", "name": f"Post {n % 3}"} for n in range(12)]
    transact([Put(place) for place in places], CALLER, services)
    return services


def answer(to: Services, url: str, caller: Caller = CALLER) -> Any:
    """Return what a search answers by its address."""
    address = urlsplit(url)
    resource_type = address.path.rpartition("/")[2]
    return decode(search(parse(resource_type, parse_qsl(address.query)), caller, to, base=BASE))


def link(bundle: Any, relation: str) -> str | None:
    return next((each["url"] for each in bundle["link"] if each["relation"] == relation), None)


def following(to: Services, caller: Caller = CALLER) -> str:
    found = link(answer(to, f"{BASE}/Location?name=post&_sort=name&_count=5", caller), "next")
    assert found
    return found


def test_all_pages_are_reached_by_following_next(filled: Services) -> None:
    url, ids = f"{BASE}/Location?name=post&_sort=name&_count=5", list[str]()
    while url:
        page = answer(filled, url)
        ids += [entry["resource"]["id"] for entry in page["entry"]]
        assert {each["relation"] for each in page["link"]} <= {"self", "next"}
        url = link(page, "next") or ""

    assert sorted(ids) == sorted(f"l{n}" for n in range(12))


def test_a_link_works_at_another_node_and_after_a_restart(filled: Services, database_url: str) -> None:
    url = following(filled)
    here = answer(filled, url)["entry"]
    filled.store.close()

    with closing(open_store(database_url)) as other:
        assert answer(replace(filled, store=other), url)["entry"] == here
    assert following(filled) == url, "the same page has the same link"


def test_a_link_that_was_changed_is_refused(filled: Services) -> None:
    url = following(filled)
    end = url.index("&_count=")
    for at in range(url.index("_page=") + len("_page="), end - 1):  # the last character has bits that no byte has
        changed = url[:at] + ("A" if url[at] != "A" else "B") + url[at + 1 :]
        with pytest.raises(BadRequest, match="not a page link of this gateway"):
            answer(filled, changed)


@pytest.mark.parametrize("token", ["x", "AAAA", "é", "A" * 2000])
def test_what_is_no_link_is_refused(filled: Services, token: str) -> None:
    with pytest.raises(BadRequest):
        answer(filled, f"{BASE}/Location?_page={token}")


def test_a_link_of_another_search_is_refused(filled: Services) -> None:
    url = following(filled)

    with pytest.raises(BadRequest, match="another resource type"):
        answer(filled, url.replace("/Location?", "/Organization?"))
    with pytest.raises(BadRequest, match="used as it was given"):
        answer(filled, f"{url}&name=anders")
    with pytest.raises(BadRequest):
        decode(history(parse_history("Location", "", parse_qsl(urlsplit(url).query)), CALLER, filled, base=BASE))


def test_a_link_of_another_caller_is_refused(filled: Services) -> None:
    url = following(filled)

    with pytest.raises(BadRequest, match="not a page link of this gateway"):
        answer(filled, url, OTHER)
    assert answer(filled, following(filled, OTHER), OTHER)["entry"]
    with pytest.raises(BadRequest):
        answer(filled, following(filled, OTHER))


def test_a_history_link_of_another_caller_is_refused(filled: Services) -> None:
    def page(request: HistoryRequest, caller: Caller) -> Any:
        return decode(history(request, caller, filled, base=BASE))

    first = page(parse_history("Location", "", [("_count", "5")]), CALLER)
    token = parse_history("Location", "", parse_qsl(urlsplit(link(first, "next") or "").query))
    assert len(page(token, CALLER)["entry"]) == 5
    with pytest.raises(BadRequest):
        page(token, OTHER)
