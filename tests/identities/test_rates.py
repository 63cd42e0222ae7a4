"""How often a partner may ask: a minute's worth at once, then its rate; counted by all processes and nodes together."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from hashlib import sha256
from multiprocessing.queues import Queue
from pathlib import Path

import pytest

from gateway.errors import TooManyRequests, Unavailable
from gateway.identities.rates import Rates
from gateway.store import Store, open_store
from gateway.store.rates import Share
from tests.databases import Postgresql


@pytest.fixture
def postgresql_store(postgresql: Postgresql) -> Iterator[Callable[[], Store]]:
    """Return what opens one and the same store again and again, as nodes do."""
    url = postgresql.emptied()
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(open_store(url)))


class Seconds:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def taken(rates: Rates, partner: str, rate: int, times: int) -> int:
    """Return how many of some requests are let through."""
    done = 0
    for _ in range(times):
        try:
            rates.take(partner, rate)
        except TooManyRequests:
            continue
        done += 1
    return done


def test_a_minutes_worth_is_taken_at_once_and_the_rest_at_its_rate() -> None:
    seconds = Seconds()
    rates = Rates(seconds)
    assert taken(rates, "a", 30, 50) == 30
    seconds.now += 10
    assert taken(rates, "a", 30, 50) == 5
    seconds.now += 600
    assert taken(rates, "a", 30, 50) == 30


def test_who_is_refused_hears_when_to_come_back_and_may_then() -> None:
    seconds = Seconds()
    rates = Rates(seconds)
    taken(rates, "a", 2, 2)
    with pytest.raises(TooManyRequests) as caught:
        rates.take("a", 2)
    assert caught.value.retry_after == 30
    seconds.now += 30
    rates.take("a", 2)


def test_partners_do_not_use_up_each_others_rate() -> None:
    rates = Rates(Seconds())
    assert [taken(rates, name, 3, 9) for name in ("a", "b", "a")] == [3, 3, 0]


def _count(rates: Rates, told: Queue[int]) -> None:
    told.put(taken(rates, "a", 40, 30))


def test_processes_count_together() -> None:
    context = multiprocessing.get_context("fork")
    at = time.monotonic()
    rates, told = Rates(lambda: at), context.Queue()
    children = [context.Process(target=_count, args=(rates, told)) for _ in range(4)]
    for child in children:
        child.start()
    assert sum(told.get(timeout=60) for _ in children) == 40
    for child in children:
        child.join(60)


class Counter:
    """Gives out what it was told to, and remembers what it was asked; None: it cannot be reached."""

    def __init__(self, *shares: Share | None) -> None:
        self.shares = list(shares)
        self.asked: list[tuple[str, int, int]] = []

    def __call__(self, name: str, rate: int, most: int) -> Share:
        self.asked.append((name, rate, most))
        share = self.shares.pop(0)
        if share is None:
            raise Unavailable("gone")
        return share


def test_of_many_requests_one_is_counted_in_the_database() -> None:
    counter = Counter(*[Share(5, 0.0)] * 10)
    rates = Rates(Seconds(), counter)

    assert taken(rates, "a", 100, 50) == 50
    assert [(rate, most) for _, rate, most in counter.asked] == [(100, 5)] * 10
    assert counter.asked[0][0] == sha256(b"a").hexdigest()  # a name may be a person's


def test_who_is_refused_is_not_asked_for_again_before_there_is_room() -> None:
    seconds, counter = Seconds(), Counter(Share(1, 0.0), Share(0, 7.5), Share(2, 0.0))
    rates = Rates(seconds, counter)

    assert taken(rates, "a", 4, 30) == 1
    assert len(counter.asked) == 2
    with pytest.raises(TooManyRequests) as caught:
        rates.take("a", 4)
    assert caught.value.retry_after == 8
    seconds.now += 7.5
    assert taken(rates, "a", 4, 2) == 2
    assert len(counter.asked) == 3


def test_what_was_taken_and_not_used_is_good_for_a_minute() -> None:
    seconds, counter = Seconds(), Counter(Share(5, 0.0), Share(5, 0.0))
    rates = Rates(seconds, counter)
    rates.take("a", 100)
    seconds.now += 59
    rates.take("a", 100)
    assert len(counter.asked) == 1
    seconds.now += 2
    rates.take("a", 100)
    assert len(counter.asked) == 2


def test_a_database_that_does_not_answer_costs_one_question_in_ten_seconds_and_no_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seconds, counter = Seconds(), Counter(Share(2, 0.0), None, None, Share(1, 0.0))
    rates = Rates(seconds, counter)

    assert taken(rates, "a", 30, 50) == 30  # two of them were counted together, and count here too
    assert taken(rates, "b", 3, 9) == 3
    assert len(counter.asked) == 2
    assert [record.message.split(":")[0] for record in caplog.records] == ["rates-not-shared"]
    seconds.now += 10
    assert taken(rates, "b", 60, 1) == 1
    assert len(counter.asked) == 3
    seconds.now += 10
    assert taken(rates, "b", 60, 1) == 1
    assert len(counter.asked) == 4


def test_nodes_that_share_a_database_count_together(postgresql_store: Callable[[], Store]) -> None:
    at = time.monotonic()
    nodes = [Rates.of(postgresql_store(), lambda: at) for _ in range(3)]

    assert sum(taken(nodes[number % 3], "a", 60, 1) for number in range(120)) in range(58, 62)  # a second may pass
    assert [taken(node, "b", 4, 4) for node in nodes] == [4, 0, 0]


def test_a_locked_row_is_waited_for_a_quarter_of_a_second(postgresql_store: Callable[[], Store]) -> None:
    store = postgresql_store()
    rates = Rates.of(store, time.monotonic)
    rates.take("a", 1000)
    name = sha256(b"a").hexdigest()
    with store.changing() as db:
        db.rows("select until from rate_used where name = ? for update", (name,))
        other = Rates.of(postgresql_store(), time.monotonic)
        began = time.perf_counter()
        assert taken(other, "a", 1000, 100) == 100
        assert time.perf_counter() - began < 5


def test_on_sqlite_the_processes_of_the_machine_count(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/store.sqlite")) as store:
        assert taken(Rates.of(store, time.monotonic), "a", 3, 9) == 3
        with store.reading() as db:
            assert db.rows("select * from rate_used") == []
