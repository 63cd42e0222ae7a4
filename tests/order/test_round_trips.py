"""What a message costs on PostgreSQL: one look and one statement, with all that is known of its beds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.services import Services
from gateway.store.postgresql.store import PostgresqlStore
from tests.order.histories import Told
from tests.order.test_order import take

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def trips(services: Services, tmp_path: Path) -> Callable[[Told], int]:
    """Return what counts how often a message waits for the server, by libpq's own trace."""
    store = services.store
    assert isinstance(store, PostgresqlStore)

    def counted(told: Told) -> int:
        trace = tmp_path / "trace"
        with trace.open("w") as out:
            with store._here().writing.connection() as connection:
                connection.pgconn.trace(out.fileno())
            assert take(told.written(1), services).refusal is None
            with store._here().writing.connection() as connection:
                connection.pgconn.untrace()
        return trace.read_text().count("ReadyForQuery")

    for minute in range(12):  # until the statements are prepared
        take(Told("A08", minute - 100, "V", "A").written(2), services)
        take(Told("A02", minute - 100, "V", "A", "B").written(3), services)
        take(Told("A20", minute - 100, "U", "A").written(4), services)
        take(Told("A20", minute - 200, "U", "A").written(4), services)
        take(Told("A08", minute - 200, "V", "A").written(2), services)
        take(Told("A02", minute - 100, "W", "AB"[minute % 2]).written(5), services)
        take(Told("A02", -100, "W", "A").written(5), services)  # the same again
    return counted


def test_a_message_takes_two_round_trips(trips: Callable[[Told], int]) -> None:
    told = [
        Told("A01", 0, "V", "A"),
        Told("A08", 1, "V", "A"),
        Told("A02", 2, "V", "B", "A"),
        Told("A03", 3, "V", "B"),
        Told("A20", 4, "U", "B"),
        Told("A08", 1.5, "V", "A"),
    ]

    assert [trips(one) for one in told] == [2] * len(told)


def test_a_message_that_is_sent_again_takes_two_for_its_row_in_the_audit(trips: Callable[[Told], int]) -> None:
    trips(Told("A01", 0, "V", "A"))

    assert trips(Told("A01", 0, "V", "A")) == 2


def test_a_bed_that_is_not_named_takes_few_more(trips: Callable[[Told], int]) -> None:
    trips(Told("A01", 0, "V", "A"))

    assert trips(Told("A02", 1, "V", "B")) <= 4
