"""How often a partner may ask: a minute's worth at once, then its rate; counted by all processes together."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.queues import Queue

import pytest

from gateway.errors import TooManyRequests
from gateway.identities.rates import Rates


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
